package mapstore

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

// Create implements scimserver.Store.
func (s *Store) Create(_ context.Context, e entry.Entry) (scimserver.Resource, error) {
	if err := s.refuse("create", e.Type); err != nil {
		return scimserver.Resource{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.table(e.Type)
	if err != nil {
		return scimserver.Resource{}, err
	}
	e = e.Clone()
	if e.Attrs == nil {
		e.Attrs = entry.Attrs{}
	}
	t.dropSecrets(e.Attrs)
	var refs []entry.Ref
	for _, name := range t.detached {
		refs = append(refs, refsOf(e.Attrs[name])...)
		delete(e.Attrs, name)
	}
	if err := s.checkMembers(refs); err != nil {
		return scimserver.Resource{}, err
	}
	if err := t.checkUnique(e.Attrs, nil); err != nil {
		return scimserver.Resource{}, err
	}
	e.ID = s.newID(e)
	now := s.now()
	r := &row{entry: e, seq: s.next(), created: now, modified: now}
	t.rows[e.ID] = r
	t.order = append(t.order, r)
	t.insert(r)
	for _, ref := range refs {
		s.join(r, ref)
	}
	t.stamp(r)
	return s.show(t, r, true), nil
}

// dropSecrets takes out what is never returned and reports whether there was any.
func (t *table) dropSecrets(attrs entry.Attrs) (had bool) {
	for name := range attrs {
		if a, ok := t.rt.Attribute(name); ok && a.Returned == scim.ReturnedNever {
			delete(attrs, name)
			had = true
		}
	}
	return had
}

// Update implements scimserver.Store.
func (s *Store) Update(_ context.Context, t entry.Type, id, version string, edits []entry.Edit) (scimserver.Resource, error) {
	if err := s.refuse("update", t); err != nil {
		return scimserver.Resource{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tab, err := s.table(t)
	if err != nil {
		return scimserver.Resource{}, err
	}
	r, err := tab.find(id)
	if err != nil {
		return scimserver.Resource{}, err
	}
	if version != "" && version != r.version {
		return scimserver.Resource{}, fault.New(fault.Conflict, "update "+string(t), "the version moved on")
	}
	plain, long := tab.split(edits)
	for _, e := range long {
		if e.Op != entry.Remove {
			if err := s.checkMembers(refsOf(e.Values)); err != nil {
				return scimserver.Resource{}, err
			}
		}
	}
	attrs := entry.Apply(r.entry.Attrs, plain)
	secret := tab.dropSecrets(attrs)
	if err := tab.checkUnique(attrs, r); err != nil {
		return scimserver.Resource{}, err
	}
	s.commit(tab, r, attrs, long, secret)
	return s.show(tab, r, false), nil
}

// split tells the edits of the members from those of everything else.
func (t *table) split(edits []entry.Edit) (plain, long []entry.Edit) {
	for _, e := range edits {
		if slices.Contains(t.detached, e.Attr) {
			long = append(long, e)
		} else {
			plain = append(plain, e)
		}
	}
	return plain, long
}

// commit makes the new state visible; what changes nothing moves no version.
func (s *Store) commit(t *table, r *row, attrs entry.Attrs, long []entry.Edit, secret bool) {
	changed := secret
	if secret {
		r.secret++
	}
	if len(entry.Diff(attrs, r.entry.Attrs)) > 0 || len(entry.Diff(r.entry.Attrs, attrs)) > 0 {
		t.withdraw(r)
		r.entry.Attrs = attrs
		t.insert(r)
		changed = true
	}
	for _, e := range long {
		if s.applyMembers(r, e) {
			changed = true
		}
	}
	if changed {
		s.touch(t, r)
	}
}

// stamp computes the version.
func (t *table) stamp(r *row) {
	content := digest(string(t.rt.AppendBody(nil, r.entry)))
	r.version = strconv.FormatUint(content^r.sum^r.secret*0x9e3779b97f4a7c15, 36)
}

// touch moves lastModified, always forward, so that two changes within one tick of the clock can be told apart.
func (s *Store) touch(t *table, r *row) {
	now := s.now()
	if !now.After(r.modified) {
		now = r.modified.Add(1e6)
	}
	r.modified = now
	t.stamp(r)
}

func (s *Store) applyMembers(r *row, e entry.Edit) (changed bool) {
	refs := refsOf(e.Values)
	if e.Op == entry.Replace || e.Op == entry.Remove && len(refs) == 0 {
		keep := map[string]bool{}
		for _, ref := range refs {
			keep[ref.ID] = true
		}
		for id := range r.members {
			if !keep[id] {
				changed = s.part(r, id) || changed
			}
		}
	}
	for _, ref := range refs {
		if e.Op == entry.Remove {
			changed = s.part(r, ref.ID) || changed
		} else {
			changed = s.join(r, ref) || changed
		}
	}
	return changed
}

// Delete implements scimserver.Store; the resource leaves every group it was in.
func (s *Store) Delete(_ context.Context, t entry.Type, id, version string) error {
	if err := s.refuse("delete", t); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tab, err := s.table(t)
	if err != nil {
		return err
	}
	r, err := tab.find(id)
	if err != nil {
		return err
	}
	if version != "" && version != r.version {
		return fault.New(fault.Conflict, "delete "+string(t), "the version moved on")
	}
	for member := range r.members {
		s.part(r, member)
	}
	for _, group := range maps.Clone(s.memberOf[id]) {
		s.part(group, id)
		s.touch(s.tables[group.entry.Type], group)
	}
	tab.bury(r)
	return nil
}
