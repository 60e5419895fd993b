package cycle

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// deletions carries out the disables and deletes of this cycle and those held from earlier ones, or holds all of them when
// they are as many as the limit, together with those of the last interval, and nobody released them. Cycles follow changes
// at once, so without the interval a flood that trickles in would never be a flood.
func (p *pass) deletions(ctx context.Context) error {
	p.tally.phase("deletions")
	all := p.stillLeaving()
	if len(all) == 0 {
		p.state.Held = nil
		return nil
	}
	window := p.state.Leavers.within(interval(p.rules.App), time.Now())
	if limit := deleteLimit(p.rules.App.Deprovision); window.Count+len(all) >= limit && !p.state.Released {
		return p.hold(ctx, all, limit)
	}
	window.Count += len(all)
	if p.state.Released {
		window.Count = 0 // the release was for these, later ones count anew
	}
	_, err := p.Ledger.SetState(ctx, p.id, func(s State) (State, error) { // before they are carried out: a crash must not forget them
		s.Leavers = window
		return s, nil
	})
	if err != nil {
		return err
	}
	p.state.Held = nil
	objects := make([]object, len(all))
	for i, h := range all {
		objects[i] = object{h.Type, h.Source}
	}
	p.deleting = true
	return p.eachOf(ctx, objects)
}

// within returns the count of the window that runs at the time, or a new one.
func (l Leavers) within(window time.Duration, now time.Time) Leavers {
	if l.Since.IsZero() || now.Sub(l.Since) >= window {
		return Leavers{Since: now}
	}
	return l
}

// stillLeaving joins what was held with what is leaving now, each object once, without those that turned out to stay.
func (p *pass) stillLeaving() []HeldEntry {
	seen := make(map[string]bool, len(p.leaving)+len(p.state.Held))
	var all []HeldEntry
	for _, list := range [][]HeldEntry{p.leaving, p.state.Held} {
		for _, h := range list {
			if !seen[h.Source] && !p.staying[h.Source] {
				seen[h.Source] = true
				all = append(all, h)
			}
		}
	}
	return all
}

// hold keeps all of them and writes a record for each that was not held before.
func (p *pass) hold(ctx context.Context, all []HeldEntry, limit int) error {
	before := make(map[string]bool, len(p.state.Held))
	for _, h := range p.state.Held {
		before[h.Source] = true
	}
	p.state.Held = all
	now := time.Now()
	var records []journal.Record
	for _, h := range all {
		if before[h.Source] {
			continue
		}
		records = append(records, journal.Record{
			At: now, Job: string(p.id), Cycle: p.tally.cycle, Initiator: p.initiator,
			Action: "stagedDelete", Status: string(plan.Skipped), Code: ReasonDeletes,
			Reason: fmt.Sprintf("%s is held: with it %d people would be disabled or deleted within one interval, the limit is %d", h.Verb, len(all)+p.state.Leavers.within(interval(p.rules.App), now).Count, limit),
			Hint:   fmt.Sprintf("release with 'sallyport job restart %s --allow-deletes', or restore the people in the directory", p.id),
			Source: journal.Identity{ID: h.Source, Type: string(h.Type), Name: h.Name},
		})
	}
	if len(records) == 0 {
		return nil
	}
	return p.Log.Append(ctx, records...)
}
