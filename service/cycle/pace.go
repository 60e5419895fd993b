package cycle

import (
	"context"
	"iter"

	"golang.org/x/time/rate"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

// paced is a target that is asked no faster, and by no more at once, than the application allows.
type paced struct {
	Target
	limit *rate.Limiter // nil: no limit
	slots chan struct{} // nil: as many as there are workers
}

// pacedLister is a paced target that can list.
type pacedLister struct {
	*paced
	lister Lister
}

// pace bounds the requests to a target; without bounds it is the target itself.
func pace(t Target, a app.Target, workers int) Target {
	p := &paced{Target: t}
	if a.Rate > 0 {
		p.limit = rate.NewLimiter(rate.Limit(a.Rate), max(1, a.Rate/10))
	}
	if a.Concurrency > 0 && a.Concurrency < workers {
		p.slots = make(chan struct{}, a.Concurrency)
	}
	if t == nil || p.limit == nil && p.slots == nil {
		return t
	}
	if l, ok := t.(Lister); ok {
		return &pacedLister{p, l}
	}
	return p
}

// queueKey is where a write's context keeps the one it may wait under: a write that has begun is finished whatever happens, but one
// that only waits for its turn has not begun.
type queueKey struct{}

func queueing(ctx context.Context) context.Context {
	if q, ok := ctx.Value(queueKey{}).(context.Context); ok {
		return q
	}
	return ctx
}

// turn waits until a request may be sent; the caller calls done after it.
func (p *paced) turn(ctx context.Context) (done func(), err error) {
	ctx = queueing(ctx)
	if p.limit != nil {
		if err := p.limit.Wait(ctx); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, fault.Wrap(fault.Unavailable, "wait for the rate limit", err)
		}
	}
	if p.slots == nil {
		return func() {}, nil
	}
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Find implements Target.
func (p *paced) Find(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	done, err := p.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return p.Target.Find(ctx, t, attr, v)
}

// Get implements Target.
func (p *paced) Get(ctx context.Context, t entry.Type, id string) (entry.Entry, error) {
	done, err := p.turn(ctx)
	if err != nil {
		return entry.Entry{}, err
	}
	defer done()
	return p.Target.Get(ctx, t, id)
}

// Create implements Target.
func (p *paced) Create(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	done, err := p.turn(ctx)
	if err != nil {
		return e, err
	}
	defer done()
	return p.Target.Create(ctx, e)
}

// Update implements Target.
func (p *paced) Update(ctx context.Context, t entry.Type, id string, edits []entry.Edit) (string, error) {
	done, err := p.turn(ctx)
	if err != nil {
		return id, err
	}
	defer done()
	return p.Target.Update(ctx, t, id, edits)
}

// Delete implements Target.
func (p *paced) Delete(ctx context.Context, t entry.Type, id string) error {
	done, err := p.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	return p.Target.Delete(ctx, t, id)
}

// Confirms implements Confirmer for the target behind.
func (p *paced) Confirms() bool {
	c, ok := p.Target.(Confirmer)
	return ok && c.Confirms()
}

// List implements Lister; a page is the target's own matter, so only the beginning waits its turn.
func (p *pacedLister) List(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		done, err := p.turn(ctx)
		if err != nil {
			yield(entry.Entry{}, err)
			return
		}
		defer done()
		p.lister.List(ctx, t)(yield)
	}
}
