package cycle

import (
	"context"
	"errors"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Preview makes the plans of a whole cycle and writes nothing: of the given objects, or with nil of everybody in the directory
// and of everybody who is linked but gone. Plans come in no order, as they are made, by as many workers as the job has. A plan
// that comes with an error belongs to an object that could not be planned; an error with a plan whose Source has no ID ends the
// sequence. Nothing is held in memory.
func (j *Job) Preview(ctx context.Context, which iter.Seq2[Object, error]) iter.Seq2[plan.Plan, error] {
	return func(yield func(plan.Plan, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		p := j.newPass(State{})
		p.initial, p.names = true, &reserved{} // what one would be given, no other plan gives away
		out := make(chan preview)
		var done sync.WaitGroup
		var failed error
		done.Go(func() {
			defer close(out)
			failed = p.preview(ctx, which, out)
		})
		more := true
		for r := range out {
			if more && !yield(r.plan, r.err) {
				more = false
				cancel()
			}
		}
		done.Wait()
		if more && failed != nil {
			yield(plan.Plan{}, failed)
		}
	}
}

type preview struct {
	plan plan.Plan
	err  error
}

func (p *pass) preview(ctx context.Context, which iter.Seq2[Object, error], out chan<- preview) error {
	if which == nil {
		if err := errors.Join(p.probe(ctx), p.readAhead(ctx)); err != nil {
			return err
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	changes := make(chan directory.Change)
	g.Go(func() error {
		defer close(changes)
		for c, err := range p.previewed(ctx, which) {
			if err != nil {
				return err
			}
			select {
			case changes <- c:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range max(1, p.rules.App.Schedule.Workers) {
		g.Go(func() error {
			for c := range changes {
				pl, err := p.look(ctx, c)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				select {
				case out <- preview{pl, err}:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// previewed yields the objects to plan for.
func (p *pass) previewed(ctx context.Context, which iter.Seq2[Object, error]) iter.Seq2[directory.Change, error] {
	return func(yield func(directory.Change, error) bool) {
		if which != nil {
			for o, err := range which {
				if err != nil {
					yield(directory.Change{}, err)
					return
				}
				if !yield(p.read(ctx, o)) {
					return
				}
			}
			return
		}
		for c, err := range p.changes(ctx, "") {
			if !yield(c, err) || err != nil {
				return
			}
		}
		p.orphaned(ctx, yield)
	}
}
