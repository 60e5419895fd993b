package cycle

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
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

// claim makes sure that a target object found by matching belongs to no other source object.
func (t *turn) claim(ctx context.Context, target string) error {
	source := t.change.Entry.ID
	other, err := t.Ledger.LinkOf(ctx, t.id, t.change.Entry.Type, target)
	if err != nil {
		return lasting{err}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	owner := other.Source
	if owner == "" {
		owner = t.claims[target]
	}
	if owner != "" && owner != source {
		return &duplicateSource{fault.New(fault.Ambiguous, "match", "the account %s found in the target belongs to another person already (%s)", target, owner).
			WithHint("two people in the directory match one account: correct the matching attribute of one of them")}
	}
	if t.claims == nil {
		t.claims = map[string]string{}
	}
	t.claims[target] = source
	t.claimed = target
	return nil
}

// release gives up the claim: by now the ledger says whose the target object is. Values that were reserved stay so while nobody knows
// whether a create took effect, until the object is looked at again.
func (t *turn) release() {
	if !t.lingers {
		t.names.free(t.change.Entry.ID)
	}
	if t.claimed == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.claims[t.claimed] == t.change.Entry.ID {
		delete(t.claims, t.claimed)
	}
}

// duplicateSource has a log code of its own beside the kind Ambiguous.
type duplicateSource struct{ cause *fault.Error }

func (d *duplicateSource) Error() string { return d.cause.Error() }
func (d *duplicateSource) Unwrap() error { return d.cause }

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

// react decides what a failed attempt leads to, by the kind of the failure: the same object again, an escrow, or the end
// of the cycle. again is true when the object shall be attempted once more.
func (t *turn) react(ctx context.Context, err error) (again bool, _ error) {
	if _, ours := errors.AsType[lasting](err); ours || ctx.Err() != nil {
		return false, err
	}
	if _, ours := errors.AsType[*moved](err); ours {
		return false, err
	}
	if _, bad := errors.AsType[*poison](err); bad {
		return false, t.fail(ctx, err)
	}
	if !transport(err) {
		t.gate.pass() // the target is there, whatever it thinks of this object
	}
	switch fault.KindOf(err).Door().Reaction {
	case fault.Wait:
		t.tally.waits(err)
		return true, t.gate.hold(err)
	case fault.Quarantine:
		return false, err
	case fault.Rematch:
		if t.tries++; t.tries < maxTries {
			return true, t.rematch(ctx, err)
		}
	}
	if t.plan.Verb == plan.Create && fault.Is(err, fault.Exists) && !t.existed {
		t.existed, t.direct = true, true // the target knows somebody we did not see: it may be the counterpart, so ask again
		return true, nil
	}
	return false, t.fail(ctx, err)
}

// rematch clears what is known to be wrong before the object is looked for again.
func (t *turn) rematch(ctx context.Context, err error) error {
	if fault.Is(err, fault.NotFound) && t.plan.Link.Target != "" {
		t.unshelve(t.plan.Link.Target)
		return t.drop(ctx)
	}
	t.unsure = true
	t.direct = true // the answer was lost: only the target itself knows what it holds
	return pause(ctx, time.Second)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// fail puts the object aside; one that has failed for four weeks is given up until it changes.
func (t *turn) fail(ctx context.Context, err error) error {
	var before Escrow
	if t.escrow != nil {
		before = *t.escrow
	}
	e, tired := nextEscrow(before, err, time.Now())
	e.Source, e.Type, e.Code = t.change.Entry.ID, t.change.Entry.Type, codeOf(err)
	o := Outcome{Escrow: &e, Waiting: t.plan.Unresolved()}
	if tired {
		o.Escrow = nil
		err = fmt.Errorf("given up after four weeks: %w", err)
	}
	t.failing.Store(true)
	if t.receipt.Intent.Verb == plan.Create && t.unsure {
		t.receipt = Receipt{} // the intent stays: the next cycle looks what became of it
		t.lingers = true
		t.lookBack()
	}
	if err := t.record(ctx, plan.Failure, err, o); err != nil {
		return err
	}
	t.tally.failed(err, t.awaited || t.wroteLists)
	return nil
}

func codeOf(err error) string {
	if _, ok := errors.AsType[*duplicateSource](err); ok {
		return fault.CodeDuplicateSource
	}
	return plan.CodeOf(err)
}
