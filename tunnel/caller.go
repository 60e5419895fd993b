package tunnel

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Delivery says what is known about a request that brought no response.
type Delivery uint8

// What may be known.
const (
	Unknown  Delivery = iota // it may have taken effect, wholly or in part
	Refused                  // provably not started, and it never will be
	Answered                 // the agent carried it out and gave an answer: a response, or a fault of its own
)

// CallerConfig is what a Caller needs from outside.
type CallerConfig struct {
	ID           uint64           // different at each start of each gateway: a random number
	Publish      Publisher        // towards the agents
	Now          func() time.Time // the service's clock
	AcceptWithin time.Duration    // how long an agent may be silent after it was sent a request; 0 means 2 s
	MaxBudget    time.Duration    // longest time for a request, used when its context has no deadline; 0 means 1 min
	// Foreign is told of an answer that came from an agent that was not asked; may be nil. It does not block.
	Foreign func(subject, why string)
}

// Caller sends requests to agents and matches their answers. It is safe for concurrent use.
type Caller struct {
	c    CallerConfig
	mu   sync.Mutex
	seq  uint64
	open map[uint64]*exchange
}

// NewCaller returns a Caller. Its owner subscribes Inbox to Deliver.
func NewCaller(c CallerConfig) *Caller {
	if c.AcceptWithin == 0 {
		c.AcceptWithin = 2 * time.Second
	}
	if c.MaxBudget == 0 {
		c.MaxBudget = time.Minute
	}
	return &Caller{c: c, open: make(map[uint64]*exchange)}
}

// Inbox is the subject pattern on which all answers to this caller arrive.
func (c *Caller) Inbox() string { return Inbox(c.c.ID) }

// Open returns the number of exchanges that wait for an answer or for the rest of a body.
func (c *Caller) Open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// Do sends a request to an agent and waits for the response head. The response's body must be closed; ctx must live until then.
// Without a response, Delivery tells what is known; the error is a fault. r.Budget and r.Attempt are set here.
func (c *Caller) Do(ctx context.Context, to Address, r *Request) (*Response, Delivery, error) {
	x := c.begin(ctx, to, r)
	if err := c.send(x, r); err != nil {
		c.end(x)
		return nil, Refused, fault.Wrap(fault.Unavailable, "send request to agent", err)
	}
	resp, d, err := x.wait(ctx, r, c.c.AcceptWithin)
	if err != nil || resp.Body.Rest == nil {
		c.end(x)
	}
	return resp, d, err
}

// begin registers a new attempt.
func (c *Caller) begin(ctx context.Context, to Address, r *Request) *exchange {
	now := c.c.Now()
	r.Budget = c.c.MaxBudget
	if end, ok := ctx.Deadline(); ok {
		r.Budget = min(r.Budget, end.Sub(now))
	}
	r.expires = now.Add(r.Budget)
	x := &exchange{caller: c, to: to, subject: to.Requests(), accepted: make(chan struct{}, 1), done: make(chan struct{})}
	x.ctx, x.stop = context.WithCancelCause(ctx)
	c.mu.Lock()
	c.seq++
	x.at = Attempt{Caller: c.c.ID, Seq: c.seq}
	c.open[x.at.Seq] = x
	c.mu.Unlock()
	r.Attempt = x.at
	return x
}

// send publishes the head with the first piece of the body in one message.
func (c *Caller) send(x *exchange, r *Request) error {
	size := prefixLen + 256 + len(r.Target) + len(r.Key) + len(r.Body.Prefix)
	for _, f := range r.Header {
		size += len(f.Value) + 8
	}
	if size-len(r.Body.Prefix) > maxHead || len(r.Body.Prefix) > InlineMax {
		return fault.New(fault.Invalid, "send request to agent", "a request head of %d bytes; at most %d cross the tunnel", size-len(r.Body.Prefix), maxHead)
	}
	buf := getBuffer(size)
	defer putBuffer(buf)
	b, _ := r.appendHead((*buf)[:0], x.at)
	if r.Body.Rest != nil {
		x.out = newOutflow()
	}
	return c.c.Publish.Publish(x.subject, append(b, r.Body.Prefix...))
}

// end forgets an attempt; what still comes for it has no effect.
func (c *Caller) end(x *exchange) {
	c.mu.Lock()
	delete(c.open, x.at.Seq)
	c.mu.Unlock()
	x.stop(errExchangeOver)
}

var errExchangeOver = errors.New("the exchange is over")

// Deliver takes one message that arrived on Inbox. It does not block and keeps msg. Calls are serial.
func (c *Caller) Deliver(subject string, msg []byte) {
	f, err := ParseFrame(msg)
	if err != nil {
		c.foreign(subject, err.Error())
		return
	}
	c.mu.Lock()
	x := c.open[f.Attempt.Seq]
	c.mu.Unlock()
	if x == nil || f.Attempt.Caller != c.c.ID {
		return // late, or a repetition of an answer that was taken
	}
	if from, ok := ParseSubject(subject); !ok || from != x.to {
		c.foreign(subject, "answered a request to agent "+x.to.Agent)
		return
	}
	x.deliver(f)
}

func (c *Caller) foreign(subject, why string) {
	if c.c.Foreign != nil {
		c.c.Foreign(subject, why)
	}
}

// Lost ends every exchange with an agent that is gone. why must be a fault. Those whose start was still held are refused; of the others
// nothing is known.
func (c *Caller) Lost(to Address, why *fault.Error) {
	c.mu.Lock()
	var hit []*exchange
	for _, x := range c.open {
		if x.to == to {
			hit = append(hit, x)
		}
	}
	c.mu.Unlock()
	for _, x := range hit {
		x.fail(Failure{Started: true, Fault: why}, false)
	}
}
