package app

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

func objectPath(i int) string { return fmt.Sprintf("objects[%d]", i) }

// decode fills v, a pointer, from a node. Mistakes are collected; decoding goes on.
func (d *decoder) decode(n ast.Node, path string, v any) {
	d.value(n, path, reflect.ValueOf(v).Elem())
}

var filterType, factsType = reflect.TypeFor[Filter](), reflect.TypeFor[Facts]()

func (d *decoder) value(n ast.Node, path string, v reflect.Value) {
	if text, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(n, path, text)
		return
	}
	switch {
	case v.Type() == factsType:
		v.Set(reflect.ValueOf(d.facts(n, path)))
	case v.Type() == filterType:
		d.value(n, path, v.Field(0)) // a filter is written as the list of its groups
	case v.Kind() == reflect.Struct:
		d.mapping(n, path, v)
	case v.Kind() == reflect.Slice:
		d.sequence(n, path, v)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, path, v.Elem())
	default:
		d.scalar(n, path, v)
	}
}

func (d *decoder) mapping(n ast.Node, path string, v reflect.Value) {
	pairs, ok := pairsOf(n)
	if !ok {
		d.wrong(n, path, "keys and values", "write it as key: value, or {key: value}")
		return
	}
	fields := fieldsOf(v.Type())
	seen := map[string]bool{}
	for _, pair := range pairs {
		key, isText := scalarText(pair.Key)
		at := placeOf(pair.Key)
		i, known := fields.find(key)
		switch {
		case !isText || !known:
			d.add(at, path, fmt.Sprintf("unknown key %q", key), suggest(key, fields.names))
		case seen[key]:
			d.add(at, path, fmt.Sprintf("the key %s appears twice", key), "keep one of the two")
		default:
			below := strings.TrimPrefix(path+"."+key, ".")
			d.places[below] = at
			if !isNull(pair.Value) {
				d.value(pair.Value, below, v.Field(i))
			}
		}
		seen[key] = true
	}
}

// fields are a struct's keys in a file, with the places of their fields.
type fields struct {
	names []string
	index []int
}

func fieldsOf(t reflect.Type) fields {
	var fs fields
	for i := range t.NumField() {
		if f := t.Field(i); f.Tag.Get("yaml") != "-" {
			fs.names = append(fs.names, f.Tag.Get("json"))
			fs.index = append(fs.index, i)
		}
	}
	return fs
}

func (fs fields) find(key string) (int, bool) {
	i := slices.Index(fs.names, key)
	if i < 0 {
		return 0, false
	}
	return fs.index[i], true
}

func (d *decoder) sequence(n ast.Node, path string, v reflect.Value) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		d.wrong(n, path, "a list", "write it as lines that begin with a dash, or [a, b]")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values)))
	for i, item := range s.Values {
		below := fmt.Sprintf("%s[%d]", path, i)
		d.places[below] = placeOf(item)
		d.value(item, below, v.Index(i))
	}
}

func (d *decoder) text(n ast.Node, path string, v encoding.TextUnmarshaler) {
	s, ok := scalarText(n)
	if !ok {
		d.wrong(n, path, "a single value", "")
		return
	}
	if err := v.UnmarshalText([]byte(s)); err != nil {
		d.add(placeOf(n), path, err.Error(), "")
	}
}

func (d *decoder) scalar(n ast.Node, path string, v reflect.Value) {
	s, ok := scalarText(n)
	if !ok {
		d.wrong(n, path, "a single value", "put a text with special characters into quotes")
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Int:
		i, err := strconv.Atoi(s)
		if err != nil {
			d.wrong(n, path, "a whole number", "")
		}
		v.SetInt(int64(i))
	case reflect.Bool:
		if s != "true" && s != "false" {
			d.wrong(n, path, "true or false", "")
		}
		v.SetBool(s == "true")
	}
}

// wrong says what was expected and what stands there.
func (d *decoder) wrong(n ast.Node, path, expected, hint string) {
	d.add(placeOf(n), path, fmt.Sprintf("expected %s, found %s", expected, describe(n)), hint)
}

func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys and values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "an anchor or alias, which is not supported here"
	case *ast.TagNode:
		return "a tag, which is not supported here"
	}
	if s, ok := scalarText(n); ok {
		return strconv.Quote(s[:min(len(s), 60)])
	}
	return "something else"
}

// pairsOf returns the pairs of a mapping; a mapping of one pair has a node of its own kind.
func pairsOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// scalarText returns the text of a single value as it is written: 007 stays 007.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	case *ast.MappingKeyNode:
		return scalarText(n.Value)
	}
	return "", false
}

func isNull(n ast.Node) bool { _, null := n.(*ast.NullNode); return null || n == nil }

// placeOf returns where a node begins; for keys and values that is the first key.
func placeOf(n ast.Node) place {
	switch m := n.(type) {
	case *ast.MappingNode:
		if len(m.Values) > 0 && !m.IsFlowStyle {
			return placeOf(m.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return placeOf(m.Key)
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return place{1, 1}
	}
	p := n.GetToken().Position
	return place{p.Line, p.Column}
}
