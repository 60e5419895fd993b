package serve

import (
	"context"
	"sync"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// held is an open session. turn is held by the call that uses it.
type held struct {
	session connector.Session
	can     connector.Capabilities
	turn    chan struct{}
}

// sessions are those that the host has open, by number.
type sessions struct {
	mu   sync.Mutex
	last uint64
	all  map[uint64]*held
}

func newSessions() *sessions { return &sessions{all: map[uint64]*held{}} }

func (s *sessions) add(h *held) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.all[s.last] = h
	return s.last
}

func (s *sessions) drop(n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, n)
}

// use waits until no other call uses the session: an import that the host broke off may still be ending.
func (s *sessions) use(ctx context.Context, n uint64) (h *held, done func(), err error) {
	s.mu.Lock()
	h = s.all[n]
	s.mu.Unlock()
	if h == nil {
		return nil, nil, fault.New(fault.Unavailable, "use the session", "the plugin has no session %d", n).WithHint("open it again")
	}
	select {
	case h.turn <- struct{}{}:
		return h, func() { <-h.turn }, nil
	case <-ctx.Done():
		return nil, nil, fault.Wrap(fault.Unavailable, "use the session", ctx.Err())
	}
}

// closeAll closes what is open and not in use; what is in use ends with the process.
func (s *sessions) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, h := range s.all {
		select {
		case h.turn <- struct{}{}:
			_ = h.session.Close() // nobody is left to be told
		default:
		}
		delete(s.all, n)
	}
}

// as returns the optional part T of a session that the host calls, if the session has it and its capabilities own up to it.
func as[T any](h *held, name string, has bool) (T, error) {
	x, ok := h.session.(T)
	if !ok || !has {
		return x, fault.New(fault.Unsupported, name, "the connector cannot do this").WithHint("its capabilities say so")
	}
	return x, nil
}
