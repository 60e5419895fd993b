package cycle

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/plan"
)

// carryOut does what the plan says, with the intent written down before and the outcome after.
func (t *turn) carryOut(ctx context.Context) error {
	switch t.plan.Verb {
	case plan.Create:
		return t.create(ctx)
	case plan.Update, plan.Disable:
		return t.update(ctx)
	case plan.Delete:
		return t.remove(ctx)
	}
	return t.skip(ctx)
}

func (t *turn) create(ctx context.Context) error {
	if err := t.intend(ctx, plan.Create, ""); err != nil {
		return err
	}
	want := t.plan.Want.Clone()
	var lists []entry.Edit
	for _, r := range t.plan.Refs {
		values := refValues(r)
		switch {
		case len(values) == 0:
		case r.Single:
			want.Attrs.Set(r.Attr, values...)
		default:
			lists = append(lists, entry.Edit{Op: entry.Add, Attr: r.Attr, Values: values})
		}
	}
	t.tally.requests.Add(1)
	made, err := t.Target.Create(t.finishing(ctx), want)
	if err != nil {
		return err
	}
	t.shelve(made)
	link := t.link(made.ID)
	if len(lists) > 0 { // the object is there; its long lists follow as a write of their own
		link.Digest = nil
		first := Outcome{Link: link, Waiting: t.plan.Unresolved()}
		if t.roster != nil {
			first.Members = &MemberMarks{All: true, Add: first.Waiting} // nobody is in it so far
		}
		if err := t.settle(ctx, first); err != nil {
			return err
		}
		t.wroteLists = true
		if err := t.write(ctx, plan.Update, made.ID, lists); err != nil {
			return err
		}
		link.Digest = t.plan.Digest
	}
	return t.success(ctx, link)
}

// finishing is the context of a write: one that has begun is finished even if somebody pauses the job now. The target's
// own time limit bounds it.
func (t *turn) finishing(ctx context.Context) context.Context {
	return WithKey(context.WithValue(context.WithoutCancel(ctx), queueKey{}, ctx), t.receipt.Key)
}

func refValues(r plan.Ref) []entry.Value {
	values := make([]entry.Value, len(r.Targets))
	for i, id := range r.Targets {
		values[i] = entry.Ref{ID: id}
	}
	return values
}

func (t *turn) update(ctx context.Context) error {
	id := t.plan.Link.Target
	if err := t.intend(ctx, t.plan.Verb, id); err != nil {
		return err
	}
	t.tally.requests.Add(1)
	now, err := t.Target.Update(t.finishing(ctx), t.plan.Type, id, t.plan.Edits)
	t.unshelve(id)
	if err != nil {
		return err
	}
	link := t.link(now)
	link.Left = t.plan.Verb == plan.Disable && t.plan.LeftScope
	return t.success(ctx, link)
}

// write is an update beside the plan's own.
func (t *turn) write(ctx context.Context, v plan.Verb, id string, edits []entry.Edit) error {
	if err := t.intend(ctx, v, id); err != nil {
		return err
	}
	t.unshelve(id)
	t.tally.requests.Add(1)
	_, err := t.Target.Update(t.finishing(ctx), t.plan.Type, id, edits)
	return err
}

func (t *turn) remove(ctx context.Context) error {
	id := t.plan.Link.Target
	if err := t.portray(ctx); err != nil {
		return err
	}
	if err := t.intend(ctx, plan.Delete, id); err != nil {
		return err
	}
	t.tally.requests.Add(1)
	if err := t.Target.Delete(t.finishing(ctx), t.plan.Type, id); err != nil {
		return err
	}
	t.unshelve(id)
	if err := t.record(ctx, plan.Success, nil, Outcome{Unlink: true}); err != nil {
		return err
	}
	t.tally.count(plan.Delete)
	t.timed()
	return nil
}
