package scim

import (
	"maps"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
)

// setSub sets or clears a sub-attribute of the values at the given places.
func setSub(o *operation, vs []entry.Value, at []int) ([]entry.Value, error) {
	f, s := o.path.field, o.path.sub
	clear := o.kind == opRemove || len(o.values) == 0
	if !clear && s.attr.Name == "primary" && o.values[0] == true && len(at) > 1 {
		return nil, refuse(InvalidValue, "the filter of %q matches %d values; at most one may be primary", o.path.text, len(at))
	}
	for _, i := range at {
		c := f.complexAt(vs, i)
		if clear {
			delete(c, s.attr.Name)
			continue
		}
		if f.refs && s == f.value && !entry.Equal(c["value"], o.values[0]) {
			forgetTarget(c)
		}
		c[s.attr.Name] = o.values[0]
	}
	if clear {
		return slices.DeleteFunc(vs, func(v entry.Value) bool { return f.hollow(v, s) }), nil
	}
	for _, i := range at {
		vs = f.keepPrimary(vs, i)
	}
	return vs, nil
}

// forgetTarget forgets what was known of another reference target.
func forgetTarget(c entry.Complex) {
	delete(c, "$ref")
	delete(c, "displayName")
	delete(c, "display")
}

// complexAt returns the value at i as a Complex that can be changed. A store may hold a reference as plain text or Ref.
func (f *field) complexAt(vs []entry.Value, i int) entry.Complex {
	c, ok := vs[i].(entry.Complex)
	if !ok {
		c = entry.Complex{}
		if f.value != nil {
			c["value"], _ = textOf(vs[i])
		}
		vs[i] = c
	}
	return c
}

// hollow reports whether a value has nothing left: no sub-attribute at all, or, after gone was cleared from a value of a multi-valued
// attribute, only its labels.
func (f *field) hollow(v entry.Value, gone *field) bool {
	c, ok := v.(entry.Complex)
	if !ok {
		return false
	}
	if f.refs && !f.multi() && gone == f.value {
		return true
	}
	label := func(name string) bool { return name == "type" || name == "primary" }
	if !f.multi() || label(gone.attr.Name) {
		return len(c) == 0
	}
	for name := range c {
		if !label(name) && (name != "display" || gone != f.value) {
			return false
		}
	}
	return true
}

// keepPrimary makes the value at i the only primary one when it is primary (RFC 7644 §3.5.2).
func (f *field) keepPrimary(vs []entry.Value, i int) []entry.Value {
	if !f.oneOf || !isPrimary(vs[i]) {
		return vs
	}
	for j, v := range vs {
		if j != i && isPrimary(v) {
			v.(entry.Complex)["primary"] = false
		}
	}
	return vs
}

func dropAt(vs []entry.Value, at []int) []entry.Value {
	out := vs[:0]
	for i, v := range vs {
		if _, hit := slices.BinarySearch(at, i); !hit {
			out = append(out, v)
		}
	}
	return out
}

// replaceAt puts v in the place of the first value and drops the others.
func (f *field) replaceAt(vs []entry.Value, at []int, v entry.Value) []entry.Value {
	vs[at[0]] = entry.CloneValues([]entry.Value{v})[0]
	vs = f.keepPrimary(vs, at[0])
	return dropAt(vs, at[1:])
}

func (f *field) mergeAt(vs []entry.Value, at []int, fresh entry.Complex) ([]entry.Value, error) {
	if isPrimary(fresh) && len(at) > 1 {
		return nil, refuse(InvalidValue, "the filter on %q matches %d values; at most one may be primary", f.name, len(at))
	}
	for _, i := range at {
		maps.Copy(f.complexAt(vs, i), fresh)
		vs = f.keepPrimary(vs, i)
	}
	return vs, nil
}

// addAll appends the values that are not there yet.
func (f *field) addAll(vs, fresh []entry.Value) []entry.Value {
	if !f.isComplex() {
		return f.addSimple(vs, fresh)
	}
	places := f.places(vs)
	for _, v := range fresh {
		c, ok := v.(entry.Complex)
		if !ok {
			continue
		}
		near := places[f.valueKey(c)]
		if slices.ContainsFunc(near, func(i int) bool { return f.covers(vs[i], c) }) {
			continue
		}
		n := slices.IndexFunc(near, func(i int) bool { return f.twin(vs[i], c) })
		i := len(vs)
		if n >= 0 {
			i = near[n]
			maps.Copy(vs[i].(entry.Complex), c)
		} else {
			vs = append(vs, c)
			places[f.valueKey(c)] = append(near, i)
		}
		vs = f.keepPrimary(vs, i)
	}
	return vs
}

// places groups the places of complex values by their "value", so that equal ones are found without comparing all with all.
func (f *field) places(vs []entry.Value) map[entry.Value][]int {
	out := make(map[entry.Value][]int, len(vs))
	for i, v := range vs {
		c, _ := v.(entry.Complex)
		k := f.valueKey(c)
		out[k] = append(out[k], i)
	}
	return out
}

// valueKey is what the "value" of a complex value is found by; nil for one without.
func (f *field) valueKey(c entry.Complex) entry.Value {
	v := c["value"]
	if v == nil || f.value == nil {
		return nil
	}
	return f.value.setKey(v)
}

