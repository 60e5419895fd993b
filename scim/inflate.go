package scim

import (
	"maps"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
)

// Inflate is the inverse of Flatten: it merges several paths of one element into that element. A plain value for a complex attribute
// becomes its "value", a plain id for a detached attribute a Ref, text for a boolean or number that type. Elements come in the order
// of their keys, not in the one they had before Flatten. rt may be nil or lack attributes: what their path looks like decides.
// It fails with fault.Invalid and scimType invalidPath for a key that is no path, or selects by anything but eq.
func Inflate(rt *ResourceType, flat entry.Attrs) (entry.Attrs, error) {
	in := inflater{out: make(entry.Attrs, len(flat)), elements: map[string]*elements{}}
	for _, key := range slices.Sorted(maps.Keys(flat)) {
		vs := flat[key]
		if len(vs) == 0 {
			continue
		}
		path, err := AnyPath(rt, key)
		if err == nil && path.field == nil {
			err = refuse(InvalidPath, "%q names a schema, not an attribute", key)
		}
		if err != nil {
			return nil, err
		}
		if err := in.put(path, vs); err != nil {
			return nil, err
		}
	}
	in.assemble()
	return in.out, nil
}

type inflater struct {
	out      entry.Attrs
	elements map[string]*elements // by attribute
	order    []string
}

// elements are the values of one multi-valued attribute while they are put together.
type elements struct {
	rows  map[string]*rows // by what the filter says
	order []string
}

// rows are the elements that one filter stands for: usually one, several when the columns have several values.
type rows struct {
	terms   entry.Complex
	columns map[string][]entry.Value
}

func (in *inflater) put(p Path, vs []entry.Value) error {
	f := p.field
	switch {
	case p.filter != nil:
		terms := entry.Complex{}
		if !p.filter.describe(terms) {
			return refuse(InvalidPath, "the filter of %q must consist of eq terms", p.text)
		}
		in.column(f.name, terms, p.sub, vs)
	case p.sub == nil:
		in.out[f.name] = append(in.out[f.name], f.whole(vs)...)
	case f.multi() || len(vs) > 1:
		in.column(f.name, entry.Complex{}, p.sub, vs)
	default:
		in.single(f, p.sub, vs[0])
	}
	return nil
}

// single merges a sub-attribute into the one value of an attribute.
func (in *inflater) single(f, sub *field, v entry.Value) {
	c, ok := first(in.out[f.name]).(entry.Complex)
	if !ok {
		c = entry.Complex{}
		if old := first(in.out[f.name]); old != nil {
			c["value"] = old
		}
		in.out[f.name] = []entry.Value{c}
	}
	c[sub.attr.Name] = sub.coerce(v)
}

func (in *inflater) column(attr string, terms entry.Complex, sub *field, vs []entry.Value) {
	e := in.elements[attr]
	if e == nil {
		e = &elements{rows: map[string]*rows{}}
		in.elements[attr], in.order = e, append(in.order, attr)
	}
	id := string(appendIdentity(nil, terms))
	r := e.rows[id]
	if r == nil {
		r = &rows{terms: terms, columns: map[string][]entry.Value{}}
		e.rows[id], e.order = r, append(e.order, id)
	}
	name := "value"
	if sub != nil {
		name = sub.attr.Name
	}
	for _, v := range vs {
		if sub != nil {
			v = sub.coerce(v)
		}
		r.columns[name] = append(r.columns[name], v)
	}
}

func (in *inflater) assemble() {
	for _, attr := range in.order {
		e := in.elements[attr]
		list := in.out[attr]
		var late []*rows
		for _, id := range e.order {
			r := e.rows[id]
			if r.terms["value"] != nil && len(r.terms) == 1 {
				late = append(late, r)
				continue
			}
			list = append(list, r.build()...)
		}
		for _, r := range late { // labels of an element that has its value elsewhere
			list = r.join(list)
		}
		in.out[attr] = list
	}
}

func (r *rows) build() []entry.Value {
	n := 1
	for _, column := range r.columns {
		n = max(n, len(column))
	}
	out := make([]entry.Value, n)
	for i := range out {
		c := maps.Clone(r.terms)
		for name, column := range r.columns {
			if i < len(column) {
				c[name] = column[i]
			}
		}
		out[i] = c
	}
	return out
}

// join merges the row into the element without a type that has its value, or appends it.
func (r *rows) join(list []entry.Value) []entry.Value {
	made := r.build()[0].(entry.Complex)
	for _, v := range list {
		if c, ok := v.(entry.Complex); ok && c["type"] == nil && entry.Equal(c["value"], r.terms["value"]) {
			maps.Copy(c, made)
			return list
		}
	}
	return append(list, made)
}

// whole turns plain values given for an attribute as a whole into what the attribute holds.
func (f *field) whole(vs []entry.Value) []entry.Value {
	out := make([]entry.Value, len(vs))
	for i, v := range vs {
		_, ref := v.(entry.Ref)
		text, isText := textOf(v)
		switch {
		case isComplex(v) || ref:
			out[i] = v
		case f.attr.Detached && isText && text != "":
			out[i] = entry.Ref{ID: text}
		case f.isComplex() && f.value != nil:
			out[i] = entry.Complex{"value": f.value.coerce(v)}
		default:
			out[i] = f.coerce(v)
		}
	}
	return out
}

// coerce turns text into the boolean or number that the attribute wants, and numbers into text; what cannot be turned stays.
func (f *field) coerce(v entry.Value) entry.Value {
	s, isText := v.(string)
	switch {
	case isText && f.attr.Type == Boolean:
		if b, ok := parseBool(s); ok {
			return b
		}
	case isText && (f.attr.Type == Integer || f.attr.Type == Decimal):
		r := reader{s: s}
		if r.peek() == '-' || '0' <= r.peek() && r.peek() <= '9' {
			if n, err := r.number(); err == nil && r.pos == len(s) && parseNumber(n.text) != nil {
				return parseNumber(n.text)
			}
		}
	}
	return v
}
