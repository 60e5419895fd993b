package scim

import (
	"strings"

	"github.com/sallyport-id/sallyport/entry"
)

// freeObject converts an object of which no schema is known. Arrays inside it are kept as JSON text: a Complex has no lists.
func freeObject(n *node) entry.Complex {
	out := make(entry.Complex, len(n.keys))
	for i, key := range n.keys {
		if v := freeValue(&n.list[i]); v != nil {
			out[strings.Clone(key)] = v
		}
	}
	return out
}

func freeValue(n *node) entry.Value {
	switch n.kind {
	case kindBool:
		return n.text == "true"
	case kindNumber:
		if v := parseNumber(n.text); v != nil {
			return v
		}
		return strings.Clone(n.text)
	case kindString:
		return strings.Clone(n.text)
	case kindObject:
		return nonEmpty(freeObject(n))
	case kindArray:
		if len(n.list) > 0 {
			return string(n.appendJSON(nil))
		}
	}
	return nil
}

// freeValues converts the value of an attribute of which no schema is known: an array gives several values.
func freeValues(n *node) []entry.Value {
	list := []node{*n}
	if n.kind == kindArray {
		list = n.list
	}
	var out []entry.Value
	for i := range list {
		if v := freeValue(&list[i]); v != nil {
			out = append(out, v)
		}
	}
	return out
}
