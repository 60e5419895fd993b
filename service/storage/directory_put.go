package storage

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

const (
	insertObject Query = `INSERT INTO directory_object (tenant, type, id, seq, state, unique_key, external_id, doc, created, modified, moved, name_key)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11) ON CONFLICT (tenant, type, id) DO NOTHING`

	// updateObject sets a modified time that is later than the one before, whatever the clock says.
	updateObject Query = `UPDATE directory_object SET seq = $4, state = $5, unique_key = $6, external_id = $7, doc = $8,
			created = CASE WHEN state = 2 THEN $9 ELSE created END,
			modified = CASE WHEN modified < $9 THEN $9 ELSE modified + 1000000 END, moved = $11, name_key = $12
		WHERE tenant = $1 AND type = $2 AND id = $3 AND seq = $10`

	insertRef Query = `INSERT INTO directory_ref (tenant, type, id, attr, ref_id, ref_type, edge)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, type, id, attr, ref_id) DO NOTHING`

	deleteRef Query = `DELETE FROM directory_ref WHERE tenant = $1 AND type = $2 AND id = $3 AND attr = $4 AND ref_id = $5`
)

// edge is one reference of an object.
type edge struct {
	attr string
	ref  entry.Ref
}

// form is an entry ready to be stored: checked, encoded, its references apart.
type form struct {
	entry entry.Entry
	doc   []byte
	key   any // string, or nil unless live
	ext   any // external id: string, or nil unless live
	shown any // of a live user, the folded displayName: string, or nil
	state int
	edges []edge
}

// formOf checks and encodes an entry. It is the costly part of a write and needs no database.
func formOf(e entry.Entry) (form, error) {
	if err := directory.Validate(e); err != nil {
		return form{}, err
	}
	f := form{entry: e}
	if len(e.Attrs[directory.DeletedDateTime]) > 0 {
		f.state = softDeleted
	} else {
		f.key = directory.Key(e)
		if e.Type == entry.User {
			f.shown = directory.Fold(e.Attrs.Text(directory.DisplayName))
		}
		if id := e.Attrs.Text(directory.ExternalID); id != "" {
			f.ext = id
		}
	}
	var plain entry.Attrs
	plain, f.edges = split(e.Attrs)
	var err error
	f.doc, err = encodeAttrs(plain)
	return f, err
}

// split takes the attributes that hold nothing but references out. A reference given twice counts once.
func split(a entry.Attrs) (plain entry.Attrs, edges []edge) {
	plain = make(entry.Attrs, len(a))
	for attr, vs := range a {
		refs, all := refsIn(vs)
		if !all {
			plain[attr] = vs
			continue
		}
		seen := make(map[string]bool, len(refs))
		for _, r := range refs {
			if !seen[r.ID] {
				seen[r.ID] = true
				edges = append(edges, edge{attr, r})
			}
		}
	}
	return plain, edges
}

func refsIn(vs []entry.Value) (refs []entry.Ref, all bool) {
	for _, v := range vs {
		r, ok := v.(entry.Ref)
		if !ok {
			return nil, false
		}
		refs = append(refs, r)
	}
	return refs, len(vs) > 0
}

// Put applies fn to the object with the id and stores what it returns, in one transaction: fn runs outside of it, and again if
// somebody else changed the object meanwhile. See directory.Store.
func (d *Directory) Put(ctx context.Context, t entry.Type, id string, fn func(entry.Entry) (entry.Entry, error)) (entry.Entry, error) {
	op := "store " + string(t)
	if id == "" {
		id = directory.NewID()
	}
	return retry(ctx, op, func() (entry.Entry, error) {
		have, err := d.load(ctx, op, t, id)
		if err != nil {
			return entry.Entry{}, err
		}
		want, err := fn(have.entry.Clone())
		if err != nil {
			return entry.Entry{}, err
		}
		want.Type, want.ID = t, id
		return want, d.replace(ctx, op, have, want)
	})
}

// replace writes want over have, or nothing when they are alike; errMoved when have is not what is there any more.
func (d *Directory) replace(ctx context.Context, op string, have object, want entry.Entry) error {
	w, err := formOf(want)
	if err != nil {
		return name(op, err)
	}
	h, err := formOfStored(have)
	if err != nil {
		return name(op, err)
	}
	drop, add := diffEdges(h.edges, w.edges)
	if have.exists() && bytes.Equal(h.doc, w.doc) && len(drop)+len(add) == 0 {
		return nil
	}
	err = d.write(ctx, op, func(tx tx) error {
		if err := tx.withClock(func(c *clock) error { return c.store(w, have.seq, drop, add) }); err != nil {
			return err
		}
		if want.Type != entry.Group || !have.exists() || int(have.state) == w.state {
			return nil
		}
		return tx.orderMembers(want.ID)
	})
	return taken(op, w, err)
}

// formOfStored is formOf for what is in the database already; what is gone has no form.
func formOfStored(o object) (f form, err error) {
	if !o.exists() {
		return f, nil
	}
	plain, edges := split(o.entry.Attrs)
	f.doc, err = encodeAttrs(plain)
	f.edges = edges
	return f, err
}

// diffEdges returns the references to take out and to put in; those in both stay where they are.
func diffEdges(have, want []edge) (drop, add []edge) {
	return without(have, want), without(want, have)
}

