package scim

import "slices"

// field is an attribute as compiled into a ResourceType: where it is, how its key is written, and what it is made of.
type field struct {
	attr   *Attribute
	name   string // canonical: as in entry.Attrs, with a dot for a sub-attribute
	top    *field // the top-level field; itself when this is one
	schema int    // 0 core, 1… extension
	index  int    // position among the top-level fields, or among the siblings of a sub-attribute
	key    string // `"userName":` for output
	subs   []*field
	value  *field // sub-attribute "value", nil when there is none
	refs   bool   // complex, points to another resource: has value and $ref
	oneOf  bool   // multi-valued complex with "primary"
	common int8   // one of the comm… constants
}

const (
	commNone int8 = iota
	commSchemas
	commID
	commMeta
)

func (f *field) sub(name string) *field {
	for _, s := range f.subs {
		if equalFoldASCII(s.attr.Name, name) {
			return s
		}
	}
	return nil
}

func (f *field) isSub() bool     { return f.top != f }
func (f *field) isComplex() bool { return f.attr.Type == Complex }
func (f *field) multi() bool     { return f.attr.MultiValued }
func (f *field) never() bool     { return f.attr.Returned == ReturnedNever }
func (f *field) readOnly() bool  { return f.attr.Mutability == ReadOnly }

// newField compiles an attribute; prefix is what stands before its name in the canonical form ("" or "urn:…:").
func newField(a *Attribute, prefix string, schema, index int) *field {
	f := &field{attr: a, name: prefix + a.Name, schema: schema, index: index, key: string(AppendString(nil, a.Name)) + ":"}
	f.top = f
	for i := range a.Sub {
		s := newField(&a.Sub[i], f.name+".", schema, i)
		s.top = f
		f.subs = append(f.subs, s)
	}
	f.value = f.sub("value")
	f.refs = f.value != nil && f.sub("$ref") != nil
	f.oneOf = a.MultiValued && f.sub("primary") != nil
	return f
}

// names yields the forms under which the field and its sub-attributes can be addressed, in lower case.
func (f *field) names(prefixes []string, yield func(name string, f *field)) {
	for _, p := range prefixes {
		full := p + f.attr.Name
		yield(lowerASCII(full), f)
		for _, s := range f.subs {
			yield(lowerASCII(full+"."+s.attr.Name), s)
		}
	}
}

func (f *field) canonicalWord(word string) bool {
	return slices.ContainsFunc(f.attr.CanonicalValues, func(w string) bool { return equalFoldASCII(w, word) })
}
