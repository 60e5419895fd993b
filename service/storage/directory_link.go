package storage

import (
	"cmp"
	"context"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

const (
	stateOfObject Query = `SELECT state FROM directory_object WHERE tenant = $1 AND type = $2 AND id = $3`

	moveObject Query = `UPDATE directory_object
		SET seq = $4, modified = CASE WHEN modified < $5 THEN $5 ELSE modified + 1000000 END
		WHERE tenant = $1 AND type = $2 AND id = $3`

	otherRefs Query = `DELETE FROM directory_ref WHERE tenant = $1 AND type = $2 AND id = $3 AND attr = $4 AND ref_id <> $5`

	referrers Query = `SELECT type, id FROM directory_ref WHERE tenant = $1 AND ref_id = $2 AND ref_type IN ($3, '')`

	deleteRefsTo Query = `DELETE FROM directory_ref WHERE tenant = $1 AND ref_id = $2 AND ref_type IN ($3, '')`

	deleteRefsOf Query = `DELETE FROM directory_ref WHERE tenant = $1 AND type = $2 AND id = $3`

	forgetObject Query = `UPDATE directory_object SET seq = $4, state = 2, unique_key = NULL, name_key = NULL, external_id = NULL, doc = $5, modified = $6
		WHERE tenant = $1 AND type = $2 AND id = $3`
)

// Link adds and removes references of one object without reading its others: one row each, one change. fault.NotFound when the
// object, or one to be added, does not exist. What is there already, or is gone already, counts as done; if nothing changes,
// nothing is logged. Adding a manager takes the one there is out.
func (d *Directory) Link(ctx context.Context, t entry.Type, id, attr string, add, remove []entry.Ref) error {
	op := "link " + attr
	if err := linkable(op, t, attr, add); err != nil {
		return err
	}
	return d.write(ctx, op, func(tx tx) error {
		if ok, err := tx.exists(t, id); err != nil || !ok {
			return orAbsent(err, op, id)
		}
		return tx.withClock(func(c *clock) error {
			n, err := c.link(string(t), id, attr, add, remove)
			if err != nil || n == 0 {
				return err
			}
			_, err = tx.exec(moveObject, string(t), id, c.nextSeq(), c.at)
			return err
		})
	})
}

func linkable(op string, t entry.Type, attr string, add []entry.Ref) error {
	switch {
	case attr == directory.Members && t != entry.Group:
		return fault.New(fault.Invalid, op, "a %s has no members", t).WithHint("members belong to groups")
	case attr == directory.Manager && len(add) > 1:
		return fault.New(fault.Invalid, op, "%d managers given", len(add)).WithHint("an object has one manager")
	}
	for _, r := range add {
		if r.ID == "" {
			return fault.New(fault.Invalid, op, "a reference has no id").WithHint("refer to an object by its id")
		}
	}
	return nil
}

func orAbsent(err error, op, object string) error {
	if err != nil {
		return err
	}
	return absent(op, object)
}

func (t tx) exists(typ entry.Type, id string) (bool, error) {
	var state int64
	found, err := t.one(stateOfObject, []any{string(typ), id}, &state)
	return found && state != gone, err
}

// link changes the rows and returns how many.
func (c *clock) link(typ, id, attr string, add, remove []entry.Ref) (n int64, err error) {
	count := func(m int64, e error) bool { n += m; err = e; return e == nil }
	for _, r := range remove {
		if err := c.bury(typ, id, attr, r.ID, c.seq+1); err != nil { // the change that follows gets this position
			return n, err
		}
		before := n
		if !count(c.tx.exec(deleteRef, typ, id, attr, r.ID)) {
			return n, err
		}
		if n > before {
			if err = c.leave(typ, id, attr, r); err != nil {
				return n, err
			}
		}
	}
	for _, r := range add {
		if r, err = c.tx.resolve(r); err != nil {
			return n, err
		}
		if attr == directory.Manager {
			if _, err := c.tx.exec(buryOtherRefs, typ, id, attr, r.ID, c.seq+1, c.at); err != nil {
				return n, err
			}
			if !count(c.tx.exec(otherRefs, typ, id, attr, r.ID)) {
				return n, err
			}
		}
		if !count(c.tx.exec(insertRef, typ, id, attr, r.ID, string(r.Type), c.nextEdge())) {
			return n, err
		}
	}
	return n, nil
}

// resolve makes sure that the object referred to exists, and fills in its type when it is not known.
func (t tx) resolve(r entry.Ref) (entry.Ref, error) {
	if r.Type == directory.ServicePrincipal {
		return r, nil // it lies elsewhere, and who links it has looked
	}
	candidates := []entry.Type{r.Type}
	if r.Type == "" {
		candidates = []entry.Type{entry.User, entry.Group}
	}
	for _, c := range candidates {
		if ok, err := t.exists(c, r.ID); err != nil || ok {
			return entry.Ref{Type: c, ID: r.ID}, err
		}
	}
	return r, absent("link to", r.ID)
}

// HardDelete forgets the object and every reference to it; the log keeps that it went, and that those who referred to it changed.
func (d *Directory) HardDelete(ctx context.Context, t entry.Type, id string) error {
	op := "delete " + string(t) + " for good"
	empty, err := encodeAttrs(nil)
	if err != nil {
		return err
	}
	return d.write(ctx, op, func(tx tx) error {
		if ok, err := tx.exists(t, id); err != nil || !ok {
			return orAbsent(err, op, id)
		}
		return tx.withClock(func(c *clock) error { return c.forget(t, id, empty) })
	})
}

func (c *clock) forget(t entry.Type, id string, empty []byte) error {
	if t == entry.Group {
		if err := c.tx.orderEach(id); err != nil {
			return err
		}
	}
	for _, q := range []Query{deleteRefsOf, forgetLeft, forgetUnrefsOf} {
		if _, err := c.tx.exec(q, string(t), id); err != nil {
			return err
		}
	}
	if err := c.unlink(t, id); err != nil {
		return err
	}
	state := int64(gone)
	if _, err := c.tx.one(stateOfObject, []any{string(t), id}, &state); err != nil {
		return err
	}
	c.came(string(t), state, gone)
	_, err := c.tx.exec(forgetObject, string(t), id, c.nextSeq(), empty, c.at)
	return err
}

// Referrers returns the objects that refer to one, by type and id alone, users before groups.
func (d *Directory) Referrers(ctx context.Context, t entry.Type, id string) (owners []entry.Entry, err error) {
	err = d.read(ctx, "find referrers", func(tx tx) error {
		who, err := tx.referrers(t, id)
		for _, w := range who {
			owners = append(owners, entry.Entry{Type: entry.Type(w[0]), ID: w[1]})
		}
		return err
	})
	return owners, err
}

// referrers returns type and id of every object that refers to one, each once, users before groups.
func (t tx) referrers(typ entry.Type, id string) (who [][2]string, err error) {
	err = t.each(referrers, []any{id, string(typ)}, func(r Rows) error {
		var w [2]string
		err := r.Scan(&w[0], &w[1])
		who = append(who, w)
		return err
	})
	slices.SortFunc(who, func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(b[0], a[0]), cmp.Compare(a[1], b[1]))
	})
	return slices.Compact(who), err
}
