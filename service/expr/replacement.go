package expr

import (
	"slices"
	"strings"

	"github.com/dlclark/regexp2"
)

// replacementPart is a literal text or a reference of a .NET replacement pattern.
type replacementPart struct {
	literal string
	group   string // name or number of a group
	special byte   // & ` ' + _
}

// parseReplacement takes a replacement pattern apart: ${name}, $1, $$, $&, $`, $', $+, $_. A reference to a group that the expression does
// not have stands for itself, as in .NET.
func parseReplacement(s string, re *regexp2.Regexp) []replacementPart {
	names := re.GetGroupNames()
	var parts []replacementPart
	for s != "" {
		at := strings.IndexByte(s, '$')
		if at < 0 {
			return append(parts, replacementPart{literal: s})
		}
		if at > 0 {
			parts = append(parts, replacementPart{literal: s[:at]})
		}
		part, size := reference(s[at:], names)
		parts, s = append(parts, part), s[at+size:]
	}
	return parts
}

// reference reads what begins with "$"; size is how much of s it takes.
func reference(s string, names []string) (part replacementPart, size int) {
	alone := replacementPart{literal: "$"}
	if len(s) < 2 {
		return alone, 1
	}
	switch c := s[1]; {
	case c == '$':
		return alone, 2
	case strings.IndexByte("&`'+_", c) >= 0:
		return replacementPart{special: c}, 2
	case c == '{':
		name, _, closed := strings.Cut(s[2:], "}")
		if closed && slices.Contains(names, name) {
			return replacementPart{group: name}, len(name) + 3
		}
	case c >= '0' && c <= '9':
		if name := s[1 : 1+countDigits(s[1:])]; slices.Contains(names, name) {
			return replacementPart{group: name}, 1 + len(name)
		}
	}
	return alone, 1
}

// expand writes the parts for a match; it stops growing a little beyond maxText, where the caller refuses.
func expand(parts []replacementPart, m *regexp2.Match, all []rune) string {
	var b strings.Builder
	for _, p := range parts {
		if b.Len() > maxText {
			break
		}
		b.WriteString(p.text(m, all))
	}
	return b.String()
}

func (p replacementPart) text(m *regexp2.Match, all []rune) string {
	switch {
	case p.group != "":
		return groupText(m.GroupByName(p.group))
	case p.special == 0:
		return p.literal
	case p.special == '&':
		return m.String()
	case p.special == '`':
		return string(all[:m.Index])
	case p.special == '\'':
		return string(all[m.Index+m.Length:])
	case p.special == '+':
		gs := m.Groups()
		return groupText(&gs[len(gs)-1])
	}
	return string(all) // $_
}

func groupText(g *regexp2.Group) string {
	if g == nil {
		return ""
	}
	return g.String()
}
