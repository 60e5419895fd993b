package storage

import (
	"context"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
)

var (
	_ cycle.Roster   = (*Directory)(nil)
	_ cycle.Presence = (*Directory)(nil)
)

const (
	memberPage Query = `SELECT ref_type, ref_id FROM directory_ref
		WHERE tenant = $1 AND type = 'Group' AND id = $2 AND attr = 'members' AND ref_id > $3 ORDER BY ref_id LIMIT $4`

	joinedSince Query = `SELECT ref_type, ref_id, edge FROM directory_ref
		WHERE tenant = $1 AND type = 'Group' AND id = $2 AND edge > $3 AND attr = 'members' ORDER BY edge LIMIT $4`

	leftSince Query = `SELECT ref_type, ref_id, edge FROM directory_left
		WHERE tenant = $1 AND type = 'Group' AND id = $2 AND edge > $3 AND NOT EXISTS (SELECT 1 FROM directory_ref
			WHERE directory_ref.tenant = $1 AND directory_ref.type = 'Group' AND directory_ref.id = $2
				AND directory_ref.attr = 'members' AND directory_ref.ref_id = directory_left.ref_id)
		ORDER BY edge LIMIT $4`

	// putLeft remembers that a membership ended. Joining again leaves the row: what is a member now has not left.
	putLeft Query = `INSERT INTO directory_left (tenant, type, id, ref_id, ref_type, edge) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant, type, id, ref_id) DO UPDATE SET ref_type = excluded.ref_type, edge = excluded.edge`

	forgetLeft Query = `DELETE FROM directory_left WHERE tenant = $1 AND type = $2 AND id = $3`

	readEdge Query = `SELECT edge FROM directory_clock WHERE tenant = $1`

	slimObject Query = `SELECT seq, state, doc FROM directory_object WHERE tenant = $1 AND type = $2 AND id = $3`
)

// Slim is After with groups without their members. See cycle.Roster.
func (d *Directory) Slim(ctx context.Context, w directory.Watermark) iter.Seq2[directory.Change, error] {
	return d.feed(ctx, w, true)
}

// GetSlim is Get with a group without its members. See cycle.Roster.
func (d *Directory) GetSlim(ctx context.Context, t entry.Type, id string) (entry.Entry, error) {
	if t != entry.Group {
		return d.Get(ctx, t, id)
	}
	e := entry.Entry{Type: t, ID: id}
	found := false
	err := d.read(ctx, "get "+string(t), func(tx tx) error {
		var seq, state int64
		var doc []byte
		ok, err := tx.one(slimObject, []any{string(t), id}, &seq, &state, &doc)
		if err != nil || !ok || state == gone {
			return err
		}
		found = true
		e.Attrs, err = decodeAttrs(doc)
		return err
	})
	if err == nil && !found {
		err = absent("get "+string(t), id)
	}
	return e, err
}

// Members returns a page of a group's members. See cycle.Roster.
func (d *Directory) Members(ctx context.Context, group, after string, limit int) (refs []entry.Ref, err error) {
	err = d.read(ctx, "read members", func(tx tx) error {
		return tx.each(memberPage, []any{group, after, limit}, func(r Rows) error {
			var ref entry.Ref
			err := r.Scan(&ref.Type, &ref.ID)
			refs = append(refs, ref)
			return err
		})
	})
	return refs, err
}

// MemberChanges returns what changed in a group after a position. See cycle.Roster.
func (d *Directory) MemberChanges(ctx context.Context, group string, since int64, limit int) (cs []cycle.MemberChange, err error) {
	err = d.read(ctx, "read members", func(tx tx) error {
		joined, err := tx.memberChanges(joinedSince, group, since, limit)
		if err != nil {
			return err
		}
		left, err := tx.memberChanges(leftSince, group, since, limit)
		cs = mergeByEdge(joined, left)
		cs = cs[:min(limit, len(cs))]
		return err
	})
	return cs, err
}

func (t tx) memberChanges(q Query, group string, since int64, limit int) (cs []cycle.MemberChange, err error) {
	left := q == leftSince
	err = t.each(q, []any{group, since, limit}, func(r Rows) error {
		c := cycle.MemberChange{Gone: left}
		err := r.Scan(&c.Member.Type, &c.Member.ID, &c.Edge)
		cs = append(cs, c)
		return err
	})
	return cs, err
}

func mergeByEdge(a, b []cycle.MemberChange) []cycle.MemberChange {
	out := make([]cycle.MemberChange, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].Edge < b[0].Edge {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// Edge returns the position of the newest membership. See cycle.Roster.
func (d *Directory) Edge(ctx context.Context) (edge int64, err error) {
	err = d.read(ctx, "read members", func(tx tx) error {
		_, err := tx.one(readEdge, nil, &edge)
		return err
	})
	return edge, err
}

// Present returns which objects exist. See cycle.Presence.
func (d *Directory) Present(ctx context.Context, objects []cycle.Object) (map[cycle.Object]bool, error) {
	there := make(map[cycle.Object]bool, len(objects))
	err := d.read(ctx, "read directory", func(tx tx) error {
		for _, o := range objects {
			ok, err := tx.exists(o.Type, o.ID)
			if err != nil {
				return err
			}
			if ok {
				there[o] = true
			}
		}
		return nil
	})
	return there, err
}

// leave remembers that a member left; other references have no such memory.
func (c *clock) leave(typ, id, attr string, ref entry.Ref) error {
	if attr != directory.Members {
		return nil
	}
	if ref.Type == "" { // who takes somebody out need not say what it is
		ref.Type = entry.User
		if group, err := c.tx.exists(entry.Group, ref.ID); err != nil {
			return err
		} else if group {
			ref.Type = entry.Group
		}
	}
	_, err := c.tx.exec(putLeft, typ, id, ref.ID, string(ref.Type), c.nextEdge())
	return err
}
