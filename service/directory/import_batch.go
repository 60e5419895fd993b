package directory

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// flush stores the batch.
func (im *importer) flush(ctx context.Context) error {
	if err := im.storeBatch(ctx); err != nil {
		return err
	}
	im.batch, im.began = im.batch[:0], im.rows.bytes
	clear(im.inBatch)
	if im.progress != nil {
		im.progress(im.rows.line, im.rows.bytes)
	}
	return ctx.Err()
}

// placed is a row with the object it is about.
type placed struct {
	person
	id    string
	found entry.Entry
	fresh bool
}

func (im *importer) storeBatch(ctx context.Context) error {
	ps, err := im.settleNew(ctx)
	if err != nil {
		return err
	}
	for _, p := range ps {
		if err := im.deferRefs(p); err != nil {
			return err
		}
	}
	return im.update(ctx, ps)
}

// settleNew places the rows of the batch and creates what is new. If somebody else took a name since it was looked up, all rows
// are placed again.
func (im *importer) settleNew(ctx context.Context) ([]placed, error) {
	for range 3 {
		ps, err := im.placeBatch(ctx)
		if err != nil {
			return nil, err
		}
		n, err := im.create(ctx, ps)
		if err == nil {
			im.report.Created += n
			return ps, nil
		}
		if !refusable(err) {
			return nil, err
		}
		clear(im.ids)
	}
	return nil, fault.New(fault.Conflict, "import people", "others keep creating the same names").
		WithHint("import the file again when nobody else creates people")
}

func (im *importer) placeBatch(ctx context.Context) ([]placed, error) {
	ps := make([]placed, len(im.batch))
	var err error
	for i, p := range im.batch {
		if ps[i], err = im.place(ctx, p); err != nil {
			return nil, err
		}
	}
	for i := range ps {
		if err = im.setManager(ctx, &ps[i]); err != nil {
			return nil, err
		}
	}
	return ps, nil
}

// place finds the object of a row, or gives a new one its id.
func (im *importer) place(ctx context.Context, p person) (placed, error) {
	n := name{p.typ, Key(entry.Entry{Type: p.typ, Attrs: p.patch})}
	e, err := im.store.Lookup(ctx, p.typ, lookupAttr(p.typ), p.name)
	out := placed{person: p, id: e.ID, found: e}
	if fault.Is(err, fault.NotFound) {
		out.id, out.fresh, err = NewID(), true, nil
	}
	im.remember(n, out.id)
	return out, err
}

func lookupAttr(t entry.Type) string {
	if t == entry.Group {
		return DisplayName
	}
	return UserPrincipalName
}

// remember keeps the id of a name. When too many are kept all are forgotten: most names are met again soon, or never.
func (im *importer) remember(n name, id string) {
	if len(im.ids) >= rememberMost {
		clear(im.ids)
	}
	im.ids[n] = id
}

// idOf returns the id of a name, "" when nobody has it.
func (im *importer) idOf(ctx context.Context, t entry.Type, called string) (string, error) {
	n := name{t, Fold(called)}
	if id, ok := im.ids[n]; ok {
		return id, nil
	}
	e, err := im.store.Lookup(ctx, t, lookupAttr(t), called)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err == nil {
		im.remember(n, e.ID)
	}
	return e.ID, err
}

// setManager names a manager who is known already.
func (im *importer) setManager(ctx context.Context, p *placed) error {
	if p.manager == "" || p.typ != entry.User {
		return nil
	}
	id, err := im.idOf(ctx, entry.User, p.manager)
	if id != "" {
		p.patch[Manager] = []entry.Value{entry.Ref{Type: entry.User, ID: id}}
	}
	return err
}

// deferRefs puts references aside until all rows are in.
func (im *importer) deferRefs(p placed) error {
	wants := deferred{Line: p.line, Type: p.typ, ID: p.id}
	if p.manager != "" && p.typ == entry.User && len(p.patch[Manager]) == 0 {
		wants.Attr, wants.Names = Manager, []string{p.manager}
		if err := im.spool.put(wants); err != nil {
			return err
		}
	}
	im.report.References += len(p.patch[Manager])
	if len(p.members) > 0 {
		wants.Attr, wants.Names = Members, p.members
		if err := im.spool.put(wants); err != nil {
			return err
		}
	}
	if len(p.memberOf) > 0 {
		wants.Attr, wants.Names = columnMemberOf, p.memberOf
		return im.spool.put(wants)
	}
	return nil
}

// create stores the new objects of a batch in one go.
func (im *importer) create(ctx context.Context, ps []placed) (int, error) {
	var es []entry.Entry
	now := time.Now().UTC().Truncate(time.Second)
	for _, p := range ps {
		if p.fresh {
			es = append(es, p.entry(now))
		}
	}
	if len(es) == 0 {
		return 0, nil
	}
	return len(es), im.store.PutMany(ctx, es)
}

func (p placed) entry(now time.Time) entry.Entry {
	e := Merge(entry.Entry{Type: p.typ, ID: p.id}, p.patch)
	if len(e.Attrs[CreatedDateTime]) == 0 {
		e.Attrs.Set(CreatedDateTime, now)
	}
	return e
}

// refusable reports whether an error is the row's own fault; any other ends the import.
func refusable(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Exists, fault.NotFound, fault.Conflict:
		return true
	}
	return false
}

// update merges the rows of a batch into objects that exist, several at once so that they share commits.
func (im *importer) update(ctx context.Context, ps []placed) error {
	errs := make([]error, len(ps))
	changed := make([]bool, len(ps))
	var g errgroup.Group
	g.SetLimit(importers)
	for i, p := range ps {
		if p.fresh || sameAs(p.found, p.patch) {
			continue
		}
		changed[i] = true
		g.Go(func() error {
			_, errs[i] = im.store.Put(ctx, p.typ, p.id, func(e entry.Entry) (entry.Entry, error) { return Merge(e, p.patch), nil })
			return nil
		})
	}
	_ = g.Wait() // errors are in errs, each with its row
	for i, p := range ps {
		switch {
		case p.fresh:
		case errs[i] != nil && !refusable(errs[i]):
			return errs[i]
		case errs[i] != nil:
			im.report.refuse(p.line, im.header, errs[i])
		case changed[i]:
			im.report.Updated++
		default:
			im.report.Unchanged++
		}
	}
	return nil
}

// sameAs reports whether the entry holds what the patch says already.
func sameAs(e entry.Entry, patch entry.Attrs) bool {
	for attr, want := range patch {
		have := e.Attrs[attr]
		if len(have) != len(want) {
			return false
		}
		for i := range want {
			if !entry.Equal(have[i], want[i]) {
				return false
			}
		}
	}
	return true
}
