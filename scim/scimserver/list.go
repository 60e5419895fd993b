package scimserver

import (
	"net/http"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
)

// page is a ListResponse in the making.
type page struct {
	total  int // -1: unknown, left out
	start  int
	next   string // cursor of the next page
	parts  []part
	length int // resources in all parts
}

// part is a run of resources of one type within a page.
type part struct {
	k          *kind
	projection *scim.Projection
	resources  []Resource
}

func (p *page) add(k *kind, projection *scim.Projection, rs []Resource) {
	if len(rs) > 0 {
		p.parts = append(p.parts, part{k, projection, rs})
		p.length += len(rs)
	}
}

// list answers GET /Users and POST /Users/.search.
func (c *call) list(k *kind) (answer, error) {
	p, err := k.Projection(c.params.attributes, c.params.excluded)
	if err != nil {
		return answer{}, err
	}
	q, probe, err := c.query(k)
	if err != nil {
		return answer{}, err
	}
	if probe {
		return c.nothing(k)
	}
	q.Detached = k.wantsDetached(p)
	pos, err := c.place(&q, k.segment)
	if err != nil {
		return answer{}, err
	}
	found, err := c.h.store.Find(c.ctx, q)
	if err != nil {
		return answer{}, cursorFault(err, q.After)
	}
	out := page{total: found.Total, start: pos.index, parts: []part{{k, p, found.Resources}}, length: len(found.Resources)}
	if out.total < 0 && pos.total > 0 {
		out.total = pos.total
	}
	if c.params.hasCursor && found.Next != "" && q.Count > 0 {
		next := position{issued: c.now, total: out.total, index: pos.index + out.length, token: found.Next}
		out.next = c.h.cursors.seal(next, c.question(k.segment))
	}
	return c.listResponse(out), nil
}

// query reads filter, sorting and page size; probe says that the filter asks for an attribute that cannot exist (the connection
// test of Entra), which is answered with an empty list.
func (c *call) query(k *kind) (q Query, probe bool, err error) {
	q.Type = k.Name
	limits := &c.h.config.Limits
	if q.Count, err = c.params.size(limits.PageSize, limits.MaxPageSize); err != nil {
		return q, false, err
	}
	if q.Start, err = c.params.start(); err != nil {
		return q, false, err
	}
	if c.params.sortBy != "" {
		if q.SortBy, err = sortKey(k, c.params.sortBy); err != nil {
			return q, false, err
		}
	}
	if q.Descending, err = c.params.descending(); err != nil {
		return q, false, err
	}
	if c.params.hasFilter {
		f, err := k.ParseFilterIn(c.params.filter, c.h.config.Mode)
		if err != nil {
			return q, false, err
		}
		q.Filter, probe = f, f.IsUnknownProbe()
	}
	return q, probe, nil
}

// place turns a cursor into the query's position and returns it.
func (c *call) place(q *Query, scope string) (position, error) {
	if !c.params.hasCursor {
		return position{index: q.Start}, nil
	}
	q.Start = 1
	if c.params.cursor == "" {
		return position{index: 1}, nil
	}
	pos, err := c.h.cursors.open(c.params.cursor, c.question(scope), c.now)
	q.After = pos.token
	return pos, err
}

// cursorFault names a position that the store no longer knows as what it is to the client.
func cursorFault(err error, after string) error {
	if after != "" && (fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid)) {
		return refuse(http.StatusBadRequest, "expiredCursor", "the position of the cursor is gone; start again with an empty cursor")
	}
	return err
}

// nothing answers the probe: an empty list, if the store could have answered at all.
func (c *call) nothing(k *kind) (answer, error) {
	if _, err := c.h.store.Find(c.ctx, Query{Type: k.Name, Start: 1}); err != nil {
		return answer{}, err
	}
	return c.listResponse(page{start: 1}), nil
}

// sortKey returns the attribute to sort by in the schema's spelling; a complex one sorts by its value.
func sortKey(k *kind, name string) (string, error) {
	key, ok := k.Canonical(name)
	if !ok {
		return "", refuse(http.StatusBadRequest, "invalidPath", "sortBy: there is no attribute %q", name)
	}
	a, ok := k.Attribute(key)
	if !ok || a.Detached || a.Returned == "never" {
		return "", refuse(http.StatusBadRequest, "invalidPath", "sortBy: %s cannot be sorted by", key)
	}
	if len(a.Sub) == 0 {
		return key, nil
	}
	if _, ok := k.Attribute(key + ".value"); !ok {
		return "", refuse(http.StatusBadRequest, "invalidPath", "sortBy: %s is complex; name one of its sub-attributes", key)
	}
	return key + ".value", nil
}

// listResponse writes the ListResponse (RFC 7644 §3.4.2).
func (c *call) listResponse(p page) answer {
	b := scim.List{Total: p.total, Start: p.start, Items: p.length, Next: p.next}.AppendHead(c.out[:0])
	first := true
	for _, part := range p.parts {
		for i := range part.resources {
			if !first {
				b = append(b, ',')
			}
			first = false
			r := &part.resources[i]
			b = part.k.AppendJSON(b, r.Entry, metaOf(*r, c.location(part.k, r.ID)), part.projection)
		}
	}
	c.out = scim.AppendListEnd(b)
	return answer{status: http.StatusOK, body: c.out}
}
