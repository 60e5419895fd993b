package cycle

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// flushLeaving stores the disables and deletes that were put off. They wait in the ledger, not in memory: a directory whose
// people all leave at once must not be what ends the service.
func (p *pass) flushLeaving(ctx context.Context) error {
	p.mu.Lock()
	es := p.leaving
	p.leaving = nil
	p.mu.Unlock()
	if len(es) == 0 {
		return nil
	}
	p.holding.Store(true)
	return p.Ledger.Hold(ctx, p.id, es)
}

// deletions carries out the disables and deletes of this cycle and those held from earlier ones, or holds all of them when
// they are as many as a limit and nobody released them. What somebody released goes in any case, and nothing else with it.
func (p *pass) deletions(ctx context.Context) error {
	p.tally.phase("deletions")
	if err := p.flushLeaving(ctx); err != nil {
		return err
	}
	if !p.holding.Load() {
		return nil
	}
	held, err := p.Ledger.HeldCount(ctx, p.id)
	if err != nil || held.All == 0 {
		return err
	}
	active, err := p.counted(ctx)
	if err != nil {
		return err
	}
	b := p.budget()
	b.active = total(active)
	free := held.All - held.Released - held.Kept
	why := ""
	switch {
	case p.state.Released:
		err = p.spend(ctx, b, 0)
	case free > 0:
		why, err = p.trySpend(ctx, b, free)
	}
	if err != nil {
		return err
	}
	if why == "" || held.Released > 0 {
		if err := p.carryOutHeld(ctx, why != "", free); err != nil {
			return err
		}
	}
	if why == "" {
		return nil
	}
	return p.tellHeld(ctx, why)
}

// trySpend counts n more who leave, before they do, if the budget has room for them; otherwise it says which limit they would reach. Both in
// one step: orders beside the cycle spend from the same budget.
func (p *pass) trySpend(ctx context.Context, b budget, n int) (why string, err error) {
	_, err = p.Ledger.SetState(ctx, p.id, func(s State) (State, error) {
		now := time.Now()
		if why = b.exceeded(s.Leavers, n, now); why == "" {
			s.Leavers = s.Leavers.plus(n, b.window, now)
		}
		return s, nil
	})
	return why, err
}

// spend writes down that n leave, which somebody released: what comes later counts anew.
func (p *pass) spend(ctx context.Context, b budget, n int) error {
	_, err := p.Ledger.SetState(ctx, p.id, func(s State) (State, error) {
		s.Leavers = s.Leavers.plus(n, b.window, time.Now())
		if p.state.Released {
			s.Leavers.Count = 0
		}
		return s, nil
	})
	return err
}

// carryOutHeld plans those who are held again and carries it out, but for those who wait for a release of their own; who turns
// out to stay is held no longer. Without a release of all, no more go than were counted: an order beside the cycle may hold
// somebody just now.
func (p *pass) carryOutHeld(ctx context.Context, released bool, counted int) error {
	p.deleting = true
	defer func() { p.deleting = false }()
	return p.each(ctx, func(yield func(directory.Change, error) bool) {
		for h, err := range p.Ledger.Held(ctx, p.id, "", released) {
			if err != nil {
				yield(directory.Change{}, err)
				return
			}
			if !p.state.Released && !h.Released {
				if h.Kept || counted == 0 {
					continue
				}
				counted--
			}
			if !yield(p.read(ctx, Object{h.Type, h.Source})) {
				return
			}
		}
	})
}

// tellHeld writes a record for each held entry that the journal does not know of yet.
func (p *pass) tellHeld(ctx context.Context, why string) error {
	for {
		n, err := p.Ledger.TellHeld(ctx, p.id, pageSize, func(es []HeldEntry) []journal.Record {
			rs := make([]journal.Record, len(es))
			for i, h := range es {
				rs[i] = p.heldRecord(h, why)
			}
			return rs
		})
		if err != nil || n < pageSize {
			return err
		}
	}
}

func (p *pass) heldRecord(h HeldEntry, why string) journal.Record {
	return journal.Record{
		At: time.Now(), Job: string(p.id), Cycle: p.tally.cycle, Initiator: p.initiator,
		Action: "stagedDelete", Status: string(plan.Skipped), Code: ReasonDeletes,
		Reason: fmt.Sprintf("%s is held: %s", h.Verb, why),
		Hint:   fmt.Sprintf("release with 'sallyport job restart %s --allow-deletes', or restore the people in the directory", p.id),
		Source: journal.Identity{ID: h.Source, Type: string(h.Type), Name: h.Name},
	}
}

// budget is how many may leave.
type budget struct {
	limits app.Deprovision
	window time.Duration
	active int // active pairs of the job
}

// budget is the job's, with the active pairs as of the end of the last cycle.
func (p *pass) budget() budget {
	return budget{limits: p.rules.App.Deprovision, window: interval(p.rules.App), active: total(p.state.Links)}
}

func total(counts map[entry.Type]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// defaultDeleteLimit is the number of disables and deletes in one cycle from which on all of them are held.
const defaultDeleteLimit = 500

// exceeded says which limit n more would reach, "" when none. Cycles follow changes at once, so what left within the last
// interval counts too: a flood that trickles in would never be a flood otherwise.
func (b budget) exceeded(l Leavers, n int, now time.Time) string {
	recent, today := l.within(b.window, now).Count, l.today(now)
	if limit := cmp.Or(b.limits.DeleteLimit, defaultDeleteLimit); recent+n >= limit {
		return fmt.Sprintf("%d would be disabled or deleted within one interval, the limit is %d", recent+n, limit)
	}
	if share := b.limits.DeletePercent; share > 0 && b.active > 0 && (recent+n)*100 >= share*(b.active+recent) {
		return fmt.Sprintf("%d of %d accounts would be disabled or deleted within one interval, the limit is %d percent", recent+n, b.active+recent, share)
	}
	if limit := b.limits.DeletePerDay; limit > 0 && today+n >= limit {
		return fmt.Sprintf("%d would be disabled or deleted within 24 hours, the limit is %d", today+n, limit)
	}
	return ""
}

// within returns the count of the window that runs at the time, or a new one.
func (l Leavers) within(window time.Duration, now time.Time) Leavers {
	if l.Since.IsZero() || now.Sub(l.Since) >= window {
		l.Since, l.Count = now, 0
	}
	return l
}

const hoursKept = 24

// today returns how many left in the last 24 hours, the present one included.
func (l Leavers) today(now time.Time) (n int) {
	for i, c := range l.Day {
		if age := hourOf(now) - l.Hour + int64(i); age < hoursKept {
			n += c
		}
	}
	return n
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

// plus counts n more.
func (l Leavers) plus(n int, window time.Duration, now time.Time) Leavers {
	l = l.within(window, now)
	l.Count += n
	day := make([]int, hoursKept)
	shift := hourOf(now) - l.Hour
	if shift < 0 { // the clock was set back: everything counts as of now
		shift = 0
	}
	for i, c := range l.Day {
		if at := int64(i) + shift; at < hoursKept {
			day[at] += c
		}
	}
	day[0] += n
	l.Hour, l.Day = hourOf(now), day
	return l
}
