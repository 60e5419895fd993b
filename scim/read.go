package scim

import (
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// Read reads a resource as a server answered it, for clients: id and read-only attributes are kept, nothing is demanded. Values
// that do not fit the schema and attributes that it does not know are kept by their JSON structure; those of an unknown extension
// under its URN, a colon and their name. rt may be nil. It fails with fault.Invalid when the body is not a JSON object.
func (rt *ResourceType) Read(body []byte) (entry.Entry, Meta, error) {
	root, err := parseObject(body, true)
	if err != nil {
		return entry.Entry{}, Meta{}, err
	}
	e, m := rt.readNode(&root)
	return e, m, nil
}

// Answer is a ListResponse as a client reads it.
type Answer struct {
	List                    // Total is -1 when the server did not tell it
	Resources []entry.Entry // each as Read gives it
	Metas     []Meta        // one for each resource
}

// ReadList reads a ListResponse. rt may be nil. It fails with fault.Invalid when the body is not one.
func (rt *ResourceType) ReadList(body []byte) (Answer, error) {
	root, list, err := parseList(body)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{List: List{Total: root.integer("totalResults", -1), Start: root.integer("startIndex", 0), Items: len(list)}}
	a.Next, a.Previous = root.textOf("nextCursor"), root.textOf("previousCursor")
	for i := range list {
		if list[i].kind != kindObject {
			return Answer{}, refuse(InvalidSyntax, "a resource in the list must be an object, not %s", list[i].kind)
		}
		e, m := rt.readNode(&list[i])
		a.Resources, a.Metas = append(a.Resources, e), append(a.Metas, m)
	}
	return a, nil
}

// parseList parses a ListResponse and returns its members and its resources.
func parseList(body []byte) (node, []node, error) {
	root, err := parseObject(body, true)
	if err != nil {
		return root, nil, err
	}
	list := root.get("Resources")
	switch {
	case list == nil && root.get("totalResults") == nil:
		return root, nil, refuse(InvalidSyntax, "the answer is not a ListResponse: it has neither totalResults nor Resources")
	case list == nil || list.kind == kindNull:
		return root, nil, nil
	case list.kind != kindArray:
		return root, nil, refuse(InvalidSyntax, "\"Resources\" must be an array, not %s", list.kind)
	}
	return root, list.list, nil
}

func (n *node) integer(key string, absent int) int {
	v := n.get(key)
	if v == nil {
		return absent
	}
	i, err := strconv.Atoi(v.text)
	if err != nil {
		return absent
	}
	return i
}

func (n *node) textOf(key string) string {
	if v := n.get(key); v != nil && (v.kind == kindString || v.kind == kindNumber) {
		return strings.Clone(v.text)
	}
	return ""
}

func (n *node) boolean(key string) bool {
	v := n.get(key)
	return v != nil && equalFoldASCII(v.text, "true")
}

func (n *node) texts(key string) []string {
	var out []string
	if v := n.get(key); v != nil {
		for _, x := range v.list {
			if x.kind == kindString {
				out = append(out, strings.Clone(x.text))
			}
		}
	}
	return out
}

// ReadError reads an error answer; ok is false when the body is not a SCIM error. Status is 0 when the body does not tell it.
func ReadError(body []byte) (e Error, ok bool) {
	root, err := parseObject(body, true)
	if err != nil {
		return Error{}, false
	}
	for _, urn := range root.texts("schemas") {
		ok = ok || equalFoldASCII(urn, ErrorURN)
	}
	return Error{Status: root.integer("status", 0), ScimType: root.textOf("scimType"), Detail: root.textOf("detail")}, ok
}

func (rt *ResourceType) readNode(root *node) (entry.Entry, Meta) {
	known := rt
	if rt == nil {
		known = rt.orBuiltin(readType(root))
	}
	e := entry.Entry{Type: known.Name, ID: root.textOf("id"), Attrs: make(entry.Attrs, len(root.keys))}
	known.readMembers(e.Attrs, 0, root)
	return e, readMeta(root.get("meta"))
}

// readType finds out what a resource is when no type is given.
func readType(root *node) entry.Type {
	if m := root.get("meta"); m != nil {
		if t := m.textOf("resourceType"); t != "" {
			return entry.Type(t)
		}
	}
	for _, urn := range root.texts("schemas") {
		if equalFoldASCII(urn, GroupURN) {
			return entry.Group
		}
	}
	return entry.User
}

// readMembers reads the members of a schema's object into attrs.
func (rt *ResourceType) readMembers(attrs entry.Attrs, schema int, n *node) {
	for i, key := range n.keys {
		v := &n.list[i]
		f := lookupFold(rt.bodies[schema], key)
		switch {
		case f != nil && f.common != commNone:
		case f != nil:
			attrs.Set(f.name, readValues(f, v)...)
		case schema > 0:
			attrs.Set(rt.Extensions[schema-1].ID+":"+key, freeValues(v)...)
		case rt.schemaOf(key) > 0 && v.kind == kindObject:
			rt.readMembers(attrs, rt.schemaOf(key), v)
		case strings.Contains(key, ":") && v.kind == kindObject:
			readForeign(attrs, key, v)
		default:
			attrs.Set(strings.Clone(key), freeValues(v)...)
		}
	}
}

func readForeign(attrs entry.Attrs, urn string, n *node) {
	for i, key := range n.keys {
		attrs.Set(urn+":"+key, freeValues(&n.list[i])...)
	}
}

// readValues converts by the schema, and by structure when the value does not fit.
func readValues(f *field, n *node) []entry.Value {
	vs, err := convert{mode: Entra, reading: true}.values(f, n, true)
	if err != nil {
		return freeValues(n)
	}
	return vs
}

func readMeta(n *node) Meta {
	if n == nil {
		return Meta{}
	}
	m := Meta{Location: n.textOf("location"), Version: bareVersion(n.textOf("version"))}
	m.Created, m.Modified = n.time("created"), n.time("lastModified")
	return m
}

func (n *node) time(key string) time.Time {
	t, _ := parseTime(n.textOf(key))
	return t
}

// bareVersion takes W/ and the quotes off an entity tag.
func bareVersion(tag string) string {
	if q := strings.TrimPrefix(tag, "W/"); len(q) >= 2 && q[0] == '"' && q[len(q)-1] == '"' {
		return q[1 : len(q)-1]
	}
	return tag
}
