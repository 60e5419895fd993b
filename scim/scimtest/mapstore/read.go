package mapstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

// Get implements scimserver.Store.
func (s *Store) Get(_ context.Context, t entry.Type, id string, detached bool) (scimserver.Resource, error) {
	if err := s.refuse("get", t); err != nil {
		return scimserver.Resource{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	tab, err := s.table(t)
	if err != nil {
		return scimserver.Resource{}, err
	}
	r, err := tab.find(id)
	if err != nil {
		return scimserver.Resource{}, err
	}
	return s.show(tab, r, detached), nil
}

// show returns a row as the contract wants it: with the computed groups, with the members only when asked.
func (s *Store) show(t *table, r *row, detached bool) scimserver.Resource {
	e := r.entry
	groups := s.groups(t, e.ID)
	if len(groups) > 0 || detached && len(r.members) > 0 {
		e.Attrs = maps.Clone(e.Attrs)
		e.Attrs.Set("groups", groups...)
		if detached && len(r.members) > 0 {
			e.Attrs[t.detached[0]] = r.roster()
		}
	}
	return scimserver.Resource{Entry: e, Version: r.version, Created: r.created, Modified: r.modified}
}

// groups computes the read-only attribute of the types that have it.
func (s *Store) groups(t *table, id string) []entry.Value {
	in := s.memberOf[id]
	if a, ok := t.rt.Attribute("groups"); len(in) == 0 || !ok || a.Mutability != scim.ReadOnly {
		return nil
	}
	rows := slices.SortedFunc(maps.Values(in), func(a, b *row) int { return cmp.Compare(a.seq, b.seq) })
	values := make([]entry.Value, len(rows))
	for i, g := range rows {
		values[i] = entry.Complex{"value": g.entry.ID, "display": g.entry.Attrs.Text("displayName"), "type": "direct"}
	}
	return values
}

// Find implements scimserver.Store.
func (s *Store) Find(_ context.Context, q scimserver.Query) (scimserver.Page, error) {
	if err := s.refuse("find", q.Type); err != nil {
		return scimserver.Page{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.table(q.Type)
	if err != nil {
		return scimserver.Page{}, err
	}
	rows := s.matching(t, q.Filter)
	if q.SortBy != "" {
		s.sort(t, rows, q)
	}
	page := scimserver.Page{Total: len(rows)}
	from, err := s.from(t, rows, q)
	if err != nil {
		return page, err
	}
	to := min(from+q.Count, len(rows))
	for _, r := range rows[from:to] {
		page.Resources = append(page.Resources, s.show(t, r, q.Detached))
	}
	if to > from && to < len(rows) {
		page.Next = s.token(t, rows[to-1], q)
	}
	return page, nil
}

// matching returns the rows that satisfy the filter in creation order, from an index when there is one.
func (s *Store) matching(t *table, f scimserver.Matcher) []*row {
	rows := make([]*row, 0, 8)
	add := func(r *row) {
		if !r.deleted && (f == nil || f.Match(source{s, t, r})) {
			rows = append(rows, r)
		}
	}
	if f != nil {
		if candidates, ok := s.probe(t, f); ok {
			for _, r := range candidates {
				add(r)
			}
			slices.SortFunc(rows, func(a, b *row) int { return cmp.Compare(a.seq, b.seq) })
			return rows
		}
	}
	for _, r := range t.order {
		add(r)
	}
	return rows
}

// probe asks the index for an equality that every match fulfils.
func (s *Store) probe(t *table, f scimserver.Matcher) ([]*row, bool) {
	attr, v, ok := f.Probe()
	if !ok {
		return nil, false
	}
	if attr == "id" {
		r := t.rows[text(v)]
		return slices.DeleteFunc([]*row{r}, func(r *row) bool { return r == nil }), true
	}
	if slices.Contains(t.detached, attr) {
		rows := slices.Collect(maps.Values(s.memberOf[text(v)]))
		return slices.DeleteFunc(rows, func(r *row) bool { return t.rows[r.entry.ID] != r }), true
	}
	index, ok := t.indexes[attr]
	if !ok {
		return nil, false
	}
	k, ok := t.key(attr, v)
	return index[k], ok
}

func text(v entry.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case entry.Ref:
		return v.ID
	}
	return ""
}

func (s *Store) sort(t *table, rows []*row, q scimserver.Query) {
	slices.SortStableFunc(rows, func(a, b *row) int { return s.compare(t, a, b, q) })
}

func (s *Store) compare(t *table, a, b *row, q scimserver.Query) int {
	if q.SortBy == "" {
		return cmp.Compare(a.seq, b.seq)
	}
	if q.Descending {
		a, b = b, a
	}
	x, y := source{s, t, a}, source{s, t, b}
	switch {
	case t.rt.Less(x, y, q.SortBy):
		return -1
	case t.rt.Less(y, x, q.SortBy):
		return 1
	}
	return 0
}

// from returns where the page begins: at an index, or after the row that a token names. In creation order the walk goes on even
// when that row is gone; in another order it cannot.
func (s *Store) from(t *table, rows []*row, q scimserver.Query) (int, error) {
	if q.After == "" {
		return min(max(q.Start, 1)-1, len(rows)), nil
	}
	seq, err := strconv.ParseInt(q.After, 36, 64)
	if err != nil {
		return 0, fault.New(fault.Invalid, "find", "the position is not one of this store")
	}
	for i, r := range rows {
		if q.SortBy == "" && r.seq > seq || q.SortBy != "" && r.seq == seq {
			if q.SortBy != "" {
				i++
			}
			return i, nil
		}
	}
	if q.SortBy == "" {
		return len(rows), nil
	}
	return 0, fault.New(fault.NotFound, "find", "the last resource of the page before is gone from %s", t.rt.Name)
}

func (s *Store) token(_ *table, last *row, _ scimserver.Query) string {
	return strconv.FormatInt(last.seq, 36)
}

// source shows a row to a filter.
type source struct {
	s *Store
	t *table
	r *row
}

// Values implements scim.Source.
func (x source) Values(attr string) []entry.Value {
	switch attr {
	case "id":
		return []entry.Value{x.r.entry.ID}
	case "meta.created":
		return []entry.Value{x.r.created}
	case "meta.lastModified":
		return []entry.Value{x.r.modified}
	case "meta.resourceType":
		return []entry.Value{string(x.t.rt.Name)}
	case "meta.version":
		return []entry.Value{scim.ETag(x.r.version)}
	case "groups":
		return x.s.groups(x.t, x.r.entry.ID)
	}
	if slices.Contains(x.t.detached, attr) {
		return x.r.roster()
	}
	return x.r.entry.Attrs[attr]
}

// Holds implements scim.Source.
func (x source) Holds(attr, id string) bool {
	if slices.Contains(x.t.detached, attr) {
		_, ok := x.r.members[id]
		return ok
	}
	for _, v := range x.Values(attr) {
		switch v := v.(type) {
		case entry.Ref:
			if v.ID == id {
				return true
			}
		case entry.Complex:
			if v["value"] == id {
				return true
			}
		}
	}
	return false
}
