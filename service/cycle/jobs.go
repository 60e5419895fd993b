package cycle

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Jobs runs the jobs of all applications and takes the administrators' orders.
type Jobs struct {
	parts  Parts // Target is empty; each job has its own
	apps   app.Store
	target func(context.Context, app.App) (Target, error)

	mu      sync.Mutex
	running map[key]*handle
	root    context.Context
	group   sync.WaitGroup
}

type key struct {
	tenant tenant.ID
	id     JobID
}

type handle struct {
	job    *Job
	cancel context.CancelFunc
	done   chan struct{}
}

// NewJobs makes the supervisor. target connects an application to where it is provisioned; it does no I/O of its own.
func NewJobs(p Parts, apps app.Store, target func(context.Context, app.App) (Target, error)) *Jobs {
	return &Jobs{parts: p, apps: apps, target: target, running: map[key]*handle{}}
}

// Start begins the work of every application of the tenant in ctx, until ctx ends.
func (s *Jobs) Start(ctx context.Context) error {
	s.mu.Lock()
	s.root = ctx
	s.mu.Unlock()
	all, err := s.apps.List(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range all {
		errs = append(errs, s.Put(ctx, a))
	}
	return errors.Join(errs...)
}

// Wait returns when every job has ended after the context of Start has.
func (s *Jobs) Wait() { s.group.Wait() }

// Put takes up an application, or its new configuration: the cycle that runs is ended and the next one runs on the new rules.
func (s *Jobs) Put(ctx context.Context, a app.App) error {
	rules, err := plan.Compile(a)
	if err != nil {
		return err
	}
	target, err := s.target(ctx, a)
	if err != nil {
		return err
	}
	k := key{tenant.From(ctx), a.ID}
	s.Remove(ctx, a.ID)
	parts := s.parts
	parts.Target = target
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.root == nil || s.root.Err() != nil {
		return fault.New(fault.Unavailable, "start job "+string(a.ID), "the service is stopping")
	}
	jctx, cancel := context.WithCancel(tenant.With(s.root, k.tenant))
	h := &handle{job: NewJob(parts, rules), cancel: cancel, done: make(chan struct{})}
	s.running[k] = h
	s.group.Go(func() {
		defer close(h.done)
		if err := h.job.Run(jctx); err != nil {
			h.job.Logger.Error("job ended", "error", err)
		}
	})
	return nil
}

// Remove ends an application's job and waits until what it has in hand is finished.
func (s *Jobs) Remove(ctx context.Context, id JobID) {
	k := key{tenant.From(ctx), id}
	s.mu.Lock()
	h := s.running[k]
	delete(s.running, k)
	s.mu.Unlock()
	if h != nil {
		h.cancel()
		<-h.done
	}
}

// job returns a running job; fault.NotFound when the application does not exist.
func (s *Jobs) job(ctx context.Context, id JobID) (*Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.running[key{tenant.From(ctx), id}]; h != nil {
		return h.job, nil
	}
	return nil, fault.New(fault.NotFound, "job", "there is no application %q", id).
		WithHint("'sallyport app list' names the applications")
}

// Order carries out an administrator's order: fn changes the job's state, then the job looks at it again.
func (s *Jobs) order(ctx context.Context, id JobID, stop bool, fn func(State) (State, error)) (State, error) {
	j, err := s.job(ctx, id)
	if err != nil {
		return State{}, err
	}
	st, err := j.Ledger.SetState(ctx, id, fn)
	if err != nil {
		return State{}, err
	}
	if stop {
		j.Stop()
	} else {
		j.Wake()
	}
	return st, nil
}

// started is the state after somebody started the job: it tries at once, and one that was switched off has its four weeks anew.
func (s State) started(now time.Time) State {
	if q := s.Quarantine; q != nil {
		again := *q
		again.Next = time.Time{}
		if s.Disabled != "" {
			again.Since, again.Series = now, 0
		}
		s.Quarantine = &again
	}
	s.Mode, s.Disabled, s.Pruned = Running, "", false
	return s
}

// Run makes the job run: it goes on from its watermark. A quarantine's waiting time is cut short.
func (s *Jobs) Run(ctx context.Context, id JobID) (State, error) {
	return s.order(ctx, id, false, func(st State) (State, error) {
		return st.started(time.Now()), nil
	})
}

// Pause stops the job: objects at work are finished, nothing further is begun, and all of its memory is kept.
func (s *Jobs) Pause(ctx context.Context, id JobID) (State, error) {
	return s.order(ctx, id, true, func(st State) (State, error) {
		st.Mode = Paused
		return st, nil
	})
}

// Restart forgets what r names and makes the job run. release lets held deletions be carried out in the next cycle.
func (s *Jobs) Restart(ctx context.Context, id JobID, r Reset, release bool) (State, error) {
	j, err := s.job(ctx, id)
	if err != nil {
		return State{}, err
	}
	j.Stop()
	err = j.Ledger.Reset(ctx, id, r)
	j.census.doubt()
	if err != nil {
		return State{}, err
	}
	return s.order(ctx, id, false, func(st State) (State, error) {
		st.Mode, st.Disabled, st.Released = Running, "", st.Released || release
		if release && st.Quarantine != nil && st.Quarantine.Reason == ReasonDeletes {
			st.Quarantine = nil
		}
		return st, nil
	})
}

// Status returns the job's state with the progress of the cycle that runs now.
func (s *Jobs) Status(ctx context.Context, id JobID) (State, error) {
	j, err := s.job(ctx, id)
	if err != nil {
		return State{}, err
	}
	st, err := j.Ledger.State(ctx, id)
	if err != nil {
		return State{}, err
	}
	if st.Links, err = j.counted(ctx); err != nil {
		return st, err
	}
	st.Running = nil
	if p, ok := j.Live(); ok {
		st.Running = &p
	}
	if st.HeldCount > 0 {
		st.Held, err = heldFrom(j.Ledger.Held(ctx, id, "", false), shownHeld)
	}
	return st, err
}

// shownHeld is how many held entries a status shows.
const shownHeld = 100

func heldFrom(seq iter.Seq2[HeldEntry, error], limit int) (es []HeldEntry, err error) {
	for e, err := range seq {
		if err != nil {
			return es, err
		}
		if es = append(es, e); len(es) == limit {
			break
		}
	}
	return es, nil
}

// Forget forgets the pair of a source object, so that its counterpart is looked for anew when the object is looked at next.
func (s *Jobs) Forget(ctx context.Context, id JobID, source string) error {
	j, err := s.job(ctx, id)
	if err != nil {
		return err
	}
	return j.forget(ctx, source)
}

// Held returns a page of the held disables and deletes, in the order of source id, after the id given.
func (s *Jobs) Held(ctx context.Context, id JobID, after string, limit int) ([]HeldEntry, error) {
	j, err := s.job(ctx, id)
	if err != nil {
		return nil, err
	}
	return heldFrom(j.Ledger.Held(ctx, id, after, false), max(1, limit))
}

// Release lets held disables and deletes go in the next cycle, which begins at once: those of the sources named, or all. It
// returns how many were released now. fault.NotFound when sources are named and none of them is held.
func (s *Jobs) Release(ctx context.Context, id JobID, sources []string) (int, error) {
	j, err := s.job(ctx, id)
	if err != nil {
		return 0, err
	}
	n, err := j.Ledger.Release(ctx, id, sources)
	if err == nil && n == 0 && len(sources) > 0 {
		err = fault.New(fault.NotFound, "release", "none of them is held").WithHint("'sallyport job held %s' lists what is held", id)
	}
	j.Wake()
	return n, err
}

// Job returns the running job of an application, for what is not asked of all jobs; fault.NotFound when there is none.
func (s *Jobs) Job(ctx context.Context, id JobID) (*Job, error) { return s.job(ctx, id) }

// Explain makes the plan for one object, asking the target, without changing anything.
func (s *Jobs) Explain(ctx context.Context, id JobID, t entry.Type, source string) (plan.Plan, error) {
	j, err := s.job(ctx, id)
	if err != nil {
		return plan.Plan{}, err
	}
	return j.Explain(ctx, t, source)
}

// Provision carries out the plan for one object now.
func (s *Jobs) Provision(ctx context.Context, id JobID, t entry.Type, source string) (journal.Record, error) {
	j, err := s.job(ctx, id)
	if err != nil {
		return journal.Record{}, err
	}
	return j.Provision(ctx, t, source)
}

// ProvisionGroup carries out the plans for some members of a group, for the group, and for the memberships of these.
func (s *Jobs) ProvisionGroup(ctx context.Context, id JobID, group string, members []Object) ([]journal.Record, error) {
	j, err := s.job(ctx, id)
	if err != nil {
		return nil, err
	}
	return j.ProvisionGroup(ctx, group, members)
}
