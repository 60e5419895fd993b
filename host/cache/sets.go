package cache

import (
	"hash/maphash"
	"iter"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/sallyport-id/sallyport/entry"
)

// sets holds one detached attribute of all rows: for each row a set of references in the order they were added, and
// for each object referred to the rows that hold it. Adding and removing one member takes the same time in any set.
type sets struct {
	attr  string
	nameH uint64 // hash of the attribute's name
	head  map[uint32]head
	edges []([]edge) // pages; edge 0 is unused
	count uint32     // edges handed out, the unused ones included
	free  uint32     // first of the free edges, linked by nextInSet
	pairs *table     // (row, member) → edge
	refs  members
}

// head is a row's set.
type head struct {
	first, last uint32
	n           uint32
	sum         uint64 // of the members' hashes: moves with the set, whatever the order
}

type edge struct {
	row, ref             uint32
	nextInSet, prevInSet uint32
	nextOfRef, prevOfRef uint32
}

const edgePage = 4096

func newSets(attr string) *sets {
	return &sets{
		attr: attr, nameH: xxhash.Sum64String(attr), head: map[uint32]head{}, count: 1,
		pairs: newTable(), refs: members{text: newStore(), byID: newTable()},
	}
}

func (s *sets) edge(e uint32) *edge { return &s.edges[e/edgePage][e%edgePage] }

func pairHash(row, ref uint32) uint64 { return maphash.Comparable(seed, uint64(row)<<32|uint64(ref)) }

// find returns the edge from row to ref, 0 when there is none.
func (s *sets) find(row, ref uint32) (found uint32) {
	s.pairs.each(pairHash(row, ref), func(e uint32) bool {
		if x := s.edge(e); x.row == row && x.ref == ref {
			found = e
		}
		return found == 0
	})
	return found
}

func (s *sets) holds(row uint32, id string) bool {
	ref, ok := s.refs.find(id)
	return ok && s.find(row, ref) != 0
}

// add puts a member into the row's set; false when it was there.
func (s *sets) add(row uint32, typ entry.Type, id string) bool {
	ref := s.refs.obtain(typ, id)
	if s.find(row, ref) != 0 {
		return false
	}
	e := s.newEdge()
	h := s.head[row]
	*s.edge(e) = edge{row: row, ref: ref, prevInSet: h.last, nextOfRef: s.refs.list[ref].first}
	if h.last != 0 {
		s.edge(h.last).nextInSet = e
	} else {
		h.first = e
	}
	if next := s.refs.list[ref].first; next != 0 {
		s.edge(next).prevOfRef = e
	}
	s.refs.list[ref].first = e
	h.last = e
	h.n++
	h.sum += memberHash(id)
	s.head[row] = h
	s.pairs.add(pairHash(row, ref), e)
	return true
}

func (s *sets) newEdge() uint32 {
	if e := s.free; e != 0 {
		s.free = s.edge(e).nextInSet
		return e
	}
	e := s.count
	s.count++
	if int(e/edgePage) == len(s.edges) {
		s.edges = append(s.edges, make([]edge, edgePage))
	}
	return e
}

// remove takes a member out; false when it was not there.
func (s *sets) remove(row uint32, id string) bool {
	ref, ok := s.refs.find(id)
	if !ok {
		return false
	}
	e := s.find(row, ref)
	if e == 0 {
		return false
	}
	s.cut(e)
	return true
}

// cut takes an edge out of both lists and frees it, and the member when nobody refers to it any more.
func (s *sets) cut(e uint32) {
	x := *s.edge(e)
	h := s.head[x.row]
	h.n--
	h.sum -= memberHash(s.refs.text.get(x.ref))
	if x.prevInSet != 0 {
		s.edge(x.prevInSet).nextInSet = x.nextInSet
	} else {
		h.first = x.nextInSet
	}
	if x.nextInSet != 0 {
		s.edge(x.nextInSet).prevInSet = x.prevInSet
	} else {
		h.last = x.prevInSet
	}
	if h.n == 0 {
		delete(s.head, x.row)
	} else {
		s.head[x.row] = h
	}
	s.cutOfRef(x)
	s.pairs.remove(pairHash(x.row, x.ref), e)
	*s.edge(e) = edge{nextInSet: s.free}
	s.free = e
}

func (s *sets) cutOfRef(x edge) {
	if x.nextOfRef != 0 {
		s.edge(x.nextOfRef).prevOfRef = x.prevOfRef
	}
	if x.prevOfRef != 0 {
		s.edge(x.prevOfRef).nextOfRef = x.nextOfRef
		return
	}
	if s.refs.list[x.ref].first = x.nextOfRef; x.nextOfRef == 0 {
		s.refs.drop(x.ref)
	}
}

// clear empties the row's set; false when it was empty.
func (s *sets) clear(row uint32) bool {
	h, ok := s.head[row]
	for e := h.first; e != 0; {
		next := s.edge(e).nextInSet
		s.cut(e)
		e = next
	}
	return ok
}

