package mem

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// store is one population. What it keeps is never changed in place, so that a reader may keep an entry without the lock.
type store struct {
	mu      sync.RWMutex
	schema  connector.Schema
	tables  map[entry.Type]*table
	holders map[string]map[key]struct{} // anchor → objects that may point to it; a superset
	people  int                         // made-up people number 0 to people-1 exist unless in gone
	gone    map[int]struct{}            // deleted, or changed and therefore in the table
	changes changes
}

type key struct {
	t  entry.Type
	id string
}

// table holds the objects of one type in the order of their creation.
type table struct {
	kind   connector.ObjectType
	byID   map[string]stored
	order  []string                     // anchors; one that is not at its place in at is skipped
	at     map[string]int               // anchor → place in order
	unique map[string]map[string]string // attribute → folded value → anchor
}

func newStore(s connector.Schema) *store {
	st := &store{schema: s, tables: map[entry.Type]*table{}, holders: map[string]map[key]struct{}{}, gone: map[int]struct{}{}, changes: newChanges()}
	for _, o := range s.Types {
		t := &table{kind: o, byID: map[string]stored{}, at: map[string]int{}, unique: map[string]map[string]string{}}
		for _, a := range o.Attributes {
			if a.Unique && !slices.Contains(o.Anchor, a.Name) {
				t.unique[a.Name] = map[string]string{}
			}
		}
		st.tables[o.Name] = t
	}
	return st
}

// seed fills a fresh store; only the schema of New has room for made-up people.
func (s *store) seed(people, groups int) {
	s.people = people
	for g := range groups {
		e := entry.Entry{Type: entry.Group, ID: fmt.Sprintf("5a117907-0000-4000-9000-%012x", g), Attrs: entry.Attrs{
			"displayName": {fmt.Sprintf("%s %d", departments[g%len(departments)], g/len(departments)+1)}}}
		e.Attrs["id"] = []entry.Value{e.ID}
		for m := range min(20, people) {
			id := personID((g*20 + m) % people)
			e.Attrs["members"] = append(e.Attrs["members"], entry.Ref{Type: entry.User, ID: id})
		}
		s.put(s.tables[entry.Group], e)
	}
}

func (s *store) table(t entry.Type) (*table, error) {
	if tab, ok := s.tables[t]; ok {
		return tab, nil
	}
	return nil, fault.New(fault.Invalid, "find the object type", "there is no type %q", t).
		WithHint("see the connector's schema for the types it has")
}

// get returns the object as stored; the caller must not change it.
func (s *store) get(t *table, id string) (entry.Entry, bool) {
	if e, ok := t.byID[id]; ok {
		return e.entry(t.kind.Name), true
	}
	if i := personOf(id); t.kind.Name == entry.User && s.lives(i) {
		return person(i), true
	}
	return entry.Entry{}, false
}

// lives reports whether the made-up person still exists unchanged.
func (s *store) lives(i int) bool {
	_, gone := s.gone[i]
	return i >= 0 && i < s.people && !gone
}

// put stores the entry in place of one with its ID, and keeps the indexes.
func (s *store) put(t *table, e entry.Entry) {
	old, had := s.get(t, e.ID)
	if had {
		t.unindex(old)
	}
	if _, ok := t.byID[e.ID]; !ok {
		t.at[e.ID] = len(t.order)
		t.order = append(t.order, e.ID)
	}
	if i := personOf(e.ID); t.kind.Name == entry.User && s.lives(i) {
		s.gone[i] = struct{}{}
	}
	t.byID[e.ID] = keep(e)
	t.index(e)
	s.changes.add(t.kind.Name, e.ID)
	for _, id := range references(e) {
		if s.holders[id] == nil {
			s.holders[id] = map[key]struct{}{}
		}
		s.holders[id][key{t.kind.Name, e.ID}] = struct{}{}
	}
}

// drop takes the object out, and every reference to it.
func (s *store) drop(t *table, id string) {
	e, ok := s.get(t, id)
	if !ok {
		return
	}
	t.unindex(e)
	t.forget(id)
	s.changes.add(t.kind.Name, id)
	if i := personOf(id); t.kind.Name == entry.User && s.lives(i) {
		s.gone[i] = struct{}{}
	}
	s.repoint(t.kind.Name, id, "")
}

// repoint makes every reference to the object from point to the anchor to, or goes when that is "".
func (s *store) repoint(t entry.Type, from, to string) {
	holders := s.holders[from]
	delete(s.holders, from)
	for k := range holders {
		x, ok := s.tables[k.t].byID[k.id]
		if !ok {
			continue
		}
		e := x.entry(k.t)
		e.Attrs = repointed(e.Attrs, t, from, to)
		s.put(s.tables[k.t], e)
	}
}

func repointed(have entry.Attrs, t entry.Type, from, to string) entry.Attrs {
	out := make(entry.Attrs, len(have))
	for name, vs := range have {
		var kept []entry.Value
		for _, v := range vs {
			if r, ok := v.(entry.Ref); ok && r.ID == from && (r.Type == "" || r.Type == t) {
				if to == "" {
					continue
				}
				r.ID = to
				v = r
			}
			kept = append(kept, v)
		}
		out.Set(name, kept...)
	}
	return out
}

func references(e entry.Entry) []string {
	var ids []string
	for _, vs := range e.Attrs {
		for _, v := range vs {
			r, ok := v.(entry.Ref)
			if !ok {
				break // the values of one attribute are of one type
			}
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// forget takes the object from its place, and closes the gaps in the order when they are many.
func (t *table) forget(id string) {
	delete(t.byID, id)
	delete(t.at, id)
	if len(t.order) > 2*len(t.byID)+1024 {
		t.order = t.inOrder()
		for i, id := range t.order {
			t.at[id] = i
		}
	}
}

// inOrder returns the anchors in the order of creation.
func (t *table) inOrder() []string {
	ids := make([]string, 0, len(t.byID))
	for i, id := range t.order {
		if at, ok := t.at[id]; ok && at == i {
			ids = append(ids, id)
		}
	}
	return ids
}

func (t *table) index(e entry.Entry) {
	for name, m := range t.unique {
		if v, ok := t.folded(name, e.Attrs.First(name)); ok {
			m[v] = e.ID
		}
	}
}

func (t *table) unindex(e entry.Entry) {
	for name, m := range t.unique {
		if v, ok := t.folded(name, e.Attrs.First(name)); ok && m[v] == e.ID {
			delete(m, v)
		}
	}
}

// folded returns a value as the unique index keeps it.
func (t *table) folded(name string, v entry.Value) (string, bool) {
	if v == nil {
		return "", false
	}
	a, _ := t.kind.Attribute(name)
	text := fmt.Sprint(v)
	if !a.CaseExact {
		text = strings.ToLower(text)
	}
	return text, true
}

// holderOf returns the anchor of the object that holds a unique value.
func (s *store) holderOf(t *table, name string, v entry.Value) (string, bool) {
	text, ok := t.folded(name, v)
	if !ok {
		return "", false
	}
	if id, ok := t.unique[name][text]; ok {
		return id, true
	}
	if i := personNamed(text); name == "userName" && t.kind.Name == entry.User && s.lives(i) {
		return personID(i), true
	}
	return "", false
}

// newAnchor returns a random UUID.
func newAnchor() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
