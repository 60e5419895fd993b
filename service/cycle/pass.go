package cycle

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// pass is one cycle while it runs. The order is: what a crash interrupted, escrows that are due, users, groups,
// references that became resolvable, and last the disables and deletes, once their whole number is known.
type pass struct {
	*Job
	state     State
	initial   bool
	initiator string
	tally     *tally
	shelves   map[entry.Type]*shelf // what the target holds, read ahead in an initial cycle

	mu       sync.Mutex
	escrowed map[string]Escrow   // objects with an escrow when the cycle began
	groups   []object            // put off until all users are done
	leaving  []HeldEntry         // disables and deletes put off until the end
	staying  map[string]bool     // held objects that turned out not to leave any more
	waiting  map[string][]object // source id → objects whose references wait for it
	arrived  []string            // source ids linked in this cycle
	claims   map[string]string   // target id → source id that was matched with it in this cycle
	seen     map[string]bool     // source ids the initial reading showed
	skips    []journal.Record    // records of objects nothing was written for, not yet in the journal
	last     journal.Record
	deleting bool // disables and deletes are carried out instead of put off
}

func (p *pass) run(ctx context.Context) error {
	at, err := p.Source.Now(ctx)
	if err != nil {
		return err
	}
	if p.initial {
		p.state.Watermark = ""
		if err := p.estimate(ctx); err != nil {
			return err
		}
	}
	steps := []func(context.Context) error{p.probe, p.loadEscrows, p.readAhead, p.recover, p.retry, p.users, p.groupPhase, p.references, p.orphans, p.deletions, p.flush}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return errors.Join(err, p.keepRecords(ctx))
		}
	}
	if p.initial && p.state.Watermark == "" {
		p.state.Watermark = at
	}
	return p.finish(ctx)
}

// estimate counts what an initial cycle will look at, for progress bars.
func (p *pass) estimate(ctx context.Context) error {
	all := 0
	for _, o := range p.rules.App.Objects {
		n, err := p.Source.Count(ctx, o.Source)
		if err != nil {
			return err
		}
		all += n
	}
	p.tally.total(all)
	return nil
}

// keepRecords stores what the journal still lacks when a cycle ends early; the cycle's own context may be over.
func (p *pass) keepRecords(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return p.flush(ctx)
}

// finish writes down where the cycle got to. Only now may the watermark move.
func (p *pass) finish(ctx context.Context) error {
	done := p.tally.end()
	_, err := p.Ledger.SetState(ctx, p.id, func(s State) (State, error) {
		if s.Resets != p.state.Resets {
			return s, nil // somebody restarted the job meanwhile: this cycle's end is not the job's state any more
		}
		s.Watermark, s.Initial, s.Version = p.state.Watermark, true, p.rules.App.Version
		s.Held = p.state.Held
		if done.Done > 0 || p.initial {
			s.Last = &done // a cycle that found nothing to look at tells nobody anything
		}
		if len(s.Held) == 0 {
			s.Released = false
		}
		s.Quarantine = quarantineOf(s.Held, done, s.Quarantine, time.Now())
		return s, nil
	})
	if err == nil && done.Done > 0 {
		p.Logger.Info("cycle ended", "kind", done.Kind, "objects", done.Done, "created", done.Created, "updated", done.Updated,
			"disabled", done.Disabled, "deleted", done.Deleted, "failed", done.Failed, "held", len(p.state.Held))
	}
	return err
}

// probe asks the target for somebody who cannot exist before an initial cycle: a target that cannot even answer that with
// an empty list would be filled with duplicates.
func (p *pass) probe(ctx context.Context) error {
	if !p.initial {
		return nil
	}
	for _, o := range p.rules.App.Objects {
		for _, attr := range p.rules.MatchAttrs(o.Source)[:min(1, len(o.Match))] {
			var hits []entry.Entry
			err := p.patiently(ctx, func(ctx context.Context) (err error) {
				hits, err = p.Target.Find(ctx, o.Target, attr, randomText())
				return err
			})
			if err != nil {
				return fmt.Errorf("test the connection: %w", err)
			}
			if len(hits) > 0 {
				return fault.New(fault.Internal, "test the connection", "the target answers a search for a random %s with %d objects", attr, len(hits)).
					WithHint("the target ignores the filter; it cannot be used for matching")
			}
		}
	}
	return nil
}

func (p *pass) loadEscrows(ctx context.Context) error {
	for e, err := range p.Ledger.Escrows(ctx, p.id, time.Time{}) {
		if err != nil {
			return err
		}
		p.escrowed[e.Source] = e
	}
	return nil
}

// recover finishes what a crash left between intent and outcome. The objects are planned anew: a create that did take
// effect is found by matching, one that did not is repeated under its old key.
func (p *pass) recover(ctx context.Context) error {
	if p.recovered {
		return nil
	}
	var open []Receipt
	for r, err := range p.Ledger.Intents(ctx, p.id) {
		if err != nil {
			return err
		}
		open = append(open, r)
	}
	p.deleting = true // what was intended had passed the budget
	defer func() { p.deleting = false }()
	for _, r := range open {
		c, err := p.read(ctx, r.Intent.Type, r.Intent.Source)
		if err != nil {
			return err
		}
		if err := p.object(ctx, c, r); err != nil {
			return err
		}
	}
	p.recovered = true
	return nil
}

