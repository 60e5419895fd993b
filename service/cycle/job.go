package cycle

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/assign"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Source is the directory as the engine reads it.
type Source interface {
	directory.Changes
	// Get returns one object whole; fault.NotFound when it does not exist (any more).
	Get(ctx context.Context, t entry.Type, id string) (entry.Entry, error)
	// Count returns how many live objects of the type there are.
	Count(ctx context.Context, t entry.Type) (int, error)
	// Referrers returns the objects that refer to one, by type and id alone.
	Referrers(ctx context.Context, t entry.Type, id string) ([]entry.Entry, error)
}

// Log is where the engine writes what happened to each object.
type Log interface {
	Append(ctx context.Context, rs ...journal.Record) error
}

// Parts is what a job works with.
type Parts struct {
	Source Source
	Target Target
	Ledger Ledger
	Log    Log
	Logger *slog.Logger

	Assigned  Assigned  // who is assigned; nil: nobody is, which matters only to applications that take assigned objects alone
	Tolerance Tolerance // what drift was accepted; may be nil
	Observer  Observer  // told of quarantine, held deletions and failed cycles; may be nil

	// Role returns value and display name of an application's role; nil, or empty texts: its id stands for both.
	Role func(ctx context.Context, a app.ID, role string) (value, display string, err error)

	DefaultDomain string
	Jitter        func(most time.Duration) time.Duration // what is added to a back-off; nil = at random
}

// Assigned tells who is assigned to an application; assign.Store is one.
type Assigned interface {
	// Reach tells through what a user or group is assigned: itself first, then the groups it is a member of.
	Reach(ctx context.Context, a app.ID, principal string, nested bool) ([]assign.Assignment, error)
}

// Job runs one application's cycles. Its memory is the ledger; a Job value itself may be thrown away at any moment.
type Job struct {
	Parts
	id    JobID
	rules *plan.Rules
	lean  *plan.Rules // without members of groups, which are handled apart; nil when they must be planned whole
	wake  chan struct{}

	memberMap *membersMapping
	locks     stripes
	gate      gate
	touched   touched
	census    census
	chosen    reserved
	parted    parted

	mu        sync.Mutex
	live      *tally
	cancel    context.CancelFunc
	recovered bool
}

// NewJob makes the job of an application.
func NewJob(p Parts, rules *plan.Rules) *Job {
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	p.Logger = p.Logger.With("job", string(rules.App.ID))
	p.Target = pace(p.Target, rules.App.Target, rules.App.Schedule.Workers)
	j := &Job{Parts: p, id: rules.App.ID, rules: rules, wake: make(chan struct{}, 1), locks: newStripes()}
	j.gate.jitter = p.Jitter
	if j.gate.jitter == nil {
		j.gate.jitter = func(d time.Duration) time.Duration { return mathrand.N(d) }
	}
	if a, m := withoutMembers(rules.App); m != nil {
		if lean, err := plan.Compile(a); err == nil { // what cannot do without its members is planned whole
			j.lean, j.memberMap = lean, m
		}
	}
	return j
}

// Wake makes the job look at its state again: after a start, a pause, a restart.
func (j *Job) Wake() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// Stop ends the cycle that runs now, if any: objects at work are finished, no further one is begun.
func (j *Job) Stop() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.cancel != nil {
		j.cancel()
	}
	j.Wake()
}

// Live returns the progress of the cycle that runs now; false when none does.
func (j *Job) Live() (Progress, bool) {
	j.mu.Lock()
	t := j.live
	j.mu.Unlock()
	if t == nil {
		return Progress{}, false
	}
	return t.snapshot(), true
}

// Run runs cycles until ctx ends: at once after every change in the directory, on the interval, and when an escrow is due.
// It returns nil when ctx ends.
func (j *Job) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		st, err := j.Ledger.State(ctx, j.id)
		if err != nil {
			return ignoreEnd(ctx, err)
		}
		if st, err = j.takeUp(ctx, st); err != nil {
			return ignoreEnd(ctx, err)
		}
		if wait := j.idle(st); wait > 0 {
			j.sleep(ctx, wait)
			continue
		}
		if err := j.Cycle(ctx); err != nil && ctx.Err() == nil {
			j.Logger.Warn("cycle ended early", "error", err)
			if err := j.failed(ctx, err); err != nil {
				return ignoreEnd(ctx, err)
			}
			continue
		}
		if err := j.await(ctx); err != nil {
			return ignoreEnd(ctx, err)
		}
	}
	return nil
}

func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

const forever = 365 * 24 * time.Hour

// idle returns how long a job in this state has nothing to do; 0 means: work.
func (j *Job) idle(st State) time.Duration {
	if st.Mode != Running {
		return forever
	}
	if q := st.Quarantine; q != nil && !q.Next.IsZero() {
		return max(0, time.Until(q.Next))
	}
	return 0
}

func (j *Job) sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-j.wake:
	case <-t.C:
	}
}

