package gsql

import (
	"context"
	"errors"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// pipeliner is a connection that takes many statements at once.
type pipeliner interface {
	// pipeline runs the queries in order, inside the open transaction, without waiting between them. When one fails, its place is
	// returned with its error, and none after it ran.
	pipeline(ctx context.Context, qs []query) (done []written, failed int, err error)
}

// piece is a write that is one statement.
type piece struct {
	at     int // place among the results
	query  query
	result func(w written) (connector.Result, error)
	row    *row // of a create that is one plain INSERT

	bundle  []piece // the creates that this one is made of
	witness string  // the column that shows that rows come back in order
}

// errDisordered is why a bundle is rolled back: its rows did not come back as they were sent, as when a trigger changes them.
var errDisordered = errors.New("the rows of one INSERT did not come back as they were sent")

// failures is after how many failing writes of one batch the pipeline gives way to savepoints, which cost a round trip each.
const failures = 3

// piped tries to send the writes as one pipeline; false leaves all of it to do. A write that fails is taken out and the others
// are sent again: the transaction before was rolled back.
func (s *session) piped(ctx context.Context, xs []connector.Export, results []connector.Result) bool {
	if _, can := s.conn.(pipeliner); !can || len(xs) < 2 {
		return false
	}
	pieces, ok := s.pieces(xs, results)
	if !ok {
		return false
	}
	if bundles := s.bundled(pieces); len(bundles) < len(pieces) {
		failed, err := s.pipe(ctx, bundles, results)
		if err != nil && !errors.Is(err, errDisordered) && whole(ctx, failed, err) {
			s.undone(ctx, xs, results, err)
			return true
		}
		if err == nil {
			return true
		}
	}
	for range failures {
		failed, err := s.pipe(ctx, pieces, results)
		if err == nil {
			return true
		}
		if whole(ctx, failed, err) {
			s.undone(ctx, xs, results, err)
			return true
		}
		results[pieces[failed].at] = connector.Result{Err: err}
		pieces = slices.Delete(pieces, failed, failed+1)
	}
	return false
}

// whole reports whether a failure is that of all writes, not of the one at failed.
func whole(ctx context.Context, failed int, err error) bool {
	kind := fault.KindOf(err)
	return failed < 0 || kind == fault.Timeout || kind == fault.Unavailable || kind == fault.Conflict || ctx.Err() != nil
}

// pieces plans every write; those that are refused already have their result. False when one is more than a statement.
func (s *session) pieces(xs []connector.Export, results []connector.Result) ([]piece, bool) {
	var out []piece
	for i, x := range xs {
		p, ok, err := s.piece(x)
		switch {
		case err != nil:
			results[i] = connector.Result{Err: s.failure(opOf(x), s.dialect().judge(err), err)}
		case !ok:
			return nil, false
		default:
			p.at = i
			out = append(out, p)
		}
	}
	return out, true
}

func (s *session) piece(x connector.Export) (p piece, ok bool, err error) {
	o, err := s.object(kindOf(x))
	if err != nil || s.methodical(o) {
		return p, false, err
	}
	switch x.Op {
	case entry.Add:
		return s.createPiece(o, x)
	case entry.Replace:
		return s.updatePiece(o, x)
	}
	return s.deletePiece(o, x)
}

func (s *session) createPiece(o *object, x connector.Export) (piece, bool, error) {
	plan, err := s.planCreate(o, x.Entry)
	return piece{query: plan.insert, row: &plan.row, result: func(w written) (r connector.Result, err error) {
		r.Entry, err = inserted(o, w)
		r.Anchor = connector.Anchor(r.Entry.ID)
		return r, err
	}}, plan.alone(), err
}

func (s *session) updatePiece(o *object, x connector.Export) (p piece, ok bool, err error) {
	u, err := s.planUpdate(o, x.Anchor, x.Edits)
	if err != nil || !u.alone() || len(u.children) > 0 || len(u.sets) == 0 {
		return p, false, err
	}
	p.query, err = u.updateQuery(u.sets)
	p.result = func(w written) (r connector.Result, err error) {
		r.Anchor, err = u.updated(p.query, w)
		return r, err
	}
	return p, true, err
}

func (s *session) deletePiece(o *object, x connector.Export) (piece, bool, error) {
	key, err := s.bindAnchor(o.anchor, string(x.Anchor))
	u := &update{session: s, object: o, anchor: x.Anchor, key: key}
	q := query{text: "DELETE FROM " + o.table + " WHERE " + equals("", o.anchor, 1), args: key}
	return piece{query: q, result: func(w written) (connector.Result, error) { return connector.Result{}, u.one(w.count) }},
		len(o.children) == 0 && o.anchorUnique && x.Op == entry.Remove, err
}

// pipe runs the pieces in one transaction. It returns the place of the one that failed; -1 when the failure is no piece's own.
func (s *session) pipe(ctx context.Context, pieces []piece, results []connector.Result) (failed int, err error) {
	failed = -1
	qs := make([]query, len(pieces))
	for i, p := range pieces {
		qs[i] = p.query
	}
	err = s.write(ctx, "export", func(ctx context.Context, c conn) error {
		failed = -1
		return c.transact(ctx, func() error {
			done, at, err := c.(pipeliner).pipeline(ctx, qs)
			if err != nil {
				failed = at
				return err
			}
			for i, w := range done {
				if pieces[i].bundle != nil {
					if !pieces[i].unbundled(w, results) {
						return errDisordered
					}
					continue
				}
				r, err := pieces[i].result(w)
				if err != nil {
					r = connector.Result{Err: err}
				}
				results[pieces[i].at] = r
			}
			return nil
		})
	})
	return failed, err
}
