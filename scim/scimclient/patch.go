package scimclient

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
)

// split parts edits so that no request carries more than limit values of references; the first has everything else.
func split(edits []entry.Edit, limit int) [][]entry.Edit {
	var parts [][]entry.Edit
	var part []entry.Edit
	room := limit
	for _, e := range edits {
		if e.Op == entry.Replace || !refs(e.Values) {
			part = append(part, e)
			continue
		}
		for values := range slices.Chunk(e.Values, limit) {
			if len(values) > room {
				parts, part, room = append(parts, part), nil, limit
			}
			part = append(part, entry.Edit{Op: e.Op, Attr: e.Attr, Values: values})
			room -= len(values)
		}
	}
	if len(part) > 0 {
		parts = append(parts, part)
	}
	return parts
}

func refs(vs []entry.Value) bool {
	if len(vs) == 0 {
		return false
	}
	_, ok := vs[0].(entry.Ref)
	return ok
}

// patcher writes the operations of one PATCH.
type patcher struct {
	rt     *scim.ResourceType
	legacy bool
	dst    []byte
	n      int
}

// appendPatch writes the body of a PATCH in the client's dialect.
func (cl *Client) appendPatch(dst []byte, rt *scim.ResourceType, edits []entry.Edit) []byte {
	p := patcher{rt: rt, legacy: cl.c.Dialect == Legacy, dst: append(dst, `{"schemas":["`+scim.PatchURN+`"],"Operations":[`...)}
	if cl.c.Dialect == Merged {
		edits = p.merge(edits)
	}
	for _, e := range edits {
		p.edit(e)
	}
	return append(p.dst, `]}`...)
}

// merge writes one replace without a path for all simple attributes and returns the other edits.
func (p *patcher) merge(edits []entry.Edit) (rest []entry.Edit) {
	var simple []entry.Edit
	for _, e := range edits {
		if e.Op == entry.Replace && len(e.Values) > 0 && !strings.Contains(e.Attr, "[") {
			simple = append(simple, e)
		} else {
			rest = append(rest, e)
		}
	}
	if len(simple) < 2 {
		return edits
	}
	p.begin("replace", "")
	p.dst = append(p.dst, `,"value":{`...)
	for i, e := range simple {
		if i > 0 {
			p.dst = append(p.dst, ',')
		}
		p.dst = append(scim.AppendString(p.dst, e.Attr), ':')
		p.values(e.Attr, e.Values)
	}
	p.dst = append(p.dst, `}}`...)
	return rest
}

func (p *patcher) edit(e entry.Edit) {
	switch {
	case e.Op == entry.Remove && len(e.Values) > 0:
		p.remove(e)
	case e.Op == entry.Remove || len(e.Values) == 0:
		p.begin("remove", e.Attr)
		p.dst = append(p.dst, '}')
	default:
		p.set(e)
	}
}

// set writes add or replace with a value.
func (p *patcher) set(e entry.Edit) {
	op := "replace"
	if e.Op == entry.Add || p.legacy && p.single(e.Attr, e.Values) {
		op = "add" // Entra adds a manager
	}
	p.begin(op, e.Attr)
	p.dst = append(p.dst, `,"value":`...)
	p.values(e.Attr, e.Values)
	p.dst = append(p.dst, '}')
}

// single reports whether the values are one reference of a single-valued attribute (manager).
func (p *patcher) single(attr string, vs []entry.Value) bool {
	return refs(vs) && len(vs) == 1 && !p.multi(attr)
}

// remove takes single values out: by value filters, or in the legacy dialect by a list.
func (p *patcher) remove(e entry.Edit) {
	if p.legacy {
		p.begin("remove", e.Attr)
		p.dst = append(p.dst, `,"value":[`...)
		for i, v := range e.Values {
			if i > 0 {
				p.dst = append(p.dst, ',')
			}
			p.dst = scim.AppendValue(p.dst, bareValue(v))
		}
		p.dst = append(p.dst, `]}`...)
		return
	}
	for _, v := range e.Values {
		p.begin("remove", e.Attr+selector(v))
		p.dst = append(p.dst, '}')
	}
}

