package cycle

import (
	"context"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Tolerance knows what somebody accepted of an object in the target as it stands there. It counts until the directory wants something new.
type Tolerance interface {
	// Tolerated returns the attributes whose value in the target was accepted; gone says that the object's absence was.
	Tolerated(ctx context.Context, job JobID, t entry.Type, target string) (attrs []string, gone bool, err error)
}

// tolerate takes out of a plan what would only put back what somebody accepted. What the directory wants anew is written as ever.
func (t *turn) tolerate(ctx context.Context, pl plan.Plan, cause error) (plan.Plan, error) {
	gone := fault.Is(cause, fault.NotFound)
	if t.Tolerance == nil || !settled(pl) || cause != nil && !gone || !gone && (pl.Verb != plan.Update || len(pl.Edits) == 0) {
		return pl, cause
	}
	attrs, absent, err := t.Tolerance.Tolerated(ctx, t.id, pl.Type, pl.Link.Target)
	if err != nil {
		return pl, lasting{err}
	}
	if gone {
		if absent {
			pl.Verb, pl.Code, pl.Reason = plan.Skip, "DriftAccepted", "its account was removed in the target, and that was accepted"
			return pl, nil
		}
		return pl, cause
	}
	return leave(pl, attrs), nil
}

// settled reports whether the directory wants exactly what was exported last.
func settled(p plan.Plan) bool {
	return p.Link.Target != "" && len(p.Link.Digest) > 0 && slices.Equal(p.Link.Digest, p.Digest)
}

// leave is the plan without edits of some attributes.
func leave(p plan.Plan, attrs []string) plan.Plan {
	if len(attrs) == 0 {
		return p
	}
	p.Edits = slices.DeleteFunc(slices.Clone(p.Edits), func(e entry.Edit) bool { return slices.Contains(attrs, e.Attr) })
	if len(p.Edits) == 0 {
		p.Verb, p.Code, p.Reason = plan.Skip, "RedundantExport", "what the target holds otherwise was accepted"
	}
	return p
}

// tolerateMembers is tolerate for a group whose members are handled apart: they stay as they are, and so does what the ledger remembers of them.
func (t *turn) tolerateMembers(ctx context.Context) error {
	w := t.roster
	if t.Tolerance == nil || w == nil || t.only != nil || !settled(t.plan) ||
		!slices.ContainsFunc(t.plan.Edits, func(e entry.Edit) bool { return e.Attr == w.target }) {
		return nil
	}
	attrs, _, err := t.Tolerance.Tolerated(ctx, t.id, t.plan.Type, t.plan.Link.Target)
	if err != nil {
		return lasting{err}
	}
	if !slices.Contains(attrs, w.target) {
		return nil
	}
	behind, err := t.behind(ctx)
	if err != nil || behind {
		return err
	}
	t.plan = leave(t.plan, []string{w.target})
	t.roster = &rosterWork{membersMapping: w.membersMapping, source: w.source, from: w.from, frozen: true}
	return nil
}
