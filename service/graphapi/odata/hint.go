package odata

import "strings"

// Equal returns the texts of which an object must have one in the property to pass: those of an eq or in that the filter cannot do
// without. It lets an index find the candidates; false when the filter says nothing of the kind.
func (f *Filter) Equal(path string) ([]string, bool) {
	if f == nil {
		return nil, false
	}
	return equal(f.root, path)
}

func equal(n node, path string) ([]string, bool) {
	switch n := n.(type) {
	case *logic:
		if n.op == "not" {
			return nil, false
		}
		left, lok := equal(n.left, path)
		right, rok := equal(n.right, path)
		switch {
		case n.op == "and" && lok:
			return left, true
		case n.op == "and" && rok:
			return right, true
		case n.op == "or" && lok && rok:
			return append(left, right...), true
		}
	case *compare:
		if !strings.EqualFold(n.path, path) || n.op != "eq" && n.op != "in" {
			return nil, false
		}
		var out []string
		for _, w := range n.want {
			s, ok := w.(string)
			if !ok {
				return nil, false
			}
			out = append(out, s)
		}
		return out, true
	}
	return nil, false
}

// Prefix returns the text with which the property must begin, when the filter cannot do without it.
func (f *Filter) Prefix(path string) (string, bool) {
	if f == nil {
		return "", false
	}
	return prefix(f.root, path)
}

func prefix(n node, path string) (string, bool) {
	switch n := n.(type) {
	case *logic:
		if n.op != "and" {
			return "", false
		}
		if s, ok := prefix(n.left, path); ok {
			return s, true
		}
		return prefix(n.right, path)
	case *call:
		return n.text, n.name == "startswith" && strings.EqualFold(n.path, path)
	}
	return "", false
}

// Bounds returns the earliest and latest values that ge, gt, le and lt allow for a property in every case, as the filter's literals;
// nil where there is none.
func (f *Filter) Bounds(path string) (low, high any) {
	if f != nil {
		bounds(f.root, path, &low, &high)
	}
	return low, high
}

func bounds(n node, path string, low, high *any) {
	switch n := n.(type) {
	case *logic:
		if n.op == "and" {
			bounds(n.left, path, low, high)
			bounds(n.right, path, low, high)
		}
	case *compare:
		if !strings.EqualFold(n.path, path) {
			return
		}
		switch n.op {
		case "ge", "gt":
			*low = n.want[0]
		case "le", "lt":
			*high = n.want[0]
		}
	}
}
