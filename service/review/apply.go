package review

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Apply approves a plan in somebody's name and begins to carry it out, or goes on where a crash or a missing target interrupted it. The approval
// releases the disables and deletes in it. It returns at once.
func (s *Reviews) Apply(ctx context.Context, id ID, by string) (Plan, error) {
	totals, err := s.Store.Count(ctx, id)
	if err != nil {
		return Plan{}, err
	}
	a, err := s.Apps.Get(ctx, id.App)
	if err != nil {
		return Plan{}, err
	}
	deletes := totals.Of(plan.Disable) + totals.Of(plan.Delete)
	p, err := s.Store.Revise(ctx, id, func(p Plan) (Plan, error) {
		if p.Status == Ready && p.Kind != Undo && p.Version != a.Version {
			return p, fault.New(fault.Conflict, "apply plan "+id.String(), "the application was changed since: the plan is of version %d, it is at %d now", p.Version, a.Version).
				WithHint("make a new plan with 'sallyport plan create %s', and compare the two with 'sallyport plan diff'", id.App)
		}
		p, err := p.approve(by, deletes, time.Now())
		p.Detail = ""
		return p, err
	})
	if err != nil {
		return p, err
	}
	return p, s.background(ctx, id, s.carry)
}

// carry carries out every row that has no outcome yet, then the references that had to wait for other rows.
func (s *Reviews) carry(ctx context.Context, id ID) error {
	p, err := s.Store.Plan(ctx, id)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		outcome Outcome
		do      func(context.Context, Plan, Row) error
	}{{Begun, s.resume}, {Pending, s.one}, {Done, s.afterwards}} {
		if err := s.each(ctx, p, part.outcome, part.do); err != nil {
			return s.interrupted(ctx, p, err)
		}
	}
	_, err = s.Store.Revise(context.WithoutCancel(ctx), id, func(p Plan) (Plan, error) {
		p.Status, p.Ended = Applied, time.Now()
		return p, nil
	})
	return err
}

// interrupted says why a plan is not carried out to its end; it can be gone on with.
func (s *Reviews) interrupted(ctx context.Context, p Plan, cause error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the service stops, and takes it up when it is back
	}
	_, err := s.Store.Revise(ctx, p.ID, func(p Plan) (Plan, error) {
		p.Detail = "interrupted: " + cause.Error()
		return p, nil
	})
	return err
}

// atOnce is how many rows are carried out at a time.
const atOnce = 16

