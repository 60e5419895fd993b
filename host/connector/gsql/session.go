package gsql

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// session is one connection, opened again when it was lost. It implements every optional capability that tables allow.
type session struct {
	name    string
	layout  layout
	conn    conn // nil when there is none
	objects map[entry.Type]*object
	stale   bool // the tables turned out to be others than objects says
	lacking bool // a statement was refused for a column that is not there any more
}

var (
	_ connector.Exporter      = (*session)(nil)
	_ connector.BatchExporter = (*session)(nil)
	_ connector.Lookup        = (*session)(nil)
	_ connector.Tester        = (*session)(nil)
	_ connector.Counter       = (*session)(nil)
	_ connector.Limits        = (*session)(nil)
)

// Writers returns the configured number, or what the database likes.
func (s *session) Writers() int {
	if s.layout.writers > 0 {
		return s.layout.writers
	}
	return s.layout.target.counsel.writers()
}

// Close ends the connection.
func (s *session) Close() error {
	if s.conn == nil {
		return nil
	}
	c := s.conn
	s.conn = nil
	return c.close()
}

func (s *session) dialect() dialect { return s.layout.target.dialect }
func (s *session) grammar() grammar { return s.layout.target.grammar }

// connect opens a connection unless a live one is there.
func (s *session) connect(ctx context.Context) error {
	if s.conn != nil {
		if k, ok := s.conn.(checker); !ok || k.alive(ctx) {
			return nil
		}
		s.Close()
	}
	limited, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	c, err := s.dialect().open(limited, s.layout.target, s.layout.clock)
	if err != nil {
		return s.failure("connect to the database", s.connectVerdict(err), err)
	}
	s.conn = c
	return nil
}

// connectVerdict: while connecting nothing was sent, so no answer means unavailable.
func (s *session) connectVerdict(err error) verdict {
	v := s.dialect().judge(err)
	if v.kind == fault.Timeout || v.kind == fault.Internal {
		v.kind = fault.Unavailable
	}
	if v.kind == fault.Unavailable && v.hint == "" {
		v.hint = "check that the database runs and that host, port and firewall let this machine reach it"
	}
	return v
}

// attempts bounds how often one operation is tried when the database asks for it (deadlock, serialization, busy).
const attempts = 8

// read runs f, which changes nothing, again on a new connection when the old one was lost.
func (s *session) read(ctx context.Context, op string, f func(context.Context, conn) error) error {
	return s.run(ctx, op, true, f)
}

// write runs f. A connection lost after something was sent is fault.Timeout: the effect is unknown.
func (s *session) write(ctx context.Context, op string, f func(context.Context, conn) error) error {
	return s.run(ctx, op, false, f)
}

// transaction is write inside one transaction.
func (s *session) transaction(ctx context.Context, op string, f func(context.Context, conn) error) error {
	return s.write(ctx, op, func(ctx context.Context, c conn) error {
		return c.transact(ctx, func() error { return f(ctx, c) })
	})
}

func (s *session) run(ctx context.Context, op string, repeatable bool, f func(context.Context, conn) error) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.Unavailable, op, err)
	}
	limited, cancel := context.WithTimeout(ctx, s.layout.timeout)
	defer cancel()
	reconnects := 0
	for try := 1; ; try++ {
		if err := s.connect(limited); err != nil {
			return fault.Wrap(fault.Unavailable, op, err)
		}
		err := f(limited, s.conn)
		if err == nil {
			return nil
		}
		v := s.judge(err)
		if v.lost {
			s.Close()
		}
		switch {
		case limited.Err() != nil || try >= attempts:
			return s.failure(op, v, err)
		case v.again:
			pause(limited, try)
		case v.lost && (repeatable || v.safe) && reconnects < 2:
			reconnects++
		default:
			return s.failure(op, v, err)
		}
	}
}

// judge asks the dialect, and the connection: one that the client library gave up, as after bytes that are no answer, is lost
// whatever the error says, and the effect of what was sent is unknown unless it was never committed.
func (s *session) judge(err error) verdict {
	if _, ok := errors.AsType[*retypedError](err); ok {
		s.stale = true
	}
	v := s.dialect().judge(err)
	if v.changed {
		s.stale, s.lacking = true, true
	}
	b, ok := s.conn.(interface{ broken() bool })
	if v.lost || !ok || !b.broken() {
		return v
	}
	v = verdict{kind: fault.Timeout, lost: true, hint: lostHint}
	if _, rolledBack := errors.AsType[*rolledBackError](err); rolledBack {
		v.kind, v.safe = fault.Unavailable, true
	}
	return v
}

// lostHint is what to do after a write whose answer did not come.
const lostHint = "the connection was lost before the database answered; look the object up before repeating"

// pause waits a little, longer with each try and never the same for two sessions.
func pause(ctx context.Context, try int) {
	d := time.Millisecond << min(try, 7)
	select {
	case <-ctx.Done():
	case <-time.After(d/2 + rand.N(d)):
	}
}

// failure makes the fault of an error. A fault made on the way stays what it is.
func (s *session) failure(op string, v verdict, err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return fault.Wrap(f.Kind, op, err)
	}
	if v.foreign && op == "delete" {
		v.kind, v.hint = fault.Conflict, "other rows still point to this one; delete or change them first, or let the foreign key cascade"
	}
	return &fault.Error{Op: op, Kind: v.kind, Hint: v.hint, Err: err}
}
