package storage

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

// parent is a group that something belongs to.
type parent struct{ id, name string }

// climber finds the groups above objects, asking for each group only once.
type climber struct {
	tx   tx
	seen map[string][]parent
}

// Memberships returns for each id the groups it belongs to, direct ones first, each group once.
func (d *Directory) Memberships(ctx context.Context, ids []string) (found map[string][]directory.Membership, err error) {
	err = d.read(ctx, "find groups", func(tx tx) error {
		found = make(map[string][]directory.Membership, len(ids))
		c := climber{tx, map[string][]parent{}}
		for _, id := range ids {
			ms, err := c.climb(id)
			if err != nil {
				return err
			}
			if len(ms) > 0 {
				found[id] = ms
			}
		}
		return nil
	})
	return found, err
}

// climb walks up level by level; groups that contain each other end it all the same.
func (c *climber) climb(id string) ([]directory.Membership, error) {
	var out []directory.Membership
	visited := map[string]bool{id: true}
	for level, next := []string{id}, []string(nil); len(level) > 0; level, next = next, nil {
		for _, below := range level {
			parents, err := c.parents(below)
			if err != nil {
				return nil, err
			}
			for _, p := range parents {
				if visited[p.id] {
					continue
				}
				visited[p.id] = true
				out = append(out, directory.Membership{Group: p.id, Name: p.name, Direct: below == id})
				next = append(next, p.id)
			}
		}
	}
	return out, nil
}

func (c *climber) parents(id string) ([]parent, error) {
	if ps, ok := c.seen[id]; ok {
		return ps, nil
	}
	var ps []parent
	err := c.tx.each(groupsOf, []any{id}, func(r Rows) error {
		var p parent
		var doc []byte
		if err := r.Scan(&p.id, &doc); err != nil {
			return err
		}
		attrs, err := decodeAttrs(doc)
		p.name = attrs.Text(directory.DisplayName)
		ps = append(ps, p)
		return name("read "+string(entry.Group)+" "+p.id, err)
	})
	c.seen[id] = ps
	return ps, err
}