// await returns when there is work again: a change, an order, the interval, an escrow that is due, or a wake.
func (j *Job) await(ctx context.Context) error {
	st, err := j.Ledger.State(ctx, j.id)
	if err != nil {
		return err
	}
	d, err := j.nextDue(ctx)
	if err != nil {
		return err
	}
	wctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var watching sync.WaitGroup
	var ordered error
	watching.Go(func() {
		select {
		case <-j.wake:
			cancel()
		case <-wctx.Done():
		}
	})
	watching.Go(func() {
		ordered = ignoreEnd(wctx, j.Ledger.AwaitOrder(wctx, j.id))
		cancel()
	})
	err = j.Source.Wait(wctx, st.Watermark)
	err = ignoreEnd(wctx, err) // the interval is over, or somebody woke us
	cancel()
	watching.Wait() // or it would swallow the next wake
	return errors.Join(err, ordered)
}

// interval is the time between cycles that no change asked for.
func interval(a app.App) time.Duration {
	if d := time.Duration(a.Schedule.Interval); d > 0 {
		return d
	}
	return 40 * time.Minute
}

// nextDue returns the time until the interval has passed or the next escrow is due, whichever comes first.
func (j *Job) nextDue(ctx context.Context) (time.Duration, error) {
	d := interval(j.rules.App)
	due, err := j.Ledger.NextDue(ctx, j.id)
	if !due.IsZero() {
		d = min(d, time.Until(due))
	}
	return max(d, 10*time.Millisecond), err
}

// failed writes down why a cycle ended early, and when to try again. A job that has been quarantined for four weeks is
// switched off.
func (j *Job) failed(ctx context.Context, cause error) error {
	if errors.Is(cause, context.Canceled) {
		return nil // paused or stopped: nothing failed
	}
	var before *Quarantine
	now := time.Now()
	st, err := j.Ledger.SetState(ctx, j.id, func(s State) (State, error) {
		before = s.Quarantine
		s.Quarantine = quarantineAfter(s.Quarantine, cause, now)
		s.Failures++
		if s.Last == nil {
			s.Last = &Progress{}
		}
		last := *s.Last
		last.LastError = cause.Error()
		s.Last = &last
		s.tired(now)
		return s, nil
	})
	if err != nil {
		return err
	}
	j.observe(ctx, Event{Kind: CycleFailed, Last: st.Last, Detail: cause.Error(), Hint: fault.HintOf(cause)})
	if before == nil || before.Reason != st.Quarantine.Reason {
		j.observe(ctx, Event{Kind: QuarantineBegan, Quarantine: st.Quarantine, Detail: st.Quarantine.Detail, Hint: st.Quarantine.Hint})
	}
	j.observeDisabled(ctx, st)
	return nil
}

func (j *Job) observeDisabled(ctx context.Context, st State) {
	if st.Disabled != "" && st.Mode == Paused {
		j.observe(ctx, Event{Kind: JobDisabled, Quarantine: st.Quarantine, Detail: st.Disabled, Hint: "correct the cause, then start the job"})
	}
}

// takeUp begins with rules that are new to the job: what waits for a retry under the old ones is tried at once, with everybody else, and
// a quarantine is over (provisioning semantics §2.4).
func (j *Job) takeUp(ctx context.Context, st State) (State, error) {
	version := j.rules.App.Version
	if st.Version == 0 || st.Version == version || st.Taken == version {
		return st, nil
	}
	if err := j.Ledger.Reset(ctx, j.id, Reset{Watermark: true, Escrows: true}); err != nil {
		return st, err
	}
	return j.Ledger.SetState(ctx, j.id, func(s State) (State, error) { return s.renewed(version), nil })
}

// Cycle runs one cycle now, initial or incremental as the job's state asks. It returns early with an error only when the
// job as a whole cannot work; failures of single objects are written to ledger and journal.
func (j *Job) Cycle(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	st, err := j.Ledger.State(ctx, j.id)
	if err != nil {
		return err
	}
	p := j.newPass(st)
	p.epoch = j.touched.begin()
	j.mu.Lock()
	j.live, j.cancel = p.tally, cancel
	j.mu.Unlock()
	defer func() {
		j.mu.Lock()
		j.live, j.cancel = nil, nil
		j.mu.Unlock()
	}()
	err = p.run(ctx)
	if err != nil {
		j.lookBack() // what was in hand may have left an intent behind
	}
	return err
}

func (j *Job) newPass(st State) *pass {
	kind := "incremental"
	if !st.Initial || st.Version != j.rules.App.Version || st.Reading != nil {
		kind = "initial"
	}
	return &pass{Job: j, state: st, from: st.Watermark, initial: kind == "initial", initiator: "system", tally: newTally(kind), names: &j.chosen}
}

// input is what a plan is made from.
func (p *pass) input(ctx context.Context, c directory.Change, link plan.Link, compare bool) (plan.Input, error) {
	in := plan.Input{
		Change: c, Link: link, Now: time.Now(), Rand: rand.Reader,
		DefaultDomain: p.DefaultDomain, Compare: compare, Full: p.initial && p.initiator != "user", Listed: p.initiator == "user",
	}
	return in, p.assignedTo(ctx, &in)
}

// observe tells the observer, if there is one.
func (j *Job) observe(ctx context.Context, e Event) {
	if j.Observer == nil {
		return
	}
	e.Job, e.At = j.id, time.Now()
	j.Observer.Observe(context.WithoutCancel(ctx), e)
}
