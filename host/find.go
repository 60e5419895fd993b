package host

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strconv"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

// Find implements scimserver.Store. It reads the cache only, except while the cache is an image from before the start: then a
// matching attribute that finds nothing is asked of the target.
func (c *Coordinator) Find(ctx context.Context, q scimserver.Query) (scimserver.Page, error) {
	k, g, err := c.open(q.Type)
	if err != nil {
		return scimserver.Page{}, err
	}
	if q.SortBy != "" {
		return c.sorted(k, q)
	}
	page, err := c.page(k, q)
	if err == nil && len(page.Resources) == 0 && q.Filter != nil && !g.Fresh {
		if n, err := c.readThrough(ctx, k, q); err != nil || n == 0 {
			return page, err
		}
		return c.page(k, q)
	}
	return page, err
}

// readThrough asks the target for what the filter's probe names, and returns how many objects came of it.
func (c *Coordinator) readThrough(ctx context.Context, k *kind, q scimserver.Query) (int, error) {
	for _, p := range probes(q.Filter) {
		column, value, ok := k.b.Probe(p.Attr, p.Value)
		if ok && k.indexed[column] {
			return c.adopt(ctx, k, []identity{{column, value}})
		}
	}
	return 0, nil
}

// page answers a query in the order of creation.
func (c *Coordinator) page(k *kind, q scimserver.Query) (scimserver.Page, error) {
	after, err := position(q.After)
	if err != nil {
		return scimserver.Page{}, err
	}
	if q.Filter == nil {
		return c.pageOfAll(k, q, after), nil
	}
	var p scimserver.Page
	var last uint64
	from := max(q.Start, 1)
	if q.After != "" {
		from = 1
	}
	more := false
	for v := range c.candidates(k, q.Filter) {
		if v.Seq() <= after || !q.Filter.Match(source{c, k, v}) {
			continue
		}
		p.Total++
		if p.Total < from || len(p.Resources) >= q.Count {
			more = more || p.Total >= from
			continue
		}
		p.Resources = append(p.Resources, c.resource(k, v.Flat(q.Detached), q.Detached))
		last = v.Seq()
	}
	if more && len(p.Resources) > 0 {
		p.Next = strconv.FormatUint(last, 10)
	}
	if q.After != "" {
		p.Total = -1
	}
	return p, nil
}

func (c *Coordinator) pageOfAll(k *kind, q scimserver.Query, after uint64) scimserver.Page {
	p := scimserver.Page{Total: k.cache.Len()}
	rows := k.cache.From(max(q.Start, 1) - 1)
	if q.After != "" {
		rows = k.cache.Rows(after)
	}
	if q.Count == 0 {
		return p
	}
	var last uint64
	p.Resources = make([]scimserver.Resource, 0, min(q.Count, p.Total))
	for v := range rows {
		if len(p.Resources) == q.Count {
			p.Next = strconv.FormatUint(last, 10)
			break
		}
		p.Resources = append(p.Resources, c.resource(k, v.Flat(q.Detached), q.Detached))
		last = v.Seq()
	}
	return p
}

func position(token string) (uint64, error) {
	if token == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(token, 10, 64)
	if err != nil {
		return 0, fault.New(fault.Invalid, "find", "the position %q is none of ours", token)
	}
	return n, nil
}

// candidates returns the rows that can match: those an index finds, else all.
func (c *Coordinator) candidates(k *kind, f scimserver.Matcher) iter.Seq[*cache.View] {
	for _, p := range probes(f) {
		if p.Attr == "id" {
			return k.cache.Seek("id", p.Value)
		}
		column, value, ok := k.b.Probe(p.Attr, p.Value)
		if !ok {
			continue
		}
		if ref, isRef := value.(entry.Ref); isRef {
			if a, _ := k.b.Attribute(column); long(a) {
				_, anchor, _ := cache.Anchor(ref.ID)
				return k.cache.Seek(k.alias[column], anchor)
			}
			continue
		}
		if k.indexed[column] {
			return k.cache.Seek(k.alias[column], value)
		}
	}
	return k.cache.Rows(0)
}

// probes returns the equalities that every match fulfils, best first.
func probes(f scimserver.Matcher) []scim.Probe {
	if several, ok := f.(interface{ Probes() []scim.Probe }); ok {
		return several.Probes()
	}
	if attr, v, ok := f.Probe(); ok {
		return []scim.Probe{{Attr: attr, Value: v}}
	}
	return nil
}

// place is a match of a sorted query: its key and where it is.
type place struct {
	key    entry.Value
	anchor string
}

// sorted answers a query that sorts: all matches are looked at, only the page is decoded. Its position tokens are offsets.
func (c *Coordinator) sorted(k *kind, q scimserver.Query) (scimserver.Page, error) {
	rt := k.b.ResourceType()
	attr, ok := rt.Attribute(q.SortBy)
	if !ok {
		return scimserver.Page{}, fault.New(fault.Invalid, "sort", "%s is not an attribute", q.SortBy)
	}
	offset, err := position(q.After)
	if err != nil {
		return scimserver.Page{}, err
	}
	if q.After == "" {
		offset = uint64(max(q.Start, 1) - 1)
	}
	places := c.places(k, q)
	sortPlaces(places, attr, q.Descending)
	p := scimserver.Page{Total: len(places)}
	from := min(int(offset), len(places))
	to := min(from+q.Count, len(places))
	for _, x := range places[from:to] {
		if row, ok := k.cache.Flat(x.anchor, q.Detached); ok {
			p.Resources = append(p.Resources, c.resource(k, row, q.Detached))
		}
	}
	if to < len(places) && q.Count > 0 {
		p.Next = strconv.Itoa(to)
	}
	return p, nil
}

func (c *Coordinator) places(k *kind, q scimserver.Query) []place {
	rt := k.b.ResourceType()
	rows := k.cache.Rows(0)
	if q.Filter != nil {
		rows = c.candidates(k, q.Filter)
	}
	var places []place
	for v := range rows {
		s := source{c, k, v}
		if q.Filter == nil || q.Filter.Match(s) {
			places = append(places, place{rt.SortKey(s, q.SortBy), v.Anchor()})
		}
	}
	return places
}

func sortPlaces(places []place, attr *scim.Attribute, descending bool) {
	slices.SortStableFunc(places, func(a, b place) int {
		n := scim.Compare(a.key, b.key, attr)
		if descending {
			n = -n
		}
		return cmp.Compare(n, 0)
	})
}
