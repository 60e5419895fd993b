package gsql

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// listener is a connection that the server tells of changes.
type listener interface {
	// listen starts to hear a channel; what is said after it returns is not missed.
	listen(ctx context.Context, channel string) error
	// hear waits for the next word on it.
	hear(ctx context.Context) (payload string, err error)
}

// glance is how often a history is looked at where the server does not tell by itself.
const glance = 500 * time.Millisecond

// pushes reports whether changes are noticed without being asked for.
func (s *session) pushes() bool { return s.layout.delta == deltaHistory }

// Watch returns when the history of the type has more than the watermark knows. PostgreSQL tells by NOTIFY at commit; at the
// others one row is counted twice a second.
func (s *session) Watch(ctx context.Context, t entry.Type, w connector.Watermark) error {
	const op = "watch"
	if !s.pushes() {
		return fault.New(fault.Unsupported, op, "only history tables are watched").WithHint("set delta to history")
	}
	o, err := s.object(t)
	if err != nil {
		return err
	}
	_, from, err := readPosition(w, t)
	if err != nil {
		return err
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	tell, can := s.conn.(listener)
	if can {
		if err := tell.listen(ctx, notifyChannel); err != nil {
			return s.failure(op, s.dialect().judge(err), err)
		}
	}
	for {
		more, err := s.moved(ctx, o, from)
		if err != nil || more {
			return err
		}
		if err := s.wait(ctx, tell, historyTable(s.grammar(), o)); err != nil {
			return err
		}
	}
}

// moved reports whether there are changes that the position does not know.
func (s *session) moved(ctx context.Context, o *object, from position) (more bool, err error) {
	f, err := s.follower(o)
	if err != nil {
		return false, err
	}
	err = s.read(ctx, "watch", func(ctx context.Context, c conn) error {
		n, err := counted(ctx, c, f, from)
		if more = n != from.Told; err != nil || more {
			return err
		}
		now, err := standOf(ctx, c, f.stand()) // a truncated table, or a history made anew, shows in the epoch alone
		more = now.Epoch != from.Epoch
		return err
	})
	return more, s.ofHistory(o, err)
}

// wait returns when it is time to look again.
func (s *session) wait(ctx context.Context, tell listener, table string) error {
	const op = "watch"
	if tell == nil {
		select {
		case <-ctx.Done():
			return fault.Wrap(fault.Unavailable, op, ctx.Err())
		case <-time.After(glance):
			return nil
		}
	}
	for {
		said, err := tell.hear(ctx)
		if err != nil {
			s.Close() // the connection is left in the middle of waiting
			return fault.Wrap(fault.Unavailable, op, err)
		}
		if said == table {
			return nil
		}
	}
}

// notifyChannel is the PostgreSQL channel on which the triggers tell, with the history's name.
const notifyChannel = "sallyport"

func (c *pgConn) listen(ctx context.Context, channel string) error {
	_, err := c.pg.Exec(ctx, "LISTEN "+postgres{}.quote(channel))
	return err
}

func (c *pgConn) hear(ctx context.Context) (string, error) {
	n, err := c.pg.WaitForNotification(ctx)
	if err != nil {
		return "", err
	}
	c.used = time.Now()
	return n.Payload, nil
}
