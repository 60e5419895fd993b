package storage

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

var (
	_ directory.Deltas  = (*Directory)(nil)
	_ directory.Ordered = (*Directory)(nil)
)

const (
	readMark Query = `SELECT seq, edge FROM directory_clock WHERE tenant = $1`

	movedObjects Query = `SELECT type, id, seq, state, doc, moved FROM directory_object
		WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3`

	// Of a large group's members only the new ones are looked at; of other references there are few.
	membersSince Query = `SELECT attr, ref_type, ref_id FROM directory_ref
		WHERE tenant = $1 AND type = $2 AND id = $3 AND attr = 'members' AND edge > $4 ORDER BY edge`

	refsBelowSince Query = `SELECT attr, ref_type, ref_id FROM directory_ref
		WHERE tenant = $1 AND type = $2 AND id = $3 AND attr < 'members' AND edge > $4`

	refsAboveSince Query = `SELECT attr, ref_type, ref_id FROM directory_ref
		WHERE tenant = $1 AND type = $2 AND id = $3 AND attr > 'members' AND edge > $4`

	unrefsSince Query = `SELECT attr, ref_type, ref_id FROM directory_unref
		WHERE tenant = $1 AND type = $2 AND id = $3 AND seq > $4 AND NOT EXISTS (SELECT 1 FROM directory_ref WHERE directory_ref.tenant = $1
			AND directory_ref.type = directory_unref.type AND directory_ref.id = directory_unref.id
			AND directory_ref.attr = directory_unref.attr AND directory_ref.ref_id = directory_unref.ref_id)
		ORDER BY seq, ref_id`
)

// Mark returns where the history stands now.
func (d *Directory) Mark(ctx context.Context) (m directory.Mark, err error) {
	err = d.read(ctx, "read change log", func(tx tx) error {
		_, err := tx.one(readMark, nil, &m.Seq, &m.Edge)
		return err
	})
	return m, err
}

// shift is one row of the change log.
type shift struct {
	object
	moves moves
}

// Since returns what became of objects of the type after the mark, see directory.Deltas. It reads one snapshot.
func (d *Directory) Since(ctx context.Context, t entry.Type, m directory.Mark, limit int) (ds []directory.Delta, next directory.Mark, more bool, err error) {
	err = d.read(ctx, "read change log", func(tx tx) error {
		ds, more = nil, false
		if _, err := tx.one(readMark, nil, &next.Seq, &next.Edge); err != nil {
			return err
		}
		shifts, err := tx.shifts(m.Seq, limit)
		if err != nil {
			return err
		}
		if len(shifts) == limit { // references are reported from the old mark on until the log has been read
			more, next = true, directory.Mark{Seq: shifts[len(shifts)-1].seq, Edge: m.Edge}
		}
		for _, s := range shifts {
			if s.entry.Type != t {
				continue
			}
			delta, err := tx.delta(s, m)
			if err != nil {
				return err
			}
			ds = append(ds, delta)
		}
		return nil
	})
	return ds, next, more, err
}

func (t tx) shifts(after int64, limit int) (out []shift, err error) {
	err = t.each(movedObjects, []any{after, limit}, func(r Rows) error {
		var s shift
		var doc, moved []byte
		if err := r.Scan(&s.entry.Type, &s.entry.ID, &s.seq, &s.state, &doc, &moved); err != nil {
			return err
		}
		var err error
		if s.state != gone {
			if s.entry.Attrs, err = decodeAttrs(doc); err == nil {
				s.moves, err = openMoves(moved)
			}
		}
		out = append(out, s)
		return err
	})
	return out, err
}

func (t tx) delta(s shift, m directory.Mark) (d directory.Delta, err error) {
	d.Object, d.Gone = s.entry, s.state == gone
	if d.Gone {
		return d, nil
	}
	d.Attrs = s.moves.since(m.Seq)
	born, known := s.moves[bornMark]
	d.New = known && born > m.Seq || s.state == live && s.moves[directory.DeletedDateTime] > m.Seq
	if d.New {
		d.Attrs = nil
		d.Added, err = t.references(refsOf, s.entry)
	} else {
		d.Added, err = t.added(s.entry, m.Edge)
	}
	if err == nil {
		d.Removed, err = t.references(unrefsSince, s.entry, m.Seq)
	}
	for _, r := range d.Added {
		if r.Attr == directory.Manager {
			s.entry.Attrs[r.Attr] = []entry.Value{r.To}
		}
	}
	return d, err
}

// added returns the references that were added after a position, members in their order.
func (t tx) added(e entry.Entry, edge int64) (out []directory.Reference, err error) {
	for _, q := range []Query{refsBelowSince, membersSince, refsAboveSince} {
		refs, err := t.references(q, e, edge)
		if err != nil {
			return nil, err
		}
		out = append(out, refs...)
	}
	return out, nil
}

func (t tx) references(q Query, e entry.Entry, more ...any) (out []directory.Reference, err error) {
	err = t.each(q, append([]any{string(e.Type), e.ID}, more...), func(r Rows) error {
		var ref directory.Reference
		err := r.Scan(&ref.Attr, &ref.To.Type, &ref.To.ID)
		out = append(out, ref)
		return err
	})
	return out, err
}

// References returns the references of live objects to live objects.
func (d *Directory) References(ctx context.Context, t entry.Type, ids []string) (out map[string][]directory.Reference, err error) {
	err = d.read(ctx, "read references", func(tx tx) error {
		out = make(map[string][]directory.Reference, len(ids))
		for _, id := range ids {
			refs, err := tx.references(refsOf, entry.Entry{Type: t, ID: id})
			if err != nil {
				return err
			}
			if len(refs) > 0 {
				out[id] = refs
			}
		}
		return nil
	})
	return out, err
}
