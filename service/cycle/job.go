package cycle

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
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

	DefaultDomain string
}

// Job runs one application's cycles. Its memory is the ledger; a Job value itself may be thrown away at any moment.
type Job struct {
	Parts
	id    JobID
	rules *plan.Rules
	wake  chan struct{}
	locks stripes
	gate  gate

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
	return &Job{Parts: p, id: rules.App.ID, rules: rules, wake: make(chan struct{}, 1)}
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

// await returns when there is work again: a change, the interval, an escrow that is due, or a wake.
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
	watching.Go(func() {
		select {
		case <-j.wake:
			cancel()
		case <-wctx.Done():
		}
	})
	err = j.Source.Wait(wctx, st.Watermark)
	err = ignoreEnd(wctx, err) // the interval is over, or somebody woke us
	cancel()
	watching.Wait() // or it would swallow the next wake
	return err
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
	for e, err := range j.Ledger.Escrows(ctx, j.id, time.Time{}) {
		if err != nil {
			return 0, err
		}
		d = min(d, time.Until(e.Next))
	}
	return max(d, 10*time.Millisecond), nil
}

// failed writes down why a cycle ended early, and when to try again.
func (j *Job) failed(ctx context.Context, cause error) error {
	if errors.Is(cause, context.Canceled) {
		return nil // paused or stopped: nothing failed
	}
	_, err := j.Ledger.SetState(ctx, j.id, func(s State) (State, error) {
		s.Quarantine = quarantineAfter(s.Quarantine, cause, time.Now())
		if s.Last == nil {
			s.Last = &Progress{}
		}
		s.Last.LastError = cause.Error()
		return s, nil
	})
	return err
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
		j.recovered = false // what was in hand may have left an intent behind
	}
	return err
}

// Explain makes the plan for one object as a cycle would, asking the target, and changes nothing.
func (j *Job) Explain(ctx context.Context, t entry.Type, source string) (plan.Plan, error) {
	p := j.newPass(State{Initial: true})
	c, err := p.read(ctx, t, source)
	if err != nil {
		return plan.Plan{}, err
	}
	link, err := j.Ledger.Link(ctx, j.id, source)
	if err != nil {
		return plan.Plan{}, err
	}
	return j.rules.Make(ctx, p, p.input(c, link, true))
}

// Provision carries out the plan for one object now. It writes links, escrows and the journal exactly as a cycle does, but
// never moves the watermark, and honours the deletion budget of one cycle.
func (j *Job) Provision(ctx context.Context, t entry.Type, source string) (journal.Record, error) {
	st, err := j.Ledger.State(ctx, j.id)
	if err != nil {
		return journal.Record{}, err
	}
	p := j.newPass(st)
	p.initiator, p.deleting = "user", true
	c, err := p.read(ctx, t, source)
	if err != nil {
		return journal.Record{}, err
	}
	if err := p.object(ctx, c, Receipt{}); err != nil {
		return journal.Record{}, err
	}
	return p.last, p.flush(ctx)
}

func (j *Job) newPass(st State) *pass {
	kind := "incremental"
	if !st.Initial || st.Version != j.rules.App.Version {
		kind = "initial"
	}
	return &pass{
		Job: j, state: st, initial: kind == "initial", initiator: "system",
		tally: newTally(kind), escrowed: map[string]Escrow{}, waiting: map[string][]object{}, seen: map[string]bool{},
	}
}

// object names a source object.
type object struct {
	Type entry.Type
	ID   string
}

// read gets a source object as a change; one that is gone is a deletion.
func (p *pass) read(ctx context.Context, t entry.Type, id string) (directory.Change, error) {
	e, err := p.Source.Get(ctx, t, id)
	if fault.Is(err, fault.NotFound) {
		return directory.Change{Entry: entry.Entry{Type: t, ID: id}, Deleted: true}, nil
	}
	return directory.Change{Entry: e}, err
}

func (p *pass) input(c directory.Change, link plan.Link, compare bool) plan.Input {
	return plan.Input{
		Change: c, Link: link, Now: time.Now(), Rand: rand.Reader,
		DefaultDomain: p.DefaultDomain, Compare: compare,
	}
}
