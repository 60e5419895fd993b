package host

import (
	"context"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// How long one write may take in all, and how long reading back after an unknown outcome.
const (
	writeTime    = 2 * time.Minute
	readBackTime = 15 * time.Second
)

// pool hands out sessions, each to one user at a time, and opens at most size of them.
type pool struct {
	open  func(ctx context.Context) (connector.Session, error)
	slots chan struct{}

	mu     sync.Mutex
	idle   []connector.Session
	closed bool
}

func newPool(open func(ctx context.Context) (connector.Session, error), size int) *pool {
	return &pool{open: open, slots: make(chan struct{}, size)}
}

// with runs fn with a session. What fn began is carried to its end even when the caller goes away, so that no outcome is lost;
// only the wait for a session ends with ctx. A session that was idle and turns out to be dead is replaced once: nothing had
// taken effect on it.
func (p *pool) with(ctx context.Context, fn func(ctx context.Context, s connector.Session) error) error {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, "wait for a free session", ctx.Err())
	}
	defer func() { <-p.slots }()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	s, reused, err := p.take(ctx)
	if err != nil {
		return err
	}
	err = fn(ctx, s)
	if p.give(s, err); reused && fault.Is(err, fault.Unavailable) {
		if s, err = p.fresh(ctx); err != nil {
			return err
		}
		err = fn(ctx, s)
		p.give(s, err)
	}
	return err
}

func (p *pool) take(ctx context.Context) (s connector.Session, reused bool, err error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		s, p.idle = p.idle[n-1], p.idle[:n-1]
		p.mu.Unlock()
		return s, true, nil
	}
	p.mu.Unlock()
	s, err = p.fresh(ctx)
	return s, false, err
}

func (p *pool) fresh(ctx context.Context) (connector.Session, error) {
	s, err := p.open(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	return s, nil
}

// give takes a session back, or closes it when its connection is in doubt.
func (p *pool) give(s connector.Session, err error) {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Timeout, fault.Unauthenticated, fault.Internal:
		_ = s.Close() // it is broken already
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = s.Close()
		return
	}
	p.idle = append(p.idle, s)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, s := range p.idle {
		_ = s.Close()
	}
	p.idle = nil
}

// unavailable makes the failure to reach or enter the target one that SCIM clients wait for: 503, not 401.
func unavailable(err error) error {
	kind := fault.KindOf(err)
	if kind != fault.Unauthenticated && kind != fault.Invalid && kind != fault.Timeout && kind != fault.Internal {
		return err
	}
	return &fault.Error{Op: "open the target", Kind: fault.Unavailable, RetryAfter: max(fault.RetryAfterOf(err), retryOpen), Err: err, Hint: fault.HintOf(err)}
}

const retryOpen = 30 * time.Second
