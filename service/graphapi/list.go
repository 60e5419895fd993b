package graphapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

// scanned bounds how many objects one request looks at once it has found something: the page is then shorter than $top, with a link
// to go on. scanBatch is how many are read at a time.
const (
	scanned   = 100_000
	scanBatch = 1000
)

// place is where a page ended: the id, or the values it was ordered by.
type place struct {
	ID   string   `json:"i,omitempty"`
	Key  string   `json:"k,omitempty"`
	Keys []string `json:"o,omitempty"`
}

// found is a page of objects with where it ended; at is nil when there is no more.
type found struct {
	objects []entry.Entry
	at      *place
}

func (a *API) list(w http.ResponseWriter, r *http.Request, s *shape) error {
	o, err := readOptions(r)
	if err == nil {
		err = o.only(s.navigations()...)
	}
	if err == nil {
		err = o.advanced()
	}
	if err == nil {
		err = s.readSet(o)
	}
	if err != nil {
		return err
	}
	var from place
	if err := openCursor(o.skip, &from); err != nil {
		return err
	}
	f, err := a.page(r.Context(), s, o, from)
	if err != nil {
		return err
	}
	items := make([]object, len(f.objects))
	for i, e := range f.objects {
		items[i] = s.render(e, o.selected)
		if err := a.expandNavigations(r.Context(), items[i], e, o); err != nil {
			return err
		}
	}
	next := ""
	if f.at != nil {
		next = o.next(r, f.at)
	}
	count, err := a.countIf(r.Context(), s, o)
	if err != nil {
		return err
	}
	return writePage(w, r, s.path, items, next, count)
}

func (s *shape) navigations() []string {
	if s.typ == entry.User {
		return []string{directory.Manager, "memberOf", "directReports"}
	}
	return []string{directory.Members, owners, "memberOf"}
}

// countIf counts what passes, for the first page of a request that asked for it.
func (a *API) countIf(ctx context.Context, s *shape, o *options) (*int, error) {
	if !o.count || o.skip != "" {
		return nil, nil //nolint:nilnil // nil is: not asked
	}
	n, err := a.count(ctx, s, o)
	return &n, err
}

func (a *API) count(ctx context.Context, s *shape, o *options) (n int, err error) {
	if o.filter == nil && o.search == nil {
		return a.Directory.Count(ctx, s.typ)
	}
	ids, ok, err := a.candidates(ctx, s, o)
	if err != nil {
		return 0, err
	}
	if ok {
		os, err := a.Directory.Load(ctx, s.typ, ids, false)
		for _, x := range os {
			if s.matches(o, x.Entry) {
				n++
			}
		}
		return n, err
	}
	err = a.narrowed(ctx, s, o, func(e entry.Entry) bool {
		if s.matches(o, e) {
			n++
		}
		return true
	})
	return n, err
}

// scan walks over all live objects in the order of id, after one, until visit has enough. Those who scan at the same time take turns,
// batch by batch, so that searches of a large directory leave the other processors to everybody else.
func (a *API) scan(ctx context.Context, s *shape, after string, visit func(entry.Entry) bool) error {
	for {
		last, err := a.look(ctx, s, after, visit)
		if err != nil || last == "" {
			return err
		}
		after = last
	}
}

// look visits one batch and returns the id it ended with; "" when there is no more to see.
func (a *API) look(ctx context.Context, s *shape, after string, visit func(entry.Entry) bool) (last string, err error) {
	select {
	case a.looking <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { <-a.looking }()
	os, err := a.Directory.Scan(ctx, s.typ, after, scanBatch)
	if err != nil {
		return "", err
	}
	for _, x := range os {
		if !visit(x.Entry) {
			return "", nil
		}
	}
	if len(os) < scanBatch {
		return "", nil
	}
	return os[len(os)-1].ID, nil
}

// page finds the objects of one page by the best way there is.
func (a *API) page(ctx context.Context, s *shape, o *options, from place) (found, error) {
	ids, ok, err := a.candidates(ctx, s, o)
	if err != nil {
		return found{}, err
	}
	if ok {
		return a.pageOf(ctx, s, o, from, ids)
	}
	if w, ok := a.walker(s, o); ok && (len(o.order) == 0 || w.orders(o)) {
		return w.page(ctx, s, o, from)
	}
	if len(o.order) > 0 {
		return a.pageSorted(ctx, s, o, from)
	}
	return a.pageByID(ctx, s, o, from)
}

// pageOf serves a filter that names its objects.
func (a *API) pageOf(ctx context.Context, s *shape, o *options, from place, ids []string) (found, error) {
	slices.Sort(ids)
	os, err := a.Directory.Load(ctx, s.typ, slices.Compact(ids), false)
	if err != nil {
		return found{}, err
	}
	var f found
	for _, x := range os {
		if x.ID <= from.ID || !s.matches(o, x.Entry) {
			continue
		}
		if len(f.objects) == o.top {
			f.at = &place{ID: f.objects[o.top-1].ID}
			break
		}
		f.objects = append(f.objects, x.Entry)
	}
	return f, nil
}

func (a *API) pageByID(ctx context.Context, s *shape, o *options, from place) (f found, err error) {
	if o.filter == nil && o.search == nil {
		os, err := a.Directory.Scan(ctx, s.typ, from.ID, o.top+1)
		for _, x := range os[:min(len(os), o.top)] {
			f.objects = append(f.objects, x.Entry)
		}
		if len(os) > o.top {
			f.at = &place{ID: os[o.top-1].ID}
		}
		return f, err
	}
	seen, last := 0, ""
	err = a.scan(ctx, s, from.ID, func(e entry.Entry) bool {
		if len(f.objects) == o.top || seen > scanned && len(f.objects) > 0 {
			f.at = &place{ID: last}
			return false
		}
		if seen, last = seen+1, e.ID; s.matches(o, e) {
			f.objects = append(f.objects, e)
		}
		return true
	})
	return f, err
}