// retry takes up the escrows that are due. In an initial cycle everything is looked at anyway.
func (p *pass) retry(ctx context.Context) error {
	if p.initial {
		return nil
	}
	now := time.Now()
	var due []object
	for _, e := range p.escrowed {
		if !e.Next.After(now) {
			due = append(due, object{e.Type, e.Source})
		}
	}
	return p.eachOf(ctx, due)
}

// users works through the change feed. Groups are only remembered, their turn comes when all users are done.
func (p *pass) users(ctx context.Context) error {
	p.tally.phase("users")
	return p.each(ctx, func(yield func(directory.Change, error) bool) {
		for c, err := range p.Source.After(ctx, p.state.Watermark) {
			if err != nil {
				yield(c, err)
				return
			}
			p.state.Watermark = c.At
			if p.initial {
				p.seen[c.Entry.ID] = true
			}
			if c.Entry.Type == entry.Group && !c.Deleted {
				p.groups = append(p.groups, object{entry.Group, c.Entry.ID})
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
	return p.eachOf(ctx, p.groups)
}

// orphans finds, in an initial cycle, the links of objects that the directory has forgotten: the reading shows what exists, so
// a deletion between two initial cycles would otherwise never be passed on.
func (p *pass) orphans(ctx context.Context) error {
	if !p.initial {
		return nil
	}
	var gone []object
	for l, err := range p.Ledger.AllLinks(ctx, p.id) {
		if err != nil {
			return err
		}
		if !p.seen[l.Source] {
			gone = append(gone, object{l.Type, l.Source})
		}
	}
	p.seen = nil
	return p.eachOf(ctx, gone)
}

// references plans again every object that waited for somebody who was linked in this cycle.
func (p *pass) references(ctx context.Context) error {
	p.tally.phase("references")
	for range 3 { // an owner may itself be created only now, and be waited for
		owners, err := p.owners(ctx)
		if err != nil || len(owners) == 0 {
			return err
		}
		if err := p.eachOf(ctx, owners); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) owners(ctx context.Context) ([]object, error) {
	p.mu.Lock()
	arrived := p.arrived
	p.arrived = nil
	p.mu.Unlock()
	seen := map[object]bool{}
	for _, id := range arrived {
		for _, o := range p.waiting[id] {
			seen[o] = true
		}
		delete(p.waiting, id)
		if p.initial {
			continue // every owner was planned in this cycle, so it is in the map
		}
		ids, err := p.Ledger.Waiting(ctx, p.id, id)
		if err != nil {
			return nil, err
		}
		for _, owner := range ids {
			link, err := p.Ledger.Link(ctx, p.id, owner)
			if err != nil {
				return nil, err
			}
			if link.Target != "" {
				seen[object{link.Type, owner}] = true
			}
		}
	}
	owners := make([]object, 0, len(seen))
	for o := range seen {
		owners = append(owners, o)
	}
	return owners, nil
}

func (p *pass) eachOf(ctx context.Context, objects []object) error {
	return p.each(ctx, func(yield func(directory.Change, error) bool) {
		for _, o := range objects {
			if !yield(p.read(ctx, o.Type, o.ID)) {
				return
			}
		}
	})
}

var laneSeed = maphash.MakeSeed()

// each works through objects with the job's number of workers. One object is never at two workers at once and keeps its
// order, because its id chooses the worker. A worker begins with its first object: most cycles have one or two.
func (p *pass) each(ctx context.Context, seq iter.Seq2[directory.Change, error]) error {
	g, ctx := errgroup.WithContext(ctx)
	lanes := make([]chan directory.Change, max(1, p.rules.App.Schedule.Workers))
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
			lane := &lanes[maphash.String(laneSeed, c.Entry.ID)%uint64(len(lanes))]
			if *lane == nil {
				*lane = make(chan directory.Change, 16)
				g.Go(p.worker(ctx, *lane))
			}
			select {
			case *lane <- c:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return g.Wait()
}

func (p *pass) worker(ctx context.Context, lane <-chan directory.Change) func() error {
	return func() error {
		for c := range lane {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := p.object(ctx, c, Receipt{}); err != nil {
				return err
			}
			if err := p.flushFull(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// Find implements plan.World: from what was read ahead when that is certain, else by asking the target.
func (p *pass) Find(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	if s := p.shelves[t]; s != nil {
		if hits, sure := s.find(attr, v); sure {
			return hits, nil
		}
	}
	p.tally.requests.Add(1)
	return p.Target.Find(ctx, t, attr, v)
}

// Get implements plan.World.
func (p *pass) Get(ctx context.Context, t entry.Type, id string) (entry.Entry, error) {
	if s := p.shelves[t]; s != nil {
		if e, ok := s.get(id); ok {
			return e, nil
		}
	}
	p.tally.requests.Add(1)
	return p.Target.Get(ctx, t, id)
}

// Resolve implements plan.World.
func (p *pass) Resolve(ctx context.Context, sources []string) (map[string]string, error) {
	links, err := p.Ledger.Links(ctx, p.id, sources)
	if err != nil {
		return nil, err
	}
	ids := make(map[string]string, len(links))
	for source, l := range links {
		if l.Target != "" {
			ids[source] = l.Target
		}
	}
	return ids, nil
}

var _ plan.World = (*pass)(nil)
