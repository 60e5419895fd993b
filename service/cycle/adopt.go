package cycle

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Name is a matching attribute with the value it was to get.
type Name struct {
	Attr  string `json:"attr"`
	Value string `json:"value"`
}

// namesOf returns what a new object can be found by when the answer to its create got lost.
func (t *turn) namesOf(want entry.Entry) []Name {
	var names []Name
	for _, attr := range t.rules.MatchAttrs(t.change.Entry.Type) {
		if v := want.Attrs.Text(attr); v != "" {
			names = append(names, Name{attr, v})
		}
	}
	return names
}

// adopt finds what an interrupted create may have made, and links it. Without that, somebody who left in the meantime would keep an
// account that nobody knows of, since no plan for them would look for one any more.
func (t *turn) adopt(ctx context.Context) (plan.Link, error) {
	i := t.receipt.Intent
	typ, _ := t.rules.Maps(i.Type)
	switch {
	case t.receipt.Key == "" || i.Verb == plan.Delete:
		return plan.Link{}, nil
	case i.Verb != plan.Create: // found by matching, and perhaps written, before the pair was remembered
		t.tally.requests.Add(1)
		if _, err := t.Target.Get(ctx, typ, i.Target); err != nil {
			if fault.Is(err, fault.NotFound) {
				return plan.Link{}, nil // somebody deleted it since
			}
			return plan.Link{}, err
		}
		return t.adopted(ctx, i.Target)
	}
	for _, n := range i.Names {
		t.tally.requests.Add(1)
		hits, err := t.Target.Find(ctx, typ, n.Attr, n.Value)
		if err != nil {
			return plan.Link{}, err
		}
		if len(hits) != 1 || !holdsAll(hits[0], i.Names) {
			continue
		}
		return t.adopted(ctx, hits[0].ID)
	}
	t.unsure = false // the target knows nobody of these names: nothing came of it
	return plan.Link{}, nil
}

// adopted links an object that an interrupted write was about, unless it belongs to somebody else.
func (t *turn) adopted(ctx context.Context, target string) (plan.Link, error) {
	i := t.receipt.Intent
	if taken, err := t.Ledger.LinkOf(ctx, t.id, i.Type, target); err != nil || taken.Source != "" {
		return plan.Link{}, err
	}
	typ, _ := t.rules.Maps(i.Type)
	link := plan.Link{Source: i.Source, Type: i.Type, Target: target, Active: true}
	r := t.entry(plan.Skipped, nil) // nobody knows whether the write took effect
	r.Source.Name = cmp.Or(r.Source.Name, NameOf(plan.Plan{Source: t.change.Entry}))
	r.Action, r.Code, r.Target = string(i.Verb), "EntryExportUpdate", journal.Identity{ID: target, Type: string(typ)}
	if i.Verb == plan.Create {
		r.Code = "EntryExportAdd"
	}
	r.Reason = fmt.Sprintf("a %s was interrupted before its answer; the target holds %s, with the names it was to have", i.Verb, target)
	return link, t.settle(ctx, Outcome{Link: link, Records: []journal.Record{r}})
}

// holdsAll tells the object we made from one of somebody else that shares a name: it has all of them.
func holdsAll(e entry.Entry, names []Name) bool {
	return !slices.ContainsFunc(names, func(n Name) bool {
		return !slices.ContainsFunc(e.Attrs[n.Attr], func(v entry.Value) bool { return fold(v) == fold(n.Value) })
	})
}

// drop forgets a pair whose object is gone from the target. Whoever refers to the object waits for its next counterpart from now on: what
// they hold points to the old one.
func (t *turn) drop(ctx context.Context) error {
	owners, err := t.Source.Referrers(ctx, t.change.Entry.Type, t.change.Entry.ID)
	if err != nil {
		return lasting{err}
	}
	o := Outcome{Unlink: true}
	for _, e := range owners {
		o.Wanted = append(o.Wanted, e.ID)
	}
	t.dead = t.plan.Link.Target
	return t.settle(ctx, o)
}

// tellThoseWaiting orders a look at those who wait for objects that were linked beside the cycles; a cycle looks at them itself.
func (p *pass) tellThoseWaiting(ctx context.Context) error {
	p.mu.Lock()
	arrived := p.arrived.take()
	p.mu.Unlock()
	var dues []Due
	for o, err := range p.waitingFor(ctx, arrived) {
		if err != nil {
			return lasting{err}
		}
		dues = append(dues, Due{Object: o})
	}
	if len(dues) == 0 {
		return nil
	}
	return lastingOr(p.Ledger.Order(ctx, p.id, dues))
}
