package cache

import (
	"sync"

	"github.com/cespare/xxhash/v2"
)

// maxNames bounds the table: names may come from documents (JSON columns) with any keys.
const (
	maxNames   = 1 << 16
	maxNameLen = 200
)

// names interns attribute and sub-attribute names. Numbers start at 1; 0 means "not interned, spelled out".
// It only ever grows, and once it is full it stays as it is, so a name is interned always or never.
type names struct {
	mu   sync.RWMutex
	ids  map[string]uint32
	list []string // list[id]
	hash []uint64 // hash[id]
}

func newNames() *names {
	return &names{ids: map[string]uint32{}, list: []string{""}, hash: []uint64{0}}
}

// lookup returns the number of a name, 0 when it has none.
func (n *names) lookup(name string) uint32 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.ids[name]
}

// intern returns the number of a name and makes one if there is room.
func (n *names) intern(name string) uint32 {
	if id := n.lookup(name); id != 0 || len(name) > maxNameLen {
		return id
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if id := n.ids[name]; id != 0 || len(n.list) >= maxNames {
		return id
	}
	return n.add(name)
}

func (n *names) add(name string) uint32 {
	id := uint32(len(n.list))
	name = string(append([]byte(nil), name...)) // never a window into something larger
	n.ids[name] = id
	n.list = append(n.list, name)
	n.hash = append(n.hash, xxhash.Sum64String(name))
	return id
}

// snapshot is the table at one moment; it holds every number used in records written before.
type snapshot struct {
	list []string
	hash []uint64
}

func (n *names) snapshot() snapshot {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return snapshot{n.list, n.hash}
}
