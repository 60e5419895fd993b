package entry

import (
	"maps"
	"slices"
)

// Type names the kind of an object: "User", "Group", or whatever a connector calls its own.
type Type string

// The two types every part of Sallyport knows.
const (
	User  Type = "User"
	Group Type = "Group"
)

// Value is one value of an attribute. Its dynamic type is one of
//
//	string, bool, int64, float64, []byte, time.Time, Ref, Complex
//
// and nothing else; nil is never a Value, an absent attribute is an absent key.
type Value any

// Ref points to another object by the id that the holder of the entry uses for it.
type Ref struct {
	Type Type   // may be empty when unknown
	ID   string // never empty
}

// Complex is a SCIM sub-object: sub-attribute name to value. Sub-attributes are single-valued.
type Complex map[string]Value

// Attrs maps an attribute's name to its values, in the order the source gave them. A key with no values means the same as no key.
type Attrs map[string][]Value

// Entry is one object.
type Entry struct {
	Type  Type
	ID    string // as known to whoever holds the entry; empty before it was created
	Attrs Attrs
}

// First returns the first value of an attribute, or nil when it is absent.
func (a Attrs) First(name string) Value {
	if vs := a[name]; len(vs) > 0 {
		return vs[0]
	}
	return nil
}

// Text returns the first value of an attribute if that is a string, else "".
func (a Attrs) Text(name string) string {
	s, _ := a.First(name).(string)
	return s
}

// Set replaces the values of an attribute; without values it removes the attribute.
func (a Attrs) Set(name string, values ...Value) {
	if len(values) == 0 {
		delete(a, name)
		return
	}
	a[name] = values
}

// Clone copies the map and its lists, and every Complex and []byte in them, so that the copy may be changed freely.
func (a Attrs) Clone() Attrs {
	if a == nil {
		return nil
	}
	c := make(Attrs, len(a))
	for k, vs := range a {
		c[k] = CloneValues(vs)
	}
	return c
}

// Clone copies the entry and its attributes.
func (e Entry) Clone() Entry {
	e.Attrs = e.Attrs.Clone()
	return e
}

// CloneValues copies a list of values deeply.
func CloneValues(vs []Value) []Value {
	c := make([]Value, len(vs))
	for i, v := range vs {
		c[i] = cloneValue(v)
	}
	return c
}

func cloneValue(v Value) Value {
	switch v := v.(type) {
	case Complex:
		c := maps.Clone(v)
		for k, sub := range c {
			c[k] = cloneValue(sub)
		}
		return c
	case []byte:
		return slices.Clone(v)
	}
	return v
}
