package cycle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// pass is one cycle while it runs. The order is: what a crash interrupted, escrows that are due, users, what was ordered,
// groups, references that became resolvable, and last the disables and deletes, once their whole number is known.
// What it keeps in memory has bounds that do not grow with the directory.
type pass struct {
	*Job
	state     State
	initial   bool
	initiator string
	tally     *tally
	shelves   map[entry.Type]*shelf // what the target holds, read ahead in an initial cycle
	place     *place                // how far an initial cycle is settled; nil in others
	served    int64                 // orders up to here were carried out
	epoch     int64                 // of this cycle; 0 when it runs beside the cycles
	edge      int64                 // memberships of the directory when the cycle began
	names     *reserved             // values chosen for objects at work: the job's, but for those who only look

	failing  atomic.Bool         // there may be escrows in the ledger
	holding  atomic.Bool         // there may be held entries in the ledger
	deleting bool                // disables and deletes are carried out instead of put off
	refused  string              // why the budget has no room for an order
	awaited  bool                // objects are looked at because somebody they wait for arrived
	from     directory.Watermark // where an incremental cycle began

	mu      sync.Mutex
	groups  bag               // put off until all users are done
	arrived bag               // linked in this cycle
	back    []back            // active again in this cycle, their memberships not yet looked at
	leaving []HeldEntry       // disables and deletes put off until the end, not yet in the ledger
	claims  map[string]string // target id → source id that is being matched with it right now
	skips   []journal.Record  // records of objects nothing was written for, not yet in the journal
	effect  Histogram
	last    journal.Record
}

func (p *pass) run(ctx context.Context) error {
	if err := p.begin(ctx); err != nil {
		return err
	}
	steps := []func(context.Context) error{
		p.probe, p.readAhead, p.recover, p.retry, p.users, p.ordered, p.groupPhase, p.references, p.orphans, p.deletions, p.flush,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return errors.Join(err, p.keep(ctx))
		}
	}
	return p.finish(ctx)
}

// begin looks at where the cycle starts: an initial one that was stopped goes on after the last place that was settled.
func (p *pass) begin(ctx context.Context) error {
	var err error
	if p.edge, err = p.newestEdge(ctx); err != nil {
		return err
	}
	if p.state.Links, err = p.counted(ctx); err != nil {
		return err
	}
	if err := p.lookAhead(ctx); err != nil || !p.initial {
		return err
	}
	at, err := p.Source.Now(ctx)
	if err != nil {
		return err
	}
	if r := p.state.Reading; r != nil && r.Version == p.rules.App.Version {
		p.tally.resume(r.Count)
		p.edge = r.Edge
		p.place = newPlace(r.Place)
		p.state.Watermark = r.Place
		return nil
	}
	p.place = newPlace("")
	p.state.Reading = &Reading{Start: at, Version: p.rules.App.Version, Edge: p.edge}
	p.state.Watermark = ""
	return p.estimate(ctx)
}

// lookAhead learns whether there are failures or held entries at all, so that most cycles never ask about single objects.
func (p *pass) lookAhead(ctx context.Context) error {
	due, err := p.Ledger.NextDue(ctx, p.id)
	if err != nil {
		return err
	}
	held, err := p.Ledger.HeldCount(ctx, p.id)
	p.failing.Store(!due.IsZero())
	p.holding.Store(held.All > 0)
	return err
}

func (p *pass) newestEdge(ctx context.Context) (int64, error) {
	r, ok := p.Source.(Roster)
	if !ok {
		return 0, nil
	}
	return r.Edge(ctx)
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

// keep stores what a cycle that ends early has in hand; the cycle's own context may be over.
func (p *pass) keep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(p.flush(ctx), p.flushLeaving(ctx), p.checkpoint(ctx))
}

// finish writes down where the cycle got to. Only now may the watermark move.
func (p *pass) finish(ctx context.Context) error {
	done := p.tally.end()
	waiting, err := p.Ledger.HeldCount(ctx, p.id)
	if err != nil {
		return err
	}
	held := waiting.All
	counts, err := p.counted(ctx)
	if err != nil {
		return err
	}
	var before, after *Quarantine
	st, err := p.Ledger.SetState(ctx, p.id, func(s State) (State, error) {
		if s.Resets != p.state.Resets {
			before, after = nil, nil
			return s, nil // somebody restarted the job meanwhile: this cycle's end is not the job's state any more
		}
		before = s.Quarantine
		s = p.ended(s, done, held)
		s.Links, after = counts, s.Quarantine
		return s, nil
	})
	if err != nil {
		return err
	}
	if done.Done > 0 {
		p.Logger.Info("cycle ended", "kind", done.Kind, "objects", done.Done, "created", done.Created, "updated", done.Updated,
			"disabled", done.Disabled, "deleted", done.Deleted, "failed", done.Failed, "held", held)
	}
	p.tell(ctx, before, after, held, done)
	if !p.initial {
		p.observeDisabled(ctx, st)
	}
	if err := p.prune(ctx); err != nil || p.served == 0 {
		return err
	}
	return p.Ledger.Served(ctx, p.id, p.served)
}

