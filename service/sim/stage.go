package sim

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
)

// errDead is what every call of a process that was killed gets: it must have no effect and can tell nobody.
var errDead = errors.New("sim: this process was killed")

// stage holds every call of the engine that touches the outside until the play lets it happen, one at a time. That makes the
// history depend on the seed alone.
type stage struct {
	mu      sync.Mutex
	waiting []*call
}

// call is a step that wants to happen.
type call struct {
	life   *life
	name   string // what, of which object: calls are put in this order before one is drawn
	target bool   // it goes to the target, so it may suffer there; others go to the store
	write  bool
	do     func() error  // lets it happen
	answer chan error    // what the caller gets
	left   chan struct{} // closed when the caller has gone away
}

// life is one process of the engine, from its start until it is killed.
type life struct {
	number int
	ctx    context.Context
	kill   context.CancelFunc
	mu     sync.Mutex
	dead   bool
}

func (l *life) die() {
	l.mu.Lock()
	l.dead = true
	l.mu.Unlock()
	l.kill()
}

func (l *life) isDead() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead
}

// step blocks until the play lets the call happen and returns its outcome.
func (s *stage) step(ctx context.Context, c *call) error {
	if c.life.isDead() {
		return errDead
	}
	c.answer, c.left = make(chan error, 1), make(chan struct{})
	s.mu.Lock()
	s.waiting = append(s.waiting, c)
	s.mu.Unlock()
	select {
	case err := <-c.answer:
		return err
	case <-ctx.Done():
		close(c.left)
		return ctx.Err()
	}
}

// calls returns the calls that wait, in an order of their names. Those whose caller has gone are dropped.
func (s *stage) calls() []*call {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = slices.DeleteFunc(s.waiting, func(c *call) bool {
		select {
		case <-c.left:
			return true
		default:
			return false
		}
	})
	slices.SortStableFunc(s.waiting, func(a, b *call) int { return cmp.Compare(a.name, b.name) })
	return slices.Clone(s.waiting)
}

// take removes a call from those that wait.
func (s *stage) take(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = slices.DeleteFunc(s.waiting, func(x *call) bool { return x == c })
}

// bury answers every call of a life that ended.
func (s *stage) bury(l *life) {
	for _, c := range s.calls() {
		if c.life == l {
			s.take(c)
			c.answer <- errDead
		}
	}
}
