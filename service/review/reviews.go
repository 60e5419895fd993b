package review

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
)

// Parts is what reviews work with.
type Parts struct {
	Store  Store
	Engine Engine
	Apps   Apps
	Source Source
	Pairs  Pairs
	Log    Log
	// Connect opens the target of an application for reading; it does no I/O of its own.
	Connect func(ctx context.Context, a app.App) (cycle.Target, error)
	Logger  *slog.Logger
}

// Reviews makes plans, shows them, and has them carried out. Work that takes long goes on in the background and survives a restart of the service.
type Reviews struct {
	Parts
	mu   sync.Mutex
	root context.Context
	busy map[place]context.CancelFunc
	all  sync.WaitGroup
}

type place struct {
	tenant tenant.ID
	id     ID
}

// New makes the reviews; Start takes up what an earlier process left.
func New(p Parts) *Reviews {
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	return &Reviews{Parts: p, busy: map[place]context.CancelFunc{}}
}

// Start allows work in the background until ctx ends, and takes up what an earlier process left: plans it was making have failed, plans it was
// applying are resumed.
func (s *Reviews) Start(ctx context.Context) error {
	s.mu.Lock()
	s.root = ctx
	s.mu.Unlock()
	all, err := s.Store.List(ctx, "")
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range all {
		switch p.Status {
		case Making:
			_, err := s.Store.Revise(ctx, p.ID, func(p Plan) (Plan, error) {
				p.Status, p.Ended, p.Detail = Failed, time.Now(), "the service was restarted while the plan was being made; make it again"
				return p, nil
			})
			errs = append(errs, err)
		case Applying:
			errs = append(errs, s.background(ctx, p.ID, s.carry))
		}
	}
	return errors.Join(errs...)
}

// Wait returns when everything in the background has ended, after the context of Start has.
func (s *Reviews) Wait() { s.all.Wait() }

// background runs work on a plan until it is done or the service stops. One plan is worked on once at a time: a second call does nothing.
func (s *Reviews) background(ctx context.Context, id ID, work func(context.Context, ID) error) error {
	at := place{tenant.From(ctx), id}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.root == nil || s.root.Err() != nil {
		return fault.New(fault.Unavailable, "work on plan "+id.String(), "the service is stopping").WithHint("ask again when it is back")
	}
	if s.busy[at] != nil {
		return nil
	}
	wctx, cancel := context.WithCancel(tenant.With(s.root, at.tenant))
	s.busy[at] = cancel
	s.all.Go(func() {
		defer func() {
			cancel()
			s.mu.Lock()
			delete(s.busy, at)
			s.mu.Unlock()
		}()
		if err := work(wctx, id); err != nil && wctx.Err() == nil {
			s.Logger.Error("work on a plan ended early", "plan", id.String(), "error", err)
		}
	})
	return nil
}

// Working reports whether the plan is being made or applied right now.
func (s *Reviews) Working(ctx context.Context, id ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy[place{tenant.From(ctx), id}] != nil
}

// Summary is a plan with what its rows come to.
type Summary struct {
	Plan
	Working bool   `json:"working"` // something happens with it right now
	Totals  Totals `json:"totals"`
}

// Show returns a plan and what its rows come to; fault.NotFound when there is none.
func (s *Reviews) Show(ctx context.Context, id ID) (Summary, error) {
	working := s.Working(ctx, id) // asked first: what is read after the work has ended is how it ended
	p, err := s.Store.Plan(ctx, id)
	if err != nil {
		return Summary{}, err
	}
	t, err := s.Store.Count(ctx, id)
	return Summary{Plan: p.At(time.Now()), Working: working, Totals: t}, err
}

// List returns the plans of an application, or of all when it is "", the newest first.
func (s *Reviews) List(ctx context.Context, a app.ID) ([]Plan, error) {
	all, err := s.Store.List(ctx, a)
	now := time.Now()
	for i := range all {
		all[i] = all[i].At(now)
	}
	return all, err
}

// Discard throws a plan away; nothing of it can be applied any more. What is under way with it ends.
func (s *Reviews) Discard(ctx context.Context, id ID) (Plan, error) {
	p, err := s.Store.Revise(ctx, id, func(p Plan) (Plan, error) { return p.discard(time.Now()) })
	if err != nil {
		return p, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.busy[place{tenant.From(ctx), id}]; cancel != nil {
		cancel()
	}
	return p, nil
}

// Find returns a page of a plan's rows in the order of Seq; fault.NotFound when there is no such plan.
func (s *Reviews) Find(ctx context.Context, id ID, q Query) ([]Row, error) {
	if _, err := s.Store.Plan(ctx, id); err != nil {
		return nil, err
	}
	return s.Store.Find(ctx, id, q)
}

// Diff yields the objects that two plans treat differently.
func (s *Reviews) Diff(ctx context.Context, a, b ID) iter.Seq2[Difference, error] {
	return Diff(s.Store.Sorted(ctx, a), s.Store.Sorted(ctx, b))
}

// Keep is how long plans are kept, whatever became of them.
const Keep = 90 * 24 * time.Hour

// Retain drops plans older than Keep.
func (s *Reviews) Retain(ctx context.Context) (int, error) {
	return s.Store.Retain(ctx, time.Now().Add(-Keep))
}
