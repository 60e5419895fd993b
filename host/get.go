package host

import (
	"context"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

// Get implements scimserver.Store. It reads the cache only, except while the cache is an image from before the start: then an
// object it lacks is asked of the target.
func (c *Coordinator) Get(ctx context.Context, t entry.Type, id string, detached bool) (scimserver.Resource, error) {
	k, g, err := c.open(t)
	if err != nil {
		return scimserver.Resource{}, err
	}
	anchor, err := c.locate(ctx, k, g, id)
	if err != nil {
		return scimserver.Resource{}, err
	}
	row, ok := k.cache.Flat(anchor, detached)
	if !ok {
		return scimserver.Resource{}, notFound(t, id)
	}
	return c.resource(k, row, detached), nil
}

func notFound(t entry.Type, id string) error {
	return fault.New(fault.NotFound, "find", "there is no %s with this id", t).About(id).
		WithHint("look the object up by a matching attribute; it may have been deleted or renamed in the target")
}

// locate returns the anchor of the object with the id.
func (c *Coordinator) locate(ctx context.Context, k *kind, g Gate, id string) (string, error) {
	if found, anchor, ok := c.find(id); ok && found == k {
		return anchor, nil
	}
	t, anchor, ok := cache.Anchor(id)
	if !ok || t != k.typ || g.Fresh {
		return "", notFound(k.typ, id)
	}
	if _, err := c.adopt(ctx, k, []identity{k.anchorIdentity(anchor)}); err != nil {
		return "", err
	}
	if !k.cache.Has(anchor) {
		return "", notFound(k.typ, id)
	}
	return anchor, nil
}

// resource shows a row as SCIM.
func (c *Coordinator) resource(k *kind, row cache.Flat, detached bool) scimserver.Resource {
	attrs := k.b.Show(len(row.Fields), shown(row.Fields))
	if k.typ == entry.User {
		if !k.flows.bound {
			attrs.Set(active, k.active(func(column string) []entry.Value { return withIDs(row.Values(k.alias[column])) })...)
		}
		attrs.Set("groups", c.groups(row.Anchor)...)
	}
	if k.dn != "" && row.DN != "" {
		attrs.Set(k.dn, row.DN)
	}
	if detached {
		c.hideUnknown(k, attrs)
	}
	return scimserver.Resource{
		Entry:   entry.Entry{Type: k.typ, ID: cache.ID(k.typ, row.Anchor), Attrs: attrs},
		Version: row.Version, Created: row.Created, Modified: row.Modified,
	}
}

// shown yields fields as SCIM has them: references carry ids.
func shown(fields []cache.Field) iter.Seq2[string, []entry.Value] {
	return func(yield func(string, []entry.Value) bool) {
		for i := range fields {
			if !yield(fields[i].Name, withIDs(fields[i].Values)) {
				return
			}
		}
	}
}

// hideUnknown leaves references out whose object this host does not serve, so that every id shown can be read.
func (c *Coordinator) hideUnknown(k *kind, attrs entry.Attrs) {
	for _, column := range k.b.References() {
		a, _ := k.b.Attribute(column)
		name := k.b.ListAttr(column)
		if !long(a) || name == "" {
			continue
		}
		shown := attrs[name][:0:0]
		for _, v := range attrs[name] {
			if ref, ok := v.(entry.Ref); !ok || c.serves(ref.ID) {
				shown = append(shown, v)
			}
		}
		attrs.Set(name, shown...)
	}
}

func (c *Coordinator) serves(id string) bool {
	_, _, ok := c.find(id)
	return ok
}
