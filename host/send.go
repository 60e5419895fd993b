package host

import (
	"context"
	"sync"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// send carries one write to the target. Where the connector takes batches, writes that come at the same time share one.
func (c *Coordinator) send(ctx context.Context, x connector.Export) connector.Result {
	if c.batches != nil {
		return c.batches.send(ctx, x)
	}
	var r connector.Result
	r.Err = c.pool.with(ctx, func(ctx context.Context, s connector.Session) error {
		e, err := exporter(s)
		if err != nil {
			return err
		}
		r = one(ctx, e, x)
		return r.Err
	})
	return r
}

// one carries a write out by itself.
func one(ctx context.Context, e connector.Exporter, x connector.Export) (r connector.Result) {
	switch x.Op {
	case entry.Add:
		r.Entry, r.Err = e.Create(ctx, x.Entry)
		r.Anchor = connector.Anchor(r.Entry.ID)
	case entry.Remove:
		r.Err = e.Delete(ctx, x.Type, x.Anchor)
	default:
		r.Anchor, r.Err = e.Update(ctx, x.Type, x.Anchor, x.Edits)
	}
	return r
}

// runners is how many batches are under way at once. Few, so that what comes meanwhile gathers to the next batch: nobody waits for
// a batch to fill, only for the ones before it.
const runners = 4

// batches gathers writes that come at the same time.
type batches struct {
	pool *pool
	size int

	mu      sync.Mutex
	waiting []*write
	running int
	most    int // batches at once
}

// write is one write on its way.
type write struct {
	x    connector.Export
	r    connector.Result
	done chan struct{}
}

func newBatches(p *pool, size, writers int) *batches {
	return &batches{pool: p, size: size, most: min(writers, runners)}
}

// send returns when the write was carried out, whatever becomes of ctx: a write under way has an outcome that must be known.
func (b *batches) send(ctx context.Context, x connector.Export) connector.Result {
	w := &write{x: x, done: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, w)
	lead := b.running < b.most
	if lead {
		b.running++
	}
	b.mu.Unlock()
	if lead {
		go b.run(context.WithoutCancel(ctx))
	}
	<-w.done
	return w.r
}

// run carries batches out until nothing waits.
func (b *batches) run(ctx context.Context) {
	for {
		b.mu.Lock()
		n := min(len(b.waiting), b.size)
		if n == 0 {
			b.running--
			b.mu.Unlock()
			return
		}
		batch := b.waiting[:n:n]
		b.waiting = b.waiting[n:]
		b.mu.Unlock()
		b.carry(ctx, batch)
		for _, w := range batch {
			close(w.done)
		}
	}
}

// carry sends a batch. The pool may call the function again on a fresh session when the first was dead: then only what has not
// taken effect is sent again.
func (b *batches) carry(ctx context.Context, batch []*write) {
	left := batch
	err := b.pool.with(ctx, func(ctx context.Context, s connector.Session) error {
		x, ok := s.(connector.BatchExporter)
		if !ok {
			return fault.New(fault.Unsupported, "write", "the connector takes no batches any more").WithHint("restart the host")
		}
		var worst error
		left, worst = export(ctx, x, left)
		return worst
	})
	for _, w := range left {
		if w.r.Err == nil {
			w.r.Err = err // the session could not even be opened
		}
	}
}

// export sends writes and returns those that did not take effect because the target was not there. The error is the one that
// says most about the session.
func export(ctx context.Context, x connector.BatchExporter, ws []*write) (left []*write, worst error) {
	xs := make([]connector.Export, len(ws))
	for i, w := range ws {
		xs[i] = w.x
	}
	results := x.Export(ctx, xs)
	for i, w := range ws {
		if i >= len(results) {
			w.r = connector.Result{Err: fault.New(fault.Timeout, "write", "the connector answered %d of %d writes of a batch", len(results), len(xs))}
		} else {
			w.r = results[i]
		}
		switch kind := fault.KindOf(w.r.Err); kind {
		case fault.Unavailable:
			left = append(left, w)
			if worst == nil {
				worst = w.r.Err
			}
		case fault.Timeout, fault.Unauthenticated, fault.Internal:
			worst = w.r.Err
		}
	}
	return left, worst
}