func without(a, b []edge) []edge {
	type key struct{ attr, id string }
	in := make(map[key]bool, len(b))
	for _, e := range b {
		in[key{e.attr, e.ref.ID}] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(e edge) bool { return in[key{e.attr, e.ref.ID}] })
}

// store writes one object at the next position. was is the position it was read at, 0 when it had no row.
func (c *clock) store(f form, was int64, drop, add []edge) error {
	typ, id := string(f.entry.Type), f.entry.ID
	var n int64
	seq := c.nextSeq()
	from := int64(gone)
	moved, err := moves{bornMark: seq}.seal()
	if err != nil {
		return err
	}
	if was == 0 {
		n, err = c.tx.exec(insertObject, typ, id, seq, f.state, f.key, f.ext, f.doc, c.at, moved, f.shown)
	} else if moved, from, err = c.moved(f, seq); err == nil {
		n, err = c.tx.exec(updateObject, typ, id, seq, f.state, f.key, f.ext, f.doc, c.at, was, moved, f.shown)
	}
	if err == nil && n == 0 {
		err = errMoved
	}
	if err != nil {
		return err
	}
	c.came(typ, from, int64(f.state))
	return c.storeEdges(typ, id, drop, add)
}

func (c *clock) storeEdges(typ, id string, drop, add []edge) error {
	for _, e := range drop {
		if err := c.bury(typ, id, e.attr, e.ref.ID, c.seq); err != nil {
			return err
		}
		if _, err := c.tx.exec(deleteRef, typ, id, e.attr, e.ref.ID); err != nil {
			return err
		}
		if err := c.leave(typ, id, e.attr, e.ref); err != nil {
			return err
		}
	}
	for _, e := range add {
		if _, err := c.tx.exec(insertRef, typ, id, e.attr, e.ref.ID, string(e.ref.Type), c.nextEdge()); err != nil {
			return err
		}
	}
	return nil
}

// taken words the fault of a unique attribute that another object has.
func taken(op string, f form, err error) error {
	if !fault.Is(err, fault.Exists) {
		return err
	}
	attr := directory.DisplayName
	if f.entry.Type == entry.User {
		attr = directory.UserPrincipalName
	}
	return fault.New(fault.Exists, op, "another %s has this %s", f.entry.Type, attr).
		About(f.entry.Attrs.Text(attr)).WithHint("choose another %s, or change the object that has it", attr)
}

// PutMany stores whole entries in one transaction, creating or replacing by id, all or nothing. An entry without an id gets a
// new one (the caller does not learn it). Entries equal to what is there write no change. References may point to objects that come later.
func (d *Directory) PutMany(ctx context.Context, es []entry.Entry) error {
	const op = "store entries"
	forms := make([]form, len(es))
	for i, e := range es {
		if e.ID == "" {
			e.ID = directory.NewID()
		}
		var err error
		if forms[i], err = formOf(e); err != nil {
			return name(op, err)
		}
	}
	if len(forms) == 0 {
		return nil
	}
	return d.write(ctx, op, func(tx tx) error {
		return tx.withClock(func(c *clock) error {
			for _, f := range forms {
				if err := c.storeWhole(f); err != nil {
					return taken(op, f, err)
				}
			}
			return nil
		})
	})
}

// storeWhole writes an entry over whatever is there.
func (c *clock) storeWhole(f form) error {
	seq := c.seq
	err := c.store(f, 0, nil, f.edges)
	if !errors.Is(err, errMoved) { // the usual case of an import: it is new
		return err
	}
	c.seq = seq
	have, err := c.tx.object(f.entry.Type, f.entry.ID)
	if err != nil {
		return err
	}
	h, err := formOfStored(have)
	if err != nil {
		return err
	}
	drop, add := diffEdges(h.edges, f.edges)
	if have.exists() && bytes.Equal(h.doc, f.doc) && len(drop)+len(add) == 0 {
		return nil
	}
	return c.store(f, have.seq, drop, add)
}

// SoftDelete marks the object deleted at the time; one that is marked already keeps its time. fault.NotFound when absent.
func (d *Directory) SoftDelete(ctx context.Context, t entry.Type, id string, at time.Time) error {
	return d.mark(ctx, "delete "+string(t), t, id, func(e entry.Entry) {
		if len(e.Attrs[directory.DeletedDateTime]) == 0 {
			e.Attrs.Set(directory.DeletedDateTime, at)
		}
	})
}

// Restore takes the mark away. fault.NotFound when absent, fault.Exists when its unique attribute has been taken meanwhile.
func (d *Directory) Restore(ctx context.Context, t entry.Type, id string) error {
	return d.mark(ctx, "restore "+string(t), t, id, func(e entry.Entry) { e.Attrs.Set(directory.DeletedDateTime) })
}

// mark changes an object that must exist.
func (d *Directory) mark(ctx context.Context, op string, t entry.Type, id string, change func(entry.Entry)) error {
	_, err := retry(ctx, op, func() (struct{}, error) {
		have, err := d.load(ctx, op, t, id)
		if err != nil {
			return struct{}{}, err
		}
		if !have.exists() {
			return struct{}{}, absent(op, id)
		}
		want := have.entry.Clone()
		change(want)
		return struct{}{}, d.replace(ctx, op, have, want)
	})
	return err
}
