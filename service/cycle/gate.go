package cycle

import (
	"context"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// patience is how long a cycle waits for a target that is not there before it ends early.
const patience = 10 * time.Minute

// gate holds back all of a job's requests while its target is away or asks for time.
type gate struct {
	mu     sync.Mutex
	until  time.Time
	since  time.Time // first failure of the present series; zero while all is well
	series int
}

// wait returns when requests may be sent.
func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		d := time.Until(g.until)
		g.mu.Unlock()
		if d <= 0 {
			return ctx.Err()
		}
		if err := pause(ctx, d); err != nil {
			return err
		}
	}
}

// hold closes the gate after a failure for as long as the target asked, or by exponential back-off with jitter from
// half a second to half a minute. It returns an error when the target has been away longer than patience.
func (g *gate) hold(cause error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if g.since.IsZero() {
		g.since = now
	}
	if now.Sub(g.since) > patience {
		away := now.Sub(g.since).Round(time.Second)
		g.since, g.series = time.Time{}, 0
		return fmt.Errorf("the target has been away for %v: %w", away, cause)
	}
	if now.Before(g.until) {
		return nil // another worker has closed the gate for the same reason
	}
	d := fault.RetryAfterOf(cause)
	if d <= 0 {
		d = min(30*time.Second, 500*time.Millisecond<<min(g.series, 6))
		d += rand.N(d / 4)
	}
	g.series++
	g.until = now.Add(min(d, patience))
	return nil
}

// pass notes a success.
func (g *gate) pass() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.since, g.series = time.Time{}, 0
}

// patiently repeats a read that concerns the whole job while the target is away.
func (p *pass) patiently(ctx context.Context, ask func(context.Context) error) error {
	for {
		if err := p.gate.wait(ctx); err != nil {
			return err
		}
		p.tally.requests.Add(1)
		err := ask(ctx)
		if err == nil {
			p.gate.pass()
			return nil
		}
		switch fault.KindOf(err) {
		case fault.Unavailable, fault.Throttled, fault.Timeout:
		default:
			return err
		}
		p.tally.waits(err)
		if err := p.gate.hold(err); err != nil {
			return err
		}
	}
}

// stripes are locks by id: two ids may share one, one id never has two.
type stripes [64]sync.Mutex

func (s *stripes) lock(id string) (unlock func()) {
	m := &s[maphash.String(laneSeed, id)%uint64(len(s))]
	m.Lock()
	return m.Unlock
}
