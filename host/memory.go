package host

import (
	"maps"
	"path/filepath"
	"slices"
	"sync"
)

// Bounds of what is remembered; the oldest renames go first, further references are not held.
const (
	maxHeld    = 200_000
	maxAliases = 200_000
	maxRenames = 8 // steps from an old id to the present one
)

// heldRef is a reference that could not be written because its object is not there yet.
type heldRef struct {
	holder string // id of the object that has the reference
	column string
	target string // id of the object it points to
}

// memory is what a coordinator knows beside the cache: references held back, and the new ids of renamed objects. Every change is
// noted for the journal; it outlives the process once flush has returned.
type memory struct {
	path    string // "" = nowhere
	journal journal

	mu       sync.Mutex
	waiting  heldBy // target
	byHolder heldBy // the same references
	count    int
	aliases  map[string]string // old id → new id
	order    []string          // old ids, oldest first
	dirty    bool              // memory.json is not up to date
}

// heldBy has references by an id.
type heldBy map[string]map[heldRef]struct{}

func (b heldBy) add(id string, h heldRef) {
	if b[id] == nil {
		b[id] = map[heldRef]struct{}{}
	}
	b[id][h] = struct{}{}
}

func (b heldBy) cut(id string, h heldRef) {
	if delete(b[id], h); len(b[id]) == 0 {
		delete(b, id)
	}
}

func newMemory(dir string) *memory {
	m := &memory{waiting: heldBy{}, byHolder: heldBy{}, aliases: map[string]string{}}
	if dir != "" {
		m.path, m.journal.path = filepath.Join(dir, "memory.json"), filepath.Join(dir, "memory.journal")
	}
	return m
}

// hold remembers a reference until its object appears. It reports false when too many are held already.
func (m *memory) hold(h heldRef) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.byHolder[h.holder][h]; known {
		return true
	}
	if m.count >= maxHeld {
		return false
	}
	m.add(h)
	m.note(note{Held: h.saved()})
	return true
}

func (m *memory) add(h heldRef) {
	m.byHolder.add(h.holder, h)
	m.waiting.add(h.target, h)
	m.count++
}

// holds reports whether a reference still waits.
func (m *memory) holds(h heldRef) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, known := m.byHolder[h.holder][h]
	return known
}

// drop forgets references, which were written or are not wanted any more.
func (m *memory) drop(hs ...heldRef) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range hs {
		if m.cut(h) {
			m.note(note{Dropped: h.saved()})
		}
	}
}

func (m *memory) cut(h heldRef) bool {
	if _, known := m.byHolder[h.holder][h]; !known {
		return false
	}
	m.byHolder.cut(h.holder, h)
	m.waiting.cut(h.target, h)
	m.count--
	return true
}

// of returns what a holder waits for.
func (m *memory) of(holder string) []heldRef {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.byHolder[holder]))
}

// on returns what waits for a target. It stays held until it is dropped, so that a crash in between loses nothing.
func (m *memory) on(target string) []heldRef {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.waiting[target]))
}

func (m *memory) targets() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.waiting))
}

func (m *memory) held() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count
}

// rename remembers an object's new id. What the object waits for goes with it.
func (m *memory) rename(from, to string) {
	for _, h := range m.of(from) {
		m.drop(h)
		h.holder = to
		m.hold(h)
	}
	m.alias(from, to)
}

// alias remembers an object's new id.
func (m *memory) alias(from, to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.aliases, to) // an object that got its old name back
	if _, known := m.aliases[from]; !known {
		m.order = append(m.order, from)
	}
	m.aliases[from] = to
	for len(m.order) > maxAliases {
		delete(m.aliases, m.order[0])
		m.order = m.order[1:]
	}
	m.note(note{Renamed: []string{from, to}})
}

func (m *memory) renamed(id string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	to, ok := m.aliases[id]
	return to, ok
}
