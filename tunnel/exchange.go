package tunnel

import (
	"context"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// exchange is the caller's side of one attempt.
type exchange struct {
	caller  *Caller
	to      Address
	subject string
	at      Attempt
	ctx     context.Context // lives until the exchange is over
	stop    context.CancelCauseFunc
	out     *outflow // nil when the body went with the head

	accepted chan struct{} // one token when the agent accepts
	done     chan struct{} // closed when resp or failure is set

	mu      sync.Mutex
	over    bool
	resp    *Response
	in      *inflow
	failure *Failure
	told    bool // the failure came from the agent
}

// wait drives the attempt from the request to the response head.
func (x *exchange) wait(ctx context.Context, r *Request, acceptWithin time.Duration) (*Response, Delivery, error) {
	silence := time.NewTimer(acceptWithin)
	defer silence.Stop()
	started := !r.Hold
	if started && x.out != nil {
		go x.upload(r.Body)
	}
	for {
		select {
		case <-x.done:
			return x.outcome(started)
		case <-x.accepted:
			silence.Stop()
			if started {
				continue
			}
			started = true
			if err := x.publish(TypeGo); err != nil {
				return nil, Refused, fault.Wrap(fault.Unavailable, "start request at agent", err)
			}
			if x.out != nil {
				go x.upload(r.Body)
			}
		case <-silence.C:
			x.cancel()
			return nil, unsure(started), fault.New(fault.Unavailable, "reach agent", "agent %s did not accept the request within %s", x.to.Agent, acceptWithin)
		case <-ctx.Done():
			x.cancel()
			return nil, unsure(started), fault.Wrap(fault.Timeout, "wait for agent", context.Cause(ctx))
		}
	}
}

// unsure is what is known when the agent did not answer.
func unsure(started bool) Delivery {
	if started {
		return Unknown
	}
	return Refused
}

// outcome reads the result after done was closed.
func (x *exchange) outcome(started bool) (*Response, Delivery, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.failure == nil {
		return x.resp, Answered, nil
	}
	switch {
	case !started || !x.failure.Started:
		return nil, Refused, x.failure.Fault
	case x.told:
		return nil, Answered, x.failure.Fault
	}
	return nil, Unknown, x.failure.Fault
}

// deliver takes a frame of this attempt from the agent that was asked. Calls are serial.
func (x *exchange) deliver(f Frame) {
	if err := f.Speaks(); err != nil {
		x.broken(err)
		return
	}
	switch f.Type {
	case TypeAccept:
		select {
		case x.accepted <- struct{}{}:
		default:
		}
	case TypeResponse:
		x.respond(f)
	case TypeFailure:
		if fail, err := ParseFailure(f); err != nil {
			x.broken(err)
		} else {
			x.fail(fail, true)
		}
	case TypeChunk:
		x.chunk(f)
	case TypeCredit:
		if taken, err := parseCredit(f); err == nil && x.out != nil {
			x.out.grant(taken)
		}
	default:
		x.broken(malformed("frame type %d from an agent", f.Type))
	}
}

func (x *exchange) respond(f Frame) {
	resp, more, err := parseResponse(f)
	if err != nil {
		x.broken(err)
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		return
	}
	x.over, x.resp = true, resp
	if more {
		x.in = newInflow(x.ctx, x.credit, x.bodyClosed)
		resp.Body.Rest = x.in
	}
	close(x.done)
}

func (x *exchange) chunk(f Frame) {
	seq, last, data, err := parseChunk(f)
	x.mu.Lock()
	in := x.in
	x.mu.Unlock()
	if err == nil && in != nil {
		err = in.push(seq, last, data)
	} else if err == nil {
		err = fault.New(fault.Internal, "receive body", "chunk %d came before its response", seq)
	}
	if err != nil {
		x.broken(err)
	}
}

// broken ends the exchange because the agent sent what cannot be.
func (x *exchange) broken(err error) {
	x.cancel()
	x.fail(Failure{Started: true, Fault: asFault(fault.Wrap(fault.Internal, "read answer of agent "+x.to.Agent, err))}, false)
}

// fail ends the exchange with a fault, or the body when the response head was taken already.
func (x *exchange) fail(f Failure, told bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.in != nil {
		x.in.fail(f.Fault)
	}
	if x.over {
		return
	}
	x.over, x.failure, x.told = true, &f, told
	close(x.done)
}

// upload sends the rest of the request's body; if it cannot be read to the end, the agent is told to stop.
func (x *exchange) upload(body Body) {
	defer func() { _ = body.Close() }()
	err := x.out.send(x.ctx, body.Rest, x.caller.c.Publish, x.subject, x.at)
	if err == nil || x.ctx.Err() != nil {
		return
	}
	x.cancel()
	x.fail(Failure{Started: true, Fault: asFault(fault.Wrap(fault.Timeout, "send body to agent", err))}, false)
}

func (x *exchange) credit(taken uint32) {
	// A credit that cannot be sent means the connection is gone; the loss of the agent ends the exchange.
	_ = x.caller.c.Publish.Publish(x.subject, appendCredit(make([]byte, 0, prefixLen+5), x.at, taken))
}

// bodyClosed ends the exchange with its body.
func (x *exchange) bodyClosed(complete bool) {
	if !complete {
		x.cancel()
	}
	x.caller.end(x)
}

// cancel tells the agent to stop, and never to start this attempt. Best effort: the deadline does the same later.
func (x *exchange) cancel() { _ = x.publish(TypeCancel) }

func (x *exchange) publish(t Type) error {
	return x.caller.c.Publish.Publish(x.subject, appendPrefix(make([]byte, 0, prefixLen), t, x.at))
}