// bareValue is a reference or value as an object, without its type.
func bareValue(v entry.Value) entry.Value {
	if r, ok := v.(entry.Ref); ok {
		return entry.Complex{"value": r.ID}
	}
	return v
}

// selector returns the filter that selects one value: [value eq "v"], with the type too where the value has one.
func selector(v entry.Value) string {
	c, ok := v.(entry.Complex)
	if !ok {
		return "[value eq " + scim.Literal(v) + "]"
	}
	var terms []string
	for _, key := range []string{"type", "value"} {
		if x := c[key]; x != nil {
			terms = append(terms, key+" eq "+scim.Literal(x))
		}
	}
	if len(terms) == 0 {
		return ""
	}
	return "[" + strings.Join(terms, " and ") + "]"
}

// begin opens an operation up to its path.
func (p *patcher) begin(op, path string) {
	if p.n > 0 {
		p.dst = append(p.dst, ',')
	}
	p.n++
	if p.legacy {
		op = strings.ToUpper(op[:1]) + op[1:]
	}
	p.dst = append(append(append(p.dst, `{"op":"`...), op...), '"')
	if path != "" {
		p.dst = scim.AppendString(append(p.dst, `,"path":`...), path)
	}
}

// multi reports whether values at the path form a list.
func (p *patcher) multi(attr string) bool {
	path, err := scim.AnyPath(p.rt, attr)
	if err != nil || path.Sub() != "" || strings.HasSuffix(attr, "]") {
		return false
	}
	d, ok := p.rt.Attribute(path.Attr())
	return ok && d.MultiValued
}

// values writes the value of an operation: a list for a multi-valued attribute, an object for a complex one.
func (p *patcher) values(attr string, vs []entry.Value) {
	if len(vs) == 1 && !p.multi(attr) && !(p.legacy && refs(vs)) {
		p.value(attr, vs[0])
		return
	}
	p.dst = append(p.dst, '[')
	for i, v := range vs {
		if i > 0 {
			p.dst = append(p.dst, ',')
		}
		p.value(attr, v)
	}
	p.dst = append(p.dst, ']')
}

func (p *patcher) value(attr string, v entry.Value) {
	switch x := v.(type) {
	case entry.Ref:
		if p.legacy {
			p.dst = append(p.dst, `{"$ref":null,"value":`...)
		} else {
			p.dst = append(p.dst, `{"value":`...)
		}
		p.dst = append(scim.AppendString(p.dst, x.ID), '}')
		return
	case bool:
		if p.legacy {
			s := strconv.FormatBool(x)
			p.dst = scim.AppendString(p.dst, strings.ToUpper(s[:1])+s[1:])
			return
		}
	case string:
		v = p.typed(attr, x)
	}
	if _, ok := v.(entry.Complex); !ok && p.complex(attr) {
		p.dst = append(scim.AppendValue(append(p.dst, `{"value":`...), v), '}')
		return
	}
	p.dst = scim.AppendValue(p.dst, v)
}

// complex reports whether the path names a complex attribute as a whole.
func (p *patcher) complex(attr string) bool {
	if strings.Contains(attr, "[") {
		return false
	}
	d, ok := p.rt.Attribute(attr)
	return ok && d.Type == scim.Complex
}

// typed turns text into the boolean or number that the schema wants, which mappings yield as text.
func (p *patcher) typed(attr string, s string) entry.Value {
	flat, err := scim.Inflate(p.rt, entry.Attrs{attr: {s}})
	path, pathErr := scim.AnyPath(p.rt, attr)
	if err != nil || pathErr != nil || p.complex(attr) {
		return s
	}
	vs := path.Values(flat)
	if len(vs) != 1 {
		return s
	}
	switch v := vs[0].(type) {
	case bool:
		if p.legacy {
			return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
		}
		return v
	case int64, float64:
		return v
	}
	return s
}
