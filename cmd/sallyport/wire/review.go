package wire

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/drift"
	"github.com/sallyport-id/sallyport/service/notify"
	"github.com/sallyport-id/sallyport/service/review"
)

// NotifyFile is where the service looks for the configuration of messages, in its data folder.
const NotifyFile = "notify/notify.yaml"

// counsel is what looks at the engine from beside: plans that wait for approval, drift, messages to people.
type counsel struct {
	reviews *review.Reviews
	drift   *drift.Watch
	notify  *notify.Notifier
	running sync.WaitGroup
}

// newCounsel makes the notifier, which jobs tell what happens to them; join adds the rest.
func (s *Service) newCounsel(c ServiceConfig) (*counsel, error) {
	config, err := notify.Load(filepath.Join(c.Data, NotifyFile))
	if err != nil {
		return nil, err
	}
	n := notify.New(notify.Parts{Config: config, Outbox: s.db.Messages(), Apps: s.db.Apps(), States: s.db.Ledger(), Logger: c.Logger})
	return &counsel{notify: n}, nil
}

// join takes up plans that a stop interrupted, and begins to look for drift and to send messages, until ctx ends.
func (k *counsel) join(ctx context.Context, s *Service, connect func(context.Context, app.App) (cycle.Target, error)) error {
	k.reviews = review.New(review.Parts{
		Store: s.db.Reviews(), Engine: s.jobs, Apps: s.db.Apps(), Source: s.db.Directory(), Pairs: s.db.Ledger(), Log: s.db.Journal(), Connect: connect, Logger: s.logger,
	})
	k.drift = drift.New(drift.Parts{
		Store: s.db.Drift(), Apps: s.db.Apps(), Pairs: s.db.Ledger(), Reviews: k.reviews, Connect: connect, Logger: s.logger, Tell: k.tell,
		Job: func(ctx context.Context, a app.App) (drift.Engine, error) { return s.jobs.Candidate(ctx, a) },
	})
	if err := k.reviews.Start(ctx); err != nil {
		return err
	}
	k.running.Go(func() { k.notify.Run(ctx) })
	k.running.Go(func() { k.drift.Run(ctx, drift.Every) })
	k.running.Go(func() { k.retain(ctx, s) })
	return nil
}

// tell turns a look that found something into a message.
func (k *counsel) tell(ctx context.Context, a app.App, r drift.Report) {
	k.notify.Drifted(ctx, a, r.Run, r.Changed, r.Removed)
}

// retain drops old plans once a day.
func (k *counsel) retain(ctx context.Context, s *Service) {
	tick := time.NewTicker(24 * time.Hour)
	defer tick.Stop()
	for {
		if _, err := k.reviews.Retain(ctx); err != nil && ctx.Err() == nil {
			s.logger.Error("old plans could not be dropped", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// wait returns when everything has ended, after the context of join has.
func (k *counsel) wait() {
	if k.reviews != nil {
		k.reviews.Wait()
	}
	k.running.Wait()
}
