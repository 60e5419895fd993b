package gldap

import (
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// convert turns an entry of the directory into an object. References still hold DNs, or the values they go by; resolve makes anchors
// of them. An entry without an anchor is nil: it is no object of ours, or the account may not see enough of it.
func (o *object) convert(e *wire.Entry) (*entry.Entry, error) {
	out := &entry.Entry{Type: o.name, Attrs: make(entry.Attrs, len(e.Attrs)+2)}
	room := 2
	for _, a := range e.Attrs {
		room += len(a.Values)
	}
	values := make([]entry.Value, 0, room)
	name := string(e.DN)
	values = append(values, name)
	out.Attrs[nameDN] = values[:1:1]
	for _, a := range e.Attrs {
		c := o.columnFor(a.Name)
		if c == nil || c.WriteOnly {
			continue
		}
		from := len(values)
		for _, raw := range a.Values {
			v, err := c.form.decode(raw)
			if err != nil {
				return nil, fault.New(fault.Invalid, "read "+string(o.name), "%s of %s: %w", c.Name, name, err).About(c.Name).
					WithHint("correct the value in the directory, or name another type in dataTypes: %s=String or %s=Binary", c.Name, c.Name)
			}
			if v != nil {
				values = append(values, v)
			}
		}
		vs := values[from:len(values):len(values)]
		if len(vs) > 1 && !c.MultiValued {
			vs = []entry.Value{naming(name, c, vs)}
		}
		if len(vs) > 0 {
			out.Attrs[c.Name] = vs
		}
	}
	o.readEnabled(out.Attrs)
	out.ID = plainText(out.Attrs.First(o.anchor.Name))
	if out.ID == "" {
		return nil, nil
	}
	return out, nil
}

// columnFor finds the column of an attribute as the server spells it.
func (o *object) columnFor(name []byte) *column {
	if c := o.byName[string(name)]; c != nil {
		return c
	}
	return o.byWire[strings.ToLower(string(name))]
}

// naming chooses, of several values of an attribute that counts as single, the one that names the entry, else the first.
func naming(name string, c *column, vs []entry.Value) entry.Value {
	d, err := parseDN(name)
	if err != nil || len(d) == 0 {
		return vs[0]
	}
	for _, a := range d[0] {
		if !strings.EqualFold(a.attr, c.wire) {
			continue
		}
		for _, v := range vs {
			if plainText(v) == a.value {
				return v
			}
		}
	}
	return vs[0]
}
