package scim

import (
	"strings"

	"github.com/sallyport-id/sallyport/entry"
)

// convert turns JSON nodes into entry values as an attribute's definition wants them, in one mode.
type convert struct {
	mode    Mode
	reading bool // an answer of a server: read-only and unknown parts are kept
}

func wrongType(f *field, n *node) error {
	return refuse(InvalidValue, "attribute %q takes %s, not %s", f.name, f.wants(), n.kind)
}

// wants names in words what JSON an attribute takes.
func (f *field) wants() string {
	switch {
	case f.isComplex():
		return "an object"
	case f.attr.Type == Boolean:
		return "true or false"
	case f.attr.Type == Integer:
		return "a whole number"
	case f.attr.Type == Decimal:
		return "a number"
	case f.attr.Type == DateTime:
		return "a date and time as a string"
	case f.attr.Type == Binary:
		return "base64 in a string"
	}
	return "a string"
}

// values converts what a body gives for an attribute: null, [] and empty objects give none. A multi-valued attribute takes an
// array; a single value too where loose is set or in entra mode.
func (c convert) values(f *field, n *node, loose bool) ([]entry.Value, error) {
	if n.kind == kindNull {
		return nil, nil
	}
	if !f.multi() {
		v, err := c.single(f, n)
		if v == nil || err != nil {
			return nil, err
		}
		return []entry.Value{v}, nil
	}
	if n.kind != kindArray {
		if !loose && c.mode == Strict {
			return nil, refuse(InvalidValue, "attribute %q is multi-valued and takes an array, not %s", f.name, n.kind)
		}
		n = &node{kind: kindArray, list: []node{*n}}
	}
	return c.elements(f, n.list)
}

func (c convert) elements(f *field, list []node) ([]entry.Value, error) {
	out, err := c.eachElement(f, list)
	if err != nil || c.reading {
		return out, err
	}
	if !f.attr.Detached { // where the set was made already
		out = distinct(nil, out)
	}
	return out, onePrimary(f, out)
}

