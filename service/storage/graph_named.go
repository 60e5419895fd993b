package storage

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

const (
	pageByName Query = `SELECT id, seq, state, created, modified, doc FROM directory_object
		WHERE tenant = $1 AND type = $2 AND unique_key > $3 AND unique_key >= $4 AND unique_key < $5 ORDER BY unique_key LIMIT $6`

	pageByNameDown Query = `SELECT id, seq, state, created, modified, doc FROM directory_object
		WHERE tenant = $1 AND type = $2 AND unique_key < $3 AND unique_key >= $4 AND unique_key < $5 ORDER BY unique_key DESC LIMIT $6`

	pageOfMembers Query = `SELECT edge, ref_type, ref_id FROM directory_ref
		WHERE tenant = $1 AND type = 'Group' AND id = $2 AND attr = 'members' AND edge > $3 ORDER BY edge LIMIT $4`

	oneMember Query = `SELECT ref_id FROM directory_ref WHERE tenant = $1 AND type = 'Group' AND id = $2 AND attr = 'members' AND ref_id = $3`
)

// lastKey sorts after every key: no text holds this code point in normal use, and none is longer of the same.
const lastKey = "\U0010FFFF\U0010FFFF"

// ByName returns a page of live objects in the order of their unique name, see directory.Ordered.
func (d *Directory) ByName(ctx context.Context, t entry.Type, prefix, after string, desc bool, limit int) (os []directory.Object, err error) {
	q, low, high := pageByName, directory.Fold(prefix), directory.Fold(prefix)+lastKey
	if desc {
		q = pageByNameDown
		if after == "" {
			after = lastKey
		}
	}
	err = d.read(ctx, "list "+string(t), func(tx tx) error {
		vs, err := tx.versionedRows(q, t, after, low, high, max(limit, 0))
		os = make([]directory.Object, len(vs))
		for i, v := range vs {
			os[i] = v.public()
		}
		return err
	})
	return os, err
}

// MembersOf returns a page of what a group refers to, see directory.Ordered.
func (d *Directory) MembersOf(ctx context.Context, group string, after int64, limit int) (refs []entry.Ref, next int64, err error) {
	err = d.read(ctx, "list members", func(tx tx) error {
		refs, next = nil, after
		return tx.each(pageOfMembers, []any{group, after, max(limit, 0) + 1}, func(r Rows) error {
			var edge int64
			var ref entry.Ref
			if err := r.Scan(&edge, &ref.Type, &ref.ID); err != nil {
				return err
			}
			if len(refs) < limit {
				next = edge
			}
			refs = append(refs, ref)
			return nil
		})
	})
	if len(refs) <= limit {
		return refs, 0, err
	}
	return refs[:limit], next, err
}

// HasMember reports whether the group refers to the object.
func (d *Directory) HasMember(ctx context.Context, group, member string) (found bool, err error) {
	err = d.read(ctx, "find member", func(tx tx) error {
		var id string
		found, err = tx.one(oneMember, []any{group, member}, &id)
		return err
	})
	return found, err
}