// each works through the rows with an outcome, page by page, in their order. An object has one row, so rows of one page may go side by side.
func (s *Reviews) each(ctx context.Context, p Plan, o Outcome, do func(context.Context, Plan, Row) error) error {
	q := Query{Outcome: o, Limit: batch}
	for {
		rows, err := s.Store.Find(ctx, p.ID, q)
		if err != nil || len(rows) == 0 {
			return err
		}
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(atOnce)
		for _, r := range rows {
			if gctx.Err() != nil {
				break
			}
			g.Go(func() error { return do(gctx, p, r) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		q.After = rows[len(rows)-1].Seq
	}
}

// one carries out a row: that it begins is on disk before, what came of it after.
func (s *Reviews) one(ctx context.Context, p Plan, r Row) error {
	if err := s.Store.Settle(ctx, p.ID, r.Seq, Begun, "", time.Time{}); err != nil {
		return err
	}
	return s.settle(ctx, p, r, s.do(ctx, p, r))
}

// resume goes on with a row that a crash interrupted: what took effect already is not done again, and not counted again.
func (s *Reviews) resume(ctx context.Context, p Plan, r Row) error {
	took, err := s.tookEffect(ctx, p, r)
	if err == nil && !took {
		err = s.do(ctx, p, r)
	}
	return s.settle(ctx, p, r, err)
}

// settle writes down what became of a row. The error returned is one that stops the whole plan.
func (s *Reviews) settle(ctx context.Context, p Plan, r Row, err error) error {
	o, detail := Done, ""
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return ctx.Err() // it stays begun, and is looked at again
	case fault.Is(err, fault.Conflict), fault.Is(err, fault.NotFound):
		o, detail = Refused, err.Error()
	case stops(err):
		return err
	default:
		o, detail = Broken, err.Error()
	}
	return s.Store.Settle(context.WithoutCancel(ctx), p.ID, r.Seq, o, detail, time.Now())
}

// stops reports whether a failure concerns every row: nothing can be done until it is put right.
func stops(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Throttled, fault.Unauthenticated:
		return true
	}
	return false
}

// do carries out a row if the object still is as it was when the plan was made.
func (s *Reviews) do(ctx context.Context, p Plan, r Row) error {
	if r.Write != nil {
		return s.write(ctx, p, r)
	}
	expect := r.Expect
	if len(r.Late) > 0 { // how many references can be written depends on the rows before: compare the rest, then take it as it is
		now, err := s.Engine.Explain(ctx, p.ID.App, entry.Type(r.Source.Type), r.Source.ID)
		if err != nil {
			return err
		}
		if cycle.PreconditionOf(without(now, r.Late)) != expect {
			return moved(r)
		}
		expect = cycle.PreconditionOf(now)
	}
	return s.order(ctx, p, r, expect)
}

func moved(r Row) error {
	return fault.New(fault.Conflict, "", "%s is not as it was when the plan was made", r.Name()).WithHint("make a new plan to see what would be done now")
}

// order has the engine carry out its own plan for the object.
func (s *Reviews) order(ctx context.Context, p Plan, r Row, expect cycle.Precondition) error {
	return failure(s.Engine.Apply(cycle.WithRun(ctx, p.Cycle), p.ID.App, entry.Type(r.Source.Type), r.Source.ID, expect))
}

// by says in whose name a plan is carried out.
func by(p Plan) string {
	if p.Approval == nil {
		return p.MadeBy
	}
	return p.Approval.By
}

// failure is what went wrong, whether the engine returned it or wrote it into the journal.
func failure(rec journal.Record, err error) error {
	if err == nil && rec.Status == string(plan.Failure) {
		f := fault.New(fault.Internal, "", "%s", rec.Reason)
		return f.WithHint("%s", rec.Hint)
	}
	return err
}

// write sends a write that is spelt out.
func (s *Reviews) write(ctx context.Context, p Plan, r Row) error {
	if err := s.unique(ctx, p, r); err != nil {
		return err
	}
	return failure(s.Engine.Write(cycle.WithRun(ctx, p.Cycle), p.ID.App, cycle.Compensation{
		Object: cycle.Object{Type: entry.Type(r.Source.Type), ID: r.Source.ID}, Name: r.Source.Name, Type: entry.Type(r.Target.Type), Target: r.Target.ID,
		Verb: r.Verb, Create: r.Write.Create, Edits: r.Write.Edits, Expect: r.Write.Expect, Link: r.Write.Link, Unlink: r.Write.Unlink,
		Reason: fmt.Sprintf("%s (plan %s, approved by %s)", r.Reason, p.ID, by(p)),
	}))
}

// unique refuses to create an object beside one that the application's matching rules would find: no second account, ever.
func (s *Reviews) unique(ctx context.Context, p Plan, r Row) error {
	if r.Verb != plan.Create {
		return nil
	}
	a, err := s.Apps.Get(ctx, p.ID.App)
	if err != nil {
		return err
	}
	target, err := s.Connect(ctx, a)
	if err != nil {
		return err
	}
	for _, o := range a.Objects {
		for _, m := range o.Match {
			v := r.Write.Create.First(m.Target)
			if v == nil || o.Target != entry.Type(r.Target.Type) {
				continue
			}
			hits, err := target.Find(ctx, o.Target, m.Target, v)
			if err != nil {
				return err
			}
			if len(hits) > 0 {
				return fault.New(fault.Conflict, "", "the target has an object with %s %v already", m.Target, v).About(hits[0].ID).
					WithHint("it was created since, by hand or before an interruption")
			}
		}
	}
	return nil
}

// tookEffect reports whether a row that a crash interrupted was carried out after all.
func (s *Reviews) tookEffect(ctx context.Context, p Plan, r Row) (bool, error) {
	if r.Write != nil {
		return s.written(ctx, p, r)
	}
	if r.Verb == Link {
		l, err := s.Pairs.Link(ctx, p.ID.App, r.Source.ID)
		return l.Target != "", err
	}
	now, err := s.Engine.Explain(ctx, p.ID.App, entry.Type(r.Source.Type), r.Source.ID)
	if err != nil {
		return false, err
	}
	now = without(now, r.Late)
	if now.Verb == plan.Skip || now.Verb != plan.Create && now.Verb != plan.Delete && len(now.Edits) == 0 {
		return true, nil // there is nothing left to do
	}
	return false, nil
}

// written asks the target whether it holds what a write that is spelt out was to bring about.
func (s *Reviews) written(ctx context.Context, p Plan, r Row) (bool, error) {
	if r.Verb == plan.Create {
		return false, nil // unique refuses a second one
	}
	target, err := s.target(ctx, p.ID)
	if err != nil {
		return false, err
	}
	have, err := target.Get(ctx, entry.Type(r.Target.Type), r.Target.ID)
	if fault.Is(err, fault.NotFound) {
		return r.Verb == plan.Delete, nil
	}
	if err != nil || r.Verb == plan.Delete {
		return false, err
	}
	after := entry.Apply(have.Attrs, r.Write.Edits)
	return !slices.ContainsFunc(r.Write.Edits, func(e entry.Edit) bool { return !entry.EqualValues(have.Attrs[e.Attr], after[e.Attr]) }), nil
}

func (s *Reviews) target(ctx context.Context, id ID) (cycle.Target, error) {
	a, err := s.Apps.Get(ctx, id.App)
	if err != nil {
		return nil, err
	}
	return s.Connect(ctx, a)
}

// afterwards writes the references of a row that had to wait for other rows, and nothing else.
func (s *Reviews) afterwards(ctx context.Context, p Plan, r Row) error {
	if len(r.Late) == 0 {
		return nil
	}
	now, err := s.Engine.Explain(ctx, p.ID.App, entry.Type(r.Source.Type), r.Source.ID)
	if err != nil || now.Verb != plan.Update || len(without(now, r.Late).Edits) > 0 {
		return nil //nolint:nilerr // the next cycle writes them, and says why it cannot
	}
	err = s.order(ctx, p, r, cycle.PreconditionOf(now))
	if err != nil && stops(err) {
		return err
	}
	if err != nil && ctx.Err() == nil {
		s.Logger.Info("references are left to the next cycle", "plan", p.ID.String(), "object", r.Name(), "error", err)
	}
	return ctx.Err()
}
