package storage

import (
	"context"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

// pageSize is how many objects the change feed holds in memory at once. Members of groups are read one group at a time.
const pageSize = 256

const (
	presentObjects Query = `SELECT id, seq, state, modified, doc FROM directory_object
		WHERE tenant = $1 AND type = $2 AND id > $3 AND state <> 2 ORDER BY id LIMIT $4`

	changedObjects Query = `SELECT type, id, seq, state, modified, doc FROM directory_object
		WHERE tenant = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4`
)

// Now returns the position of the newest change.
func (d *Directory) Now(ctx context.Context) (directory.Watermark, error) {
	seq, err := d.now(ctx)
	return position{seq: seq}.watermark(), err
}

func (d *Directory) now(ctx context.Context) (seq int64, err error) {
	err = d.read(ctx, "read change log", func(tx tx) error {
		_, err := tx.one(readDirectoryClock, nil, &seq)
		return err
	})
	return seq, err
}

// After yields what changed after w up to the moment of the call, see directory.Changes. It reads page by page and holds
// neither a transaction nor a lock while the consumer works. From the zero watermark it reads every object that exists, users
// first, in the order of id; what changes meanwhile lies after the last watermark and comes with the next call.
func (d *Directory) After(ctx context.Context, w directory.Watermark) iter.Seq2[directory.Change, error] {
	return d.feed(ctx, w, false)
}

func (d *Directory) feed(ctx context.Context, w directory.Watermark, slim bool) iter.Seq2[directory.Change, error] {
	return func(yield func(directory.Change, error) bool) {
		f := reading{d, slim, func(c directory.Change) bool { return yield(c, nil) }}
		if err := f.after(ctx, w); err != nil {
			yield(directory.Change{}, err)
		}
	}
}

// reading is one walk along the changes.
type reading struct {
	*Directory
	slim  bool // leave members out
	yield func(directory.Change) bool
}

func (f reading) after(ctx context.Context, w directory.Watermark) error {
	from, end, err := f.span(ctx, w)
	if err != nil {
		return err
	}
	if from.typ == "" {
		_, err = f.log(ctx, from.seq, end)
		return err
	}
	more, err := f.present(ctx, from)
	if err == nil && more {
		_, err = f.log(ctx, from.seq, end)
	}
	return err
}

// span says where to begin and where to end: at the newest change there is now.
func (d *Directory) span(ctx context.Context, w directory.Watermark) (from position, end int64, err error) {
	if end, err = d.now(ctx); err != nil {
		return from, 0, err
	}
	if w == "" {
		return position{seq: end, typ: entry.User}, end, nil
	}
	if from, err = parsePosition(w); err != nil {
		return from, 0, err
	}
	if from.seq > end {
		return from, 0, fault.New(fault.Conflict, "read change log", "the watermark lies after the newest change").
			WithHint("the directory was restored from an older backup: restart the job so that it begins with an initial cycle")
	}
	return from, end, nil
}

// present yields everything that exists from a position on; false when the consumer had enough. The last object comes with the
// plain position in the log, since nothing of the reading is left to do then.
func (f reading) present(ctx context.Context, from position) (bool, error) {
	types := []entry.Type{entry.User, entry.Group}
	if from.typ == entry.Group {
		types = types[1:]
	}
	var held *directory.Change
	for _, t := range types {
		for {
			os, err := f.presentPage(ctx, t, from.last)
			if err != nil {
				return false, err
			}
			for _, o := range os {
				from.typ, from.last = t, o.entry.ID
				e, ok, err := f.whole(ctx, o)
				if err != nil {
					return false, err
				}
				if !ok {
					continue // hard-deleted since the page was read; the log says so
				}
				if held != nil && !f.yield(*held) {
					return false, nil
				}
				held = &directory.Change{At: from.watermark(), Entry: e, Changed: when(o.modified)}
			}
			if len(os) < pageSize {
				break
			}
		}
		from.last = ""
	}
	if held == nil {
		return true, nil
	}
	held.At = position{seq: from.seq}.watermark()
	return f.yield(*held), nil
}

func (d *Directory) presentPage(ctx context.Context, t entry.Type, after string) (os []object, err error) {
	err = d.read(ctx, "read directory", func(tx tx) error {
		os = os[:0]
		err := tx.each(presentObjects, []any{string(t), after, pageSize}, func(r Rows) error {
			o := object{entry: entry.Entry{Type: t}}
			var doc []byte
			err := r.Scan(&o.entry.ID, &o.seq, &o.state, &o.modified, &doc)
			if err == nil {
				o.entry.Attrs, err = decodeAttrs(doc)
			}
			os = append(os, o)
			return err
		})
		if err != nil {
			return err
		}
		return tx.addSmallRefs(os)
	})
	return os, err
}

// addSmallRefs reads the references of everything but groups, whose members may be many.
func (t tx) addSmallRefs(os []object) error {
	for _, o := range os {
		if o.entry.Type == entry.Group || o.state == gone {
			continue
		}
		if err := t.addRefs(o.entry); err != nil {
			return err
		}
	}
	return nil
}

// whole returns the entry with all its references; false when it has gone meanwhile.
func (f reading) whole(ctx context.Context, o object) (entry.Entry, bool, error) {
	if err := ctx.Err(); err != nil {
		return entry.Entry{}, false, err
	}
	if o.entry.Type != entry.Group || f.slim {
		return o.entry, true, nil
	}
	now, err := f.load(ctx, "read directory", o.entry.Type, o.entry.ID)
	return now.entry, now.exists(), err
}

// log yields the changes in (from, end]; false when the consumer had enough.
func (f reading) log(ctx context.Context, from, end int64) (bool, error) {
	for {
		os, err := f.logPage(ctx, from, end)
		if err != nil || len(os) == 0 {
			return true, err
		}
		for _, o := range os {
			from = o.seq
			c := directory.Change{At: position{seq: o.seq}.watermark(), Entry: o.entry, Deleted: o.state == gone, Changed: when(o.modified)}
			ok := true
			if !c.Deleted {
				if c.Entry, ok, err = f.whole(ctx, o); err != nil {
					return false, err
				}
			}
			if ok && !f.yield(c) {
				return false, nil
			}
		}
	}
}

func (d *Directory) logPage(ctx context.Context, from, end int64) (os []object, err error) {
	err = d.read(ctx, "read change log", func(tx tx) error {
		os = os[:0]
		err := tx.each(changedObjects, []any{from, end, pageSize}, func(r Rows) error {
			o, err := scanChange(r)
			os = append(os, o)
			return err
		})
		if err != nil {
			return err
		}
		return tx.addSmallRefs(os)
	})
	return os, err
}

func scanChange(r Rows) (o object, err error) {
	var doc []byte
	if err = r.Scan(&o.entry.Type, &o.entry.ID, &o.seq, &o.state, &o.modified, &doc); err != nil || o.state == gone {
		return o, err
	}
	o.entry.Attrs, err = decodeAttrs(doc)
	return o, err
}

// Wait returns nil as soon as something lies after w, at once if it does already; ctx's error when ctx ends.
func (d *Directory) Wait(ctx context.Context, w directory.Watermark) error {
	return d.wait(ctx, "wait for changes", directoryNews, func() (bool, error) {
		from, end, err := d.span(ctx, w)
		if err != nil || from.typ == "" {
			return end > from.seq, err
		}
		found := false
		err = reading{d, true, func(directory.Change) bool { found = true; return false }}.after(ctx, w)
		return found, err
	})
}
