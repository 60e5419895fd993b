package storage

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/notify"
)

// Messages implements notify.Outbox.
type Messages struct{ base }

var _ notify.Outbox = (*Messages)(nil)

// NewMessages returns the outbox kept in the engine.
func NewMessages(e Engine) *Messages { return &Messages{base{e}} }

const (
	postMessage Query = `INSERT INTO notify_message (tenant, id, channel, event, state, due, done, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (tenant, channel, event) DO NOTHING`

	dueMessages Query = `SELECT doc FROM notify_message WHERE tenant = $1 AND state = $2 AND due <= $3 ORDER BY due LIMIT $4`

	markMessage Query = `UPDATE notify_message SET state = $3, due = $4, done = $5, doc = $6 WHERE tenant = $1 AND id = $2`

	listMessages Query = `SELECT doc FROM notify_message WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3`

	retainMessages Query = `DELETE FROM notify_message WHERE tenant = $1 AND done > 0 AND done < $2`
)

// Post stores messages in one transaction; those that are there already are left out.
func (s *Messages) Post(ctx context.Context, ms []notify.Message) (fresh int, err error) {
	const op = "store messages"
	for i := range ms {
		id, err := uuid.NewV7()
		if err != nil {
			return 0, fault.Wrap(fault.Internal, op, err)
		}
		ms[i].ID = id.String()
	}
	err = s.write(ctx, op, func(tx tx) error {
		fresh = 0
		for _, m := range ms {
			doc, err := sealJSON(m)
			if err != nil {
				return err
			}
			n, err := tx.exec(postMessage, m.ID, m.Channel, m.Event.Key, string(m.State), moment(m.Due), moment(m.Done), doc)
			if err != nil {
				return err
			}
			fresh += int(n)
		}
		return nil
	})
	return fresh, err
}

// Due returns messages that wait and are due at the time, the oldest first.
func (s *Messages) Due(ctx context.Context, now time.Time, limit int) ([]notify.Message, error) {
	return s.list(ctx, dueMessages, string(notify.Waiting), moment(now), limit)
}

// Messages returns a page of messages, the newest first, older than the one with the id; "" begins with the newest.
func (s *Messages) Messages(ctx context.Context, before string, limit int) ([]notify.Message, error) {
	const last = "g" // comes after every id: they are hexadecimal
	return s.list(ctx, listMessages, cmp.Or(before, last), limit)
}

func (s *Messages) list(ctx context.Context, q Query, args ...any) (ms []notify.Message, err error) {
	err = s.read(ctx, "read messages", func(tx tx) error {
		return tx.each(q, args, func(r Rows) error {
			var doc []byte
			if err := r.Scan(&doc); err != nil {
				return err
			}
			var m notify.Message
			err := openJSON(doc, &m)
			ms = append(ms, m)
			return err
		})
	})
	return ms, err
}

// Mark stores what became of a message; fault.NotFound when it is absent.
func (s *Messages) Mark(ctx context.Context, m notify.Message) error {
	const op = "mark a message"
	doc, err := sealJSON(m)
	if err != nil {
		return name(op, err)
	}
	return s.write(ctx, op, func(tx tx) error {
		n, err := tx.exec(markMessage, m.ID, string(m.State), moment(m.Due), moment(m.Done), doc)
		if err != nil || n == 0 {
			return orAbsent(err, op, m.ID)
		}
		return nil
	})
}

// Retain drops messages that were done before the time.
func (s *Messages) Retain(ctx context.Context, before time.Time) (int, error) {
	var n int64
	err := s.write(ctx, "trim messages", func(tx tx) (err error) {
		n, err = tx.exec(retainMessages, moment(before))
		return err
	})
	return int(n), err
}
