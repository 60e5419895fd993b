package cycle

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// defaultRetryAfter is how long requests wait when the target asks for time without saying how much (provisioning semantics §8).
const defaultRetryAfter = 30 * time.Second

// patience is how long a cycle waits for a target that is not there before it ends early.
const patience = 10 * time.Minute

// gate holds back all of a job's requests while its target is away or asks for time. It is the job's circuit breaker: when the
// time is over one request tries whether the target is back, and only its success lets the others through.
type gate struct {
	mu     sync.Mutex
	until  time.Time
	since  time.Time // first failure of the present series; zero while all is well
	series int
	jitter func(most time.Duration) time.Duration
	trial  time.Time // when the request that tries was let through; zero when none was
}

// trialTime is how long the others wait for the request that tries.
const trialTime = 5 * time.Second

// wait returns when requests may be sent.
func (g *gate) wait(ctx context.Context) error {
	for {
		d := g.delay(time.Now())
		if d <= 0 {
			return ctx.Err()
		}
		if err := pause(ctx, d); err != nil {
			return err
		}
	}
}

// delay returns how long to wait before asking again; 0: go.
func (g *gate) delay(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case now.Before(g.until):
		return g.until.Sub(now)
	case g.since.IsZero():
		return 0
	case g.trial.IsZero() || now.Sub(g.trial) > trialTime:
		g.trial = now
		return 0
	}
	return 20 * time.Millisecond
}

// hold closes the gate after a failure for as long as the target asked, or by exponential back-off with jitter from
// half a second to half a minute. It returns an error when the target has been away longer than patience.
func (g *gate) hold(cause error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.trial = time.Time{}
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
	if d <= 0 && fault.Is(cause, fault.Throttled) {
		d = defaultRetryAfter
	}
	if d <= 0 {
		d = min(30*time.Second, 500*time.Millisecond<<min(g.series, 6))
		d += g.jitter(d / 4)
	}
	g.series++
	g.until = now.Add(min(d, patience))
	return nil
}

// pass notes a success.
func (g *gate) pass() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.since, g.series, g.trial = time.Time{}, 0, time.Time{}
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
		if isCritical(err) {
			return err
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

// stripes are locks by id: two ids may share one, one id never has two. They are channels, not mutexes, so that a simulation in
// virtual time sees who waits.
type stripes [64]chan struct{}

func newStripes() (s stripes) {
	for i := range s {
		s[i] = make(chan struct{}, 1)
	}
	return s
}

func (s *stripes) lock(id string) (unlock func()) {
	c := s[lane(id, len(s))]
	c <- struct{}{}
	return func() { <-c }
}
