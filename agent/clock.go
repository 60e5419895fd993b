package agent

import (
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/tunnel"
)

// clock estimates the service's clock from its answers to heartbeats.
type clock struct {
	mu     sync.Mutex
	known  bool
	offset time.Duration
	echo   time.Time     // of the newest beat that was answered
	heard  chan struct{} // one token per answer
}

func newClock() *clock { return &clock{heard: make(chan struct{}, 1)} }

// maxRoundTrip is the slowest answer that still tells the time. An agent that was frozen meanwhile measures a long one.
const maxRoundTrip = 3 * time.Second

// welcome takes an answer.
func (c *clock) welcome(w tunnel.Welcome) {
	now := time.Now()
	c.mu.Lock()
	if trip := now.Sub(w.Echo); trip >= 0 && trip < maxRoundTrip {
		c.offset, c.known = w.Now.Sub(now), true
	}
	if w.Echo.After(c.echo) {
		c.echo = w.Echo
	}
	c.mu.Unlock()
	select {
	case c.heard <- struct{}{}:
	default:
	}
}

// now returns the service's time; ok is false while nothing is known. A second is allowed for the road.
func (c *clock) now() (t time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset - time.Second), c.known
}

// answered reports whether a beat sent at t or later was answered.
func (c *clock) answered(t time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.echo.Before(t.Truncate(time.Millisecond))
}
