package cycle

import (
	"context"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/service/directory"
)

// Bounds of how far an initial cycle runs ahead of the place up to which everything is settled, and how often it writes the place down.
const (
	maxAhead   = 8192
	saveEvery  = 5 * time.Second
	saveObject = 2000
)

// place follows how far a reading is settled, while workers finish its objects in any order.
type place struct {
	ahead chan struct{} // one token for each object after the place

	mu      sync.Mutex
	queue   []*slot // objects begun and not yet passed, in order
	at      directory.Watermark
	moved   int // objects passed since the place was written down
	written time.Time
}

// slot is one object of the reading.
type slot struct {
	at   directory.Watermark
	done bool
}

func newPlace(at directory.Watermark) *place {
	return &place{ahead: make(chan struct{}, maxAhead), at: at, written: time.Now()}
}

// begin notes that an object is at work; it waits while the reading is too far ahead.
func (p *place) begin(ctx context.Context, at directory.Watermark) (*slot, error) {
	select {
	case p.ahead <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &slot{at: at}
	p.queue = append(p.queue, s)
	return s, nil
}

// done notes that an object is settled, and reports whether the place is worth writing down.
func (p *place) done(s *slot) (save bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.done = true
	n := 0
	for n < len(p.queue) && p.queue[n].done {
		p.at = p.queue[n].at
		p.queue[n] = nil
		n++
		<-p.ahead
	}
	p.queue = p.queue[n:]
	p.moved += n
	return p.moved >= saveObject && time.Since(p.written) >= saveEvery
}

// take returns the place for writing down; false when it has not moved.
func (p *place) take() (directory.Watermark, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.moved == 0 {
		return p.at, false
	}
	p.moved, p.written = 0, time.Now()
	return p.at, true
}

// checkpoint writes down how far an initial cycle is settled, so that one that is stopped goes on from there. What the
// settled objects left in memory is stored first.
func (p *pass) checkpoint(ctx context.Context) error {
	if p.place == nil {
		return nil
	}
	at, moved := p.place.take()
	if !moved && p.state.Reading.Place == at && at != "" {
		return nil
	}
	if err := p.flushLeaving(ctx); err != nil {
		return err
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	count := p.tally.snapshot()
	_, err := p.Ledger.SetState(ctx, p.id, func(s State) (State, error) {
		if s.Resets != p.state.Resets {
			return s, nil
		}
		r := *p.state.Reading
		r.Place, r.Count = at, count
		s.Reading = &r
		return s, nil
	})
	return err
}
