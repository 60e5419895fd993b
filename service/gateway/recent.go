package gateway

import "sync"

// recent remembers the last numbers added to it.
type recent struct {
	mu   sync.Mutex
	ring [1024]uint64
	next int
	set  map[uint64]struct{}
}

func (r *recent) add(n uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.set == nil {
		r.set = make(map[uint64]struct{}, len(r.ring))
	}
	delete(r.set, r.ring[r.next])
	r.ring[r.next] = n
	r.set[n] = struct{}{}
	r.next = (r.next + 1) % len(r.ring)
}

func (r *recent) has(n uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.set[n]
	return ok
}
