package host

import (
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// shaped gives edits the form that the connector asks for (connector.ExportShape). References are in the connector's form already,
// what the cache holds is not.
func (c *Coordinator) shaped(k *kind, anchor string, edits []entry.Edit) []entry.Edit {
	if c.cfg.Can.Shape != connector.AttributeReplace && c.cfg.Can.Shape != connector.ObjectReplace {
		return edits
	}
	row, _ := k.cache.Get(anchor, true)
	have := entry.Attrs{}
	for column, alias := range k.alias {
		have[column] = c.refsToConnector(row.Attrs[alias])
	}
	want := entry.Apply(have, single(k, edits))
	var out []entry.Edit
	for _, a := range k.b.Object().Attributes {
		edited := slices.ContainsFunc(edits, func(e entry.Edit) bool { return e.Attr == a.Name })
		_, known := k.alias[a.Name]
		whole := c.cfg.Can.Shape == connector.ObjectReplace && known && !a.ReadOnly && !a.Immutable && !a.WriteOnly
		if edited || whole {
			out = append(out, entry.Edit{Op: entry.Replace, Attr: a.Name, Values: want[a.Name]})
		}
	}
	return out
}

// single makes an Add to a single-valued attribute what it is: a replacement.
func single(k *kind, edits []entry.Edit) []entry.Edit {
	out := slices.Clone(edits)
	for i, e := range out {
		if a, ok := k.b.Attribute(e.Attr); ok && !a.MultiValued && e.Op == entry.Add {
			out[i].Op = entry.Replace
		}
	}
	return out
}
