package wire

import (
	"context"
	"errors"
)

// Rows are the answers of a search, one at a time. Read to the end or Close.
type Rows struct {
	c       *Conn
	ctx     context.Context
	id      int64
	release func()
	entry   Entry
	result  Result
	note    *Intermediate
	err     error
	over    bool
}

// Intermediate is an answer between entries (RFC 4511 §4.13), as synchronization uses it.
type Intermediate struct {
	OID   string
	Value []byte
}

// Search sends a search.
func (c *Conn) Search(ctx context.Context, s Search) (*Rows, error) {
	release := c.guard(ctx)
	id, err := c.send(ctx, s, s.Controls)
	if err != nil {
		release()
		return nil, err
	}
	return &Rows{c: c, ctx: ctx, id: id, release: release}, nil
}

// Next reads on to the next entry, or intermediate answer; false at the end and after an error. References to other servers
// (RFC 4511 §4.5.3) are not followed.
func (r *Rows) Next() bool {
	r.note = nil
	for !r.over {
		a, err := r.c.receive(r.ctx)
		if err != nil {
			return r.end(err)
		}
		if a.id != r.id {
			continue
		}
		switch a.op {
		case opEntry:
			if err := r.take(a); err != nil {
				return r.end(r.c.lose(r.ctx, true, err))
			}
			return true
		case opIntermediate:
			if r.note, err = intermediate(a.body); err != nil {
				return r.end(r.c.lose(r.ctx, true, err))
			}
			return true
		case opReference:
		default:
			r.result, err = r.c.result(r.ctx, a)
			return r.end(err)
		}
	}
	return false
}

func (r *Rows) take(a answer) (err error) {
	if err := r.entry.parse(a.body); err != nil {
		return err
	}
	r.entry.Controls, err = parseControls(a.controls)
	return err
}

func (r *Rows) end(err error) bool {
	r.err, r.over = err, true
	r.release()
	return false
}

// Entry returns the entry that Next read, which holds until the following Next.
func (r *Rows) Entry() *Entry { return &r.entry }

// Note returns what Next read if that was an intermediate answer, else nil.
func (r *Rows) Note() *Intermediate { return r.note }

// Result returns how the search ended, with its controls.
func (r *Rows) Result() Result { return r.result }

// Err returns why Next returned false: nil when the search is complete.
func (r *Rows) Err() error { return r.err }

// Close ends the search. One that is not complete takes its connection with it: the server may have much more to say.
func (r *Rows) Close() {
	if !r.over {
		r.end(r.c.lose(r.ctx, true, errors.New("the search was left")))
	}
}

// Control returns the value of a control of the entry, nil when it is not there.
func (e *Entry) Control(oid string) []byte { return find(e.Controls, oid) }

func intermediate(body []byte) (*Intermediate, error) {
	fields, err := Fields(body)
	n := new(Intermediate)
	for _, f := range fields {
		switch f.Tag {
		case 0x80:
			n.OID = string(f.Body)
		case 0x81:
			n.Value = append([]byte{}, f.Body...)
		}
	}
	return n, err
}
