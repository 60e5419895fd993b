package storage

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

var (
	_ directory.Objects = (*Directory)(nil)
	_ directory.Editor  = (*Directory)(nil)
)

// Statements for doors whose clients hold versions. A reference to a soft-deleted object is left out: the index of what is away
// is small, so asking it for each reference costs little.
const (
	versionedObject Query = `SELECT seq, state, created, modified, doc FROM directory_object WHERE tenant = $1 AND type = $2 AND id = $3`

	versionedPage Query = `SELECT id, seq, state, created, modified, doc FROM directory_object
		WHERE tenant = $1 AND type = $2 AND id > $3 AND state = 0 ORDER BY id LIMIT $4`

	liveRefsOf Query = `SELECT id, attr, ref_type, ref_id FROM directory_ref
		WHERE tenant = $1 AND type = $2 AND id >= $3 AND id <= $4 AND NOT EXISTS (SELECT 1 FROM directory_object WHERE directory_object.tenant = $1
			AND directory_object.type IN ('User', 'Group') AND directory_object.state <> 0 AND directory_object.state = 1
			AND directory_object.id = directory_ref.ref_id)
		ORDER BY id, attr, edge`

	idsByKey Query = `SELECT id FROM directory_object WHERE tenant = $1 AND type = $2 AND unique_key = $3`

	idsByExternalID Query = `SELECT id FROM directory_object
		WHERE tenant = $1 AND type = $2 AND external_id IS NOT NULL AND external_id = $3 ORDER BY id`

	idsByRef Query = `SELECT directory_ref.id FROM directory_ref JOIN directory_object ON directory_object.tenant = $1
			AND directory_object.type = directory_ref.type AND directory_object.id = directory_ref.id
		WHERE directory_ref.tenant = $1 AND directory_ref.ref_id = $3 AND directory_ref.type = $2 AND directory_ref.attr = $4
			AND directory_object.state = 0`

	nthObject Query = `SELECT id FROM directory_object
		WHERE tenant = $1 AND type = $2 AND id > $3 AND state = 0 ORDER BY id LIMIT 1 OFFSET $4`

	groupsOf Query = `SELECT directory_object.id, directory_object.doc FROM directory_ref JOIN directory_object ON directory_object.tenant = $1
			AND directory_object.type = directory_ref.type AND directory_object.id = directory_ref.id
		WHERE directory_ref.tenant = $1 AND directory_ref.ref_id = $2 AND directory_ref.type = 'Group'
			AND directory_ref.attr = 'members' AND directory_object.state = 0`
)

// versioned is an object with what its row says of its history.
type versioned struct {
	object
	created, modified int64
}

// public is what a caller gets.
func (v versioned) public() directory.Object {
	o := directory.Object{Entry: v.entry, Version: v.version(), Created: when(v.created), Modified: when(v.modified)}
	if created, ok := v.entry.Attrs.First(directory.CreatedDateTime).(time.Time); ok && v.created == 0 {
		o.Created = created // made before rows had times
	}
	if o.Modified.IsZero() {
		o.Modified = o.Created
	}
	return o
}

// version names the state of an object: the position of its newest change, and its time so that a position that is used again
// after a restore from a backup does not pass for the same state.
func (v versioned) version() string {
	return strconv.FormatInt(v.seq, 36) + "-" + strconv.FormatInt(v.modified/1e6, 36)
}

func (v versioned) live() bool { return v.seq != 0 && v.state == live }

// versioned reads a row and its references, members only when asked; an object without a row has only type and id.
func (t tx) versioned(typ entry.Type, id string, members bool) (versioned, error) {
	v := versioned{object: object{entry: entry.Entry{Type: typ, ID: id}}}
	var doc []byte
	found, err := t.one(versionedObject, []any{string(typ), id}, &v.seq, &v.state, &v.created, &v.modified, &doc)
	if err != nil || !found || v.state == gone {
		return v, err
	}
	if v.entry.Attrs, err = decodeAttrs(doc); err != nil {
		return v, name("read "+string(typ)+" "+id, err)
	}
	if typ == entry.Group && !members {
		return v, nil
	}
	return v, t.addLiveRefs(typ, []versioned{v})
}

