package storage

import (
	"bytes"
	"context"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

const (
	seqOfObject Query = `SELECT seq, state FROM directory_object WHERE tenant = $1 AND type = $2 AND id = $3`

	refIDs Query = `SELECT ref_id FROM directory_ref WHERE tenant = $1 AND type = $2 AND id = $3 AND attr = $4`
)

// Revise changes or creates one object in one transaction, see directory.Editor. Members are never read, so that one of them
// costs one row however many there are.
func (d *Directory) Revise(ctx context.Context, t entry.Type, id string, r directory.Revision) (directory.Object, error) {
	op, fresh := "change "+string(t), id == ""
	if fresh {
		op, id = "create "+string(t), directory.NewID()
	}
	return retry(ctx, op, func() (directory.Object, error) {
		have, err := d.loadVersioned(ctx, op, t, id)
		if err == nil && !fresh {
			err = have.mayChange(op, r.Version)
		}
		if err != nil {
			return directory.Object{}, err
		}
		w, err := reviseForm(op, have, r)
		if err != nil {
			return directory.Object{}, err
		}
		return d.writeRevision(ctx, op, w)
	})
}

func (d *Directory) loadVersioned(ctx context.Context, op string, t entry.Type, id string) (v versioned, err error) {
	err = d.read(ctx, op, func(tx tx) error {
		v, err = tx.versioned(t, id, false)
		return err
	})
	return v, err
}

// mayChange refuses what is absent or has moved on.
func (v versioned) mayChange(op, version string) error {
	switch {
	case !v.live():
		return absent(op, v.entry.ID)
	case version != "" && version != v.version():
		return fault.New(fault.Conflict, op, "it has changed meanwhile").About(v.entry.ID).WithHint("read it again, then repeat the change")
	}
	return nil
}

// revision is a change that is ready to be written.
type revision struct {
	directory.Revision
	have      versioned
	want      form
	drop, add []edge // references but for members
	moved     bool   // there is something to write beside members
}

// guarded reports whether the change depends on what was read.
func (r *revision) guarded() bool { return r.moved || r.Version != "" }

func reviseForm(op string, have versioned, r directory.Revision) (*revision, error) {
	w := &revision{Revision: r, have: have}
	want := have.entry.Clone()
	if r.Change != nil {
		if want.Attrs == nil {
			want.Attrs = entry.Attrs{}
		}
		var err error
		if want, err = r.Change(want); err != nil {
			return nil, err
		}
		want.Type, want.ID = have.entry.Type, have.entry.ID
	}
	var err error
	if w.want, err = formOf(want); err != nil {
		return nil, name(op, err)
	}
	was, err := formOfStored(have.object)
	if err != nil {
		return nil, name(op, err)
	}
	w.drop, w.add = diffEdges(was.edges, w.want.edges)
	w.moved = !have.exists() || !bytes.Equal(was.doc, w.want.doc) || len(w.drop)+len(w.add) > 0
	return w, nil
}

func (d *Directory) writeRevision(ctx context.Context, op string, r *revision) (o directory.Object, err error) {
	t, id := r.have.entry.Type, r.have.entry.ID
	err = d.write(ctx, op, func(tx tx) error {
		if err := tx.stillAt(r.have, r.guarded()); err != nil {
			return err
		}
		if err := tx.withClock(func(c *clock) error { return c.revise(r) }); err != nil {
			return err
		}
		now, err := tx.versioned(t, id, false)
		o = now.public()
		return err
	})
	return o, taken(op, r.want, err)
}

// stillAt makes sure that the object is there, and, when guarded, as it was read; errMoved otherwise.
func (t tx) stillAt(have versioned, guarded bool) error {
	var seq, state int64
	if _, err := t.one(seqOfObject, []any{string(have.entry.Type), have.entry.ID}, &seq, &state); err != nil {
		return err
	}
	if guarded && seq != have.seq || !guarded && state != have.state {
		return errMoved
	}
	return nil
}

func (c *clock) revise(r *revision) error {
	if r.moved {
		if err := c.store(r.want, r.have.seq, r.drop, r.add); err != nil {
			return err
		}
	}
	n, err := c.reviseMembers(r)
	if err != nil || n == 0 || r.moved {
		return err
	}
	_, err = c.tx.exec(moveObject, string(r.have.entry.Type), r.have.entry.ID, c.nextSeq(), c.at)
	return err
}

// reviseMembers changes the rows and returns how many.
func (c *clock) reviseMembers(r *revision) (int64, error) {
	if !r.Only && len(r.Add)+len(r.Remove) == 0 {
		return 0, nil
	}
	t, id := r.have.entry.Type, r.have.entry.ID
	add, err := c.tx.living(r.Add)
	if err != nil {
		return 0, err
	}
	remove := r.Remove
	if r.Only {
		others, err := c.tx.otherMembers(t, id, add)
		if err != nil {
			return 0, err
		}
		remove = append(others, remove...)
	}
	return c.link(string(t), id, directory.Members, add, remove)
}

// living resolves references to live objects, whatever type they claim.
func (t tx) living(refs []entry.Ref) ([]entry.Ref, error) {
	out := make([]entry.Ref, len(refs))
	for i, r := range refs {
		candidates := []entry.Type{entry.User, entry.Group}
		if r.Type == entry.Group {
			candidates = []entry.Type{entry.Group, entry.User}
		}
		for _, c := range candidates {
			state := int64(gone)
			if _, err := t.one(stateOfObject, []any{string(c), r.ID}, &state); err != nil {
				return nil, err
			}
			if state == live {
				out[i] = entry.Ref{Type: c, ID: r.ID}
				break
			}
		}
		if out[i].ID == "" {
			return nil, fault.New(fault.Invalid, "", "there is no user or group with the id %q", shorten(r.ID)).
				WithHint("create the member before the membership")
		}
	}
	return out, nil
}

// shorten keeps a hostile id from flooding a message.
func shorten(id string) string {
	if len(id) > 100 {
		return id[:100] + "…"
	}
	return id
}

// otherMembers returns the members that are not among keep.
func (t tx) otherMembers(typ entry.Type, id string, keep []entry.Ref) (others []entry.Ref, err error) {
	kept := make(map[string]bool, len(keep))
	for _, r := range keep {
		kept[r.ID] = true
	}
	ids, err := t.ids(refIDs, []any{string(typ), id, directory.Members})
	for _, m := range ids {
		if !kept[m] {
			others = append(others, entry.Ref{ID: m})
		}
	}
	return others, err
}

// Retire soft-deletes a live object and takes it out of every group and every report's manager. See directory.Editor.
func (d *Directory) Retire(ctx context.Context, t entry.Type, id, version string, at time.Time) error {
	op := "delete " + string(t)
	_, err := retry(ctx, op, func() (struct{}, error) {
		have, err := d.loadVersioned(ctx, op, t, id)
		if err == nil {
			err = have.mayChange(op, version)
		}
		if err != nil {
			return struct{}{}, err
		}
		r, err := reviseForm(op, have, directory.Revision{Change: func(e entry.Entry) (entry.Entry, error) {
			e.Attrs.Set(directory.DeletedDateTime, at)
			return e, nil
		}})
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, d.write(ctx, op, func(tx tx) error {
			if err := tx.stillAt(have, true); err != nil {
				return err
			}
			return tx.withClock(func(c *clock) error { return c.retire(r) })
		})
	})
	return err
}

func (c *clock) retire(r *revision) error {
	if err := c.store(r.want, r.have.seq, r.drop, r.add); err != nil {
		return err
	}
	if r.have.entry.Type == entry.Group {
		if err := c.tx.orderMembers(r.have.entry.ID); err != nil {
			return err
		}
	}
	return c.unlink(r.have.entry.Type, r.have.entry.ID)
}

// unlink takes an object out of everything that refers to it, and logs that those changed.
func (c *clock) unlink(t entry.Type, id string) error {
	who, err := c.tx.referrers(t, id)
	if err != nil {
		return err
	}
	for _, w := range who {
		if _, err := c.tx.exec(moveObject, w[0], w[1], c.nextSeq(), c.at); err != nil {
			return err
		}
		if entry.Type(w[0]) == entry.Group { // groups refer to their members by nothing else
			if err := c.leave(w[0], w[1], directory.Members, entry.Ref{Type: t, ID: id}); err != nil {
				return err
			}
		}
	}
	if _, err := c.tx.exec(buryRefsTo, id, string(t), c.seq, c.at); err != nil {
		return err
	}
	_, err = c.tx.exec(deleteRefsTo, id, string(t))
	return err
}
