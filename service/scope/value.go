package scope

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// valuesOf reads an attribute, the virtual ones included.
func valuesOf(e entry.Entry, name string) []entry.Value {
	vs := e.Attrs[name]
	switch {
	case (name == "objectId" || name == "id") && e.ID != "":
		return []entry.Value{e.ID}
	case name == "accountEnabled" && len(vs) == 0 && e.Type == entry.User:
		return []entry.Value{true}
	}
	return vs
}

// present leaves out empty texts, which count as absent.
func present(vs []entry.Value) []entry.Value {
	isEmpty := func(v entry.Value) bool { s, ok := v.(string); return ok && s == "" }
	if !slices.ContainsFunc(vs, isEmpty) {
		return vs
	}
	return slices.DeleteFunc(slices.Clone(vs), isEmpty)
}

// text writes a value as the operators compare it.
func text(v entry.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return map[bool]string{true: "True", false: "False"}[v]
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case entry.Ref:
		return v.ID
	case entry.Complex:
		if v["value"] == nil {
			return ""
		}
		return text(v["value"])
	case []byte:
		return fmt.Sprintf("%x", v)
	}
	return ""
}

// equal compares exactly, but for booleans, whose case does not matter.
func equal(v entry.Value, operand string) bool {
	if _, ok := v.(bool); ok {
		return strings.EqualFold(text(v), operand)
	}
	return text(v) == operand
}

// isTruth reports whether a value is the boolean, as such or as a text.
func isTruth(v entry.Value, want bool) bool {
	if b, ok := v.(bool); ok {
		return b == want
	}
	s, ok := v.(string)
	return ok && strings.EqualFold(s, strconv.FormatBool(want))
}

func whole(v entry.Value) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return n, err == nil
	}
	return 0, false
}

// describe says what an attribute holds: at most three values.
func describe(attribute string, vs []entry.Value) string {
	if len(vs) == 0 {
		return attribute + " is empty"
	}
	shown := make([]string, 0, 4)
	for _, v := range vs[:min(3, len(vs))] {
		shown = append(shown, quoteValue(v))
	}
	if more := len(vs) - 3; more > 0 {
		shown = append(shown, fmt.Sprintf("%d more", more))
	}
	return attribute + " is " + strings.Join(shown, ", ")
}

func quoteValue(v entry.Value) string {
	switch v.(type) {
	case bool, int64, float64:
		return strings.ToLower(text(v))
	}
	return quote(text(v))
}

// quote quotes a text for people, at most 60 characters of it; other scripts stay readable.
func quote(s string) string {
	if chars := []rune(s[:min(len(s), 400)]); len(chars) > 60 {
		return `"` + string(chars[:60]) + `…"`
	}
	return `"` + s + `"`
}
