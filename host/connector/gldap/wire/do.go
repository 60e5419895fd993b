package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// Do sends a request and waits for its answer. An answer other than success is *Refused, a broken connection *Lost.
func (c *Conn) Do(ctx context.Context, r Request, controls ...Control) (Result, error) {
	defer c.guard(ctx)()
	id, err := c.send(ctx, r, controls)
	if err != nil {
		return Result{}, err
	}
	for {
		a, err := c.receive(ctx)
		if err != nil {
			return Result{}, err
		}
		if a.id == id && a.op != opIntermediate {
			return c.result(ctx, a)
		}
	}
}

// result reads an answer that ends an operation.
func (c *Conn) result(ctx context.Context, a answer) (Result, error) {
	r, err := parseResult(a.body, a.controls)
	if err != nil {
		return r, c.lose(ctx, true, err)
	}
	if r.Code != 0 {
		return r, &Refused{r}
	}
	return r, nil
}

// Bind says who we are by DN and password; without a password we are anonymous.
func (c *Conn) Bind(ctx context.Context, dn, password string) error {
	_, err := c.Do(ctx, simpleBind{dn, password})
	return err
}

// External says that the server shall take us for whom it sees below LDAP: by client certificate, or by the user of a socket file.
func (c *Conn) External(ctx context.Context, authz string) error {
	_, err := c.Do(ctx, external{authz})
	return err
}

// saslInProgress says that the server waits for the next step of a login (RFC 4511 §4.2).
const saslInProgress = 14

// SASL logs in by a mechanism in steps: step gets what the server said (nil at first) and returns what to say next.
func (c *Conn) SASL(ctx context.Context, mechanism string, step func(said []byte) ([]byte, error)) error {
	var said []byte
	for range 10 { // more than any mechanism takes
		next, err := step(said)
		if err != nil {
			return err
		}
		_, err = c.Do(ctx, saslStep{mechanism, next})
		refused, ok := errors.AsType[*Refused](err)
		switch {
		case ok && refused.Code == saslInProgress:
			said = append([]byte{}, refused.Value...)
		default:
			return err
		}
	}
	return fmt.Errorf("the login by %s does not come to an end", mechanism)
}

// StartTLS encrypts the connection from here on (RFC 4511 §4.14).
func (c *Conn) StartTLS(ctx context.Context, config *tls.Config) error {
	if _, err := c.Do(ctx, Extended{OID: "1.3.6.1.4.1.1466.20037"}); err != nil {
		return err
	}
	if c.r.Buffered() > c.used {
		return c.lose(ctx, true, fmt.Errorf("the server sent bytes before the encryption"))
	}
	t := tls.Client(c.net, config)
	if err := t.HandshakeContext(ctx); err != nil {
		return c.lose(ctx, false, err)
	}
	c.net, c.used = net.Conn(t), 0
	c.r.Reset(t)
	return nil
}

// Message is a request with its controls.
type Message struct {
	Request  Request
	Controls []Control
}

// inFlight bounds the bytes of requests that wait for answers, so that neither side's buffers ever stand still.
const inFlight = 64 << 10

// Pipeline sends requests without waiting for each answer, at most window at a time, and calls done for each as its answer comes, in
// whatever order; of a Search, entry is called for each entry before that. It returns when all are answered. When the connection
// breaks, those without an answer are done with *Lost.
func (c *Conn) Pipeline(ctx context.Context, requests []Message, window int, entry func(i int, e *Entry), done func(i int, r Result, err error)) {
	defer c.guard(ctx)()
	type sent struct{ index, size int }
	open, bytes, next := map[int64]sent{}, 0, 0
	var e Entry
	for next < len(requests) || len(open) > 0 {
		if next < len(requests) && len(open) < window && (bytes < inFlight || len(open) == 0) {
			m := requests[next]
			id, err := c.send(ctx, m.Request, m.Controls)
			if err != nil {
				done(next, Result{}, err)
			} else {
				open[id] = sent{next, len(c.out.b)}
				bytes += len(c.out.b)
			}
			next++
			continue
		}
		a, err := c.receive(ctx)
		if err != nil {
			for _, s := range open {
				done(s.index, Result{}, err)
			}
			clear(open)
			continue // the rest was not sent
		}
		s, ok := open[a.id]
		switch {
		case !ok || a.op == opIntermediate || a.op == opReference:
		case a.op == opEntry:
			if err := e.parse(a.body); err != nil {
				_ = c.lose(ctx, true, err) // the next receive says so for all
			} else {
				entry(s.index, &e)
			}
		default:
			delete(open, a.id)
			bytes -= s.size
			r, err := c.result(ctx, a)
			done(s.index, r, err)
		}
	}
}
