package gsql

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// batch is how many rows are read before they are handed on; the command timeout runs only while rows are read.
const batch = 256

// errSlow is why an import is given up: no rows for as long as the command timeout.
var errSlow = errors.New("the database delivered no row within the command timeout")

// Import reads the table in one pass, and each table of values in one pass beside it, all in one snapshot and in the
// order of the anchor, so that nothing is looked up and nothing is kept. The session can do nothing else meanwhile.
// Two rows with one anchor are fault.Ambiguous; a row without an anchor is no object and is left out.
func (s *session) Import(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		if err := s.stream(ctx, t, func(e entry.Entry) bool { return yield(e, nil) }); err != nil {
			yield(entry.Entry{}, err)
		}
	}
}

// stream calls yield for every object until that returns false.
func (s *session) stream(ctx context.Context, t entry.Type, yield func(entry.Entry) bool) error {
	const op = "import"
	o, err := s.object(t)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.Unavailable, op, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(s.layout.timeout, func() { cancel(errSlow) })
	defer watch.Stop()
	r, err := s.openReader(ctx, o)
	if err != nil {
		return s.importFailure(ctx, op, err)
	}
	defer r.end()
	buffer := make([]entry.Entry, 0, batch)
	for more := true; more; {
		watch.Reset(s.layout.timeout)
		buffer, more, err = r.fill(buffer[:0])
		watch.Stop()
		for _, e := range buffer {
			if !yield(e) {
				return nil
			}
		}
		if err != nil {
			return s.importFailure(ctx, op, err)
		}
	}
	return nil
}

func (s *session) importFailure(ctx context.Context, op string, err error) error {
	v := s.dialect().judge(err)
	if v.lost {
		s.Close()
	}
	if errors.Is(context.Cause(ctx), errSlow) {
		return fault.New(fault.Timeout, op, "%w", errSlow).WithHint("raise commandTimeout (now %s), or make the view faster", s.layout.timeout)
	}
	if ctx.Err() != nil {
		return &fault.Error{Op: op, Kind: fault.Unavailable, Err: errors.Join(context.Cause(ctx), err)}
	}
	if v.lost {
		v.kind, v.hint = fault.Unavailable, "the next import starts from the beginning"
	}
	return s.failure(op, v, err)
}

// openReader opens the result sets, on a new connection when the old one turns out to be lost.
func (s *session) openReader(ctx context.Context, o *object) (*reader, error) {
	for try := 1; ; try++ {
		if err := s.connect(ctx); err != nil {
			return nil, err
		}
		open, end, err := s.conn.streams(ctx, importQueries(o))
		if err == nil {
			return newReader(o, open, end), nil
		}
		v := s.dialect().judge(err)
		if v.lost {
			s.Close()
		}
		if !v.lost && !v.again || try >= attempts || ctx.Err() != nil {
			return nil, err
		}
		if v.again {
			pause(ctx, try)
		}
	}
}

// importQueries returns the query of the objects, then one for each table of values. A query of values joins the object's table so
// that every row has its object, in the same order of anchors: merging them needs no comparison but equality.
func importQueries(o *object) []query {
	where := " WHERE " + notNull(o.anchor)
	if !anyNullable(o.anchor) {
		where = ""
	}
	out := o.readable()
	qs := []query{{text: "SELECT " + selects("", out) + " FROM " + o.table + where, out: out}}
	if len(o.children) > 0 {
		qs[0].text += " ORDER BY " + list("", o.anchor)
	}
	for _, c := range o.children {
		qs = append(qs, query{
			text: "SELECT " + selects("m.", o.anchor) + ", " + selects("c.", c.value) + " FROM " + c.table + " c JOIN " + o.table +
				" m ON " + joins("m.", o.anchor, "c.", c.owner) + " ORDER BY " + list("m.", o.anchor),
			out: append(append([]column{}, o.anchor...), c.value...),
		})
	}
	return qs
}

func notNull(cs []column) string {
	parts := make([]string, len(cs))
	for i, c := range cs {
		parts[i] = c.quoted + " IS NOT NULL"
	}
	return strings.Join(parts, " AND ")
}

func anyNullable(cs []column) bool {
	for _, c := range cs {
		if c.nullable {
			return true
		}
	}
	return false
}