// addLiveRefs reads the references of neighbours in the order of id.
func (t tx) addLiveRefs(typ entry.Type, vs []versioned) error {
	if len(vs) == 0 {
		return nil
	}
	at := 0
	return t.each(liveRefsOf, []any{string(typ), vs[0].entry.ID, vs[len(vs)-1].entry.ID}, func(r Rows) error {
		var id, attr string
		var ref entry.Ref
		if err := r.Scan(&id, &attr, &ref.Type, &ref.ID); err != nil {
			return err
		}
		for at < len(vs)-1 && vs[at].entry.ID < id {
			at++
		}
		if e := vs[at].entry; e.ID == id {
			e.Attrs[attr] = append(e.Attrs[attr], ref)
		}
		return nil
	})
}

// Load returns the live objects among ids, in their order.
func (d *Directory) Load(ctx context.Context, t entry.Type, ids []string, members bool) (os []directory.Object, err error) {
	err = d.read(ctx, "read "+string(t), func(tx tx) error {
		os = make([]directory.Object, 0, len(ids))
		for _, id := range ids {
			v, err := tx.versioned(t, id, members)
			if err != nil {
				return err
			}
			if v.live() {
				os = append(os, v.public())
			}
		}
		return nil
	})
	return os, err
}

// Scan returns a page of all live objects in the order of id, after the id given, without members.
func (d *Directory) Scan(ctx context.Context, t entry.Type, after string, limit int) (os []directory.Object, err error) {
	err = d.read(ctx, "list "+string(t), func(tx tx) error {
		vs, err := tx.versionedPage(t, after, max(limit, 0))
		if err == nil && t == entry.User {
			err = tx.addLiveRefs(t, vs)
		}
		os = make([]directory.Object, len(vs))
		for i, v := range vs {
			os[i] = v.public()
		}
		return err
	})
	return os, err
}

func (t tx) versionedPage(typ entry.Type, after string, limit int) (vs []versioned, err error) {
	return t.versionedRows(versionedPage, typ, after, limit)
}

// versionedRows reads the objects a query yields as (id, seq, state, created, modified, doc), without their references.
func (t tx) versionedRows(q Query, typ entry.Type, args ...any) (vs []versioned, err error) {
	err = t.each(q, append([]any{string(typ)}, args...), func(r Rows) error {
		v := versioned{object: object{entry: entry.Entry{Type: typ}}}
		var doc []byte
		err := r.Scan(&v.entry.ID, &v.seq, &v.state, &v.created, &v.modified, &doc)
		if err == nil {
			v.entry.Attrs, err = decodeAttrs(doc)
		}
		vs = append(vs, v)
		return err
	})
	return vs, err
}

// Seek returns the ids of live objects by an indexed attribute, see directory.Objects.
func (d *Directory) Seek(ctx context.Context, t entry.Type, attr, value string) (ids []string, err error) {
	q, args := idsByKey, []any{string(t), value}
	switch {
	case attr == directory.ExternalID:
		q = idsByExternalID
	case t == entry.User && attr == directory.Manager, t == entry.Group && attr == directory.Members:
		q, args = idsByRef, append(args, attr)
	default:
		key, err := directory.LookupKey(t, attr, value)
		if err != nil {
			return nil, err
		}
		args[1] = key
	}
	err = d.read(ctx, "find "+string(t), func(tx tx) error {
		ids, err = tx.ids(q, args)
		return err
	})
	slices.Sort(ids)
	return slices.Compact(ids), err
}

func (t tx) ids(q Query, args []any) (ids []string, err error) {
	err = t.each(q, args, func(r Rows) error {
		var id string
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// Skip returns the id of the n-th live object after an id, "" when there are fewer.
func (d *Directory) Skip(ctx context.Context, t entry.Type, after string, n int) (id string, err error) {
	if n < 1 {
		return "", fault.New(fault.Invalid, "skip", "%d is not the number of an object", n)
	}
	err = d.read(ctx, "list "+string(t), func(tx tx) error {
		_, err := tx.one(nthObject, []any{string(t), after, n - 1}, &id)
		return err
	})
	return id, err
}