func (f *field) addSimple(vs, fresh []entry.Value) []entry.Value {
	seen := make(map[entry.Value]bool, len(vs)+len(fresh))
	for _, v := range vs {
		seen[f.setKey(v)] = true
	}
	for _, v := range fresh {
		if k := f.setKey(v); !seen[k] {
			seen[k] = true
			vs = append(vs, v)
		}
	}
	return vs
}

// setKey returns what makes two simple values of the field the same value.
func (f *field) setKey(v entry.Value) entry.Value {
	switch v := v.(type) {
	case string:
		if !f.attr.CaseExact {
			return Fold(v)
		}
	case bool, int64, float64:
	default:
		return identityText(v)
	}
	return v
}

// covers reports whether an element has every sub-attribute that c has, with the same value.
func (f *field) covers(have entry.Value, c entry.Complex) bool {
	h, ok := have.(entry.Complex)
	if !ok || len(c) == 0 {
		return false
	}
	for name, v := range c {
		if !f.sameSub(name, h[name], v) {
			return false
		}
	}
	return true
}

// twin reports whether two elements have the same value and type, so that they are one element with different labels.
func (f *field) twin(have entry.Value, c entry.Complex) bool {
	h, ok := have.(entry.Complex)
	return ok && c["value"] != nil && f.sameSub("value", h["value"], c["value"]) && f.sameSub("type", h["type"], c["type"])
}

func (f *field) sameSub(name string, a, b entry.Value) bool {
	if a == nil || b == nil {
		return a == b
	}
	if s := f.sub(name); s != nil {
		return s.setKey(a) == s.setKey(b)
	}
	return entry.Equal(a, b)
}

// without takes out the values that match one of gone: by "value" when it has one, else by everything it has.
func (f *field) without(vs, gone []entry.Value) []entry.Value {
	if !f.isComplex() {
		out := make(map[entry.Value]bool, len(gone))
		for _, g := range gone {
			out[f.setKey(g)] = true
		}
		return slices.DeleteFunc(vs, func(v entry.Value) bool { return out[f.setKey(v)] })
	}
	places := f.places(gone)
	return slices.DeleteFunc(vs, func(v entry.Value) bool {
		c, _ := v.(entry.Complex)
		hit := func(i int) bool {
			g, _ := gone[i].(entry.Complex)
			return f.covers(v, identity(g))
		}
		return slices.ContainsFunc(places[f.valueKey(c)], hit) || slices.ContainsFunc(places[nil], hit)
	})
}

// identity reduces a value to what tells it from others: value and, when given, type.
func identity(c entry.Complex) entry.Complex {
	if c["value"] == nil {
		return c
	}
	out := entry.Complex{"value": c["value"]}
	if c["type"] != nil {
		out["type"] = c["type"]
	}
	return out
}

// diff appends the smallest edits that lead from have to want.
func (f *field) diff(edits []entry.Edit, have, want []entry.Value) []entry.Edit {
	gone, fresh := minus(have, want), minus(want, have)
	if len(gone)+len(fresh) == 0 {
		return edits
	}
	if !f.multi() || len(want) == 0 {
		return append(edits, entry.Edit{Op: entry.Replace, Attr: f.name, Values: want})
	}
	if len(gone) > 0 {
		edits = append(edits, entry.Edit{Op: entry.Remove, Attr: f.name, Values: gone})
	}
	if len(fresh) > 0 {
		edits = append(edits, entry.Edit{Op: entry.Add, Attr: f.name, Values: fresh})
	}
	return edits
}

// distinct leaves out values that stand in want more than once, but for what have repeats already: values form a set, and an edit
// cannot add what is there.
func distinct(have, want []entry.Value) []entry.Value {
	if allDifferent(want) {
		return want
	}
	fresh := minus(want, have)
	if len(fresh) == 0 {
		return want
	}
	kept := minus(want, fresh)
	seen := make(map[string]bool, len(want))
	for _, v := range kept {
		seen[identityText(v)] = true
	}
	extra := fresh[:0]
	for _, v := range fresh {
		if k := identityText(v); seen[k] {
			extra = append(extra, v)
		} else {
			seen[k] = true
		}
	}
	if len(extra) == 0 {
		return want
	}
	return minus(want, extra)
}

// allDifferent reports whether no value repeats, for lists short enough to see that at a glance; of a long one it says false.
func allDifferent(vs []entry.Value) bool {
	for i, v := range vs {
		if i >= 16 || slices.ContainsFunc(vs[:i], func(w entry.Value) bool { return entry.Equal(v, w) }) {
			return false
		}
	}
	return true
}

// minus returns the values of a that b lacks, counting duplicates, in a's order.
func minus(a, b []entry.Value) []entry.Value {
	const few = 16
	if len(a) > few || len(b) > few {
		return minusByText(a, b)
	}
	var used uint16
	var out []entry.Value
	for _, v := range a {
		hit := false
		for i := range b {
			if used&(1<<i) == 0 && entry.Equal(v, b[i]) {
				used |= 1 << i
				hit = true
				break
			}
		}
		if !hit {
			out = append(out, v)
		}
	}
	return out
}

// minusByText is minus for long lists: a text stands for each value, so that the time stays linear.
func minusByText(a, b []entry.Value) []entry.Value {
	count := make(map[string]int, len(b))
	for _, v := range b {
		count[identityText(v)]++
	}
	var out []entry.Value
	for _, v := range a {
		if k := identityText(v); count[k] > 0 {
			count[k]--
		} else {
			out = append(out, v)
		}
	}
	return out
}
