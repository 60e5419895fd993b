package scimserver

import (
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/scim"
)

// leg is the part of a query over all types that concerns one of them.
type leg struct {
	*kind
	projection *scim.Projection
	query      Query
}

const everyType = "*" // scope of a cursor over all types

// listAll answers GET /?filter=… and POST /.search: one list over all resource types, in the order of /ResourceTypes
// (RFC 7644 §3.4.2.1). A type that lacks an attribute of the filter has no match; that every type lacks it is an error.
func (c *call) listAll() (answer, error) {
	if c.h.config.Surface != InboundEndpoint {
		return answer{}, refuse(http.StatusNotImplemented, "", "a search over all resource types is not supported here; ask /Users or /Groups")
	}
	legs, err := c.legs()
	if err != nil {
		return answer{}, err
	}
	if len(legs) == 0 {
		return c.nothing(c.h.kinds[0])
	}
	if c.params.hasCursor {
		return c.walkAll(legs)
	}
	if c.params.sortBy != "" {
		return c.mergeAll(legs)
	}
	return c.chainAll(legs)
}

// legs makes the query of each type that can match; only when all refuse is the first refusal the answer.
func (c *call) legs() ([]leg, error) {
	var legs []leg
	var first error
	for _, k := range c.h.kinds {
		q, probe, err := c.query(k)
		if err == nil && probe {
			continue
		}
		var p *scim.Projection
		if err == nil {
			p, err = k.Projection(c.params.attributes, c.params.excluded)
		}
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		q.Detached = k.wantsDetached(p)
		legs = append(legs, leg{k, p, q})
	}
	if len(legs) > 0 || first == nil && len(c.h.kinds) > 0 {
		return legs, nil
	}
	if first == nil {
		first = refuse(http.StatusNotImplemented, "", "this endpoint serves no resource type")
	}
	return nil, first
}

// chainAll answers an index page: the types one after the other.
func (c *call) chainAll(legs []leg) (answer, error) {
	out := page{start: legs[0].query.Start}
	skip, room := out.start-1, legs[0].query.Count
	for _, l := range legs {
		l.query.Start, l.query.Count = skip+1, room
		found, err := c.h.store.Find(c.ctx, l.query)
		if err != nil {
			return answer{}, err
		}
		out.add(l.kind, l.projection, found.Resources)
		out.total += found.Total
		room -= len(found.Resources)
		skip = max(0, skip-found.Total)
	}
	return c.listResponse(out), nil
}

// walkAll answers a cursor page: the walk ends one type before it begins the next.
func (c *call) walkAll(legs []leg) (answer, error) {
	pos, err := c.place(&legs[0].query, everyType)
	if err != nil {
		return answer{}, err
	}
	if pos.leg < 0 || pos.leg >= len(legs) {
		return answer{}, badCursor()
	}
	if pos.token == "" && pos.leg == 0 {
		if pos.total, err = c.countAll(legs); err != nil {
			return answer{}, err
		}
	}
	out := page{total: pos.total, start: pos.index}
	l := legs[pos.leg]
	l.query.Start, l.query.After = 1, pos.token
	found, err := c.h.store.Find(c.ctx, l.query)
	if err != nil {
		return answer{}, cursorFault(err, l.query.After)
	}
	out.add(l.kind, l.projection, found.Resources)
	next := position{issued: c.now, total: pos.total, index: pos.index + out.length, leg: pos.leg, token: found.Next}
	if found.Next == "" {
		next.leg++
	}
	if next.leg < len(legs) && l.query.Count > 0 {
		out.next = c.h.cursors.seal(next, c.question(everyType))
	}
	return c.listResponse(out), nil
}

func (c *call) countAll(legs []leg) (total int, err error) {
	for _, l := range legs {
		l.query.Count = 0
		found, err := c.h.store.Find(c.ctx, l.query)
		if err != nil {
			return 0, err
		}
		total += max(0, found.Total)
	}
	return total, nil
}

// mergeAll answers a sorted index page: the first of every type, merged. How far it reaches is bounded, because each page reads
// all pages before it.
func (c *call) mergeAll(legs []leg) (answer, error) {
	start, count := legs[0].query.Start, legs[0].query.Count
	reach := start - 1 + count
	if limit := 10 * c.h.config.Limits.MaxPageSize; reach > limit {
		return answer{}, refuse(http.StatusBadRequest, "tooMany", "a sorted search over all types reaches %d resources; ask one type or add a filter", limit)
	}
	type item struct {
		leg leg
		r   Resource
	}
	var all []item
	out := page{start: start}
	for _, l := range legs {
		l.query.Start, l.query.Count = 1, reach
		found, err := c.h.store.Find(c.ctx, l.query)
		if err != nil {
			return answer{}, err
		}
		out.total += found.Total
		for _, r := range found.Resources {
			all = append(all, item{l, r})
		}
	}
	slices.SortStableFunc(all, func(a, b item) int { return compareAcross(a.leg, b.leg, a.r, b.r) })
	for _, it := range all[min(start-1, len(all)):min(reach, len(all))] {
		out.add(it.leg.kind, it.leg.projection, []Resource{it.r})
	}
	return c.listResponse(out), nil
}

// compareAcross orders two resources of any types by each one's own sort attribute; those without it come last when ascending.
func compareAcross(la, lb leg, a, b Resource) int {
	va := la.SortKey(la.SourceOf(a.Entry, metaOf(a, "")), la.query.SortBy)
	vb := lb.SortKey(lb.SourceOf(b.Entry, metaOf(b, "")), lb.query.SortBy)
	at, _ := la.Attribute(la.query.SortBy)
	if la.query.Descending {
		return scim.Compare(vb, va, at)
	}
	return scim.Compare(va, vb, at)
}
