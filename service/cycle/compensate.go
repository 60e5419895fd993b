package cycle

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Write carries out a write that is spelt out, with intent, outcome and journal record like any other. What the target must
// still hold is looked at first: fault.Conflict, and nothing written, when it does not. A disable or delete counts against the
// budget of later cycles, but is not held: whoever orders the write has released it.
func (j *Job) Write(ctx context.Context, c Compensation) (journal.Record, error) {
	p, err := j.demand(ctx)
	if err != nil {
		return journal.Record{}, err
	}
	t := p.turn(directory.Change{Entry: entry.Entry{Type: c.Object.Type, ID: c.Object.ID}}, Receipt{})
	unlock := j.locks.lock(c.Object.ID)
	defer unlock()
	j.touched.note(c.Object.ID)
	if err := j.gate.wait(ctx); err != nil {
		return journal.Record{}, err
	}
	link, err := j.Ledger.Link(ctx, j.id, c.Object.ID)
	if err != nil {
		return journal.Record{}, err
	}
	t.stored, t.plan = link, c.plan(link)
	t.plan.Redacted = t.rules.Redacted(c.Object.Type)
	if t.plan.Have, err = t.expected(ctx, c); err != nil {
		return journal.Record{}, err
	}
	if leaves(c.Verb) {
		if err := p.spend(ctx, p.budget(), 1); err != nil {
			return journal.Record{}, err
		}
	}
	if err := t.compensate(ctx, c); err != nil {
		return journal.Record{}, unwrapLasting(t.leaveOpen(err))
	}
	return p.last, nil
}

// forget drops a pair that somebody does not want any more.
func (j *Job) forget(ctx context.Context, source string) error {
	unlock := j.locks.lock(source)
	defer unlock()
	link, err := j.Ledger.Link(ctx, j.id, source)
	if err != nil {
		return err
	}
	t := j.newPass(State{}).turn(directory.Change{Entry: entry.Entry{Type: link.Type, ID: source}}, Receipt{})
	t.stored = link
	return unwrapLasting(t.settle(ctx, Outcome{Unlink: true}))
}

// plan dresses the write as a plan, for the journal.
func (c Compensation) plan(link plan.Link) plan.Plan {
	codes := map[plan.Verb]string{plan.Create: "EntryExportAdd", plan.Delete: "EntryExportDelete"}
	p := plan.Plan{
		Verb: c.Verb, Reason: c.Reason, Code: "EntryExportUpdate", Type: c.Type, Link: link, Edits: c.Edits,
		Source: entry.Entry{Type: c.Object.Type, ID: c.Object.ID, Attrs: entry.Attrs{directory.DisplayName: {c.Name}}},
	}
	if code := codes[c.Verb]; code != "" {
		p.Code = code
	}
	if c.Target != "" {
		p.Link.Target = c.Target
	}
	if c.Verb == plan.Create {
		p.Want = entry.Entry{Type: c.Type, Attrs: c.Create}
	}
	return p
}

// expected reads the object and compares it with what the write relies on.
func (t *turn) expected(ctx context.Context, c Compensation) (entry.Entry, error) {
	if c.Verb == plan.Create {
		return entry.Entry{}, nil
	}
	t.tally.requests.Add(1)
	have, err := t.Target.Get(ctx, c.Type, c.Target)
	if err != nil {
		return have, err
	}
	for attr, values := range c.Expect {
		if !sameTexts(have.Attrs[attr], values) {
			return have, fault.New(fault.Conflict, "write", "%s is not any more what this write relies on", attr).About(c.Target).
				WithHint("somebody changed the object since; look at it, and correct it by hand if need be")
		}
	}
	return have, nil
}

// sameTexts compares values as people read them: a target may give back a number as text.
func sameTexts(a, b []entry.Value) bool {
	if len(a) != len(b) {
		return false
	}
	count := map[string]int{}
	for _, v := range a {
		count[valueText(v)]++
	}
	for _, v := range b {
		if count[valueText(v)]--; count[valueText(v)] < 0 {
			return false
		}
	}
	return true
}

func (t *turn) compensate(ctx context.Context, c Compensation) error {
	if err := t.intend(ctx, c.Verb, c.Target); err != nil {
		return err
	}
	t.tally.requests.Add(1)
	id, err := t.send(t.finishing(ctx), c)
	if err = t.secrets().VeilError(err); err != nil {
		if e := t.record(ctx, plan.Failure, err, Outcome{}); e != nil {
			return e
		}
		return err
	}
	o := Outcome{Unlink: c.Unlink || c.Verb == plan.Delete}
	if c.Link && !o.Unlink {
		o.Link = plan.Link{Source: c.Object.ID, Type: c.Object.Type, Target: id, Active: c.Verb != plan.Disable}
	}
	return t.record(ctx, plan.Success, nil, o)
}

func (t *turn) send(ctx context.Context, c Compensation) (id string, err error) {
	switch c.Verb {
	case plan.Create:
		made, err := t.Target.Create(ctx, entry.Entry{Type: c.Type, Attrs: c.Create})
		return made.ID, err
	case plan.Update, plan.Disable:
		return t.Target.Update(ctx, c.Type, c.Target, c.Edits)
	case plan.Delete:
		return c.Target, t.Target.Delete(ctx, c.Type, c.Target)
	}
	return "", fault.New(fault.Invalid, "write", "nothing can be written for the verb %q", c.Verb)
}

// Quarantine slows the job by hand until it is started or restarted.
func (j *Job) Quarantine(ctx context.Context, detail string) error {
	now := time.Now()
	st, err := j.Ledger.SetState(ctx, j.id, func(s State) (State, error) {
		q := begin(s.Quarantine, now, ReasonOnDemand)
		q.Detail, q.Hint = fmt.Sprintf("quarantined by an administrator: %s", detail), "start or restart the job when the cause is gone"
		q.Next = now.Add(slower[0])
		s.Quarantine = q
		return s, nil
	})
	if err == nil {
		j.Stop()
		j.observe(ctx, Event{Kind: QuarantineBegan, Quarantine: st.Quarantine, Detail: st.Quarantine.Detail, Hint: st.Quarantine.Hint})
	}
	return err
}
