package entry

import (
	"bytes"
	"slices"
	"time"
)

// Op says how an edit changes an attribute's values.
type Op uint8

// The three relative changes. The zero Op is not valid.
const (
	Add     Op = iota + 1 // add these values to the attribute; one that is there already stays as it is
	Replace               // the attribute holds exactly these values afterwards; without values it is cleared
	Remove                // take these values out; without values the whole attribute goes
)

// String returns "add", "replace" or "remove".
func (o Op) String() string {
	switch o {
	case Add:
		return "add"
	case Replace:
		return "replace"
	case Remove:
		return "remove"
	}
	return "invalid"
}

// Edit is one relative change to one attribute.
type Edit struct {
	Op     Op
	Attr   string
	Values []Value
}

// Equal reports whether two values are the same. Times are compared as instants, a Ref by its ID alone
// (an unknown type does not make it another object), everything else by type and content.
func Equal(a, b Value) bool {
	switch x := a.(type) {
	case []byte:
		y, ok := b.([]byte)
		return ok && bytes.Equal(x, y)
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	case Ref:
		y, ok := b.(Ref)
		return ok && x.ID == y.ID
	case Complex:
		y, ok := b.(Complex)
		return ok && equalComplex(x, y)
	}
	switch b.(type) {
	case []byte, Complex:
		return false // not comparable with ==
	}
	return a == b
}

func equalComplex(x, y Complex) bool {
	if len(x) != len(y) {
		return false
	}
	for k, v := range x {
		w, ok := y[k]
		if !ok || !Equal(v, w) {
			return false
		}
	}
	return true
}

// EqualValues reports whether two lists hold the same values, whatever their order. Duplicates count.
func EqualValues(a, b []Value) bool {
	return len(a) == len(b) && len(minus(a, b)) == 0
}

// Diff returns the edits that turn have into want, for the attributes that want names and no others: an attribute
// that want names with an empty list is cleared. Single values and cleared attributes become Replace; where both sides
// hold several values, or one side does, the edits are the smallest Remove and Add. Edits come in the order of the names.
func Diff(have, want Attrs) []Edit {
	var edits []Edit
	for _, name := range sortedNames(want) {
		edits = append(edits, diffValues(name, have[name], want[name])...)
	}
	return edits
}

func diffValues(name string, have, want []Value) []Edit {
	if EqualValues(have, want) {
		return nil
	}
	if len(want) == 0 || len(have) <= 1 && len(want) == 1 && !isRef(want[0]) {
		return []Edit{{Op: Replace, Attr: name, Values: want}}
	}
	var edits []Edit
	if gone := minus(have, want); len(gone) > 0 {
		edits = append(edits, Edit{Op: Remove, Attr: name, Values: gone})
	}
	if fresh := minus(want, have); len(fresh) > 0 {
		edits = append(edits, Edit{Op: Add, Attr: name, Values: fresh})
	}
	return edits
}

func isRef(v Value) bool { _, ok := v.(Ref); return ok }

// minus returns the values of a that b lacks, counting duplicates, in a's order.
func minus(a, b []Value) []Value {
	if len(a)+len(b) > 32 && allHashable(a) && allHashable(b) {
		return minusHashed(a, b)
	}
	rest := slices.Clone(b)
	var out []Value
	for _, v := range a {
		if i := slices.IndexFunc(rest, func(w Value) bool { return Equal(v, w) }); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		} else {
			out = append(out, v)
		}
	}
	return out
}

// minusHashed is minus for long lists (the members of a group): linear instead of quadratic.
func minusHashed(a, b []Value) []Value {
	count := make(map[Value]int, len(b))
	for _, v := range b {
		count[hashKey(v)]++
	}
	var out []Value
	for _, v := range a {
		if k := hashKey(v); count[k] > 0 {
			count[k]--
		} else {
			out = append(out, v)
		}
	}
	return out
}

func hashKey(v Value) Value {
	if r, ok := v.(Ref); ok {
		return Ref{ID: r.ID} // Equal ignores the type
	}
	return v
}

func allHashable(vs []Value) bool {
	for _, v := range vs {
		switch v.(type) {
		case []byte, Complex, time.Time:
			return false
		}
	}
	return true
}

func sortedNames(a Attrs) []string {
	names := make([]string, 0, len(a))
	for n := range a {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Apply returns what have becomes under the edits, in order; have itself is not changed.
func Apply(have Attrs, edits []Edit) Attrs {
	out := have.Clone()
	if out == nil {
		out = Attrs{}
	}
	for _, e := range edits {
		out.Set(e.Attr, applyOne(out[e.Attr], e)...)
	}
	return out
}

func applyOne(have []Value, e Edit) []Value {
	switch {
	case e.Op == Replace:
		return CloneValues(e.Values)
	case e.Op == Remove && len(e.Values) == 0:
		return nil
	case e.Op == Remove:
		return minus(have, e.Values)
	default:
		return append(slices.Clone(have), CloneValues(minus(e.Values, have))...)
	}
}
