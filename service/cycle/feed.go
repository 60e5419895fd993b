package cycle

import (
	"context"
	"errors"
	"iter"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/sync/errgroup"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

// changes is the change feed, with groups without their members where the source can do that.
func (j *Job) changes(ctx context.Context, w directory.Watermark) iter.Seq2[directory.Change, error] {
	if r, ok := j.Source.(Roster); ok && j.lean != nil {
		return r.Slim(ctx, w)
	}
	return j.Source.After(ctx, w)
}

// read gets a source object as a change; one that is gone is a deletion.
func (j *Job) read(ctx context.Context, o Object) (directory.Change, error) {
	get := j.Source.Get
	if r, ok := j.Source.(Roster); ok && j.lean != nil {
		get = r.GetSlim
	}
	e, err := get(ctx, o.Type, o.ID)
	if fault.Is(err, fault.NotFound) {
		return directory.Change{Entry: entry.Entry{Type: o.Type, ID: o.ID}, Deleted: true}, nil
	}
	return directory.Change{Entry: e}, err
}

// beside is read while the feed is open: what the feed read ahead of the object counts no longer.
func (p *pass) beside(ctx context.Context, o Object) (directory.Change, error) {
	p.touched.note(o.ID)
	return p.read(ctx, o)
}

// users works through the change feed. Groups are put off until all users are done: an incremental cycle remembers them,
// an initial one, which is shown users first, stops at the first.
func (p *pass) users(ctx context.Context) error {
	p.tally.phase("users")
	return p.each(ctx, func(yield func(directory.Change, error) bool) {
		for c, err := range p.changes(ctx, p.state.Watermark) {
			if err != nil {
				yield(c, err)
				return
			}
			if c.Entry.Type == entry.Group && p.initial {
				return
			}
			p.state.Watermark = c.At
			if c.Entry.Type == entry.Group {
				if err := p.around(ctx, c.Entry.ID); err != nil {
					yield(c, err)
					return
				}
			}
			if c.Entry.Type == entry.Group && !c.Deleted {
				p.groups.add(Object{entry.Group, c.Entry.ID})
				if !p.membersOf(ctx, c, yield) {
					return
				}
				continue
			}
			if !yield(c, nil) {
				return
			}
		}
	})
}

func (p *pass) groupPhase(ctx context.Context) error {
	p.tally.phase("groups")
	if p.initial {
		return p.each(ctx, func(yield func(directory.Change, error) bool) {
			for c, err := range p.changes(ctx, p.state.Watermark) {
				if err == nil {
					p.state.Watermark = c.At
				}
				if !yield(c, err) || err != nil {
					return
				}
			}
		})
	}
	groups := p.groups.take()
	if !groups.over {
		return p.eachOf(ctx, groups.objects)
	}
	return p.each(ctx, func(yield func(directory.Change, error) bool) { // too many to remember: read them again
		for c, err := range p.changes(ctx, p.from) {
			if err == nil && c.Entry.Type != entry.Group {
				continue
			}
			if !p.regroup(ctx, c, err, yield) || err != nil {
				return
			}
		}
	})
}

// regroup yields a group that changed, and those around it where that matters; false when the consumer had enough.
func (p *pass) regroup(ctx context.Context, c directory.Change, err error, yield func(directory.Change, error) bool) bool {
	if err == nil && p.flat() {
		outer, failed := p.groupsOf(ctx, Object{entry.Group, c.Entry.ID})
		if failed != nil {
			return yield(c, failed)
		}
		for _, id := range outer {
			if !yield(p.beside(ctx, Object{entry.Group, id})) {
				return false
			}
		}
	}
	if err == nil && c.Deleted {
		return true // was looked at among the users
	}
	return yield(c, err)
}

// references plans again every object that waited for somebody who was linked in this cycle.
func (p *pass) references(ctx context.Context) error {
	p.tally.phase("references")
	for round := range 3 { // an owner may itself be created only now, and be waited for
		p.mu.Lock()
		arrived := p.arrived.take()
		p.mu.Unlock()
		if err := p.rejoin(ctx); err != nil {
			return err
		}
		if arrived.empty() && (!p.initial || round > 0) {
			return nil
		}
		owners := p.waitingFor(ctx, arrived)
		if p.initial || arrived.over {
			owners = p.Ledger.Arrived(ctx, p.id)
		}
		p.awaited = true
		err := p.each(ctx, func(yield func(directory.Change, error) bool) {
			for o, err := range owners {
				if err != nil {
					yield(directory.Change{}, err)
					return
				}
				if !yield(p.read(ctx, o)) {
					return
				}
			}
		})
		p.awaited = false
		if err != nil {
			return err
		}
	}
	return nil
}

// waitingFor yields the linked objects that wait for one of those who arrived, each once.
func (p *pass) waitingFor(ctx context.Context, arrived bag) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		seen := map[string]bool{}
		for _, a := range arrived.objects {
			ids, err := p.Ledger.Waiting(ctx, p.id, a.ID)
			if err != nil {
				yield(Object{}, err)
				return
			}
			for _, id := range ids {
				if seen[id] {
					continue
				}
				seen[id] = true
				link, err := p.Ledger.Link(ctx, p.id, id)
				if link.Target == "" && err == nil {
					continue
				}
				if !yield(Object{link.Type, id}, err) || err != nil {
					return
				}
			}
		}
	}
}

func (p *pass) eachOf(ctx context.Context, objects []Object) error {
	return p.each(ctx, func(yield func(directory.Change, error) bool) {
		for _, o := range objects {
			if !yield(p.read(ctx, o)) {
				return
			}
		}
	})
}

// lane spreads ids over n places, the same way in every process: a simulation repeats its history by seed.
func lane(id string, n int) uint64 { return xxhash.Sum64String(id) % uint64(n) }

// job is one object on its way to a worker.
type job struct {
	change directory.Change
	slot   *slot // of an initial cycle's reading
}

// each works through objects with the job's number of workers. One object is never at two workers at once and keeps its
// order, because its id chooses the worker. A worker begins with its first object: most cycles have one or two.
func (p *pass) each(ctx context.Context, seq iter.Seq2[directory.Change, error]) error {
	g, ctx := errgroup.WithContext(ctx)
	lanes := make([]chan job, max(1, p.rules.App.Schedule.Workers))
	g.Go(func() error {
		defer func() {
			for _, lane := range lanes {
				if lane != nil {
					close(lane)
				}
			}
		}()
		for c, err := range seq {
			if err != nil {
				return err
			}
			j := job{change: c}
			if p.place != nil && c.At != "" {
				if j.slot, err = p.place.begin(ctx, c.At); err != nil {
					return err
				}
			}
			lane := &lanes[lane(c.Entry.ID, len(lanes))]
			if *lane == nil {
				*lane = make(chan job, 16)
				g.Go(p.worker(ctx, *lane))
			}
			select {
			case *lane <- j:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return g.Wait()
}

func (p *pass) worker(ctx context.Context, lane <-chan job) func() error {
	return func() error {
		for j := range lane {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := p.object(ctx, j.change, Receipt{}); err != nil {
				return err
			}
			if err := errors.Join(p.flushFull(ctx), p.rejoinFull(ctx)); err != nil {
				return err
			}
			if j.slot != nil && p.place.done(j.slot) {
				if err := p.checkpoint(context.WithoutCancel(ctx)); err != nil {
					return err
				}
			}
		}
		return nil
	}
}