// eachElement converts elements without looking at them together.
func (c convert) eachElement(f *field, list []node) ([]entry.Value, error) {
	if len(list) > maxValues && !f.attr.Detached && !c.reading {
		return nil, tooManyValues(f)
	}
	out := make([]entry.Value, 0, len(list))
	var seen map[string]bool
	for i := range list {
		v, err := c.element(f, &list[i])
		if err != nil {
			return nil, err
		}
		if r, ok := v.(entry.Ref); ok { // membership is a set
			if seen == nil {
				seen = make(map[string]bool, len(list))
			}
			if seen[r.ID] {
				continue
			}
			seen[r.ID] = true
		}
		if v != nil {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// maxValues bounds the values of a multi-valued attribute that is not detached: a patch compares them with each other.
const maxValues = 10_000

func tooManyValues(f *field) error {
	return refuse(InvalidValue, "attribute %q takes at most %d values", f.name, maxValues)
}

// onePrimary refuses a list in which two values are primary (RFC 7643 §2.4).
func onePrimary(f *field, vs []entry.Value) error {
	if !f.oneOf {
		return nil
	}
	n := 0
	for _, v := range vs {
		if isPrimary(v) {
			n++
		}
	}
	if n > 1 {
		return refuse(InvalidValue, "attribute %q has %d primary values; at most one may be", f.name, n)
	}
	return nil
}

func isPrimary(v entry.Value) bool {
	c, _ := v.(entry.Complex)
	p, _ := c["primary"].(bool)
	return p
}

// element converts one value of a multi-valued attribute; nil for null or an empty object.
func (c convert) element(f *field, n *node) (entry.Value, error) {
	switch {
	case n.kind == kindNull:
		return nil, nil
	case f.attr.Detached:
		return c.ref(f, n)
	case !f.isComplex():
		return c.simple(f, n)
	case c.mode == Entra && n.kind == kindString && strings.HasPrefix(n.text, "{"):
		inner, err := parseObject([]byte(n.text), false) // Entra's roles: JSON text inside a string
		if err != nil {
			return nil, refuse(InvalidValue, "attribute %q: the text of the value is not a JSON object", f.name)
		}
		n = &inner
	}
	return c.complex(f, n)
}

// single converts the value of a single-valued attribute; nil for one that is empty.
func (c convert) single(f *field, n *node) (entry.Value, error) {
	if c.mode == Entra {
		n = unwrap(f, n)
		if n.kind == kindString && f.refs {
			if n.text == "" {
				return nil, nil
			}
			return entry.Complex{f.value.attr.Name: strings.Clone(n.text)}, nil
		}
	}
	if n.kind == kindNull {
		return nil, nil
	}
	if f.isComplex() {
		return c.complex(f, n)
	}
	return c.simple(f, n)
}

// unwrap takes the value out of [X], [{"value":X}] and, for a simple attribute, {"value":X}.
func unwrap(f *field, n *node) *node {
	if n.kind == kindArray && len(n.list) == 1 {
		n = &n.list[0]
	}
	if n.kind == kindObject && !f.isComplex() && len(n.keys) <= 2 {
		if v := n.get("value"); v != nil {
			return v
		}
	}
	return n
}

// complex converts an object; nil when nothing is left of it. Sub-attributes that are read-only are ignored.
func (c convert) complex(f *field, n *node) (entry.Value, error) {
	if n.kind != kindObject {
		return nil, wrongType(f, n)
	}
	if len(f.subs) == 0 {
		return nonEmpty(freeObject(n)), nil
	}
	out := make(entry.Complex, len(n.keys))
	for i, key := range n.keys {
		s := f.sub(key)
		if s == nil {
			if c.mode == Strict {
				return nil, refuse(InvalidSyntax, "attribute %q has no sub-attribute %q", f.name, key)
			}
			if v := freeValue(&n.list[i]); v != nil && c.reading {
				out[strings.Clone(key)] = v
			}
			continue
		}
		if s.readOnly() && !c.reading {
			continue
		}
		v, err := c.single(s, &n.list[i])
		if err != nil {
			return nil, err
		}
		if v != nil {
			out[s.attr.Name] = v
		}
	}
	if c.mode == Entra && f.refs && !f.multi() && out["value"] == "" {
		return nil, nil // Entra clears a manager so
	}
	return nonEmpty(out), nil
}

func nonEmpty(c entry.Complex) entry.Value {
	if len(c) == 0 {
		return nil
	}
	return c
}

// missingSub refuses a complex value that lacks a required sub-attribute.
func missingSub(f *field, v entry.Value) error {
	c, ok := v.(entry.Complex)
	if !ok {
		return nil
	}
	for _, s := range f.subs {
		if s.attr.Required && (c[s.attr.Name] == nil || c[s.attr.Name] == "") {
			return refuse(InvalidValue, "attribute %q is required", s.name)
		}
	}
	return nil
}

// ref converts one member: {"value": id, "type": …}. $ref and display are not kept: they follow from the id.
func (c convert) ref(f *field, n *node) (entry.Value, error) {
	if n.kind == kindString && !f.isComplex() {
		if n.text == "" {
			return nil, nil
		}
		return entry.Ref{ID: strings.Clone(n.text)}, nil
	}
	if n.kind != kindObject {
		return nil, wrongType(f, n)
	}
	id := n.get("value")
	if id == nil || id.kind != kindString || id.text == "" {
		return nil, refuse(InvalidValue, "a value of %q needs the id of the other resource in \"value\"", f.name)
	}
	r := entry.Ref{ID: strings.Clone(id.text)}
	if t := n.get("type"); t != nil && t.kind == kindString && t.text != "" {
		r.Type = entry.Type(strings.Clone(t.text))
		if s := f.sub("type"); s != nil {
			for _, w := range s.attr.CanonicalValues {
				if equalFoldASCII(w, t.text) {
					r.Type = entry.Type(w)
				}
			}
		}
	}
	return r, nil
}
