package cycle

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// Bounds of what is kept of the target: whole rows up to here, then only fingerprints of the matching values, eight bytes each,
// and beyond that nothing at all. So a target of any size takes a bounded part of the service's memory.
var (
	shelfRows   = 50_000
	shelfPrints = 4_000_000
)

// shelf is what the target held of one type when an initial cycle began, kept so that not every person needs a request.
// It answers only what is certain; whatever could depend on the target's own way of comparing is left to the target.
type shelf struct {
	attrs []string // attributes kept, the matching ones first
	index []map[string][]int
	match int // how many of attrs are indexed

	mu     sync.RWMutex
	rows   []row
	byID   map[string]int
	prints []prints // of the matching values, when there are too many rows; nil before
	blind  bool     // too many even for that: only the target can answer
}

// prints is a set of fingerprints: sorted ones, and those that came since.
type prints struct {
	sorted []uint64
	fresh  map[uint64]struct{}
}

func (p *prints) add(key string) {
	if p.fresh == nil {
		p.fresh = map[uint64]struct{}{}
	}
	p.fresh[maphash.String(shelfSeed, key)] = struct{}{}
	if len(p.fresh) >= max(1<<16, len(p.sorted)/8) {
		p.settle()
	}
}

// settle moves the fresh ones to the sorted: a map takes five times the room.
func (p *prints) settle() {
	p.sorted = slices.Grow(p.sorted, len(p.fresh))
	for h := range p.fresh {
		p.sorted = append(p.sorted, h)
	}
	slices.Sort(p.sorted)
	p.fresh = nil
}

func (p *prints) has(key string) bool {
	h := maphash.String(shelfSeed, key)
	if _, ok := p.fresh[h]; ok {
		return true
	}
	_, ok := slices.BinarySearch(p.sorted, h)
	return ok
}

var shelfSeed = maphash.MakeSeed()

// row holds an entry's values without a map of its own: only the attributes that have some.
type row struct {
	id    string
	cells []cell
}

type cell struct {
	attr   int // place in shelf.attrs
	values []entry.Value
}

func newShelf(match, others []string) *shelf {
	s := &shelf{byID: map[string]int{}, match: len(match)}
	s.attrs = append(s.attrs, match...)
	for _, o := range others {
		if !slices.Contains(s.attrs, o) {
			s.attrs = append(s.attrs, o, o+".value")
		}
	}
	s.index = make([]map[string][]int, s.match)
	for i := range s.index {
		s.index[i] = map[string][]int{}
	}
	return s
}

// put adds an entry that was listed.
func (s *shelf) put(e entry.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if place := s.add(e, len(s.attrs)); place >= 0 {
		s.byID[e.ID] = place
	}
}

// mention adds an entry that was created since: it can be found by its matching attributes, but what it holds is the target's to say.
func (s *shelf) mention(e entry.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(e, s.match)
}

// add keeps the first n attributes and returns the row's place; -1 when no rows are kept any more.
func (s *shelf) add(e entry.Entry, n int) int {
	if s.prints == nil && len(s.rows) >= shelfRows {
		s.shrink()
	}
	if s.prints != nil || s.blind {
		s.print(e)
		return -1
	}
	place := len(s.rows)
	r := row{id: e.ID}
	for i, a := range s.attrs[:n] {
		if vs := e.Attrs[a]; len(vs) > 0 {
			r.cells = append(r.cells, cell{i, vs})
			if i < s.match {
				s.point(i, vs, place)
			}
		}
	}
	s.rows = append(s.rows, r)
	return place
}

// shrink gives up the rows and keeps fingerprints of the matching values: those say for sure only that nobody has a value, which is
// what matters most when everybody is created.
func (s *shelf) shrink() {
	s.prints = make([]prints, s.match)
	for i, values := range s.index {
		for v := range values {
			s.prints[i].add(v)
		}
		s.prints[i].settle()
	}
	s.rows, s.index, s.byID = nil, nil, map[string]int{}
}

func (s *shelf) print(e entry.Entry) {
	for i := range s.prints {
		for _, v := range e.Attrs[s.attrs[i]] {
			s.prints[i].add(fold(v))
		}
		if len(s.prints[i].sorted) > shelfPrints {
			s.prints, s.blind = nil, true
			return
		}
	}
}

func (s *shelf) point(i int, vs []entry.Value, place int) {
	for _, v := range vs {
		key := fold(v)
		s.index[i][key] = append(s.index[i][key], place)
	}
}

// forget makes the target itself be asked about the object from now on.
func (s *shelf) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

func (s *shelf) get(id string) (entry.Entry, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n, ok := s.byID[id]
	if !ok {
		return entry.Entry{}, false
	}
	return s.entry(n), true
}

func (s *shelf) entry(n int) entry.Entry {
	r := s.rows[n]
	e := entry.Entry{ID: r.id, Attrs: make(entry.Attrs, len(r.cells))}
	for _, c := range r.cells {
		e.Attrs[s.attrs[c.attr]] = c.values
	}
	return e
}

// find answers a matching question. sure is false when only the target can answer: the attribute is not kept, several
// objects are alike but for case, the one found differs in case, or was changed since.
func (s *shelf) find(attr string, v entry.Value) (hits []entry.Entry, sure bool) {
	i := -1
	for n, a := range s.attrs[:s.match] {
		if a == attr {
			i = n
		}
	}
	if i < 0 {
		return nil, false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.blind {
		return nil, false
	}
	if s.prints != nil {
		return nil, !s.prints[i].has(fold(v))
	}
	ns := s.index[i][fold(v)]
	switch len(ns) {
	case 0:
		return nil, true
	case 1:
	default:
		return nil, false
	}
	e := s.entry(ns[0])
	if n, ok := s.byID[e.ID]; !ok || n != ns[0] || !exact(e.Attrs[attr], v) {
		return nil, false
	}
	return []entry.Entry{e}, true
}

func exact(values []entry.Value, v entry.Value) bool {
	for _, x := range values {
		if entry.Equal(x, v) {
			return true
		}
	}
	return false
}

func fold(v entry.Value) string { return strings.ToLower(fmt.Sprint(v)) }

// readAhead lists the target's users before an initial cycle when the target can do that.
func (p *pass) readAhead(ctx context.Context) error {
	lister, ok := p.Target.(Lister)
	if !p.initial || !ok {
		return nil
	}
	for _, o := range p.rules.App.Objects {
		if o.Source != entry.User {
			continue // groups are few, and read with their members one by one
		}
		var s *shelf
		err := p.patiently(ctx, func(ctx context.Context) error {
			s = newShelf(p.rules.MatchAttrs(o.Source), p.rules.TargetAttrs(o.Source))
			for e, err := range lister.List(ctx, o.Target) {
				if err != nil {
					return err
				}
				s.put(e)
			}
			return nil
		})
		if fault.Is(err, fault.Unsupported) {
			continue // the target cannot list: every person is asked for, with the same outcome
		}
		if err != nil {
			return fmt.Errorf("list the target: %w", err)
		}
		if p.shelves == nil {
			p.shelves = map[entry.Type]*shelf{}
		}
		p.shelves[o.Target] = s
	}
	return nil
}

// shelve puts a created object beside what was read ahead, so that a second person with the same matching value finds it.
func (p *pass) shelve(e entry.Entry) {
	if s := p.shelves[e.Type]; s != nil {
		s.mention(e)
	}
}

func (p *pass) unshelve(id string) {
	for _, s := range p.shelves {
		s.forget(id)
	}
}
