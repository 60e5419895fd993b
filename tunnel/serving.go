package tunnel

import (
	"context"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// serving is the agent's side of one attempt.
type serving struct {
	a    *Answerer
	r    *Request
	ctx  context.Context
	stop context.CancelCauseFunc
	free context.CancelFunc
	in   *inflow // nil when the request's body came with its head
	out  *outflow
	left bool // the room was given back; only run's goroutine touches it

	mu      sync.Mutex
	started bool
	dropped bool        // cancelled or forgotten before it started
	timer   *time.Timer // acceptance, or the end of the hold
}

func newServing(a *Answerer, r *Request, more bool) *serving {
	s := &serving{a: a, r: r, out: newOutflow()}
	var ctx context.Context
	ctx, s.stop = context.WithCancelCause(context.Background())
	s.ctx, s.free = context.WithTimeoutCause(ctx, r.Budget, fault.New(fault.Timeout, "relay request", "the deadline passed"))
	if more {
		s.in = newInflow(s.ctx, s.credit, func(bool) {})
		r.Body.Rest = s.in
	}
	return s
}

// hold accepts the request and waits for its go.
func (s *serving) hold() {
	s.mu.Lock()
	s.timer = time.AfterFunc(s.a.c.HoldFor, s.drop)
	s.mu.Unlock()
	s.accept()
}

// start carries the request out, once.
func (s *serving) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started || s.dropped {
		return
	}
	s.started = true
	if s.timer != nil {
		s.timer.Stop()
	}
	if !s.r.Hold {
		s.timer = time.AfterFunc(s.a.c.AcceptAfter, s.accept)
	}
	go s.run()
}

// drop forgets a request that was not started; it never will be.
func (s *serving) drop() {
	s.mu.Lock()
	if s.started || s.dropped {
		s.mu.Unlock()
		return
	}
	s.dropped = true
	s.mu.Unlock()
	s.over()
}

func (s *serving) run() {
	defer s.over()
	defer func() { _ = s.r.Body.Close() }()
	if err := s.a.enter(s.ctx); err != nil {
		s.quiet()
		s.a.refuse(s.r.Attempt, fault.Wrap(fault.Throttled, "wait for room at the agent", err))
		return
	}
	defer s.leave()
	resp, err := s.a.c.Handler.Serve(s.ctx, s.r)
	if err != nil {
		s.fail(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	if err := s.answer(resp); err != nil {
		s.fail(err)
	}
}

// answer sends the response: head and first piece in one message, then chunks.
func (s *serving) answer(resp *Response) error {
	buf := getBuffer(0)
	defer func() { putBuffer(buf) }()
	b, flags := resp.appendHead((*buf)[:0], s.r.Attempt)
	limit := len(b) + InlineMax
	body := resp.Body.Reader()
	b, whole, err := fill(b, body, min(limit, cap(b)))
	if err == nil && !whole {
		first := buf
		buf = getBuffer(MaxMessage)
		b = append((*buf)[:0], b...)
		putBuffer(first)
		b, whole, err = fill(b, body, limit)
	}
	if err != nil {
		return fault.Wrap(fault.Timeout, "read the application's answer", err)
	}
	if !whole {
		b[flags] |= flagMore
	}
	s.quiet()
	if whole {
		s.leave() // before the caller can know, so that it may send the next at once
	}
	if err := s.a.c.Publish.Publish(s.a.c.Address.Answers(s.r.Attempt.Caller), b); err != nil || whole {
		return err
	}
	return s.out.send(s.ctx, body, s.a.c.Publish, s.a.c.Address.Answers(s.r.Attempt.Caller), s.r.Attempt)
}

// leave gives the room back, once.
func (s *serving) leave() {
	if !s.left {
		s.left = true
		<-s.a.slots
	}
}

// quiet stops the acceptance that the answer makes unnecessary.
func (s *serving) quiet() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *serving) fail(err error) {
	s.quiet()
	s.a.fail(s.r.Attempt, Failure{Started: true, Fault: asFault(err)})
}

func (s *serving) over() {
	s.quiet()
	s.free()
	s.stop(errExchangeOver)
	s.a.end(s.r.Attempt)
}

// deliver takes a later frame of this attempt. Calls are serial.
func (s *serving) deliver(f Frame) {
	switch f.Type {
	case TypeGo:
		s.start()
	case TypeCancel:
		s.drop()
		s.stop(errCancelled)
	case TypeChunk:
		s.chunk(f)
	case TypeCredit:
		if taken, err := parseCredit(f); err == nil {
			s.out.grant(taken)
		}
	}
}

var errCancelled = fault.New(fault.Timeout, "relay request", "the caller gave up")

func (s *serving) chunk(f Frame) {
	seq, last, data, err := parseChunk(f)
	if err == nil && s.in != nil {
		err = s.in.push(seq, last, data)
	}
	if err != nil && s.in != nil {
		s.in.fail(err)
	}
}

func (s *serving) accept() {
	s.a.publish(s.r.Attempt, appendPrefix(make([]byte, 0, prefixLen), TypeAccept, s.r.Attempt))
}

func (s *serving) credit(taken uint32) {
	s.a.publish(s.r.Attempt, appendCredit(make([]byte, 0, prefixLen+5), s.r.Attempt, taken))
}
