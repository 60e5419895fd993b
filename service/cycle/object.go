package cycle

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
)

// turn is one object at work.
type turn struct {
	*pass
	change  directory.Change
	rules   *plan.Rules // the job's, or for a group whose members are handled apart the ones without members
	plan    plan.Plan
	receipt Receipt // of the write under way; kept over attempts so that a repeated create has its old key
	escrow  *Escrow // from an earlier attempt
	held    bool    // it may be among the held entries
	claimed string  // target id it claims
	began   time.Time
	tries   int
	compare bool      // ask the target even when nothing changed since the last export
	only    []string  // of a group's members, those whose memberships are written; nil: all
	ghosts  []string  // with only: target ids the group may hold of objects that are gone
	existed bool      // the target said that the object exists, and was asked for it
	unsure  bool      // an answer was lost, so a create may have taken effect
	direct  bool      // ask the target itself, not what was read ahead
	was     plan.Link // what the ledger remembered when the turn began
	stored  plan.Link // what the ledger remembers now
	dead    string    // target id of its pair that was gone from the target
	names   *reserved // where it reserves values that nobody else may have
	lingers bool      // a create of it may still take effect

	wroteLists bool // the object itself is written, its long lists follow

	roster *rosterWork           // the members of a group that are handled apart
	accept func(plan.Plan) error // refuses a plan that is not the expected one
}

const maxTries = 3

// Find implements plan.World for one object.
func (t *turn) Find(ctx context.Context, typ entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	if !t.direct {
		return t.pass.Find(ctx, typ, attr, v)
	}
	t.tally.requests.Add(1)
	return t.Target.Find(ctx, typ, attr, v)
}

// object plans for one object and carries the plan out. The error is one that stops the whole job; a failure of the
// object alone becomes an escrow, a panic included. An open receipt comes from a crash.
func (p *pass) object(ctx context.Context, c directory.Change, open Receipt) error {
	return p.turn(c, open).run(ctx)
}

func (p *pass) turn(c directory.Change, open Receipt) *turn {
	interrupted := open.Key != "" && open.Intent.Verb == plan.Create
	return &turn{pass: p, change: c, receipt: open, unsure: interrupted, began: time.Now(), rules: p.rulesFor(c), names: p.names}
}

func (t *turn) run(ctx context.Context) error {
	unlock := t.locks.lock(t.change.Entry.ID)
	defer unlock()
	defer t.release()
	if err := t.freshen(ctx); err != nil {
		return err
	}
	if err := t.recall(ctx); err != nil {
		return err
	}
	for {
		if err := t.gate.wait(ctx); err != nil {
			return err
		}
		err := t.guarded(ctx)
		if err == nil {
			t.gate.pass()
			return nil
		}
		again, err := t.react(ctx, err)
		if !again {
			return t.leaveOpen(err)
		}
	}
}

// leaveOpen sees to it that the next cycle looks what became of a write whose outcome could not be written down.
func (t *turn) leaveOpen(err error) error {
	if err != nil && t.receipt.Key != "" {
		t.lingers = t.receipt.Intent.Verb == plan.Create
		t.lookBack()
	}
	return err
}

// lookedBack reports whether the intents left open were looked at, and that they are now.
func (j *Job) lookedBack() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	was := j.recovered
	j.recovered = true
	return was
}

// lookBack makes the next cycle look at the intents that were left open.
func (j *Job) lookBack() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.recovered = false
}

// recall reads what the ledger holds of the object's failures, when there are any at all.
func (t *turn) recall(ctx context.Context) error {
	if !t.failing.Load() {
		return nil
	}
	e, found, err := t.Ledger.Escrow(ctx, t.id, t.change.Entry.ID)
	if found {
		t.escrow = &e
	}
	return err
}

// poison is a panic while one object was at work: a mistake in the program that must harm that object only.
type poison struct{ cause *fault.Error }

func (p *poison) Error() string { return p.cause.Error() }
func (p *poison) Unwrap() error { return p.cause }

// guarded is attempt with panics turned into failures of the object.
func (t *turn) guarded(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			t.Logger.Error("a panic", "source", t.change.Entry.ID, "panic", t.secrets().Veil(fmt.Sprint(r)), "stack", string(debug.Stack()))
			err = &poison{fault.New(fault.Internal, "provision", "a panic: %v", r).
				WithHint("this is a mistake in the program; the object is tried again later, all others go on. Please report it with the service's log")}
		}
		err = t.secrets().VeilError(err)
	}()
	return t.attempt(ctx)
}

