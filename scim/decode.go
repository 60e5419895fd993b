package scim

import (
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// Decode reads the body of a POST or PUT. Read-only attributes, id, meta, and attributes of unknown extensions are ignored, null and
// [] mean absent, required attributes are demanded and defaults filled in. Entra mode ignores unknown attributes and applies keys
// that are paths ("name.givenName"); strict mode refuses them. The fault is Invalid and carries the scimType invalidSyntax
// (not a JSON object, schemas missing) or invalidValue (naming the attribute). Entry.ID is empty.
func (rt *ResourceType) Decode(body []byte, m Mode) (entry.Entry, error) {
	root, err := parseObject(body, false)
	if err != nil {
		return entry.Entry{}, err
	}
	if err := checkSchemas(&root, "", m); err != nil {
		return entry.Entry{}, err
	}
	d := decoder{rt: rt, convert: convert{mode: m}, attrs: make(entry.Attrs, len(root.keys))}
	if err := d.object(0, &root); err != nil {
		return entry.Entry{}, err
	}
	e, err := d.applyPaths(entry.Entry{Type: rt.Name, Attrs: d.attrs})
	if err != nil {
		return entry.Entry{}, err
	}
	rt.fillDefaults(e.Attrs)
	return e, rt.checkRequired(e.Attrs)
}

// checkSchemas checks the schemas member: in strict mode it must be there and, when want is not empty, name it.
func checkSchemas(root *node, want string, m Mode) error {
	s := root.get("schemas")
	if s == nil || s.kind == kindNull {
		if m == Strict {
			return refuse(InvalidSyntax, "the member \"schemas\" is missing")
		}
		return nil
	}
	if s.kind != kindArray {
		return refuse(InvalidSyntax, "\"schemas\" takes an array of URNs, not %s", s.kind)
	}
	found := want == ""
	for i := range s.list {
		if s.list[i].kind != kindString {
			return refuse(InvalidSyntax, "\"schemas\" takes an array of URNs")
		}
		found = found || equalFoldASCII(s.list[i].text, want)
	}
	if !found && m == Strict {
		return refuse(InvalidSyntax, "\"schemas\" does not name %s", want)
	}
	return nil
}

type decoder struct {
	convert
	rt    *ResourceType
	attrs entry.Attrs
	paths []pathKey // keys that are paths, applied when the rest is known
}

type pathKey struct {
	text  string
	value *node
}

// object reads the members that belong to one schema.
func (d *decoder) object(schema int, n *node) error {
	for i, key := range n.keys {
		v := &n.list[i]
		if f := lookupFold(d.rt.bodies[schema], key); f != nil {
			if err := d.attribute(f, v); err != nil {
				return err
			}
			continue
		}
		if err := d.otherKey(schema, key, v); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) attribute(f *field, v *node) error {
	if f.readOnly() || f.common == commSchemas {
		return nil
	}
	vs, err := d.values(f, v, false)
	if err != nil {
		return err
	}
	for _, v := range vs {
		if err := missingSub(f, v); err != nil {
			return err
		}
	}
	d.attrs.Set(f.name, vs...)
	return nil
}

// otherKey handles a key that is no attribute of the schema: an extension's object, a path, or something unknown.
func (d *decoder) otherKey(schema int, key string, v *node) error {
	ext := d.rt.schemaOf(key)
	switch {
	case schema == 0 && ext > 0 && v.kind == kindObject:
		return d.object(ext, v)
	case schema == 0 && ext > 0 && v.kind != kindNull:
		return refuse(InvalidValue, "extension %q takes an object, not %s", key, v.kind)
	case schema == 0 && ext >= 0:
		return nil
	case d.mode == Entra && schema == 0 && strings.ContainsAny(key, ".:["):
		d.paths = append(d.paths, pathKey{key, v})
		return nil
	case schema == 0 && d.rt.Name == entry.Group && equalFoldASCII(key, "members") && v.kind == kindArray && len(v.list) > 0:
		return noMembers() // left out in silence they would seem to be in the group
	case d.mode == Strict && !strings.Contains(key, ":"):
		return refuse(InvalidSyntax, "attribute %q is not defined for %s", key, d.rt.Name)
	}
	return nil
}

// noMembers refuses the members of a group where a type has none.
func noMembers() error {
	return fault.WrapHint(fault.Invalid, "", refuse(InvalidValue, "attribute \"members\" is not served here: the members of the group would be lost"),
		"bind members to the target's list of members (core: {members: …}), or map another attribute")
}

// applyPaths applies the keys that are paths, as Entra writes them, on top of the rest. One that names nothing is ignored as any
// unknown attribute is.
func (d *decoder) applyPaths(e entry.Entry) (entry.Entry, error) {
	if len(d.paths) == 0 {
		return e, nil
	}
	p := &Patch{rt: d.rt, mode: d.mode, creating: true}
	for _, k := range d.paths {
		path, err := d.rt.ParsePath(k.text, d.mode)
		if err != nil || path.field != nil && path.field.top.readOnly() {
			continue
		}
		if err := p.addOperation(opAdd, path, k.value); err != nil {
			return e, err
		}
	}
	out, edits, err := p.Apply(e)
	if err != nil {
		return e, err
	}
	for _, x := range edits { // detached values travel as edits only
		if a, _ := d.rt.Attribute(x.Attr); a != nil && a.Detached {
			out.Attrs = entry.Apply(out.Attrs, []entry.Edit{x})
		}
	}
	return out, nil
}

func (rt *ResourceType) fillDefaults(attrs entry.Attrs) {
	for _, f := range rt.fields {
		if f.attr.Default != nil && f.schema == 0 && len(attrs[f.name]) == 0 {
			attrs[f.name] = []entry.Value{f.attr.Default}
		}
	}
}

// checkRequired demands every required attribute; those of an extension only when the resource has something of that extension.
func (rt *ResourceType) checkRequired(attrs entry.Attrs) error {
	for _, f := range rt.fields {
		if f.attr.Required && !f.readOnly() && unset(attrs[f.name]) && (f.schema == 0 || rt.has(attrs, f.schema)) {
			return refuse(InvalidValue, "attribute %q is required", f.name)
		}
	}
	return nil
}

// unset reports whether a required attribute would count as missing: no value, or the empty string.
func unset(vs []entry.Value) bool {
	return len(vs) == 0 || len(vs) == 1 && vs[0] == ""
}

// has reports whether any attribute of a schema has a value.
func (rt *ResourceType) has(attrs entry.Attrs, schema int) bool {
	for _, f := range rt.fields {
		if f.schema == schema && len(attrs[f.name]) > 0 {
			return true
		}
	}
	return false
}
