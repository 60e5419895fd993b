package scim

import (
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// ResourceType is a kind of resource with its schemas, compiled for look-up. It is immutable after NewResourceType and safe for
// concurrent use.
type ResourceType struct {
	Name        entry.Type
	Endpoint    string // "/Users"
	Description string // for /ResourceTypes; may be set before the type is shared
	Core        Schema
	Extensions  []Schema

	fields []*field            // every top-level field; common attributes first
	byName map[string]*field   // every way to address a field in a filter or path, lower case
	bodies []map[string]*field // for each schema the keys a JSON object of it may have, lower case
	urns   map[string]int      // lower-case URN to schema index
	heads  []string            // for each schema `"urn…":` for output
	plain  string              // `{"schemas":["urn…"` of a resource without extensions
	meta   *field
	id     *field

	bySchema [][]*field // top-level fields of each schema in output order
	usual    []uint64   // what an answer shows by default, by field index; see Projection
	writable []uint64   // what a request body shows
}

// NewResourceType compiles a resource type. It fails with fault.Invalid when a name is empty, malformed or used twice,
// when an attribute has more than 64 sub-attributes, or when sub-attributes are nested.
func NewResourceType(name entry.Type, endpoint string, core Schema, extensions ...Schema) (*ResourceType, error) {
	rt := &ResourceType{Name: name, Endpoint: endpoint, byName: map[string]*field{}, urns: map[string]int{}}
	rt.Core = ownSchema(core)
	for _, x := range extensions {
		rt.Extensions = append(rt.Extensions, ownSchema(x))
	}
	if name == "" || !strings.HasPrefix(endpoint, "/") {
		return nil, fault.New(fault.Invalid, "define resource type", "name %q or endpoint %q is malformed", name, endpoint)
	}
	rt.addCommon()
	if err := rt.addSchema(0, &rt.Core); err != nil {
		return nil, err
	}
	for i := range rt.Extensions {
		if err := rt.addSchema(i+1, &rt.Extensions[i]); err != nil {
			return nil, err
		}
	}
	rt.addBareNames()
	rt.bySchema = make([][]*field, len(rt.Extensions)+1)
	for _, f := range rt.fields {
		rt.bySchema[f.schema] = append(rt.bySchema[f.schema], f)
	}
	rt.compileWants()
	rt.plain = `{"schemas":[` + string(AppendString(nil, rt.Core.ID))
	return rt, nil
}

func ownSchema(s Schema) Schema {
	s.Attributes = withDefaults(s.Attributes)
	return s
}

// addCommon adds schemas, id, externalId and meta. A core schema that lists one of them does not add it again.
func (rt *ResourceType) addCommon() {
	list := commonAttributes()
	rt.bodies = append(rt.bodies, map[string]*field{})
	for i := range list {
		f := newField(&list[i], "", 0, len(rt.fields))
		switch f.attr.Name {
		case "schemas":
			f.common = commSchemas
		case "id":
			f.common, rt.id = commID, f
		case "meta":
			f.common, rt.meta = commMeta, f
			for _, s := range f.subs {
				s.common = commMeta
			}
		}
		rt.fields = append(rt.fields, f)
		rt.bodies[0][lowerASCII(f.attr.Name)] = f
		f.names([]string{"", rt.Core.ID + ":"}, func(n string, f *field) { rt.byName[n] = f })
	}
}

func (rt *ResourceType) addSchema(index int, s *Schema) error {
	urn := lowerASCII(s.ID)
	if _, twice := rt.urns[urn]; twice || !strings.HasPrefix(urn, "urn:") {
		return fault.New(fault.Invalid, "define resource type", "schema URN %q is malformed or used twice", s.ID)
	}
	rt.urns[urn] = index
	rt.heads = append(rt.heads, string(AppendString(nil, s.ID))+":")
	if index > 0 {
		rt.bodies = append(rt.bodies, map[string]*field{})
	}
	for i := range s.Attributes {
		a := &s.Attributes[i]
		if err := checkAttribute(s.ID, a); err != nil {
			return err
		}
		if err := rt.addAttribute(index, s, a); err != nil {
			return err
		}
	}
	return nil
}

func (rt *ResourceType) addAttribute(index int, s *Schema, a *Attribute) error {
	prefix, names := "", []string{"", s.ID + ":"}
	if index > 0 {
		prefix, names = s.ID+":", []string{s.ID + ":"}
	}
	low := lowerASCII(a.Name)
	if old, twice := rt.bodies[index][low]; twice {
		if index == 0 && old.index < 4 { // common attribute: ours stays
			return nil
		}
		return fault.New(fault.Invalid, "define resource type", "attribute %q is defined twice in %s", a.Name, s.ID)
	}
	f := newField(a, prefix, index, len(rt.fields))
	rt.fields = append(rt.fields, f)
	rt.bodies[index][low] = f
	f.names(names, func(n string, f *field) { rt.byName[n] = f })
	return nil
}

// addBareNames lets an extension's attribute be addressed without its URN ("manager eq …", as Entra does), as long as
// only one schema has the name.
func (rt *ResourceType) addBareNames() {
	bare, clash := map[string]*field{}, map[string]bool{}
	for _, f := range rt.fields {
		if f.schema == 0 {
			continue
		}
		f.names([]string{""}, func(n string, f *field) {
			clash[n] = bare[n] != nil
			bare[n] = f
		})
	}
	for n, f := range bare {
		if _, taken := rt.byName[n]; !taken && !clash[n] {
			rt.byName[n] = f
		}
	}
}

func checkAttribute(urn string, a *Attribute) error {
	bad := func(why string) error {
		return fault.New(fault.Invalid, "define resource type", "attribute %q of %s %s", a.Name, urn, why)
	}
	switch {
	case !attrName(a.Name):
		return bad("has a malformed name")
	case len(a.Sub) > maxSubAttributes:
		return bad("has more than 64 sub-attributes")
	case len(a.Sub) > 0 && a.Type != Complex:
		return bad("has sub-attributes but is not complex")
	}
	for i := range a.Sub {
		s := &a.Sub[i]
		if s.Type == Complex || s.MultiValued || !attrName(s.Name) {
			return bad("has a sub-attribute " + s.Name + " that is nested, multi-valued or malformed")
		}
		for j := range i {
			if equalFoldASCII(a.Sub[j].Name, s.Name) {
				return bad("has two sub-attributes " + s.Name)
			}
		}
	}
	return nil
}

// attrName reports whether s can be addressed in a path: a letter or $ first, none of the path's own signs inside.
func attrName(s string) bool {
	if s == "" || len(s) > 256 {
		return false
	}
	for i := range len(s) {
		if !nameByte(s[i]) || s[i] == '.' || s[i] == ':' {
			return false
		}
	}
	return true
}

// Canonical returns the schema's spelling of an attribute name as used in entry.Attrs, for a name in any case, plain, dotted or
// qualified with a URN. An extension's attribute may come without its URN when no other schema has the name.
func (rt *ResourceType) Canonical(name string) (string, bool) {
	f := rt.lookup(name)
	if f == nil {
		return "", false
	}
	return f.name, true
}

// Attribute returns the definition of an attribute or, dotted, a sub-attribute. The name may be in any form that Canonical takes.
// The definition must not be changed.
func (rt *ResourceType) Attribute(canonical string) (*Attribute, bool) {
	f := rt.lookup(canonical)
	if f == nil {
		return nil, false
	}
	return f.attr, true
}

// Detached returns the canonical names of the detached attributes.
func (rt *ResourceType) Detached() []string {
	var names []string
	for _, f := range rt.fields {
		if f.attr.Detached {
			names = append(names, f.name)
		}
	}
	return names
}

// lookup finds a field by any of its names without allocating.
func (rt *ResourceType) lookup(name string) *field { return lookupFold(rt.byName, name) }

func lookupFold(m map[string]*field, name string) *field {
	var buf [160]byte
	if len(name) > len(buf) {
		return m[lowerASCII(name)]
	}
	for i := range len(name) {
		buf[i] = lowerTable[name[i]]
	}
	return m[string(buf[:len(name)])]
}

// schemaOf returns the index of the schema with the URN, or -1.
func (rt *ResourceType) schemaOf(urn string) int {
	if len(urn) < 4 || !equalFoldASCII(urn[:4], "urn:") {
		return -1
	}
	if i, ok := rt.urns[lowerASCII(urn)]; ok {
		return i
	}
	return -1
}
