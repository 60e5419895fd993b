package config

import (
	"fmt"
	"strconv"
	"strings"
)

// text returns a YAML scalar as text, a list of scalars as lines; false for anything else.
func text(v any) (string, bool) {
	switch x := v.(type) {
	case nil:
		return "", true
	case string:
		return x, true
	case bool:
		return strconv.FormatBool(x), true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	case int, int64, uint64:
		return fmt.Sprint(x), true
	case []any:
		lines, ok := texts(x)
		return strings.Join(lines, "\n"), ok
	}
	return "", false
}

// texts returns a scalar or a list of scalars as a list of texts.
func texts(v any) ([]string, bool) {
	list, ok := v.([]any)
	if !ok {
		s, ok := text(v)
		if s == "" {
			return nil, ok
		}
		return []string{s}, ok
	}
	var out []string
	for _, x := range list {
		s, ok := text(x)
		if _, nested := x.([]any); !ok || nested {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}
