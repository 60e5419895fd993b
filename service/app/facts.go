package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// A fact is nil, string, bool, int64, float64, []any or map[string]any of the same.

// UnmarshalJSON reads whole numbers as int64.
func (f *Facts) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return err
	}
	*f = nil
	if m != nil {
		*f, _ = plainFact(m).(map[string]any)
	}
	return nil
}

// plainFact replaces every json.Number by an int64 or a float64.
func plainFact(v any) any {
	switch v := v.(type) {
	case json.Number:
		return number(v.String())
	case []any:
		for i := range v {
			v[i] = plainFact(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plainFact(v[k])
		}
	}
	return v
}

// number reads a number as it is written; what would be written otherwise again, such as 007, stays a text.
func number(s string) any {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && strconv.FormatInt(n, 10) == s {
		return n
	}
	if x, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(x, 0) && !math.IsNaN(x) && strings.ContainsAny(s, ".eE") {
		return x
	}
	return s
}

// facts fills a map of facts from a node.
func (d *decoder) facts(n ast.Node, path string) Facts {
	m, _ := d.fact(n, path).(map[string]any)
	if m == nil {
		d.wrong(n, path, "keys and values", "write it as {givenName: Ann, mail: null}")
	}
	return m
}

func (d *decoder) fact(n ast.Node, path string) any {
	if pairs, ok := pairsOf(n); ok {
		return d.factMap(pairs, path)
	}
	switch n := n.(type) {
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, item := range n.Values {
			list[i] = d.fact(item, fmt.Sprintf("%s[%d]", path, i))
		}
		return list
	case *ast.IntegerNode, *ast.FloatNode:
		return number(n.GetToken().Value)
	case *ast.BoolNode:
		return n.Value
	}
	if isNull(n) {
		return nil
	}
	s, ok := scalarText(n)
	if !ok {
		d.wrong(n, path, "a value", "write a text, a number, true, false, null, a list, or keys and values")
	}
	return s
}

func (d *decoder) factMap(pairs []*ast.MappingValueNode, path string) any {
	m := make(map[string]any, len(pairs))
	for _, pair := range pairs {
		key, ok := scalarText(pair.Key)
		below, at := path+"."+key, placeOf(pair.Key)
		_, twice := m[key]
		switch {
		case !ok:
			d.add(at, path, "the key is not a text", "put it into quotes")
		case twice:
			d.add(at, path, fmt.Sprintf("the key %s appears twice", key), "keep one of the two")
		default:
			d.places[below] = at
			m[key] = d.fact(pair.Value, below)
		}
	}
	return m
}

// factText writes a fact on one line, keys sorted.
func factText(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return scalar(v)
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = factText(v[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, scalar(k)+": "+factText(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}
