package scim

import (
	"strings"

	"github.com/sallyport-id/sallyport/entry"
)

// Path is a parsed PATCH path (RFC 7644 §3.5.2): an attribute, perhaps with a value filter and a sub-attribute, or a whole schema.
type Path struct {
	text   string
	field  *field // top-level; nil when the path is a schema's URN
	filter *expr  // nil when there are no brackets
	sub    *field // nil when the attribute itself is meant
	schema int    // index of the schema, when field is nil
}

// ParsePath parses a path in any case: "title", "name.givenName", "emails[type eq \"work\"].value", "urn:…:User:department", or the URN
// of an extension for all of it. It fails with fault.Invalid and scimType invalidPath, or invalidFilter for what is in brackets.
func (rt *ResourceType) ParsePath(text string, m Mode) (Path, error) {
	p := pathParser{rt: rt, mode: m}
	return p.parse(text)
}

// AnyPath is ParsePath in entra mode for a server whose schema is not (wholly) known: an unknown attribute is taken for what its path
// looks like, a[…] for a multi-valued and a.b for a single complex one. rt may be nil; the attributes of RFC 7643 are known always.
func AnyPath(rt *ResourceType, text string) (Path, error) {
	p := pathParser{rt: rt.orBuiltin(""), loose: true}
	return p.parse(text)
}

type pathParser struct {
	rt    *ResourceType
	mode  Mode
	loose bool
}

func (p pathParser) parse(text string) (Path, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxFilter {
		return Path{}, refuse(InvalidPath, "the path is longer than %d bytes", maxFilter)
	}
	if open := strings.IndexByte(text, '['); open >= 0 {
		return p.bracketed(text, open)
	}
	if f := p.lookup(text); f != nil {
		out := Path{text: text, field: f.top, schema: f.schema}
		if f.isSub() {
			out.sub = f
		}
		return out, nil
	}
	if i := p.rt.schemaOf(text); i >= 0 {
		return Path{text: text, schema: i}, nil
	}
	if p.loose {
		return p.unknown(text)
	}
	return Path{}, p.notKnown(text)
}

// lookup falls back on what RFC 7643 says when the path is loose.
func (p pathParser) lookup(name string) *field {
	f := p.rt.lookup(name)
	if f == nil && p.loose {
		f = builtinAny().lookup(name)
	}
	return f
}

func (p pathParser) notKnown(name string) error {
	if len(name) > 200 {
		name = name[:200] + "…"
	}
	return refuse(InvalidPath, "attribute %q is not known for %s", name, p.rt.Name)
}

func (p pathParser) bracketed(text string, open int) (Path, error) {
	f := p.lookup(text[:open])
	if f == nil && p.loose && attrPath(text[:open]) {
		f = looseField(text[:open], true)
	}
	switch {
	case f == nil:
		return Path{}, p.notKnown(text[:open])
	case f.isSub() || !f.multi() || f.common != commNone:
		return Path{}, refuse(InvalidPath, "attribute %q is not multi-valued: it takes no brackets", f.name)
	}
	if p.loose {
		f = f.detach() // it may learn sub-attributes
	}
	fp := filterParser{rt: p.rt, s: text, pos: open, mode: p.mode, loose: p.loose}
	filter, err := fp.bracket(f)
	if err != nil {
		return Path{}, err
	}
	out := Path{text: text, field: f, filter: filter}
	rest := text[fp.pos:]
	if rest == "" {
		return out, nil
	}
	if rest[0] == '.' {
		fp.scope = f
		out.sub = fp.resolve(rest[1:])
	}
	switch {
	case out.sub == nil:
		return Path{}, refuse(InvalidPath, "%q is not understood after the brackets of %q", rest, f.name)
	case out.sub == f: // the value of a simple attribute
		out.sub = nil
	}
	return out, nil
}

// unknown makes a path for an attribute of no known schema: what follows the last colon may have one dot.
func (p pathParser) unknown(text string) (Path, error) {
	cut := strings.LastIndexByte(text, ':') + 1
	name, sub, dotted := strings.Cut(text[cut:], ".")
	if !attrPath(text[:cut]+name) || dotted && !attrName(sub) {
		return Path{}, refuse(InvalidPath, "path %q is malformed", text)
	}
	f := p.lookup(text[:cut] + name)
	if f == nil {
		f = looseField(text[:cut]+name, false)
	}
	out := Path{text: text, field: f}
	if dotted {
		if out.sub = f.sub(sub); out.sub == nil {
			f = f.detach()
			out.field, out.sub = f, f.addSub(sub)
		}
	}
	return out, nil
}

// attrPath reports whether s is an attribute name with or without a URN before it.
func attrPath(s string) bool { return attrName(s[strings.LastIndexByte(s, ':')+1:]) }

// looseField makes a field that no schema knows.
func looseField(name string, multi bool) *field {
	a := &Attribute{Name: name[strings.LastIndexByte(name, ':')+1:], Type: String, MultiValued: multi, CaseExact: true}
	f := newField(a, name[:len(name)-len(a.Name)], 0, 0)
	if multi {
		a.Type = Complex
	}
	return f
}

// addSub gives a loose field a sub-attribute.
func (f *field) addSub(name string) *field {
	if !attrName(name) {
		return nil
	}
	f.attr.Type = Complex
	s := newField(&Attribute{Name: name, Type: String, CaseExact: name != "type"}, f.name+".", f.schema, len(f.subs))
	s.top = f
	f.subs = append(f.subs, s)
	if name == "value" {
		f.value = s
	}
	return s
}

// detach copies a field of a compiled schema so that it can be given sub-attributes.
func (f *field) detach() *field {
	c, a := *f, *f.attr
	c.attr, c.top, c.subs = &a, &c, nil
	for _, s := range f.subs {
		d := *s
		d.top = &c
		c.subs = append(c.subs, &d)
	}
	if c.value != nil {
		c.value = c.sub("value")
	}
	return &c
}

// String returns the path as it was written.
func (p Path) String() string { return p.text }

// Attr returns the canonical name of the top-level attribute, "" when the path means a whole schema.
func (p Path) Attr() string {
	if p.field == nil {
		return ""
	}
	return p.field.name
}

// Sub returns the name of the sub-attribute in the schema's spelling, "" when there is none.
func (p Path) Sub() string {
	if p.sub == nil {
		return ""
	}
	return p.sub.attr.Name
}

// Values returns what the path points at in a resource, in the resource's order; nil when there is nothing. A path to a complex
// attribute with "value" (manager) gives the complex value.
func (p Path) Values(attrs entry.Attrs) []entry.Value {
	if p.field == nil {
		return nil
	}
	vs := attrs[p.field.name]
	if p.filter == nil && p.sub == nil {
		return vs
	}
	var out []entry.Value
	for _, v := range vs {
		if p.filter != nil && !p.filter.element(v) {
			continue
		}
		if p.sub != nil {
			v = p.sub.of(v)
		}
		if v != nil {
			out = append(out, v)
		}
	}
	return out
}
