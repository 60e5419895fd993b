package gsql

import (
	"context"
	"errors"
	"iter"
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
		o, err := s.fresh(ctx, t)
		if err == nil {
			err = s.importAll(ctx, o, func(e entry.Entry) bool {
				s.note(t, e.ID)
				return yield(e, nil)
			})
		}
		if err != nil {
			yield(entry.Entry{}, err)
		}
	}
}

// importAll reads a type by its own statement, or from its table.
func (s *session) importAll(ctx context.Context, o *object, yield func(entry.Entry) bool) error {
	if m, ok := s.method(o.name, "import", ""); ok {
		if err := ctx.Err(); err != nil {
			return fault.Wrap(fault.Unavailable, "import", err)
		}
		return s.importByMethod(ctx, o, m, given{session: s, object: o}, func(e entry.Entry, _ string) bool { return yield(e) })
	}
	return s.stream(ctx, s.scanOf(o), yield)
}

// stream calls yield for every object of the scan until that returns false.
func (s *session) stream(ctx context.Context, sc scan, yield func(entry.Entry) bool) error {
	const op = "import"
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.Unavailable, op, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(s.layout.timeout, func() { cancel(errSlow) })
	defer watch.Stop()
	for try := 1; ; try++ {
		began, err := s.pass(ctx, sc, watch, yield)
		if err == nil {
			return nil
		}
		if v := s.judge(err); began || !v.again || try >= attempts || ctx.Err() != nil {
			return s.importFailure(ctx, op, err)
		}
		pause(ctx, try)
	}
}

// pass reads the scan once; began says that objects were handed on.
func (s *session) pass(ctx context.Context, sc scan, watch *time.Timer, yield func(entry.Entry) bool) (began bool, err error) {
	r, err := s.openReader(ctx, sc)
	if err != nil {
		return false, err
	}
	defer r.end()
	buffer := make([]entry.Entry, 0, batch)
	for more := true; more; {
		watch.Reset(s.layout.timeout)
		buffer, more, err = r.fill(buffer[:0])
		watch.Stop()
		for _, e := range buffer {
			began = true
			if !yield(e) {
				return began, nil
			}
		}
		if err != nil {
			return began, err
		}
	}
	return began, nil
}

func (s *session) importFailure(ctx context.Context, op string, err error) error {
	v := s.judge(err)
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
func (s *session) openReader(ctx context.Context, sc scan) (*reader, error) {
	for try := 1; ; try++ {
		if err := s.connect(ctx); err != nil {
			return nil, err
		}
		open, end, err := s.conn.streams(ctx, sc)
		if err == nil {
			return newReader(sc.object, open, end), nil
		}
		v := s.judge(err)
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
