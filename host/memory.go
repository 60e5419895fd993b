package host

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
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

// memory is what a coordinator knows beside the cache: references held back, and the new ids of renamed objects.
type memory struct {
	path string

	mu      sync.Mutex
	waiting map[string][]heldRef // by target
	count   int
	aliases map[string]string // old id → new id
	order   []string          // old ids, oldest first
	dirty   bool
}

func newMemory(dir string) *memory {
	m := &memory{waiting: map[string][]heldRef{}, aliases: map[string]string{}}
	if dir != "" {
		m.path = filepath.Join(dir, "memory.json")
	}
	return m
}

// hold remembers a reference until its object appears. It reports false when too many are held already.
func (m *memory) hold(h heldRef) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.Contains(m.waiting[h.target], h) {
		return true
	}
	if m.count >= maxHeld {
		return false
	}
	m.waiting[h.target] = append(m.waiting[h.target], h)
	m.count++
	m.dirty = true
	return true
}

// release forgets what a holder's column waits for: the targets named, or all of them when targets is nil.
func (m *memory) release(holder, column string, targets []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.count == 0 {
		return
	}
	if targets == nil {
		targets = slices.Collect(maps.Keys(m.waiting))
	}
	for _, t := range targets {
		m.keep(t, func(h heldRef) bool { return h.holder != holder || h.column != column })
	}
}

func (m *memory) keep(target string, want func(heldRef) bool) {
	before := m.waiting[target]
	after := slices.DeleteFunc(slices.Clone(before), func(h heldRef) bool { return !want(h) })
	if m.count -= len(before) - len(after); len(after) == 0 {
		delete(m.waiting, target)
	} else {
		m.waiting[target] = after
	}
	m.dirty = m.dirty || len(after) != len(before)
}

// take returns and forgets what waits for a target.
func (m *memory) take(target string) []heldRef {
	m.mu.Lock()
	defer m.mu.Unlock()
	hs := m.waiting[target]
	if len(hs) > 0 {
		delete(m.waiting, target)
		m.count -= len(hs)
		m.dirty = true
	}
	return hs
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

func (m *memory) rename(from, to string) {
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
	m.dirty = true
}

func (m *memory) renamed(id string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	to, ok := m.aliases[id]
	return to, ok
}

// savedMemory is the file's form.
type savedMemory struct {
	Held    []savedRef  `json:"held,omitempty"`
	Renamed [][2]string `json:"renamed,omitempty"`
}

type savedRef struct {
	Holder string `json:"holder"`
	Column string `json:"column"`
	Target string `json:"target"`
}

func (m *memory) load() error {
	if m.path == "" {
		return nil
	}
	data, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var s savedMemory
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		return fault.WrapHint(fault.Invalid, "read "+m.path, err, "move the file away; held references will be sent again by the next cycle")
	}
	for _, h := range s.Held {
		m.hold(heldRef{h.Holder, h.Column, h.Target})
	}
	for _, r := range s.Renamed {
		m.rename(r[0], r[1])
	}
	m.dirty = false
	return nil
}

// save writes the memory if it changed since.
func (m *memory) save() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.path == "" || !m.dirty {
		return nil
	}
	var s savedMemory
	for _, hs := range m.waiting {
		for _, h := range hs {
			s.Held = append(s.Held, savedRef{h.holder, h.column, h.target})
		}
	}
	for _, from := range m.order {
		if to, ok := m.aliases[from]; ok {
			s.Renamed = append(s.Renamed, [2]string{from, to})
		}
	}
	data, err := json.Marshal(s)
	if err == nil {
		err = atomicfile.Write(m.path, data, 0o600)
	}
	m.dirty = err != nil
	return fault.Wrap(fault.Internal, "save "+m.path, err)
}
