package host

import (
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/binding"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
)

// References have three forms: SCIM has ids; the cache has SCIM's type and the anchor; the connector has its own type and the
// anchor.

// row turns an object as the connector has it into a row of the cache: values of the schema's types, the anchor made of its attributes
// where the connector leaves that to us, the DN. fault.Invalid when it has no anchor, or a value that does not fit.
func (c *Coordinator) row(k *kind, e entry.Entry) (cache.Row, error) {
	if e.ID == "" {
		e.ID = k.anchorOf(e.Attrs)
	}
	if e.ID == "" {
		return cache.Row{}, fault.New(fault.Invalid, "read "+string(k.object), "an object has no anchor").
			WithHint("choose an anchor that every object has")
	}
	row := cache.Row{Anchor: e.ID, Entry: entry.Entry{Type: k.typ, Attrs: make(entry.Attrs, len(e.Attrs))}}
	for column, values := range e.Attrs {
		a, selected := k.b.Attribute(column)
		if !selected || a.WriteOnly || len(values) == 0 {
			continue
		}
		values, err := binding.Coerce(a, values)
		if err != nil {
			return cache.Row{}, err
		}
		row.Attrs[k.alias[column]] = c.fromConnector(a, values)
	}
	for _, column := range k.b.References() { // a whole row says so when a set is empty
		if a, _ := k.b.Attribute(column); long(a) && row.Attrs[k.alias[column]] == nil {
			row.Attrs[k.alias[column]] = []entry.Value{}
		}
	}
	row.DN = k.b.MakeDN(e.ID, e.Attrs)
	return row, nil
}

// fromConnector gives references SCIM's types; other values stay as they are.
func (c *Coordinator) fromConnector(a connector.Attribute, values []entry.Value) []entry.Value {
	if a.Type != connector.Reference {
		return values
	}
	out := make([]entry.Value, 0, len(values))
	for _, v := range values {
		if ref, ok := v.(entry.Ref); ok {
			out = append(out, entry.Ref{Type: c.typeOf(a, ref), ID: ref.ID})
		}
	}
	return out
}

// typeOf finds SCIM's type for what a connector's reference points to. Where the connector leaves it open, the type whose cache
// has the anchor counts, users first.
func (c *Coordinator) typeOf(a connector.Attribute, ref entry.Ref) entry.Type {
	name := ref.Type
	if name == "" {
		name = a.RefType
	}
	for _, k := range c.kinds {
		if k.object == name {
			return k.typ
		}
	}
	if name != "" {
		return name
	}
	for _, k := range c.kinds {
		if k.cache.Has(ref.ID) {
			return k.typ
		}
	}
	return c.kinds[0].typ
}

// toConnector gives references the connector's types.
func (c *Coordinator) toConnector(edits []entry.Edit) []entry.Edit {
	out := slices.Clone(edits)
	for i := range out {
		out[i].Values = c.refsToConnector(out[i].Values)
	}
	return out
}

func (c *Coordinator) refsToConnector(values []entry.Value) []entry.Value {
	if !slices.ContainsFunc(values, isRef) {
		return values
	}
	out := slices.Clone(values)
	for i, v := range out {
		if ref, ok := v.(entry.Ref); ok {
			if k, err := c.kind(ref.Type); err == nil {
				out[i] = entry.Ref{Type: k.object, ID: ref.ID}
			}
		}
	}
	return out
}

func isRef(v entry.Value) bool { _, ok := v.(entry.Ref); return ok }

// toCache renames columns to what the cache calls them and leaves out what is never kept.
func (k *kind) toCache(edits []entry.Edit) []entry.Edit {
	out := make([]entry.Edit, 0, len(edits))
	for _, e := range edits {
		if a, ok := k.b.Attribute(e.Attr); ok && !a.WriteOnly {
			e.Attr = k.alias[e.Attr]
			out = append(out, e)
		}
	}
	return out
}

// columns shows a row's columns as SCIM has them: references carry ids.
func (k *kind) columns(row cache.Row) binding.Columns {
	return func(column string) []entry.Value { return withIDs(row.Attrs[k.alias[column]]) }
}

func withIDs(values []entry.Value) []entry.Value {
	if !slices.ContainsFunc(values, isRef) {
		return values
	}
	out := slices.Clone(values)
	for i, v := range out {
		if ref, ok := v.(entry.Ref); ok {
			out[i] = entry.Ref{Type: ref.Type, ID: cache.ID(ref.Type, ref.ID)}
		}
	}
	return out
}

// known splits references by id into those whose object is here, in the cache's form, and those that are held.
func (c *Coordinator) known(values []entry.Value) (here []entry.Value, missing []string) {
	here = make([]entry.Value, 0, len(values))
	for _, v := range values {
		ref, ok := v.(entry.Ref)
		if !ok {
			here = append(here, v)
			continue
		}
		if k, anchor, ok := c.find(ref.ID); ok {
			here = append(here, entry.Ref{Type: k.typ, ID: anchor})
		} else {
			missing = append(missing, ref.ID)
		}
	}
	return here, missing
}

// find returns the kind and anchor of the object with the id, following renames.
func (c *Coordinator) find(id string) (*kind, string, bool) {
	for range maxRenames {
		t, anchor, ok := cache.Anchor(id)
		if k, err := c.kind(t); ok && err == nil && k.cache.Has(anchor) {
			return k, anchor, true
		}
		next, renamed := c.memory.renamed(id)
		if !renamed {
			return nil, "", false
		}
		id = next
	}
	return nil, "", false
}
