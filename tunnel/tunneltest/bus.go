package tunneltest

import (
	"slices"
	"strings"
	"sync"

	"github.com/sallyport-id/sallyport/tunnel"
)

// Bus is a carrier in memory. Each subscription delivers from its own goroutine, in order. Close ends them.
type Bus struct {
	mu   sync.Mutex
	subs []*sub
	wg   sync.WaitGroup
}

type message struct {
	subject string
	data    []byte
}

type sub struct {
	pattern []string
	deliver func(string, []byte)

	mu    sync.Mutex
	queue []message
	wake  chan struct{}
	stop  chan struct{}
	once  sync.Once
}

// NewBus returns an empty bus.
func NewBus() *Bus { return &Bus{} }

// Publish copies data to every subscription that matches.
func (b *Bus) Publish(subject string, data []byte) error {
	b.mu.Lock()
	subs := slices.Clone(b.subs)
	b.mu.Unlock()
	for _, s := range subs {
		if s.matches(subject) {
			s.put(message{subject, slices.Clone(data)})
		}
	}
	return nil
}

// Subscribe implements tunnel.Carrier.
func (b *Bus) Subscribe(subject string, deliver func(string, []byte)) (func(), error) {
	s := &sub{pattern: strings.Split(subject, "."), deliver: deliver, wake: make(chan struct{}, 1), stop: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subs = append(b.subs, s)
	b.wg.Go(s.run)
	return s.end, nil
}

// Close ends all subscriptions.
func (b *Bus) Close() {
	b.mu.Lock()
	subs := b.subs
	b.subs = nil
	b.mu.Unlock()
	for _, s := range subs {
		s.end()
	}
	b.wg.Wait()
}

func (s *sub) end() { s.once.Do(func() { close(s.stop) }) }

func (s *sub) matches(subject string) bool {
	parts := strings.Split(subject, ".")
	return slices.EqualFunc(s.pattern, parts, func(p, t string) bool { return p == "*" || p == t })
}

func (s *sub) put(m message) {
	s.mu.Lock()
	s.queue = append(s.queue, m)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *sub) run() {
	for {
		select {
		case <-s.wake:
		case <-s.stop:
			return
		}
		s.mu.Lock()
		batch := s.queue
		s.queue = nil
		s.mu.Unlock()
		for _, m := range batch {
			s.deliver(m.subject, m.data)
		}
	}
}

var _ tunnel.Carrier = (*Bus)(nil)
