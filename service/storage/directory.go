package storage

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

// Directory implements directory.Store. An object is one row with its attributes in binary form; references are rows of their
// own, so that linking one member costs one row however large the group is. The position of an object's newest change stands
// in its row: that column, read in order, is the change log, and it names each object once.
type Directory struct{ base }

var _ directory.Store = (*Directory)(nil)

// NewDirectory returns the directory kept in the engine.
func NewDirectory(e Engine) *Directory { return &Directory{base{e}} }

// States of an object.
const (
	live = iota // stored: appended, never reordered
	softDeleted
	gone
)

const (
	getObject Query = `SELECT seq, state, doc FROM directory_object WHERE tenant = $1 AND type = $2 AND id = $3`

	objectByKey Query = `SELECT id, seq, state, doc FROM directory_object WHERE tenant = $1 AND type = $2 AND unique_key = $3`

	liveObjects Query = `SELECT id, seq, state, doc FROM directory_object
		WHERE tenant = $1 AND type = $2 AND id > $3 AND state = 0 ORDER BY id LIMIT $4`

	softDeletedObjects Query = `SELECT id, seq, state, doc FROM directory_object
		WHERE tenant = $1 AND type = $2 AND id > $3 AND state <> 0 AND state = 1 ORDER BY id LIMIT $4`

	refsOf Query = `SELECT attr, ref_type, ref_id FROM directory_ref
		WHERE tenant = $1 AND type = $2 AND id = $3 ORDER BY attr, edge`
)

// object is a row with its references joined in. seq is 0 when there is no row at all.
type object struct {
	entry    entry.Entry
	seq      int64
	state    int64
	modified int64 // moment of its newest change; only the change feed reads it
}

// exists reports whether the object is in the directory, soft-deleted or not.
func (o object) exists() bool { return o.seq != 0 && o.state != gone }

// Get returns one object with its references, soft-deleted ones included; fault.NotFound when absent.
func (d *Directory) Get(ctx context.Context, t entry.Type, id string) (entry.Entry, error) {
	o, err := d.load(ctx, "get "+string(t), t, id)
	if err == nil && !o.exists() {
		err = absent("get "+string(t), id)
	}
	if err != nil {
		return entry.Entry{}, err
	}
	return o.entry, nil
}

func (d *Directory) load(ctx context.Context, op string, t entry.Type, id string) (o object, err error) {
	err = d.read(ctx, op, func(tx tx) error {
		o, err = tx.object(t, id)
		return err
	})
	return o, err
}

// object reads a row and its references; an object without a row has only type and id.
func (t tx) object(typ entry.Type, id string) (object, error) {
	o := object{entry: entry.Entry{Type: typ, ID: id}}
	var doc []byte
	found, err := t.one(getObject, []any{string(typ), id}, &o.seq, &o.state, &doc)
	if err != nil || !found || o.state == gone {
		return o, err
	}
	if o.entry.Attrs, err = decodeAttrs(doc); err != nil {
		return o, name("read "+string(typ)+" "+id, err)
	}
	return o, t.addRefs(o.entry)
}

// addRefs reads the entry's references into its attributes.
func (t tx) addRefs(e entry.Entry) error {
	return t.each(refsOf, []any{string(e.Type), e.ID}, func(r Rows) error {
		var attr string
		var ref entry.Ref
		if err := r.Scan(&attr, &ref.Type, &ref.ID); err != nil {
			return err
		}
		e.Attrs[attr] = append(e.Attrs[attr], ref)
		return nil
	})
}

// Lookup finds a live object by a unique attribute: a user by userPrincipalName, a group by displayName, in any case.
func (d *Directory) Lookup(ctx context.Context, t entry.Type, attr, value string) (entry.Entry, error) {
	op := "look up " + string(t)
	key, err := directory.LookupKey(t, attr, value)
	if err != nil {
		return entry.Entry{}, err
	}
	var es []entry.Entry
	err = d.read(ctx, op, func(tx tx) error {
		es, err = tx.page(objectByKey, t, key)
		return err
	})
	if err == nil && len(es) == 0 {
		err = absent(op, value)
	}
	if err != nil {
		return entry.Entry{}, err
	}
	return es[0], nil
}

// List returns a page of live objects (of soft-deleted ones when deleted is true) in the order of id, after the id given.
// A limit of 0 or less yields nothing.
func (d *Directory) List(ctx context.Context, t entry.Type, deleted bool, after string, limit int) ([]entry.Entry, error) {
	q := liveObjects
	if deleted {
		q = softDeletedObjects
	}
	var es []entry.Entry
	err := d.read(ctx, "list "+string(t), func(tx tx) (err error) {
		es, err = tx.page(q, t, after, max(limit, 0))
		return err
	})
	return es, err
}

// page reads the objects a query yields as (id, seq, state, doc), with their references.
func (t tx) page(q Query, typ entry.Type, args ...any) ([]entry.Entry, error) {
	rows, err := t.rows(q, typ, args...)
	if err != nil {
		return nil, err
	}
	es := make([]entry.Entry, len(rows))
	for i, o := range rows {
		if err := t.addRefs(o.entry); err != nil {
			return nil, err
		}
		es[i] = o.entry
	}
	return es, nil
}

// rows reads the objects a query yields as (id, seq, state, doc), without their references.
func (t tx) rows(q Query, typ entry.Type, args ...any) ([]object, error) {
	var os []object
	err := t.each(q, append([]any{string(typ)}, args...), func(r Rows) error {
		o := object{entry: entry.Entry{Type: typ}}
		var doc []byte
		err := r.Scan(&o.entry.ID, &o.seq, &o.state, &doc)
		if err == nil {
			o.entry.Attrs, err = decodeAttrs(doc)
		}
		os = append(os, o)
		return err
	})
	return os, err
}
