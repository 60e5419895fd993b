package cycle

import (
	"context"
	"sync/atomic"
)

// touched remembers which objects somebody looked at beside the change feed while a cycle runs. The feed is read ahead, so what a
// cycle has in hand of them may be older than what was written: it is read again. Several ids share a place, which costs no more
// than a needless reading.
type touched struct {
	epoch atomic.Int64 // number of the cycle that runs, or ran last
	last  [1024]atomic.Int64
}

// begin starts a cycle, before it reads anything, and returns its number.
func (t *touched) begin() int64 { return t.epoch.Add(1) }

// note says that an object was read beside the feed just now.
func (t *touched) note(id string) { t.last[lane(id, len(t.last))].Store(t.epoch.Load()) }

// since reports whether an object may have been read beside the feed in the cycle.
func (t *touched) since(id string, epoch int64) bool {
	return t.last[lane(id, len(t.last))].Load() >= epoch
}

// freshen reads the object again when what is in hand may be older than what somebody else wrote. Orders beside the cycles always
// do, with the object's lock in hand: a cycle may have written it while they waited.
func (t *turn) freshen(ctx context.Context) error {
	id := t.change.Entry.ID
	if t.epoch > 0 && !t.touched.since(id, t.epoch) {
		return nil
	}
	now, err := t.read(ctx, Object{t.change.Entry.Type, id})
	if err != nil {
		return err
	}
	now.At, now.Changed = t.change.At, t.change.Changed
	t.change = now
	if t.epoch == 0 {
		t.touched.note(id)
	}
	return nil
}