// ended is the job's state after a cycle that ran to its end.
func (p *pass) ended(s State, done Progress, held int) State {
	now := time.Now()
	s.Watermark, s.Initial, s.Version = p.state.Watermark, true, p.rules.App.Version
	s.Reading, s.Edge, s.HeldCount, s.Held, s.Failures = nil, p.edge, held, nil, 0
	s.Effect = s.Effect.Plus(p.effect)
	if s.SteadyFirst.IsZero() {
		s.SteadyFirst = now
	}
	s.SteadyLast = now
	if done.Done > 0 || p.initial { // a cycle that found nothing to look at tells nobody anything
		s.Last = &done
		if done.Failed == 0 {
			s.Success = &done
		}
		if done.Created+done.Updated+done.Disabled+done.Deleted > 0 {
			s.Exported = &done
		}
	}
	if held == 0 {
		s.Released = false
	}
	s.Quarantine = quarantineOf(p.rules.App.Quarantine, held, done, s.Quarantine, now)
	if p.initial && s.Quarantine != nil && s.Quarantine.Reason != ReasonDeletes {
		// A first reading that fails so often is for people to look at: the failures are dropped, and the job pauses.
		s.Pruned, s.Mode, s.Disabled = true, Paused, s.Quarantine.Detail
	}
	s.tired(now)
	return s
}

// prune drops the escrows of an initial cycle that failed too often.
func (p *pass) prune(ctx context.Context) error {
	st, err := p.Ledger.State(ctx, p.id)
	if err != nil || !p.initial || !st.Pruned {
		return err
	}
	if err := p.Ledger.Reset(ctx, p.id, Reset{Escrows: true}); err != nil {
		return err
	}
	_, err = p.Ledger.SetState(ctx, p.id, func(s State) (State, error) { s.Pruned = true; return s, nil })
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
				return asCritical(err)
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

// recover finishes what a crash left between intent and outcome. The objects are planned anew: a create that did take
// effect is found by matching, one that did not is repeated under its old key.
func (p *pass) recover(ctx context.Context) error {
	if p.lookedBack() {
		return nil
	}
	var open []Receipt
	for r, err := range p.Ledger.Intents(ctx, p.id) {
		if err != nil {
			return err
		}
		open = append(open, r)
	}
	defer func() { p.deleting = false }()
	for _, r := range open {
		p.deleting = leaves(r.Intent.Verb) // what was intended had passed the budget, what it became since had not
		c, err := p.read(ctx, Object{r.Intent.Type, r.Intent.Source})
		if err != nil {
			return err
		}
		t := p.turn(c, r)
		t.direct = true // what was read ahead may lack what was just made
		if err := t.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// retry takes up the escrows that are due. In an initial cycle everything is looked at anyway.
func (p *pass) retry(ctx context.Context) error {
	if p.initial || !p.failing.Load() {
		return nil
	}
	return p.each(ctx, func(yield func(directory.Change, error) bool) {
		for e, err := range p.Ledger.Escrows(ctx, p.id, time.Now()) {
			if err != nil {
				yield(directory.Change{}, err)
				return
			}
			if !yield(p.read(ctx, Object{e.Type, e.Source})) {
				return
			}
		}
	})
}

// orphans finds, in an initial cycle, the links of objects that the directory has forgotten: the reading shows what exists, so
// a deletion between two initial cycles would otherwise never be passed on.
func (p *pass) orphans(ctx context.Context) error {
	if !p.initial {
		return nil
	}
	return p.each(ctx, func(yield func(directory.Change, error) bool) { p.orphaned(ctx, yield) })
}

// orphaned yields, page by page, the objects that are linked and gone.
func (p *pass) orphaned(ctx context.Context, yield func(directory.Change, error) bool) {
	page := make([]Object, 0, pageSize)
	for l, err := range p.Ledger.AllLinks(ctx, p.id) {
		if err != nil {
			yield(directory.Change{}, err)
			return
		}
		if page = append(page, Object{l.Type, l.Source}); len(page) == cap(page) {
			if !p.gone(ctx, page, yield) {
				return
			}
			page = page[:0]
		}
	}
	p.gone(ctx, page, yield)
}

const pageSize = 256

// gone yields those of the objects that do not exist any more; false when the consumer had enough.
func (p *pass) gone(ctx context.Context, page []Object, yield func(directory.Change, error) bool) bool {
	there, err := p.present(ctx, page)
	if err != nil {
		yield(directory.Change{}, err)
		return false
	}
	for _, o := range page {
		if !there[o] && !yield(directory.Change{Entry: entry.Entry{Type: o.Type, ID: o.ID}, Deleted: true}, nil) {
			return false
		}
	}
	return true
}

func (p *pass) present(ctx context.Context, page []Object) (map[Object]bool, error) {
	if s, ok := p.Source.(Presence); ok {
		return s.Present(ctx, page)
	}
	there := make(map[Object]bool, len(page))
	for _, o := range page {
		_, err := p.Source.Get(ctx, o.Type, o.ID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		there[o] = err == nil
	}
	return there, nil
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
