package cycle

import (
	"sync"

	"github.com/cespare/xxhash/v2"
)

// parted remembers objects that were deleted for good in the directory and whose pair was forgotten, and so told of, by this process:
// when the change feed or an order names them once more, there is nothing left to tell.
type parted struct {
	mu  sync.Mutex
	ids map[uint64]struct{}
}

// maxParted bounds the memory; beyond it, a needless line in the journal is the worst that happens.
const maxParted = 1 << 16

func (p *parted) add(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ids == nil || len(p.ids) >= maxParted {
		p.ids = map[uint64]struct{}{}
	}
	p.ids[xxhash.Sum64String(id)] = struct{}{}
}

func (p *parted) has(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.ids[xxhash.Sum64String(id)]
	return ok
}
