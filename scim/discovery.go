package scim

import (
	"strconv"

	"github.com/sallyport-id/sallyport/entry"
)

// AppendSchema appends a schema's definition as /Schemas shows it (RFC 7643 §7); location "" is left out. No null is written.
func AppendSchema(dst []byte, s Schema, location string) []byte {
	dst = append(dst, `{"schemas":["`+SchemaURN+`"]`...)
	dst = appendMember(dst, "id", s.ID)
	dst = appendMember(dst, "name", s.Name)
	dst = appendMember(dst, "description", s.Description)
	dst = append(dst, `,"attributes":`...)
	dst = appendAttributes(dst, s.Attributes)
	return appendDiscoveryMeta(dst, "Schema", location)
}

func appendMember(dst []byte, key, text string) []byte {
	if text == "" {
		return dst
	}
	dst = append(append(dst, ',', '"'), key...)
	return AppendString(append(dst, `":`...), text)
}

func appendFlag(dst []byte, key string, b bool) []byte {
	dst = append(append(dst, ',', '"'), key...)
	return strconv.AppendBool(append(dst, `":`...), b)
}

func appendTexts(dst []byte, key string, texts []string) []byte {
	if len(texts) == 0 {
		return dst
	}
	dst = append(append(dst, ',', '"'), key...)
	dst = append(dst, `":[`...)
	for i, t := range texts {
		dst = AppendString(comma(dst, i), t)
	}
	return append(dst, ']')
}

func appendDiscoveryMeta(dst []byte, kind, location string) []byte {
	dst = append(dst, `,"meta":{"resourceType":"`...)
	dst = append(dst, kind...)
	dst = append(dst, '"')
	dst = appendMember(dst, "location", location)
	return append(dst, `}}`...)
}

