package cycle

import (
	"context"
	"maps"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
)

// foreseen is the plan as whoever approves it must see it: with every page of a group's members, with those who wait, and with whom
// the target held. It is for looking only: the turn cannot be carried out afterwards.
func (t *turn) foreseen(ctx context.Context) (plan.Plan, error) {
	w := t.roster
	if w == nil || t.only != nil {
		return t.plan, nil
	}
	for w.more {
		edits, err := t.nextMembers(ctx)
		if err != nil {
			return t.plan, err
		}
		if len(edits) > 0 {
			t.join(edits)
		}
	}
	behind, err := t.behind(ctx)
	if err != nil {
		return t.plan, err
	}
	p := t.plan
	if behind {
		p.Digest = nil // whatever was exported last, it is not what is wanted now
	}
	p.Edits, p.Refs = gathered(p.Edits, w.target), gatheredRefs(p.Refs, w.target, w.add)
	if w.held != nil {
		p.Have.Attrs = maps.Clone(p.Have.Attrs)
		if p.Have.Attrs == nil {
			p.Have.Attrs = entry.Attrs{}
		}
		p.Have.Attrs[w.target] = w.held
	}
	return p, nil
}

// behind reports whether memberships changed in the directory, or members arrived in the target, that were not written yet.
func (t *turn) behind(ctx context.Context) (bool, error) {
	w := t.roster
	if w.from < 0 {
		return true, nil
	}
	changes, err := w.source.MemberChanges(ctx, t.change.Entry.ID, w.from, 1)
	if err != nil || len(changes) > 0 {
		return true, lastingOr(err)
	}
	arrived, err := t.Ledger.Awaited(ctx, t.id, t.change.Entry.ID, 1)
	return len(arrived) > 0, lastingOr(err)
}

// gathered puts the edits of one attribute that say the same verb into one.
func gathered(edits []entry.Edit, attr string) (out []entry.Edit) {
	at := map[entry.Op]int{}
	for _, e := range edits {
		i, seen := at[e.Op]
		switch {
		case e.Attr != attr:
			out = append(out, e)
		case seen:
			out[i].Values = append(out[i].Values[:len(out[i].Values):len(out[i].Values)], e.Values...)
		default:
			at[e.Op] = len(out)
			out = append(out, e)
		}
	}
	return out
}

// gatheredRefs puts the references of one attribute into one, with those that wait.
func gatheredRefs(refs []plan.Ref, attr string, waiting []string) (out []plan.Ref) {
	all := plan.Ref{Attr: attr, Waiting: waiting}
	for _, r := range refs {
		if r.Attr != attr {
			out = append(out, r)
			continue
		}
		all.Targets = append(all.Targets, r.Targets...)
	}
	if len(all.Targets)+len(all.Waiting) == 0 {
		return out
	}
	return append(out, all)
}

// expected refuses a change whose plan is not the one that somebody approved. Groups whose members are handled apart are looked at whole
// before the first page of their members is written.
func (p *pass) expected(ctx context.Context, c directory.Change, expect Precondition) error {
	if !p.apart(c.Entry.Type) {
		return nil
	}
	seen, err := p.look(ctx, c)
	if err != nil {
		return err
	}
	return expect.check(seen, c.Entry.ID)
}

// check is fault.Conflict when the plan does not match.
func (c Precondition) check(p plan.Plan, source string) error {
	what := c.differs(p)
	if what == "" {
		return nil
	}
	return &moved{fault.New(fault.Conflict, "apply", "%s is not what it was when the plan was made", what).About(source).
		WithHint("make a new plan and look at it again")}
}
