package cache

import (
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Following brings single changes, as the target tells them, into the cache. What somebody else wrote to the cache after Follow wins
// over what is told: it is newer. Make one with Follow before the changes are read, and Close it after. It is used by one goroutine.
type Following struct {
	c       *Cache
	s       *space
	touched map[string]struct{} // anchors written meanwhile; guarded by the cache's lock
	stats   Stats
}

// Follow begins to take changes in. fault.Conflict while another Following is open.
func (c *Cache) Follow() (*Following, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.following != nil {
		return nil, fault.New(fault.Conflict, "follow changes", "changes are being taken in already").WithHint("wait until that has finished")
	}
	c.following = &Following{c: c, s: c.s, touched: map[string]struct{}{}}
	return c.following, nil
}

// Close ends it and returns what was done.
func (f *Following) Close() Stats {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	f.c.following = nil
	f.c.tidy()
	return f.stats
}

// Put makes the cache hold the row as told, like Cache.Put, unless the object was written meanwhile. An error, fault.Invalid or
// fault.Conflict after a Load, refuses this change alone.
func (f *Following) Put(row Row) error {
	d, err := f.s.draft(row, false)
	if err != nil {
		f.stats.Refused++
		return err
	}
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	if f.c.s != f.s {
		return exchanged()
	}
	if f.won(d.anchor) {
		return nil
	}
	now, before := millis(time.Now()), f.s.live
	_, changed := f.s.apply(&d, now, now)
	switch {
	case f.s.live > before:
		f.stats.Added++
	case changed:
		f.stats.Changed++
	default:
		f.stats.Same++
	}
	f.stats.Rows++
	return nil
}

// Remove takes an object out, unless it was written meanwhile. It reports whether there was one.
func (f *Following) Remove(anchor string) bool {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	row, ok := f.s.find(anchor)
	if f.c.s != f.s || !ok || f.won(anchor) {
		return false
	}
	f.s.remove(row)
	f.stats.Removed++
	return true
}

// won reports whether somebody else wrote the object since Follow.
func (f *Following) won(anchor string) bool {
	_, won := f.touched[anchor]
	if won {
		f.stats.Overtaken++
	}
	return won
}
