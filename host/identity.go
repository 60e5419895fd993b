package host

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/binding"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/scim"
)

// identity is a value by which an object can be told from all others.
type identity struct {
	column string
	value  entry.Value
}

// identities returns what identifies a new object: name, matching attributes and, when it is given, a single-column anchor; each
// column once. withUnique adds the other columns that the target keeps unique.
func (k *kind) identities(columns entry.Attrs, withUnique bool) []identity {
	names := append([]string{k.name}, k.match...)
	if anchor := k.b.Object().Anchor; len(anchor) == 1 {
		names = append(names, anchor[0])
	}
	if withUnique {
		for _, a := range k.b.Object().Attributes {
			if a.Unique {
				names = append(names, a.Name)
			}
		}
	}
	var out []identity
	seen := map[string]bool{"": true}
	for _, column := range names {
		v := columns.First(column)
		if !seen[column] && v != nil && v != "" {
			seen[column] = true
			out = append(out, identity{column, v})
		}
	}
	return out
}

// anchorOf returns the anchor a new object will have, "" when the target makes it.
func (k *kind) anchorOf(columns entry.Attrs) string {
	var parts []string
	for _, column := range k.b.Object().Anchor {
		v := columns.First(column)
		if v == nil {
			return ""
		}
		parts = append(parts, textOf(v))
	}
	if len(parts) == 0 {
		return ""
	}
	return string(connector.JoinAnchor(parts...))
}

func textOf(v entry.Value) string { return binding.Text(v) }

// anchorIdentity is how the connector is asked for one object by its anchor: by the (first) anchor attribute.
func (k *kind) anchorIdentity(anchor string) identity {
	names := k.b.Object().Anchor
	if len(names) == 0 {
		return identity{}
	}
	parts := connector.SplitAnchor(connector.Anchor(anchor), len(names))
	if parts == nil {
		return identity{}
	}
	v, err := k.b.Value(names[0], parts[0])
	if err != nil {
		return identity{}
	}
	return identity{names[0], v}
}

// keys are the locks of a new object: nobody else makes one with the same name or anchor meanwhile.
func (k *kind) keys(ids []identity, anchor string) []string {
	keys := make([]string, 0, len(ids)+1)
	for _, id := range ids {
		keys = append(keys, k.nameKey(id))
	}
	if anchor != "" {
		keys = append(keys, k.anchorKey(anchor))
	}
	return keys
}

func (k *kind) nameKey(id identity) string {
	return "n" + string(k.typ) + "\x00" + id.column + "\x00" + scim.Fold(textOf(id.value))
}

func (k *kind) anchorKey(anchor string) string { return "a" + string(k.typ) + "\x00" + anchor }

// taken returns fault.Exists when the cache has another object with one of the identities.
func (c *Coordinator) taken(k *kind, ids []identity, self string) error {
	for _, id := range ids {
		if !k.indexed[id.column] {
			continue
		}
		for _, row := range k.cache.Find(k.alias[id.column], id.value, 2) {
			if row.Anchor != self {
				return k.exists(id.column)
			}
		}
	}
	return nil
}

// exists is the refusal of a second object with the same name. The value itself stays out: people's names do not belong in logs.
func (k *kind) exists(column string) error {
	return fault.New(fault.Exists, "", "another %s has the same %s already", k.typ, column).About(column).
		WithHint("match the existing object by that attribute instead of creating a second one")
}

// adopt asks the target for objects with the identities and takes what it finds into the cache. It returns how many were found, and
// fault.Unsupported when the connector cannot look up.
func (c *Coordinator) adopt(ctx context.Context, k *kind, ids []identity) (n int, err error) {
	err = c.pool.with(ctx, func(ctx context.Context, s connector.Session) error {
		look, ok := s.(connector.Lookup)
		if !ok {
			return fault.New(fault.Unsupported, "look up", "the connector cannot look up single objects")
		}
		n, err = c.adoptWith(ctx, look, k, ids)
		return err
	})
	return n, err
}

func (c *Coordinator) adoptWith(ctx context.Context, look connector.Lookup, k *kind, ids []identity) (int, error) {
	n := 0
	for _, id := range ids {
		if id.column == "" {
			continue
		}
		found, err := look.Lookup(ctx, k.object, id.column, id.value)
		if err != nil {
			return n, err
		}
		for _, e := range found {
			if _, err := c.keep(k, e); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// keep puts an object that the connector returned into the cache.
func (c *Coordinator) keep(k *kind, e entry.Entry) (cache.Row, error) {
	row, err := c.row(k, e)
	if err != nil {
		return row, err
	}
	row, _, err = k.cache.Put(row)
	return row, err
}
