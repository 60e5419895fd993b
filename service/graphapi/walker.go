package graphapi

import (
	"context"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

// walker reads objects in the order of an attribute that has an index, from any place on, those alone whose attribute begins with a
// prefix.
type walker struct {
	attr, prefix string
	list         func(ctx context.Context, prefix string, after place, desc bool, limit int) ([]directory.Object, error)
	at           func(entry.Entry) place
}

// walkers are the attributes of a type that have such an index.
func (a *API) walkers(s *shape) []walker {
	byName := walker{
		attr: s.name,
		list: func(ctx context.Context, prefix string, after place, desc bool, limit int) ([]directory.Object, error) {
			return a.Directory.ByName(ctx, s.typ, prefix, after.Key, desc, limit)
		},
		at: func(e entry.Entry) place { return place{Key: directory.Key(e)} },
	}
	if s.typ != entry.User { // groups are unique by the name people see
		return []walker{byName}
	}
	return []walker{byName, {
		attr: directory.DisplayName,
		list: func(ctx context.Context, prefix string, after place, desc bool, limit int) ([]directory.Object, error) {
			return a.Directory.ByShown(ctx, prefix, directory.Shown{Name: after.Key, ID: after.ID}, desc, limit)
		},
		at: func(e entry.Entry) place {
			shown := directory.ShownAt(e)
			return place{Key: shown.Name, ID: shown.ID}
		},
	}}
}

// walker finds the index that serves the order, or else one that narrows what the filter can let through; false when there is none.
func (a *API) walker(s *shape, o *options) (walker, bool) {
	all := a.walkers(s)
	for i := range all {
		all[i].prefix, _ = begins(o, all[i].attr)
		if all[i].orders(o) {
			return all[i], true
		}
	}
	for _, w := range all {
		if _, ok := begins(o, w.attr); ok {
			return w, true
		}
	}
	return walker{}, false
}

// begins returns the text with which the attribute begins of everything that passes the filter.
func begins(o *options, attr string) (string, bool) {
	if p, ok := o.filter.Prefix(attr); ok {
		return p, true
	}
	if one, ok := o.filter.Equal(attr); ok && len(one) == 1 {
		return one[0], true
	}
	return "", false
}

// orders reports whether the walk is in the order that is asked for.
func (w walker) orders(o *options) bool {
	return len(o.order) == 1 && strings.EqualFold(o.order[0].Path, w.attr)
}

// narrowed walks over all live objects that can pass the filter, in any order, until visit has enough.
func (a *API) narrowed(ctx context.Context, s *shape, o *options, visit func(entry.Entry) bool) error {
	if w, ok := a.walker(s, o); ok {
		return w.visit(ctx, visit)
	}
	return a.scan(ctx, s, "", visit)
}

// visit walks over all from the beginning, until visit has enough.
func (w walker) visit(ctx context.Context, visit func(entry.Entry) bool) error {
	var from place
	for {
		os, err := w.list(ctx, w.prefix, from, false, scanBatch)
		if err != nil {
			return err
		}
		for _, x := range os {
			if from = w.at(x.Entry); !visit(x.Entry) {
				return nil
			}
		}
		if len(os) < scanBatch {
			return nil
		}
	}
}

// page serves a page. It reads little at first, since most of what the index gives passes the filter, and more when it does not.
func (w walker) page(ctx context.Context, s *shape, o *options, from place) (f found, err error) {
	desc := len(o.order) == 1 && o.order[0].Desc
	for seen, size := 0, o.top+1; ; size = max(size, min(2*size, scanBatch)) {
		os, err := w.list(ctx, w.prefix, from, desc, size)
		if err != nil {
			return f, err
		}
		for _, x := range os {
			if len(f.objects) == o.top || seen > scanned && len(f.objects) > 0 {
				f.at = &from
				return f, nil
			}
			seen, from = seen+1, w.at(x.Entry)
			if s.matches(o, x.Entry) {
				f.objects = append(f.objects, x.Entry)
			}
		}
		if len(os) < size {
			return f, nil
		}
	}
}