// replace makes the row's set hold exactly the members; it reports whether anything changed. Members that stay keep
// their place.
func (s *sets) replace(row uint32, want iter.Seq2[entry.Type, string]) bool {
	changed := false
	keep := map[uint32]struct{}{}
	for typ, id := range want {
		changed = s.add(row, typ, id) || changed
		ref, _ := s.refs.find(id)
		keep[ref] = struct{}{}
	}
	for e := s.head[row].first; e != 0; {
		x := s.edge(e)
		next := x.nextInSet
		if _, ok := keep[x.ref]; !ok {
			s.cut(e)
			changed = true
		}
		e = next
	}
	return changed
}

// same reports whether the row's set holds exactly the members, of which there are n, each given once.
func (s *sets) same(row uint32, n int, want iter.Seq2[entry.Type, string]) bool {
	if int(s.head[row].n) != n {
		return false
	}
	for _, id := range want {
		if !s.holds(row, id) {
			return false
		}
	}
	return true
}

// each yields the members of a row's set in the order they were added. The id is a window.
func (s *sets) each(row uint32) iter.Seq2[entry.Type, string] {
	return func(yield func(entry.Type, string) bool) {
		for e := s.head[row].first; e != 0; e = s.edge(e).nextInSet {
			ref := s.edge(e).ref
			if !yield(s.refs.list[ref].typ(&s.refs), s.refs.text.get(ref)) {
				return
			}
		}
	}
}

// holders returns the rows whose set holds the member.
func (s *sets) holders(id string) []uint32 {
	ref, ok := s.refs.find(id)
	if !ok {
		return nil
	}
	var rows []uint32
	for e := s.refs.list[ref].first; e != 0; e = s.edge(e).nextOfRef {
		rows = append(rows, s.edge(e).row)
	}
	return rows
}

// hash is the set's part in the row's version.
func (s *sets) hash(row uint32) uint64 {
	h, ok := s.head[row]
	if !ok {
		return 0
	}
	return mix(s.nameH ^ mix(h.sum+uint64(h.n)))
}

func memberHash(id string) uint64 { return mix(xxhash.Sum64String(id)) }

func (s *sets) renumber(to []uint32) {
	heads := make(map[uint32]head, len(s.head))
	for row, h := range s.head {
		for e := h.first; e != 0; e = s.edge(e).nextInSet {
			ref := s.edge(e).ref
			s.pairs.remove(pairHash(row, ref), e)
			s.edge(e).row = to[row]
		}
		heads[to[row]] = h
	}
	s.head = heads
	for row, h := range heads {
		for e := h.first; e != 0; e = s.edge(e).nextInSet {
			s.pairs.add(pairHash(row, s.edge(e).ref), e)
		}
	}
}

func (s *sets) bytes() int64 {
	return int64(len(s.edges))*edgePage*24 + s.pairs.bytes() + s.refs.byID.bytes() + s.refs.text.held +
		int64(len(s.head))*32 + int64(cap(s.refs.list))*8
}

// members are the objects that any set refers to, each once.
type members struct {
	text  *store // number → id
	list  []member
	byID  *table
	types []entry.Type
	free  []uint32
}

type member struct {
	first uint32 // edge
	kind  uint32 // place of its type
}

func (m member) typ(all *members) entry.Type { return all.types[m.kind] }

func (m *members) find(id string) (uint32, bool) {
	var found uint32
	ok := false
	m.byID.each(maphash.String(seed, id), func(n uint32) bool {
		if m.text.get(n) == id {
			found, ok = n, true
		}
		return !ok
	})
	return found, ok
}

// obtain returns the member's number, a new one if need be. A type known later than the id is filled in.
func (m *members) obtain(typ entry.Type, id string) uint32 {
	ref, ok := m.find(id)
	if !ok {
		ref = m.make(id)
		m.list[ref].kind = m.kind(typ)
	} else if typ != "" && m.types[m.list[ref].kind] == "" {
		m.list[ref].kind = m.kind(typ)
	}
	return ref
}

func (m *members) make(id string) uint32 {
	var ref uint32
	if k := len(m.free); k > 0 {
		ref = m.free[k-1]
		m.free = m.free[:k-1]
	} else {
		ref = m.text.next()
		m.list = append(m.list, member{})
	}
	m.text.set(ref, []byte(id))
	m.byID.add(maphash.String(seed, id), ref)
	return ref
}

func (m *members) kind(typ entry.Type) uint32 {
	for i, t := range m.types {
		if t == typ {
			return uint32(i)
		}
	}
	m.types = append(m.types, entry.Type(strings.Clone(string(typ))))
	return uint32(len(m.types) - 1)
}

func (m *members) drop(ref uint32) {
	m.byID.remove(maphash.String(seed, m.text.get(ref)), ref)
	m.text.drop(ref)
	m.list[ref] = member{}
	m.free = append(m.free, ref)
}