func appendAttributes(dst []byte, list []Attribute) []byte {
	dst = append(dst, '[')
	for i, a := range withDefaults(list) {
		dst = append(comma(dst, i), `{"name":`...)
		dst = AppendString(dst, a.Name)
		dst = appendMember(dst, "type", string(a.Type))
		dst = appendFlag(dst, "multiValued", a.MultiValued)
		dst = append(dst, `,"description":`...)
		dst = AppendString(dst, a.Description)
		dst = appendFlag(dst, "required", a.Required)
		dst = appendFlag(dst, "caseExact", a.CaseExact)
		dst = appendTexts(dst, "canonicalValues", a.CanonicalValues)
		dst = appendMember(dst, "mutability", a.Mutability)
		dst = appendMember(dst, "returned", a.Returned)
		dst = appendMember(dst, "uniqueness", a.Uniqueness)
		dst = appendTexts(dst, "referenceTypes", a.ReferenceTypes)
		if len(a.Sub) > 0 {
			dst = appendAttributes(append(dst, `,"subAttributes":`...), a.Sub)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// AppendType appends the resource type as /ResourceTypes shows it (RFC 7643 §6); location "" is left out.
func (rt *ResourceType) AppendType(dst []byte, location string) []byte {
	dst = append(dst, `{"schemas":["`+ResourceTypeURN+`"]`...)
	dst = appendMember(dst, "id", string(rt.Name))
	dst = appendMember(dst, "name", string(rt.Name))
	dst = appendMember(dst, "endpoint", rt.Endpoint)
	dst = appendMember(dst, "description", rt.Description)
	dst = appendMember(dst, "schema", rt.Core.ID)
	dst = append(dst, `,"schemaExtensions":[`...)
	for i := range rt.Extensions {
		dst = append(comma(dst, i), `{"schema":`...)
		dst = AppendString(dst, rt.Extensions[i].ID)
		dst = append(dst, `,"required":false}`...)
	}
	return appendDiscoveryMeta(append(dst, ']'), "ResourceType", location)
}

// ReadSchema reads one schema's definition. A multi-valued "members" with a value is marked Detached. It fails with fault.Invalid
// when the body is no object or has no id.
func ReadSchema(body []byte) (Schema, error) {
	root, err := parseObject(body, true)
	if err != nil {
		return Schema{}, err
	}
	return readSchema(&root)
}

func readSchema(n *node) (Schema, error) {
	s := Schema{ID: n.textOf("id"), Name: n.textOf("name"), Description: n.textOf("description")}
	if s.ID == "" {
		return s, refuse(InvalidSyntax, "the schema has no \"id\"")
	}
	s.Attributes = readAttributes(n.get("attributes"))
	return s, nil
}

func readAttributes(n *node) []Attribute {
	if n == nil {
		return nil
	}
	var out []Attribute
	for i := range n.list {
		d := &n.list[i]
		a := Attribute{
			Name: d.textOf("name"), Type: readAttrType(d.textOf("type")), Description: d.textOf("description"),
			MultiValued: d.boolean("multiValued"), Required: d.boolean("required"), CaseExact: d.boolean("caseExact"),
			Mutability: d.textOf("mutability"), Returned: d.textOf("returned"), Uniqueness: d.textOf("uniqueness"),
			CanonicalValues: d.texts("canonicalValues"), ReferenceTypes: d.texts("referenceTypes"), Sub: readAttributes(d.get("subAttributes")),
		}
		a.Detached = a.Name == "members" && a.MultiValued && findAttribute(a.Sub, "value") != nil
		out = append(out, a)
	}
	return withDefaults(out)
}

func readAttrType(word string) AttrType {
	for _, t := range []AttrType{Boolean, Decimal, Integer, DateTime, Binary, Reference, Complex} {
		if equalFoldASCII(string(t), word) {
			return t
		}
	}
	return String
}

// ReadSchemas reads the ListResponse of /Schemas; a server that answers a plain array is understood too.
func ReadSchemas(body []byte) ([]Schema, error) {
	list, err := discoveryList(body)
	if err != nil {
		return nil, err
	}
	out := make([]Schema, 0, len(list))
	for i := range list {
		s, err := readSchema(&list[i])
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func discoveryList(body []byte) ([]node, error) {
	n, err := parseJSON(body, true)
	if err != nil || n.kind == kindArray {
		return n.list, err
	}
	_, list, err := parseList(body)
	return list, err
}

// TypeInfo is a resource type as /ResourceTypes tells it, not compiled yet.
type TypeInfo struct {
	Name       entry.Type
	Endpoint   string
	Schema     string   // URN of the core schema
	Extensions []string // URNs
}

// ReadTypes reads the ListResponse (or plain array) of /ResourceTypes.
func ReadTypes(body []byte) ([]TypeInfo, error) {
	list, err := discoveryList(body)
	if err != nil {
		return nil, err
	}
	out := make([]TypeInfo, 0, len(list))
	for i := range list {
		n := &list[i]
		t := TypeInfo{Name: entry.Type(n.textOf("name")), Endpoint: n.textOf("endpoint"), Schema: n.textOf("schema")}
		if x := n.get("schemaExtensions"); x != nil {
			for j := range x.list {
				t.Extensions = append(t.Extensions, x.list[j].textOf("schema"))
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// Compile makes a ResourceType of what discovery told. Extensions whose schema is not among schemas are left out; a missing core
// schema is fault.Invalid.
func (t TypeInfo) Compile(schemas []Schema) (*ResourceType, error) {
	find := func(urn string) *Schema {
		for i := range schemas {
			if equalFoldASCII(schemas[i].ID, urn) {
				return &schemas[i]
			}
		}
		return nil
	}
	core := find(t.Schema)
	if core == nil {
		return nil, refuse(InvalidSyntax, "the server defines no schema %q for %s", t.Schema, t.Name)
	}
	var extensions []Schema
	for _, urn := range t.Extensions {
		if x := find(urn); x != nil {
			extensions = append(extensions, *x)
		}
	}
	return NewResourceType(t.Name, t.Endpoint, *core, extensions...)
}
