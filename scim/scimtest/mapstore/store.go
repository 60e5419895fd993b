package mapstore

import (
	"crypto/rand"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
)

// Store implements scimserver.Store. Its fields may be set before first use.
type Store struct {
	// NewID chooses the id of a new resource; nil makes a random one.
	NewID func(e entry.Entry) string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Fail, when it returns an error, makes an operation ("find", "get", "create", "update", "delete") fail before it does anything.
	Fail func(operation string, t entry.Type) error
	// LooseReferences accepts members that do not exist, as a host does whose target has not caught up.
	LooseReferences bool

	mu       sync.RWMutex
	tables   map[entry.Type]*table
	memberOf map[string]map[string]*row // member id to the rows of its groups by id
	seq      int64
}

// table holds the resources of one type.
type table struct {
	rt       *scim.ResourceType
	rows     map[string]*row
	order    []*row // by seq; deleted ones stay, marked, until compacted
	dead     int
	indexes  map[string]map[string][]*row // attribute to folded value to rows
	exact    map[string]bool              // attributes compared with regard to case
	unique   []string
	detached []string
}

// row is one resource. The attributes are never changed in place, so that readers may keep them.
type row struct {
	entry    entry.Entry
	seq      int64
	secret   uint64 // counts changes of what is never returned
	version  string // hash over the content, so that the same content has the same version in every process
	created  time.Time
	modified time.Time
	members  map[string]member // by id, of the detached attribute
	sum      uint64            // over members, whatever their order
	deleted  bool
}

type member struct {
	ref entry.Ref
	seq int64
}

// New returns an empty store for the resource types.
func New(types ...*scim.ResourceType) *Store {
	s := &Store{tables: map[entry.Type]*table{}, memberOf: map[string]map[string]*row{}}
	for _, rt := range types {
		s.tables[rt.Name] = newTable(rt)
	}
	return s
}

// newTable indexes the unique attributes, externalId and every other single string attribute of an extension, as a host does
// with its matching attributes.
func newTable(rt *scim.ResourceType) *table {
	t := &table{rt: rt, rows: map[string]*row{}, indexes: map[string]map[string][]*row{}, exact: map[string]bool{}, detached: rt.Detached()}
	add := func(name string, a scim.Attribute) {
		unique := a.Uniqueness == scim.UniqueServer || a.Uniqueness == scim.UniqueGlobal
		if unique {
			t.unique = append(t.unique, name)
		}
		t.indexes[name] = map[string][]*row{}
		t.exact[name] = a.CaseExact
	}
	add("externalId", scim.Attribute{CaseExact: true})
	for _, a := range rt.Core.Attributes {
		if a.Uniqueness == scim.UniqueServer || a.Uniqueness == scim.UniqueGlobal {
			add(a.Name, a)
		}
	}
	for _, x := range rt.Extensions {
		for _, a := range x.Attributes {
			if a.Type == scim.String && a.Returned != scim.ReturnedNever {
				add(x.ID+":"+a.Name, a)
			}
		}
	}
	return t
}

// refuse asks Fail, before anything is locked, so that it may take its time.
func (s *Store) refuse(operation string, t entry.Type) error {
	if s.Fail == nil {
		return nil
	}
	return s.Fail(operation, t)
}

func (s *Store) table(t entry.Type) (*table, error) {
	if tab := s.tables[t]; tab != nil {
		return tab, nil
	}
	return nil, fault.New(fault.NotFound, "find table", "there is no resource type %q", t)
}

func (t *table) find(id string) (*row, error) {
	if r := t.rows[id]; r != nil {
		return r, nil
	}
	return nil, fault.New(fault.NotFound, "find "+string(t.rt.Name), "there is no %s with the id %q", t.rt.Name, id)
}

func (s *Store) now() time.Time {
	if s.Now != nil {
		return s.Now().UTC().Truncate(time.Millisecond)
	}
	return time.Now().UTC().Truncate(time.Millisecond)
}

func (s *Store) newID(e entry.Entry) string {
	if s.NewID != nil {
		return s.NewID(e)
	}
	return strings.ToLower(rand.Text())
}

func (s *Store) next() int64 {
	s.seq++
	return s.seq
}

// key is how a value of an indexed attribute is looked up.
func (t *table) key(attr string, v entry.Value) (string, bool) {
	text, ok := v.(string)
	if ok && !t.exact[attr] {
		text = scim.Fold(text)
	}
	return text, ok
}
