package tunnel

import (
	"context"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// AnswererConfig is what an Answerer needs from outside.
type AnswererConfig struct {
	Address     Address
	Publish     Publisher // towards the gateways
	Handler     Handler
	MaxInFlight int           // requests carried out at once; as many again wait; 0 means 64
	AcceptAfter time.Duration // an answer quicker than this needs no acceptance; 0 means 100 ms
	HoldFor     time.Duration // how long an accepted request waits for its go; 0 means 10 s
	// Now returns the service's clock as far as the agent knows it; ok is false while it does not. A request that comes after its
	// deadline, because the agent was frozen or the message replayed, is refused. nil switches the check off.
	Now func() (now time.Time, ok bool)
	// Welcome is told of the gateway's answers to heartbeats; may be nil. It does not block.
	Welcome func(Welcome)
}

// Answerer carries out requests at the agent's end, each attempt at most once. It is safe for concurrent use, but Deliver calls are serial.
type Answerer struct {
	c    AnswererConfig
	mu   sync.Mutex
	seen seen
	open map[Attempt]*serving

	slots chan struct{} // one token per request that is carried out

	draining bool
	idle     chan struct{} // closed when draining and nothing is open
}

// NewAnswerer returns an Answerer. Its owner subscribes Address.Requests to Deliver, on one connection or, while one replaces another, on two.
func NewAnswerer(c AnswererConfig) *Answerer {
	if c.MaxInFlight == 0 {
		c.MaxInFlight = 64
	}
	if c.AcceptAfter == 0 {
		c.AcceptAfter = 100 * time.Millisecond
	}
	if c.HoldFor == 0 {
		c.HoldFor = 10 * time.Second
	}
	return &Answerer{c: c, open: make(map[Attempt]*serving), slots: make(chan struct{}, c.MaxInFlight), idle: make(chan struct{})}
}

// enter waits for room to carry a request out; the gateway counts too, so the wait is short: an answer that is on its way, or a request just given up.
func (a *Answerer) enter(ctx context.Context) error {
	select {
	case a.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case a.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// InFlight returns the number of requests accepted and not answered in full.
func (a *Answerer) InFlight() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.open)
}

// Draining reports whether new requests are refused.
func (a *Answerer) Draining() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.draining
}

// Drain refuses new requests and waits until the open ones are answered. When ctx ends first they are cut off.
func (a *Answerer) Drain(ctx context.Context) error {
	a.mu.Lock()
	if !a.draining {
		a.draining = true
		a.settle()
	}
	a.mu.Unlock()
	select {
	case <-a.idle:
		return nil
	case <-ctx.Done():
		a.Abort()
		return context.Cause(ctx)
	}
}

// Abort stops everything that is open.
func (a *Answerer) Abort() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.open {
		s.stop(errExchangeOver)
	}
}

// settle closes idle once; mu is held.
func (a *Answerer) settle() {
	if !a.draining || len(a.open) > 0 {
		return
	}
	select {
	case <-a.idle:
	default:
		close(a.idle)
	}
}

// Deliver takes one message that arrived on the agent's request subject. It does not block and keeps msg.
func (a *Answerer) Deliver(msg []byte) {
	f, err := ParseFrame(msg)
	if err != nil {
		return // nobody to tell
	}
	if f.Type == TypeRequest {
		a.request(f)
		return
	}
	if f.Speaks() != nil {
		return
	}
	if f.Type == TypeWelcome {
		if w, err := ParseWelcome(f); err == nil && a.c.Welcome != nil {
			a.c.Welcome(w)
		}
		return
	}
	a.mu.Lock()
	s := a.open[f.Attempt]
	a.mu.Unlock()
	if s != nil {
		s.deliver(f)
	}
}

// request takes a new attempt on, or refuses it in words; a repetition has no effect.
func (a *Answerer) request(f Frame) {
	a.mu.Lock()
	first := a.seen.first(f.Attempt)
	a.mu.Unlock()
	if !first {
		return
	}
	if err := f.Speaks(); err != nil {
		a.refuse(f.Attempt, err)
		return
	}
	r, more, err := parseRequest(f)
	if err == nil {
		err = a.late(r)
	}
	if err != nil {
		a.refuse(f.Attempt, err)
		return
	}
	s, err := a.admit(r, more)
	if err != nil {
		a.refuse(f.Attempt, err)
		return
	}
	if r.Hold {
		s.hold()
	} else {
		s.start()
	}
}

// late refuses a request whose deadline has passed by the service's clock.
func (a *Answerer) late(r *Request) error {
	if a.c.Now == nil {
		return nil
	}
	if now, ok := a.c.Now(); ok && now.After(r.expires) {
		return fault.New(fault.Unavailable, "accept request", "it arrived %s after its deadline", now.Sub(r.expires).Round(time.Millisecond))
	}
	return nil
}

// admit registers the attempt if there is room.
func (a *Answerer) admit(r *Request, more bool) (*serving, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.draining {
		return nil, fault.New(fault.Unavailable, "accept request", "agent %s is stopping", a.c.Address.Agent)
	}
	if len(a.open) >= 2*a.c.MaxInFlight {
		return nil, fault.New(fault.Throttled, "accept request", "agent %s has %d requests already", a.c.Address.Agent, len(a.open)).
			WithHint("raise maxInFlight in the agent's configuration, or add an agent to the group")
	}
	s := newServing(a, r, more)
	a.open[r.Attempt] = s
	return s, nil
}

// end forgets an attempt that was answered.
func (a *Answerer) end(at Attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, at)
	a.settle()
}

// refuse answers an attempt that was not and will not be started.
func (a *Answerer) refuse(at Attempt, err error) { a.fail(at, Failure{Fault: asFault(err)}) }

func (a *Answerer) fail(at Attempt, f Failure) {
	buf := getBuffer(0)
	defer putBuffer(buf)
	a.publish(at, AppendFailure((*buf)[:0], at, f))
}

// publish sends a frame to the caller. If the connection is gone the caller learns that from its own side.
func (a *Answerer) publish(at Attempt, frame []byte) {
	_ = a.c.Publish.Publish(a.c.Address.Answers(at.Caller), frame)
}
