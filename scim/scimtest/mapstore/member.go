package mapstore

import (
	"cmp"
	"hash/fnv"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// checkMembers refuses references to resources that do not exist.
func (s *Store) checkMembers(refs []entry.Ref) error {
	if s.LooseReferences {
		return nil
	}
	for _, ref := range refs {
		if s.typeOf(ref) == "" {
			return fault.New(fault.Invalid, "store members", "there is no resource with the id %q", ref.ID).
				WithHint("create the member before the membership")
		}
	}
	return nil
}

// typeOf returns the type of the resource that a reference points to, "" when there is none.
func (s *Store) typeOf(ref entry.Ref) entry.Type {
	for name, t := range s.tables {
		if t.rows[ref.ID] != nil && (ref.Type == "" || ref.Type == name) {
			return name
		}
	}
	return ""
}

func refsOf(values []entry.Value) []entry.Ref {
	refs := make([]entry.Ref, 0, len(values))
	for _, v := range values {
		if ref, ok := v.(entry.Ref); ok {
			refs = append(refs, ref)
		}
	}
	return refs
}

// join adds a member and reports whether it was new.
func (s *Store) join(r *row, ref entry.Ref) bool {
	if _, there := r.members[ref.ID]; there {
		return false
	}
	if r.members == nil {
		r.members = map[string]member{}
	}
	if t := s.typeOf(ref); t != "" {
		ref.Type = t
	}
	r.members[ref.ID] = member{ref: ref, seq: s.next()}
	r.sum ^= digest(ref.ID)
	if s.memberOf[ref.ID] == nil {
		s.memberOf[ref.ID] = map[string]*row{}
	}
	s.memberOf[ref.ID][r.entry.ID] = r
	return true
}

// part takes a member out and reports whether it was there.
func (s *Store) part(r *row, id string) bool {
	if _, there := r.members[id]; !there {
		return false
	}
	delete(r.members, id)
	r.sum ^= digest(id)
	delete(s.memberOf[id], r.entry.ID)
	if len(s.memberOf[id]) == 0 {
		delete(s.memberOf, id)
	}
	return true
}

// roster returns the members in the order in which they came.
func (r *row) roster() []entry.Value {
	list := make([]member, 0, len(r.members))
	for _, m := range r.members {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b member) int { return cmp.Compare(a.seq, b.seq) })
	values := make([]entry.Value, len(list))
	for i, m := range list {
		values[i] = m.ref
	}
	return values
}

func digest(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // a hash never fails to write
	return h.Sum64()
}
