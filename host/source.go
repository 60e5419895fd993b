package host

import (
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/scim"
)

// source shows a row of the cache to a filter under SCIM's names, decoding only what is asked for.
type source struct {
	c *Coordinator
	k *kind
	v *cache.View
}

var _ scim.Source = source{}

func (s source) Values(attr string) []entry.Value {
	switch attr {
	case "id", "meta.created", "meta.lastModified":
		return s.v.Values(attr)
	case active:
		if s.k.typ == entry.User {
			return s.k.active(s.column)
		}
	case "groups":
		if s.k.typ == entry.User {
			return s.c.groups(s.v.Anchor())
		}
	case s.k.dn:
		return text(s.v.Row(false).DN)
	}
	return s.k.b.Values(attr, s.column)
}

func (s source) column(column string) []entry.Value { return s.v.Values(s.k.alias[column]) }

func (s source) Holds(attr, id string) bool {
	column, ok := s.k.b.Column(attr)
	if !ok {
		column, ok = s.k.b.Column(attr + ".value") // manager
	}
	return ok && s.v.Holds(s.k.alias[column], id)
}

func text(s string) []entry.Value {
	if s == "" {
		return nil
	}
	return []entry.Value{s}
}

// pseudo returns the full name of a pseudo attribute of the kind's extension, "" when a column has that name.
func (k *kind) pseudo(name string) string {
	full := k.b.Extension() + ":" + name
	if k.b.Bound(full) {
		return ""
	}
	return full
}

// groups computes what groups a user is in, directly.
func (c *Coordinator) groups(anchor string) []entry.Value {
	g, err := c.kind(entry.Group)
	if err != nil {
		return nil
	}
	column, ok := g.b.Column("members")
	if !ok {
		return nil
	}
	var out []entry.Value
	for _, a := range g.cache.Referrers(g.alias[column], anchor) {
		group := entry.Complex{"value": cache.ID(entry.Group, a), "type": "direct"}
		if row, ok := g.cache.Get(a, false); ok {
			if name := row.Attrs.Text(g.alias[g.name]); g.name != "" && name != "" {
				group["display"] = name
			}
		}
		out = append(out, group)
	}
	return out
}
