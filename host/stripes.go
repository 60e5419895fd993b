package host

import (
	"hash/maphash"
	"slices"
	"sync"
)

// stripes are locks by key: writers of one object wait for each other, writers of different ones seldom do.
type stripes struct {
	seed  maphash.Seed
	locks *[1024]sync.Mutex
}

func newStripes() stripes { return stripes{maphash.MakeSeed(), new([1024]sync.Mutex)} }

// lock locks all keys and returns what unlocks them. Stripes are taken in order, so that two callers never wait for each other; a
// caller must not lock again before it has unlocked.
func (s stripes) lock(keys ...string) (unlock func()) {
	at := make([]int, 0, len(keys))
	for _, k := range keys {
		at = append(at, int(maphash.String(s.seed, k)%uint64(len(s.locks))))
	}
	slices.Sort(at)
	at = slices.Compact(at)
	for _, i := range at {
		s.locks[i].Lock()
	}
	return func() {
		for _, i := range at {
			s.locks[i].Unlock()
		}
	}
}
