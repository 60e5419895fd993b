package autosync

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Back-off after a failed import, and how often a held one is looked after.
const (
	firstRetry = 2 * time.Second
	lastRetry  = 5 * time.Minute
	heldLook   = 2 * time.Second
)

// Run loads the image, imports, and goes on importing until ctx ends; then it saves the image. It returns the error of that last
// save; everything else is in State and in the log.
func (s *Sync) Run(ctx context.Context) error {
	s.load()
	retry := backoff.NewExponentialBackOff()
	retry.InitialInterval, retry.MaxInterval = firstRetry, min(lastRetry, max(s.cfg.Every, firstRetry))
	var waiting chan error
	for {
		err := s.round(ctx)
		if waiting != nil {
			waiting <- err
		}
		if ctx.Err() != nil {
			return s.save()
		}
		wait := s.cfg.Every
		if err != nil && s.State().Held == nil {
			wait = min(retry.NextBackOff(), wait)
		} else {
			retry.Reset()
		}
		if waiting = s.pause(ctx, wait); ctx.Err() != nil {
			return s.save()
		}
	}
}

// pause waits for the timer, a demand, or the release of a held import. It returns the channel on which a demand wants its answer.
func (s *Sync) pause(ctx context.Context, wait time.Duration) chan error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	var look <-chan time.Time
	if s.State().Held != nil && s.cfg.Released != nil {
		ticker := time.NewTicker(heldLook)
		defer ticker.Stop()
		look = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case answer := <-s.kick:
			return answer
		case <-timer.C:
			return nil
		case <-look:
			if s.cfg.Released() {
				s.mu.Lock()
				s.released = true
				s.mu.Unlock()
				return nil
			}
		}
	}
}