// attempt makes the plan and carries it out.
func (t *turn) attempt(ctx context.Context) error {
	link, err := t.Ledger.Link(ctx, t.id, t.change.Entry.ID)
	if err != nil {
		return lasting{err}
	}
	t.stored = link
	if link.Target == "" {
		if link, err = t.adopt(ctx); err != nil {
			return err
		}
	}
	in, err := t.input(ctx, t.change, link, t.initial || t.compare || t.receipt.Key != "")
	if err != nil {
		return lasting{err}
	}
	t.was, t.wroteLists = link, false
	pl, err := t.rules.Make(ctx, t, in)
	pl, err = t.tolerate(ctx, pl, err)
	t.plan = pl
	if err != nil {
		return err
	}
	if pl.Verb == plan.Create && !t.direct && t.shelves != nil && !t.confirms() {
		t.direct = true // what was read ahead may lack somebody, and this target would make a second account
		return t.attempt(ctx)
	}
	if err := t.members(ctx); err != nil {
		return err
	}
	if err := t.tolerateMembers(ctx); err != nil {
		return err
	}
	if t.accept != nil {
		if err := t.accept(t.plan); err != nil {
			return err
		}
	}
	switch {
	case leaves(t.plan.Verb) && !t.pass.deleting:
		return t.putOff(ctx)
	case pl.Link.Target != "" && link.Target == "":
		if err := t.claim(ctx, pl.Link.Target); err != nil {
			return err
		}
	}
	t.held = t.holding.Load()
	return t.carryOut(ctx)
}

func leaves(v plan.Verb) bool { return v == plan.Disable || v == plan.Delete }

func (t *turn) confirms() bool {
	c, ok := t.Target.(Confirmer)
	return ok && c.Confirms()
}

// lasting marks a failure of our own store: nothing can be recorded, so the cycle must end.
type lasting struct{ error }

func (l lasting) Unwrap() error { return l.error }

// putOff keeps a disable or delete for the end of the cycle, when the whole number of them is known.
func (t *turn) putOff(ctx context.Context) error {
	if t.receipt.Key != "" { // a write that was interrupted is overtaken by this
		if err := t.settle(ctx, Outcome{}); err != nil {
			return err
		}
	}
	t.mu.Lock()
	t.leaving = append(t.leaving, HeldEntry{
		Source: t.change.Entry.ID, Type: t.change.Entry.Type, Verb: t.plan.Verb, Name: NameOf(t.plan), Since: time.Now(),
	})
	full := len(t.leaving) >= pageSize
	t.mu.Unlock()
	if !full {
		return nil
	}
	return t.flushLeaving(context.WithoutCancel(ctx))
}

func (t *turn) success(ctx context.Context, link plan.Link) error {
	if err := t.record(ctx, plan.Success, nil, Outcome{Link: link, Waiting: t.plan.Unresolved()}); err != nil {
		return err
	}
	t.tally.count(t.plan.Verb)
	t.timed()
	t.arrive()
	t.comesBack(link.Active)
	return t.furtherMembers(ctx, link)
}

// timed counts the time the change took.
func (t *turn) timed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at := t.change.Changed; !t.initial && !at.IsZero() && t.plan.Verb != plan.Skip {
		t.effect.Add(time.Since(at))
	}
}

// arrive notes that the object is linked now, if it was not before.
func (t *turn) arrive() {
	if t.plan.Verb == plan.Create || !t.plan.Link.Active {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.arrived.add(Object{t.change.Entry.Type, t.change.Entry.ID})
	}
}

// skip settles an object nothing is written for. There is something to remember when matching found its counterpart, when
// it had an escrow, or when its digest moved without a difference in the target.
func (t *turn) skip(ctx context.Context) error {
	o, worth := Outcome{}, t.receipt.Key != "" || t.escrow != nil || t.held || t.roster.moved()
	if l := t.plan.Link; l.Target != "" && t.plan.Code == "RedundantExport" {
		fresh := t.link(l.Target)
		fresh.Active, fresh.Left = t.redundantState(l)
		if !sameLink(l, fresh) || len(t.plan.Unresolved()) > 0 {
			o, worth = Outcome{Link: fresh, Waiting: t.plan.Unresolved()}, true
		}
	}
	if t.change.Deleted && t.plan.Link.Target != "" { // nobody will ask for this pair again
		o, worth = Outcome{Unlink: true}, true
	}
	switch {
	case worth:
		if err := t.record(ctx, plan.Skipped, nil, o); err != nil {
			return err
		}
	case !t.toldAlready():
		t.buffer()
	}
	if o.Link.Target != "" {
		t.arrive()
		t.comesBack(o.Link.Active)
	}
	t.tally.count(plan.Skip)
	return t.furtherMembers(ctx, t.plan.Link)
}

// toldAlready reports whether a cycle looks at somebody who was deleted for good, and the journal has their last line already: because
// it told of the deletion, or because the change feed will.
func (t *turn) toldAlready() bool {
	return t.change.Deleted && t.epoch > 0 && (t.change.At == "" || t.parted.has(t.change.Entry.ID))
}

// redundantState keeps a disabled pair disabled when nothing differed, and marks a matched one active.
func (t *turn) redundantState(l plan.Link) (active, left bool) {
	if t.plan.LeftScope {
		return false, true
	}
	if t.plan.Off {
		return false, l.Left
	}
	return true, false
}

func sameLink(a, b plan.Link) bool {
	return a.Target == b.Target && a.Active == b.Active && a.Left == b.Left && string(a.Digest) == string(b.Digest)
}
