package odata

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Order is one key of $orderby.
type Order struct {
	Path string
	Desc bool
}

// ParseOrder reads $orderby: "displayName", "activityDateTime desc, id". At most five keys.
func ParseOrder(text string) ([]Order, error) {
	var out []Order
	for part := range strings.SplitSeq(text, ",") {
		words := strings.Fields(part)
		if len(words) == 0 || len(words) > 2 || !isPath(words[0]) {
			return nil, bad("$orderby", "%q is not a property, or a property and asc or desc", shorten(strings.TrimSpace(part)))
		}
		o := Order{Path: words[0]}
		if len(words) == 2 {
			if o.Desc = strings.EqualFold(words[1], "desc"); !o.Desc && !strings.EqualFold(words[1], "asc") {
				return nil, bad("$orderby", "%q is neither asc nor desc", shorten(words[1]))
			}
		}
		if out = append(out, o); len(out) > 5 {
			return nil, bad("$orderby", "there are more than five keys")
		}
	}
	return out, nil
}

// ParseSelect reads $select: names, or "*" for everything, which is returned as such. Blank items are left out.
func ParseSelect(text string) ([]string, error) {
	if len(text) > MaxText {
		return nil, bad("$select", "it is longer than %d bytes", MaxText)
	}
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if part != "*" && !isPath(part) {
			return nil, bad("$select", "%q is not the name of a property", shorten(part))
		}
		if !slices.Contains(out, part) {
			out = append(out, part)
		}
	}
	return out, nil
}

// Expansion is one navigation of $expand with what is asked of its objects.
type Expansion struct {
	Name   string
	Select []string
	Top    int // at most so many; 0 is not said
	Levels int // how often the navigation is followed from what it led to; 0 is not said, MaxLevels is "max"
}

// MaxLevels bounds how often a navigation is followed.
const MaxLevels = 100

// ParseExpand reads one level of $expand: "agents,agentGroups", "manager($levels=max;$select=id,displayName)". Inside, $select, $top and
// $levels are understood; every other option is refused.
func ParseExpand(text string) ([]Expansion, error) {
	if len(text) > MaxText {
		return nil, bad("$expand", "it is longer than %d bytes", MaxText)
	}
	parts, err := splitTop(text)
	if err != nil {
		return nil, err
	}
	var out []Expansion
	for _, part := range parts {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, inner, nested := strings.Cut(part, "(")
		e := Expansion{Name: strings.TrimSpace(name)}
		if e.Name != "*" && !isPath(e.Name) {
			return nil, bad("$expand", "%q is not the name of a navigation", shorten(part))
		}
		if nested {
			if err := e.read(strings.TrimSuffix(strings.TrimSpace(inner), ")")); err != nil {
				return nil, err
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// read reads the options inside the parentheses.
func (e *Expansion) read(text string) (err error) {
	for option := range strings.SplitSeq(text, ";") {
		if option = strings.TrimSpace(option); option == "" {
			continue
		}
		name, value, _ := strings.Cut(option, "=")
		switch value = strings.TrimSpace(value); strings.ToLower(strings.TrimPrefix(strings.TrimSpace(name), "$")) {
		case "select":
			e.Select, err = ParseSelect(value)
		case "top":
			e.Top, err = strconv.Atoi(value)
		case "levels":
			if e.Levels = MaxLevels; !strings.EqualFold(value, "max") {
				e.Levels, err = strconv.Atoi(value)
				e.Levels = min(e.Levels, MaxLevels)
			}
		default:
			return bad("$expand", "%q cannot be asked for inside of it", shorten(option)).WithHint("there are $select, $top and $levels, apart by semicolons")
		}
		if _, isNumber := errors.AsType[*strconv.NumError](err); isNumber || e.Top < 0 || e.Levels < 0 {
			return bad("$expand", "%q takes a number from 1 on", shorten(option))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// splitTop splits at commas outside of parentheses.
func splitTop(text string) ([]string, error) {
	var out []string
	depth, from := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, text[from:i])
				from = i + 1
			}
		}
		if depth < 0 || depth > 2 {
			return nil, bad("$expand", "the parentheses do not match, or nest too deep")
		}
	}
	if depth != 0 {
		return nil, bad("$expand", "a parenthesis is not closed")
	}
	return append(out, text[from:]), nil
}

// isPath reports whether s looks like the name of a property or a path of such.
func isPath(s string) bool {
	if s == "" || len(s) > 300 {
		return false
	}
	for _, c := range s {
		if c != '_' && c != '/' && c != '.' && c != '@' && c != '$' && c != '-' && c != ':' && c < 0x80 &&
			(c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// shorten keeps a hostile option from flooding a message.
func shorten(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
