package targettest

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/cycle"
)

// Write is one write that took effect.
type Write struct {
	Verb  string // create, update, delete
	Type  entry.Type
	ID    string
	Edits []entry.Edit
	Entry entry.Entry // of a create
}

// Memory is a target in memory. Its zero value is ready. All methods may be called from any goroutine.
type Memory struct {
	// Before is asked before each call; an error it returns is the call's, and nothing takes effect.
	Before func(verb string, e entry.Entry) error
	// After is asked after a write took effect; an error it returns is the call's: the answer was lost.
	After func(verb string, e entry.Entry) error

	mu      sync.Mutex
	next    int
	objects map[string]entry.Entry
	keys    map[string]string // idempotency key → id
	log     []Write
	reads   int
}

func key(t entry.Type, id string) string { return string(t) + "/" + id }

func (m *Memory) before(verb string, e entry.Entry) error {
	if m.Before == nil {
		return nil
	}
	return m.Before(verb, e)
}

func (m *Memory) after(verb string, e entry.Entry) error {
	if m.After == nil {
		return nil
	}
	return m.After(verb, e)
}

// Find implements cycle.Target without regard to case.
func (m *Memory) Find(_ context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	if err := m.before("find", entry.Entry{Type: t}); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	var hits []entry.Entry
	for _, id := range slices.Sorted(maps.Keys(m.objects)) {
		e := m.objects[id]
		if e.Type == t && strings.EqualFold(fmt.Sprint(e.Attrs.First(attr)), fmt.Sprint(v)) {
			hits = append(hits, e.Clone())
		}
	}
	return hits, nil
}

// Get implements cycle.Target.
func (m *Memory) Get(_ context.Context, t entry.Type, id string) (entry.Entry, error) {
	if err := m.before("get", entry.Entry{Type: t, ID: id}); err != nil {
		return entry.Entry{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	e, ok := m.objects[key(t, id)]
	if !ok {
		return e, fault.New(fault.NotFound, "get", "no %s %s", t, id)
	}
	return e.Clone(), nil
}

// Create implements cycle.Target; the same idempotency key creates once.
func (m *Memory) Create(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	if err := m.before("create", e); err != nil {
		return e, err
	}
	m.mu.Lock()
	if m.objects == nil {
		m.objects, m.keys = map[string]entry.Entry{}, map[string]string{}
	}
	k := cycle.Key(ctx)
	if id, ok := m.keys[k]; ok && k != "" {
		made := m.objects[key(e.Type, id)].Clone()
		m.mu.Unlock()
		return made, nil
	}
	m.next++
	e = e.Clone()
	e.ID = fmt.Sprintf("t%04d", m.next)
	m.objects[key(e.Type, e.ID)] = e
	m.keys[k] = e.ID
	m.log = append(m.log, Write{Verb: "create", Type: e.Type, ID: e.ID, Entry: e.Clone()})
	m.mu.Unlock()
	return e.Clone(), m.after("create", e)
}

// Update implements cycle.Target.
func (m *Memory) Update(_ context.Context, t entry.Type, id string, edits []entry.Edit) (string, error) {
	if err := m.before("update", entry.Entry{Type: t, ID: id}); err != nil {
		return id, err
	}
	m.mu.Lock()
	e, ok := m.objects[key(t, id)]
	if !ok {
		m.mu.Unlock()
		return id, fault.New(fault.NotFound, "update", "no %s %s", t, id)
	}
	e.Attrs = entry.Apply(e.Attrs, edits)
	m.objects[key(t, id)] = e
	m.log = append(m.log, Write{Verb: "update", Type: t, ID: id, Edits: edits})
	m.mu.Unlock()
	return id, m.after("update", e)
}

// Delete implements cycle.Target.
func (m *Memory) Delete(_ context.Context, t entry.Type, id string) error {
	if err := m.before("delete", entry.Entry{Type: t, ID: id}); err != nil {
		return err
	}
	m.mu.Lock()
	e, ok := m.objects[key(t, id)]
	if ok {
		delete(m.objects, key(t, id))
		m.log = append(m.log, Write{Verb: "delete", Type: t, ID: id})
	}
	m.mu.Unlock()
	return m.after("delete", e)
}

// List implements cycle.Lister.
func (m *Memory) List(_ context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		if err := m.before("list", entry.Entry{Type: t}); err != nil {
			yield(entry.Entry{}, err)
			return
		}
		for _, e := range m.All(t) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// All returns every object of a type in the order of id.
func (m *Memory) All(t entry.Type) []entry.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []entry.Entry
	for _, id := range slices.Sorted(maps.Keys(m.objects)) {
		if e := m.objects[id]; e.Type == t {
			all = append(all, e.Clone())
		}
	}
	return all
}

// Put puts an object there behind the engine's back.
func (m *Memory) Put(e entry.Entry) entry.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.objects == nil {
		m.objects, m.keys = map[string]entry.Entry{}, map[string]string{}
	}
	if e.ID == "" {
		m.next++
		e.ID = fmt.Sprintf("t%04d", m.next)
	}
	m.objects[key(e.Type, e.ID)] = e.Clone()
	return e
}

// Forget removes an object behind the engine's back.
func (m *Memory) Forget(t entry.Type, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key(t, id))
}

// Writes returns what was written since the last call.
func (m *Memory) Writes() []Write {
	m.mu.Lock()
	defer m.mu.Unlock()
	log := m.log
	m.log = nil
	return log
}

var (
	_ cycle.Target = (*Memory)(nil)
	_ cycle.Lister = (*Memory)(nil)
)
