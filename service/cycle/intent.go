package cycle

import (
	"context"
	"slices"

	"github.com/sallyport-id/sallyport/service/plan"
)

func (t *turn) intend(ctx context.Context, v plan.Verb, target string) error {
	i := Intent{Source: t.change.Entry.ID, Type: t.change.Entry.Type, Verb: v, Target: target}
	if v == plan.Create {
		i.Names = t.namesOf(t.plan.Want)
	}
	if was := t.receipt.Intent; t.receipt.Key != "" && was.Verb == v && was.Target == target && slices.Equal(was.Names, i.Names) {
		return nil // repeated under its old key
	}
	if t.receipt.Key != "" { // matching showed that the interrupted write needs another one now
		if err := t.settle(ctx, Outcome{}); err != nil {
			return err
		}
	}
	r, err := t.Ledger.Intend(ctx, t.id, i)
	if err != nil {
		return lasting{err}
	}
	t.receipt = r
	return nil
}

func (t *turn) settle(ctx context.Context, o Outcome) error {
	r := t.receipt
	if r.Key == "" {
		r = Receipt{Job: t.id, Intent: Intent{Source: t.change.Entry.ID, Type: t.change.Entry.Type}}
	}
	o.Stays = t.held
	if t.roster != nil && o.Members == nil {
		o.Members = t.roster.outcome(o)
	}
	now := t.after(o)
	t.census.begin()
	// What was done must be written down even if somebody pauses the job at this very moment.
	err := t.Ledger.Settle(context.WithoutCancel(ctx), r, o)
	t.census.end(t.stored, now, err)
	if err != nil {
		return lasting{err}
	}
	t.receipt, t.stored = Receipt{}, now
	if o.Unlink && t.change.Deleted {
		t.parted.add(t.change.Entry.ID)
	}
	return nil
}

// after is the pair that the ledger remembers with an outcome.
func (t *turn) after(o Outcome) plan.Link {
	switch {
	case o.Unlink:
		return plan.Link{}
	case o.Link.Target != "":
		return o.Link
	}
	return t.stored
}

func (t *turn) link(target string) plan.Link {
	return plan.Link{
		Source: t.change.Entry.ID, Type: t.change.Entry.Type, Target: target,
		Active: t.plan.Verb != plan.Disable, Digest: t.plan.Digest,
	}
}
