package storage

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

const (
	pageByShown Query = `SELECT id, seq, state, created, modified, doc FROM directory_object
		WHERE tenant = $1 AND type = $2 AND name_key IS NOT NULL AND (name_key, id) > ($3, $4) AND name_key < $5 ORDER BY name_key, id LIMIT $6`

	pageByShownDown Query = `SELECT id, seq, state, created, modified, doc FROM directory_object
		WHERE tenant = $1 AND type = $2 AND name_key IS NOT NULL AND (name_key, id) < ($3, $4) AND name_key >= $5 ORDER BY name_key DESC, id DESC LIMIT $6`

	unnamedUsers Query = `SELECT id, seq, state, doc FROM directory_object
		WHERE tenant = $1 AND type = $2 AND name_key IS NULL AND state = 0 AND type = 'User' ORDER BY id LIMIT $3`

	nameUser Query = `UPDATE directory_object SET name_key = $4 WHERE tenant = $1 AND type = $2 AND id = $3`
)

// nameBatch is how many users from before there was an index of displayNames are taken into it at once.
const nameBatch = 1000

// ByShown returns a page of live users in the order of their displayName, see directory.Ordered.
func (d *Directory) ByShown(ctx context.Context, prefix string, after directory.Shown, desc bool, limit int) (os []directory.Object, err error) {
	if err := d.nameAll(ctx); err != nil {
		return nil, err
	}
	low := directory.Fold(prefix)
	q, from, end := pageByShown, directory.Shown{Name: max(low, after.Name), ID: after.ID}, low+lastKey
	if desc {
		if q, end = pageByShownDown, low; after == (directory.Shown{}) {
			from = directory.Shown{Name: low + lastKey}
		}
	}
	err = d.read(ctx, "list users", func(tx tx) error {
		vs, err := tx.versionedRows(q, entry.User, from.Name, from.ID, end, max(limit, 0))
		os = make([]directory.Object, len(vs))
		for i, v := range vs {
			os[i] = v.public()
		}
		return err
	})
	return os, err
}

// nameAll takes users into the index that were written before there was one. When there are none it costs one look.
func (d *Directory) nameAll(ctx context.Context) error {
	const op = "index displayNames"
	for {
		left := false
		if err := d.read(ctx, op, func(tx tx) (err error) {
			left, err = tx.someUnnamed()
			return err
		}); err != nil || !left {
			return err
		}
		if err := d.write(ctx, op, func(tx tx) error { return tx.nameSome() }); err != nil {
			return err
		}
	}
}

func (t tx) someUnnamed() (bool, error) {
	os, err := t.rows(unnamedUsers, entry.User, 1)
	return len(os) > 0, err
}

// nameSome changes no version and writes no change: what it adds follows from what the row says already.
func (t tx) nameSome() error {
	os, err := t.rows(unnamedUsers, entry.User, nameBatch)
	if err != nil {
		return err
	}
	for _, o := range os {
		if _, err := t.exec(nameUser, string(entry.User), o.entry.ID, directory.Fold(o.entry.Attrs.Text(directory.DisplayName))); err != nil {
			return err
		}
	}
	return nil
}
