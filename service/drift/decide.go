package drift

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/review"
)

// Last returns the last report; fault.NotFound when nobody looked yet.
func (w *Watch) Last(ctx context.Context, id app.ID) (Report, error) {
	r, err := w.Store.Last(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return r, fault.New(fault.NotFound, "report drift", "nobody looked at %s yet", id).WithHint("'sallyport drift report %s --check' looks now", id)
	}
	return r, err
}

// Findings returns a page of findings in the order of Key.
func (w *Watch) Findings(ctx context.Context, id app.ID, q Query) ([]Finding, error) {
	return w.Store.Findings(ctx, id, q)
}

// each walks over the findings that a query selects, page by page.
func (w *Watch) each(ctx context.Context, id app.ID, q Query, fn func(Finding) error) error {
	q.Limit = batch
	for {
		fs, err := w.Store.Findings(ctx, id, q)
		if err != nil {
			return err
		}
		for _, f := range fs {
			if err := fn(f); err != nil {
				return err
			}
		}
		if len(fs) < batch {
			return nil
		}
		q.After = fs[len(fs)-1].Key()
	}
}

// Repair begins to make a plan that puts the open findings right: of everybody, or of one user. Orphans are left alone, since nobody in the directory
// says what they should be.
func (w *Watch) Repair(ctx context.Context, id app.ID, user, by string) (review.Plan, error) {
	var which []cycle.Object
	seen := map[cycle.Object]bool{}
	err := w.each(ctx, id, Query{State: Open, User: user}, func(f Finding) error {
		o := cycle.Object{Type: entry.Type(f.Source.Type), ID: f.Source.ID}
		if f.What != Orphan && !seen[o] {
			seen[o] = true
			which = append(which, o)
		}
		return nil
	})
	if err != nil {
		return review.Plan{}, err
	}
	if len(which) == 0 {
		return review.Plan{}, fault.New(fault.NotFound, "repair drift", "there is nothing to put right").
			WithHint("'sallyport drift report %s --check' looks at the target anew", id)
	}
	return w.Reviews.Repair(ctx, id, which, by)
}

// Accept lets the open findings stay as they are, of everybody or of one user, until the directory asks for another value or somebody changes it again.
// Removed objects and orphans are accepted only when all is true. It returns how many findings it accepted.
func (w *Watch) Accept(ctx context.Context, id app.ID, user string, all bool, by string) (int, error) {
	n := 0
	err := w.each(ctx, id, Query{State: Open, User: user}, func(f Finding) error {
		if f.What != Changed && !all {
			return nil
		}
		if err := w.Store.Accept(ctx, id, f.Key(), by); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		n++
		return nil
	})
	return n, err
}

// Every is how often Run looks at a target by itself unless told otherwise.
const Every = 24 * time.Hour

// Run looks at the target of every running application once in a while, and does with what it finds what the application says, until ctx ends.
func (w *Watch) Run(ctx context.Context, every time.Duration) {
	began := time.Now()
	tick := time.NewTicker(max(time.Second, every/24))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		apps, err := w.Apps.List(ctx)
		if err != nil && ctx.Err() == nil {
			w.Logger.Error("drift could not be looked for", "error", err)
		}
		for _, a := range apps {
			if err := w.turn(ctx, a.WithDefaults(), began, every); err != nil && ctx.Err() == nil {
				w.Logger.Warn("drift could not be looked for", "app", string(a.ID), "error", err)
			}
		}
	}
}

// turn looks at one application if its turn has come: not before every has passed since the last look, or since the service began.
func (w *Watch) turn(ctx context.Context, a app.App, began time.Time, every time.Duration) error {
	last, err := w.Store.Last(ctx, a.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if last.Ended.Before(began) {
		last.Ended = began
	}
	if time.Since(last.Ended) < every {
		return nil
	}
	_, err = w.Treat(ctx, a)
	return err
}

// Treat looks at an application's target and does with what it finds what the application says: report, repair or accept.
func (w *Watch) Treat(ctx context.Context, a app.App) (Report, error) {
	const by = "the application's setting drift"
	r, err := w.Check(ctx, a.ID)
	if err != nil || r.Changed+r.Removed == 0 {
		return r, err
	}
	switch a.Drift {
	case app.RepairDrift:
		return r, w.repairNow(ctx, a.ID, by)
	case app.AcceptDrift:
		_, err := w.Accept(ctx, a.ID, "", false, by)
		return r, err
	}
	if w.Tell != nil {
		w.Tell(ctx, a, r)
	}
	return r, nil
}

// repairNow makes a plan and has it carried out as soon as it is ready.
func (w *Watch) repairNow(ctx context.Context, id app.ID, by string) error {
	p, err := w.Repair(ctx, id, "", by)
	if err != nil {
		return err
	}
	for {
		s, err := w.Reviews.Show(ctx, p.ID)
		if err != nil {
			return err
		}
		switch s.Status {
		case review.Making:
		case review.Ready:
			_, err := w.Reviews.Apply(ctx, p.ID, by)
			return err
		default:
			return fault.New(fault.Conflict, "repair drift", "the plan %s is %s: %s", p.ID, s.Status, s.Detail)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
