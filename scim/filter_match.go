package scim

import (
	"bytes"
	"cmp"
	"math"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
)

// match evaluates the filter over a resource.
func (rt *ResourceType) match(e *expr, s Source) bool {
	switch e.kind {
	case exprAnd:
		return rt.match(e.left, s) && rt.match(e.right, s)
	case exprOr:
		return rt.match(e.left, s) || rt.match(e.right, s)
	case exprNot:
		return !rt.match(e.left, s)
	case exprWithin:
		return rt.matchWithin(e, s)
	}
	return rt.matchCompare(e, s)
}

func (rt *ResourceType) matchCompare(e *expr, s Source) bool {
	f := e.field
	if e.op == opEq && (f.top.refs && f == f.top.value || f.plainRef()) {
		if s.Holds(f.top.name, e.text) {
			return true
		}
		if f.top.attr.Detached {
			return false
		}
	}
	absent := true
	for _, v := range rt.values(f, s) {
		if v = f.of(v); v == nil {
			continue
		}
		absent = false
		if e.holds(v) {
			return true
		}
	}
	return absent && e.op == opNe
}

// matchWithin looks for one element that fulfils everything. Elements without the sub-attribute after the brackets are passed over;
// with ne, no such value at all counts as different, as it does without brackets.
func (rt *ResourceType) matchWithin(e *expr, s Source) bool {
	absent := true
	for _, v := range rt.values(e.field, s) {
		switch {
		case !e.left.element(v):
		case e.right == nil:
			return true
		case e.op == opNe && e.right.field.of(v) == nil:
		case e.right.element(v):
			return true
		default:
			absent = false
		}
	}
	return absent && e.op == opNe
}

// element evaluates a filter over one element of a multi-valued attribute.
func (e *expr) element(v entry.Value) bool {
	switch e.kind {
	case exprAnd:
		return e.left.element(v) && e.right.element(v)
	case exprOr:
		return e.left.element(v) || e.right.element(v)
	case exprNot:
		return !e.left.element(v)
	}
	if v = e.field.of(v); v == nil {
		return e.op == opNe
	}
	return e.holds(v)
}

// values returns the values of the field's top-level attribute, or of meta's sub-attribute itself.
func (rt *ResourceType) values(f *field, s Source) []entry.Value {
	switch f.common {
	case commSchemas:
		return rt.schemaValues(s)
	case commMeta:
		if !f.isSub() || f.index == 0 {
			return []entry.Value{string(rt.Name)} // resourceType; meta itself is always there
		}
		return s.Values(f.name)
	}
	return s.Values(f.top.name)
}

func (rt *ResourceType) schemaValues(s Source) []entry.Value {
	out := []entry.Value{rt.Core.ID}
	for i := range rt.Extensions {
		for _, f := range rt.bySchema[i+1] {
			if len(s.Values(f.name)) > 0 {
				out = append(out, rt.Extensions[i].ID)
				break
			}
		}
	}
	return out
}

// of returns what the field means within a value of its top-level attribute: the sub-attribute, or the value itself. nil when absent.
func (f *field) of(v entry.Value) entry.Value {
	if !f.isSub() || f.common == commMeta {
		return v
	}
	switch v := v.(type) {
	case entry.Complex:
		return v[f.attr.Name]
	case entry.Ref:
		switch {
		case f == f.top.value:
			return v.ID
		case f.attr.Name == "type" && v.Type != "":
			return string(v.Type)
		}
		return nil
	}
	if f == f.top.value {
		return v
	}
	return nil
}

// holds evaluates a comparison for one present value.
func (e *expr) holds(v entry.Value) bool {
	if e.op == opPr {
		return !isEmpty(v)
	}
	switch lit := e.value.(type) {
	case nil:
		s, ok := textOf(v)
		return ok && e.holdsText(s) || !ok && e.op == opNe
	case bool:
		b, ok := v.(bool)
		if s, text := v.(string); text {
			b, ok = parseBool(s)
		}
		return ok && (b == lit) == (e.op == opEq) || !ok && e.op == opNe
	case []byte:
		b, _ := v.([]byte)
		return bytes.Equal(b, lit) == (e.op == opEq)
	}
	c, ok := e.compareLiteral(v)
	if !ok {
		return e.op == opNe
	}
	return e.ordered(c)
}

func (e *expr) ordered(c int) bool {
	switch e.op {
	case opEq:
		return c == 0
	case opNe:
		return c != 0
	case opGt:
		return c > 0
	case opGe:
		return c >= 0
	case opLt:
		return c < 0
	}
	return c <= 0
}

func (e *expr) holdsText(s string) bool {
	if e.field.attr.CaseExact {
		return e.holdsExact(s)
	}
	switch e.op {
	case opEq:
		return strings.EqualFold(s, e.text)
	case opNe:
		return !strings.EqualFold(s, e.text)
	case opCo:
		return containsFold(s, e.text)
	case opSw:
		_, ok := prefixFold(s, e.text)
		return ok
	case opEw:
		return suffixFold(s, e.text)
	}
	return e.ordered(compareFold(s, e.text))
}

func (e *expr) holdsExact(s string) bool {
	switch e.op {
	case opCo:
		return strings.Contains(s, e.text)
	case opSw:
		return strings.HasPrefix(s, e.text)
	case opEw:
		return strings.HasSuffix(s, e.text)
	}
	return e.ordered(strings.Compare(s, e.text))
}

// textOf returns a value as text for comparing with a string: a store may hold a number where the schema says string.
func textOf(v entry.Value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case entry.Ref:
		return v.ID, true
	case bool, int64, float64:
		return string(AppendValue(nil, v)), true
	}
	return "", false
}

// isEmpty reports whether a value counts as absent for pr.
func isEmpty(v entry.Value) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []byte:
		return len(v) == 0
	case entry.Complex:
		for _, sub := range v {
			if !isEmpty(sub) {
				return false
			}
		}
		return true
	}
	return false
}

// compareNumbers orders two numbers of either type exactly; ok is false when one is no number.
func compareNumbers(a, b entry.Value) (int, bool) {
	switch x := a.(type) {
	case int64:
		switch y := b.(type) {
		case int64:
			return cmp.Compare(x, y), true
		case float64:
			return compareMixed(x, y), true
		}
	case float64:
		switch y := b.(type) {
		case int64:
			return -compareMixed(y, x), true
		case float64:
			return cmp.Compare(x, y), true
		}
	}
	return 0, false
}

// compareMixed orders a whole number against a float without losing digits above 2^53.
func compareMixed(i int64, x float64) int {
	switch {
	case x >= 1<<63:
		return -1
	case x < -1<<63:
		return 1
	}
	whole := math.Trunc(x)
	if c := cmp.Compare(i, int64(whole)); c != 0 {
		return c
	}
	return cmp.Compare(whole, x)
}
