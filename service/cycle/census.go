package cycle

import (
	"context"
	"maps"
	"sync"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/plan"
)

// census knows how many active pairs the ledger holds by type. It counts them once, when it is first asked or is in doubt, and from then
// on follows what is settled, by cycles and beside them, whether a cycle ends normally or not.
type census struct {
	mu     sync.Mutex
	sure   bool
	counts map[entry.Type]int
	moving int   // outcomes being settled
	moves  int64 // outcomes settled or being settled so far
}

// begin says that an outcome is about to be settled.
func (c *census) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moving++
	c.moves++
}

// end says what became of it: the pair the ledger held before and holds now. An error leaves it in doubt whether it is on disk.
func (c *census) end(was, now plan.Link, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moving--
	c.moves++
	switch {
	case err != nil:
		c.sure = false
	case c.sure:
		c.counts[was.Type] -= active(was)
		c.counts[now.Type] += active(now)
	}
}

func active(l plan.Link) int {
	if l.Target != "" && l.Active {
		return 1
	}
	return 0
}

// doubt makes the next who asks count anew.
func (c *census) doubt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sure = false
}

// known returns the counts when they are certain, and otherwise the place to hand back to learn; -1 when something is being settled.
func (c *census) known() (counts map[entry.Type]int, place int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.sure:
		return c.shown(), 0
	case c.moving > 0:
		return nil, -1
	}
	return nil, c.moves
}

// learn takes what the ledger counted, unless something was settled since the place was handed out.
func (c *census) learn(counts map[entry.Type]int, place int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moves == place {
		c.sure, c.counts = true, map[entry.Type]int{}
		maps.Copy(c.counts, counts)
	}
}

// shown is a copy without the types nobody is left of.
func (c *census) shown() map[entry.Type]int {
	out := maps.Clone(c.counts)
	maps.DeleteFunc(out, func(_ entry.Type, n int) bool { return n == 0 })
	return out
}

// counted returns the active pairs by type, exactly as the ledger holds them.
func (j *Job) counted(ctx context.Context) (map[entry.Type]int, error) {
	known, place := j.census.known()
	if known != nil {
		return known, nil
	}
	counts, err := j.Ledger.LinkCounts(ctx, j.id)
	if err == nil {
		j.census.learn(counts, place)
	}
	return counts, err
}
