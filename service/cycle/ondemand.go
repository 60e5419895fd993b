package cycle

import (
	"cmp"
	"context"
	"errors"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// moved says that an object is not any more what somebody approved.
type moved struct{ cause *fault.Error }

func (m *moved) Error() string { return m.cause.Error() }
func (m *moved) Unwrap() error { return m.cause }

// errSeen ends a turn that was only to be looked at.
var errSeen = &moved{fault.New(fault.Conflict, "plan", "only looked at")}

// Explain makes the plan for one object as a cycle would, asking the target, and changes nothing. When it fails, the plan
// still tells the steps up to the failure.
func (j *Job) Explain(ctx context.Context, t entry.Type, source string) (plan.Plan, error) {
	p := j.newPass(State{})
	p.initiator = "user"
	c, err := p.read(ctx, Object{t, source})
	if err != nil {
		return plan.Plan{}, err
	}
	return p.look(ctx, c)
}

// look makes an object's plan without carrying it out. It waits while the target is away, as long as a cycle would.
func (p *pass) look(ctx context.Context, c directory.Change) (seen plan.Plan, err error) {
	t := p.turn(c, Receipt{})
	if t.names == &p.chosen {
		t.names = &reserved{} // what is only looked at takes nothing from anybody
	}
	t.compare = true
	t.accept = func(plan.Plan) error {
		pl, err := t.foreseen(ctx)
		if err != nil {
			return err
		}
		seen = pl
		return errSeen
	}
	for {
		if err := p.gate.wait(ctx); err != nil {
			return t.plan, err
		}
		err := t.guarded(ctx)
		if err == error(errSeen) { //nolint:errorlint // this very value
			p.gate.pass()
			return seen, nil
		}
		if fault.KindOf(err).Door().Reaction != fault.Wait {
			if t.plan.Source.ID == "" {
				t.plan.Source = c.Entry
			}
			return t.plan, unwrapLasting(err)
		}
		if err := p.gate.hold(err); err != nil {
			return t.plan, err
		}
	}
}

func unwrapLasting(err error) error {
	if l, ok := errors.AsType[lasting](err); ok {
		return l.error
	}
	return err
}

// Provision carries out the plan for one object now. It writes links, escrows and the journal exactly as a cycle does, but
// never moves the watermark. A disable or delete that the budget does not allow is held like any other.
func (j *Job) Provision(ctx context.Context, t entry.Type, source string) (journal.Record, error) {
	p, err := j.demand(ctx)
	if err != nil {
		return journal.Record{}, err
	}
	return p.provision(ctx, Object{t, source}, nil)
}

// ProvisionGroup carries out the plans for some members of a group, for the group object, and for the memberships of just
// these. It returns a record for each in that order, the group's last. Who is no member of the group in the directory is left out
// of it.
func (j *Job) ProvisionGroup(ctx context.Context, group string, members []Object) ([]journal.Record, error) {
	p, err := j.demand(ctx)
	if err != nil {
		return nil, err
	}
	var rs []journal.Record
	only := make([]string, 0, len(members))
	for _, m := range members {
		r, err := p.provision(ctx, m, nil)
		if err != nil {
			return rs, err
		}
		rs, only = append(rs, r), append(only, m.ID)
	}
	r, err := p.provision(ctx, Object{entry.Group, group}, only)
	return append(rs, r), err
}

// demand is a pass beside the cycles, on somebody's order.
func (j *Job) demand(ctx context.Context) (*pass, error) {
	st, err := j.Ledger.State(ctx, j.id)
	if err == nil {
		st.Links, err = j.counted(ctx)
	}
	if err != nil {
		return nil, err
	}
	p := j.newPass(st)
	p.initial, p.initiator = false, "user"
	p.tally.cycle = cmp.Or(runOf(ctx), p.tally.cycle)
	return p, p.lookAhead(ctx)
}

// provision carries out one object's plan; only restricts the memberships of a group that are written.
func (p *pass) provision(ctx context.Context, o Object, only []string) (journal.Record, error) {
	c, err := p.read(ctx, o)
	if err != nil {
		return journal.Record{}, err
	}
	t := p.turn(c, Receipt{})
	t.compare, t.only = true, only
	t.accept = func(pl plan.Plan) error { return p.afford(ctx, pl.Verb) }
	p.last = journal.Record{}
	if err := t.run(ctx); err != nil {
		return journal.Record{}, unwrapLasting(err)
	}
	if err := errors.Join(p.flush(ctx), p.holdNow(ctx)); err != nil {
		return journal.Record{}, err
	}
	done := p.last
	return done, p.afterwards(ctx)
}

// afterwards sees to those who refer to what an order made or brought back.
func (p *pass) afterwards(ctx context.Context) error {
	return unwrapLasting(errors.Join(p.rejoin(ctx), p.tellThoseWaiting(ctx), p.flush(ctx)))
}

// afford lets a disable or delete pass when the budget has room for it, and counts it.
func (p *pass) afford(ctx context.Context, v plan.Verb) error {
	p.deleting = false
	if !leaves(v) {
		return nil
	}
	if p.state.Released {
		p.deleting = true
		return p.spend(ctx, p.budget(), 1)
	}
	why, err := p.trySpend(ctx, p.budget(), 1)
	p.deleting, p.refused = why == "", why // what is refused is put off
	return lastingOr(err)
}

// holdNow stores what was put off by an order, outside of any cycle.
func (p *pass) holdNow(ctx context.Context) error {
	p.mu.Lock()
	leaving := p.leaving
	p.mu.Unlock()
	if len(leaving) == 0 {
		return nil
	}
	if err := p.flushLeaving(ctx); err != nil {
		return err
	}
	p.last = p.heldRecord(leaving[0], p.refused)
	if err := p.tellHeld(ctx, p.refused); err != nil {
		return err
	}
	return p.countHeld(ctx)
}

func (p *pass) countHeld(ctx context.Context) error {
	held, err := p.Ledger.HeldCount(ctx, p.id)
	if err != nil {
		return err
	}
	_, err = p.Ledger.SetState(ctx, p.id, func(s State) (State, error) { s.HeldCount = held.All; return s, nil })
	return err
}

// Apply carries out the plan for one object now, if it is still the plan that somebody approved: it is made anew, and
// fault.Conflict says what has changed since. Nothing is written then. A disable or delete counts against the budget of later
// cycles, but is not held: the approval is its release.
func (j *Job) Apply(ctx context.Context, t entry.Type, source string, expect Precondition) (journal.Record, error) {
	p, err := j.demand(ctx)
	if err != nil {
		return journal.Record{}, err
	}
	c, err := p.read(ctx, Object{t, source})
	if err != nil {
		return journal.Record{}, err
	}
	if err := p.expected(ctx, c, expect); err != nil {
		return journal.Record{}, unwrapLasting(err)
	}
	work := p.turn(c, Receipt{})
	work.compare = true
	work.accept = func(pl plan.Plan) error {
		if !p.apart(t) {
			if err := expect.check(pl, source); err != nil {
				return err
			}
		}
		if p.deleting = leaves(pl.Verb); p.deleting {
			return p.spend(ctx, p.budget(), 1)
		}
		return nil
	}
	if err := work.run(ctx); err != nil {
		return journal.Record{}, unwrapLasting(err)
	}
	done := p.last
	return done, p.afterwards(ctx)
}
