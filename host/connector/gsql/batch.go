package gsql

import (
	"context"
	"errors"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// batchSize is how many writes one transaction takes at most.
const batchSize = 500

// Export carries out the writes in one transaction, each behind a savepoint of its own, so that one that fails fails alone. Where
// the client library can, single statements are sent without waiting for the answer of the one before.
func (s *session) Export(ctx context.Context, xs []connector.Export) []connector.Result {
	results := make([]connector.Result, len(xs))
	if err := s.refresh(ctx); err != nil {
		for i := range results {
			results[i].Err = err
		}
		return results
	}
	for from := 0; from < len(xs); from += batchSize {
		to := min(from+batchSize, len(xs))
		if !s.piped(ctx, xs[from:to], results[from:to]) {
			s.together(ctx, xs[from:to], results[from:to])
		}
	}
	for i, r := range results {
		if r.Err == nil {
			s.note(kindOf(xs[i]), string(r.Anchor))
			continue
		}
		results[i].Err = s.named(ctx, kindOf(xs[i]), valuesOf(xs[i]), r.Err)
	}
	return results
}

// together writes one after the other inside one transaction.
func (s *session) together(ctx context.Context, xs []connector.Export, results []connector.Result) {
	const op = "export"
	err := s.write(ctx, op, func(ctx context.Context, c conn) error {
		return c.transact(ctx, func() error {
			for i, x := range xs {
				r, err := s.apart(ctx, c, x)
				if err != nil && s.hopeless(ctx, err) {
					return err
				}
				if err != nil {
					r = connector.Result{Err: s.failure(opOf(x), s.dialect().judge(err), err)}
				}
				results[i] = r
			}
			return nil
		})
	})
	if err != nil {
		s.undone(ctx, xs, results, err)
	}
}

// hopeless reports whether an error takes the whole transaction with it.
func (s *session) hopeless(ctx context.Context, err error) bool {
	_, abandoned := errors.AsType[*abandonedError](err)
	v := s.judge(err)
	return abandoned || v.lost || v.again || ctx.Err() != nil
}

// undone says what became of the writes of a transaction that failed as a whole: unknown, nothing, or tried again one by one.
func (s *session) undone(ctx context.Context, xs []connector.Export, results []connector.Result, err error) {
	kind := fault.KindOf(err)
	for i, x := range xs {
		switch {
		case kind == fault.Timeout || kind == fault.Unavailable || ctx.Err() != nil:
			results[i] = connector.Result{Err: err}
		default:
			results[i] = s.single(ctx, x)
		}
	}
}

// single carries out one write in a transaction of its own.
func (s *session) single(ctx context.Context, x connector.Export) (r connector.Result) {
	switch x.Op {
	case entry.Add:
		r.Entry, r.Err = s.Create(ctx, x.Entry)
		r.Anchor = connector.Anchor(r.Entry.ID)
	case entry.Replace:
		r.Anchor, r.Err = s.Update(ctx, x.Type, x.Anchor, x.Edits)
	case entry.Remove:
		r.Err = s.Delete(ctx, x.Type, x.Anchor)
	default:
		r.Err = fault.New(fault.Invalid, "export", "a write without an operation")
	}
	return r
}

// apart carries out one write behind a savepoint.
func (s *session) apart(ctx context.Context, c conn, x connector.Export) (r connector.Result, err error) {
	run, err := s.planned(x)
	if err != nil {
		return r, fault.Wrap(fault.Invalid, opOf(x), err)
	}
	err = c.transact(ctx, func() error {
		r, err = run(ctx, c)
		return err
	})
	return r, err
}

func kindOf(x connector.Export) entry.Type {
	if x.Type == "" {
		return x.Entry.Type
	}
	return x.Type
}

func opOf(x connector.Export) string {
	switch x.Op {
	case entry.Add:
		return "create"
	case entry.Replace:
		return "update"
	case entry.Remove:
		return "delete"
	}
	return "export"
}

// planned checks a write and returns what runs it inside a transaction.
func (s *session) planned(x connector.Export) (func(context.Context, conn) (connector.Result, error), error) {
	o, err := s.object(kindOf(x))
	if err != nil {
		return nil, err
	}
	if s.methodical(o) {
		return s.plannedByMethod(o, x), nil
	}
	switch x.Op {
	case entry.Add:
		return s.plannedCreate(o, x)
	case entry.Replace:
		return s.plannedUpdate(o, x)
	case entry.Remove:
		return s.plannedDelete(o, x)
	}
	return nil, fault.New(fault.Invalid, "export", "a write without an operation")
}

func (s *session) plannedByMethod(o *object, x connector.Export) func(context.Context, conn) (connector.Result, error) {
	return func(ctx context.Context, c conn) (r connector.Result, err error) {
		switch x.Op {
		case entry.Add:
			r.Entry, err = s.methodCreate(ctx, c, o, x.Entry)
			r.Anchor = connector.Anchor(r.Entry.ID)
		case entry.Replace:
			r.Anchor, err = s.updateByMethod(ctx, c, o, x.Anchor, x.Edits)
		case entry.Remove:
			err = s.methodDelete(ctx, c, o, x.Anchor)
		default:
			err = fault.New(fault.Invalid, "export", "a write without an operation")
		}
		return r, err
	}
}

func (s *session) plannedCreate(o *object, x connector.Export) (func(context.Context, conn) (connector.Result, error), error) {
	plan, err := s.planCreate(o, x.Entry)
	return func(ctx context.Context, c conn) (r connector.Result, err error) {
		r.Entry, err = s.create(ctx, c, o, plan)
		r.Anchor = connector.Anchor(r.Entry.ID)
		return r, err
	}, err
}

func (s *session) plannedUpdate(o *object, x connector.Export) (func(context.Context, conn) (connector.Result, error), error) {
	u, err := s.planUpdate(o, x.Anchor, x.Edits)
	return func(ctx context.Context, c conn) (r connector.Result, err error) {
		r.Anchor, err = u.run(ctx, c)
		return r, err
	}, err
}

func (s *session) plannedDelete(o *object, x connector.Export) (func(context.Context, conn) (connector.Result, error), error) {
	key, err := s.bindAnchor(o.anchor, string(x.Anchor))
	u := &update{session: s, object: o, anchor: x.Anchor, key: key}
	return func(ctx context.Context, c conn) (connector.Result, error) {
		return connector.Result{}, u.delete(ctx, c)
	}, err
}
