package inbound

import (
	"context"
	"iter"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/service/directory"
)

// batch is how many objects a scan holds in memory at once.
const batch = 256

// search is one Find on its way.
type search struct {
	viewer
	scimserver.Query
	reach int
}

// Find implements scimserver.Store. The order is that of the ids, which are made in the order of time. A filter that demands the
// value of an indexed attribute reads only the objects that have it; any other reads all objects page by page.
func (s *Store) Find(ctx context.Context, q scimserver.Query) (scimserver.Page, error) {
	k, err := s.shape(q.Type)
	if err != nil {
		return scimserver.Page{}, err
	}
	x := &search{viewer{ctx: ctx, dir: s.dir, shape: k, holders: map[string][]string{}}, q, s.reach}
	var f found
	switch {
	case q.SortBy != "":
		f, err = x.sorted()
	case q.Filter == nil:
		f, err = x.all()
	default:
		f, err = x.filtered()
	}
	if err != nil {
		return scimserver.Page{}, err
	}
	rs, err := s.resources(ctx, k, f.objects)
	return scimserver.Page{Total: f.total, Resources: rs, Next: f.next}, err
}

// found is a page before it is translated.
type found struct {
	total   int
	objects []directory.Object
	next    string
}

// all answers without a filter.
func (x *search) all() (found, error) {
	f := found{}
	var err error
	if f.total, err = x.dir.Count(x.ctx, x.Type); err != nil || x.Count < 1 {
		return f, err
	}
	after := x.After
	if after == "" && x.Start > 1 {
		if after, err = x.dir.Skip(x.ctx, x.Type, "", x.Start-1); err != nil || after == "" {
			return f, err
		}
	}
	os, err := x.dir.Scan(x.ctx, x.Type, after, x.Count+1)
	if err != nil {
		return f, err
	}
	return x.cut(f, os)
}

// cut takes the page off objects of which one more than the page may have been read, and reads members where they are wanted.
func (x *search) cut(f found, os []directory.Object) (found, error) {
	if len(os) > x.Count {
		os = os[:x.Count]
		f.next = os[x.Count-1].ID
	}
	f.objects = os
	if !x.Detached || x.Type != entry.Group {
		return f, nil
	}
	var err error
	f.objects, err = x.dir.Load(x.ctx, x.Type, idsOf(os), true)
	return f, err
}

func idsOf(os []directory.Object) []string {
	ids := make([]string, len(os))
	for i, o := range os {
		ids[i] = o.ID
	}
	return ids
}

// filtered keeps the page and counts the rest; a walk by cursor ends when its page is full.
func (x *search) filtered() (found, error) {
	f, n, first := found{}, 0, max(x.Start, 1)
	if x.After != "" {
		f.total, first = -1, 1
	}
	var page []directory.Object
	for o, err := range x.matches(x.After) {
		if err != nil {
			return f, err
		}
		if n++; n >= first && len(page) <= x.Count {
			page = append(page, o)
		}
		if x.After != "" && len(page) > x.Count {
			break
		}
	}
	if f.total == 0 {
		f.total = n
	}
	if x.Count < 1 {
		return f, nil
	}
	return x.cut(f, page)
}

// matches yields the objects after an id that satisfy the filter, in the order of id.
func (x *search) matches(after string) iter.Seq2[directory.Object, error] {
	return func(yield func(directory.Object, error) bool) {
		for os, err := range x.batches(after) {
			if err != nil {
				yield(directory.Object{}, err)
				return
			}
			for _, o := range os {
				hit := x.Filter == nil || x.Filter.Match(source{&x.viewer, o})
				if x.err != nil {
					yield(directory.Object{}, x.err)
					return
				}
				if hit && !yield(o, nil) {
					return
				}
			}
		}
	}
}

// batches yields candidates after an id.
func (x *search) batches(after string) iter.Seq2[[]directory.Object, error] {
	return func(yield func([]directory.Object, error) bool) {
		ids, ok, err := x.probe()
		switch {
		case err != nil:
			yield(nil, err)
		case ok:
			x.load(ids, after, yield)
		default:
			x.scan(after, yield)
		}
	}
}

func (x *search) load(ids []string, after string, yield func([]directory.Object, error) bool) {
	from, there := slices.BinarySearch(ids, after)
	if there {
		from++
	}
	for part := range slices.Chunk(ids[from:], batch) {
		os, err := x.dir.Load(x.ctx, x.Type, part, false)
		if !yield(os, err) || err != nil {
			return
		}
	}
}

func (x *search) scan(after string, yield func([]directory.Object, error) bool) {
	for {
		os, err := x.dir.Scan(x.ctx, x.Type, after, batch)
		if !yield(os, err) || err != nil || len(os) < batch {
			return
		}
		after = os[len(os)-1].ID
	}
}

// probe asks the directory's indexes for an equality that every match fulfils; false when there is none.
func (x *search) probe() (ids []string, ok bool, err error) {
	for _, p := range probes(x.Filter) {
		text := textOf(p.Value)
		if p.Attr == "id" {
			return []string{text}, true, nil
		}
		if attr, indexed := x.shape.index[p.Attr]; indexed {
			ids, err := x.dir.Seek(x.ctx, x.Type, attr, text)
			return ids, true, err
		}
	}
	return nil, false, nil
}

// probes returns what a filter demands, best first.
func probes(f scimserver.Matcher) []scim.Probe {
	if f == nil {
		return nil
	}
	if all, ok := f.(interface{ Probes() []scim.Probe }); ok {
		return all.Probes()
	}
	attr, v, ok := f.Probe()
	if !ok {
		return nil
	}
	return []scim.Probe{{Attr: attr, Value: v}}
}

func textOf(v entry.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case entry.Ref:
		return v.ID
	}
	return ""
}
