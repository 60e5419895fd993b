package autosync

import (
	"context"
	"maps"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/sallyport-id/sallyport/fault"
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
	defer s.wg.Wait()
	defer s.leave()
	retry := backoff.NewExponentialBackOff()
	retry.InitialInterval, retry.MaxInterval = firstRetry, min(lastRetry, max(s.cfg.Every, firstRetry))
	do := task{full: !s.marks.follows(s.cfg.Every)}
	full := time.Now().Add(s.cfg.Every) // when everything is imported again
	if !do.full {
		full = s.marks.Full.Add(s.cfg.Every)
	}
	for {
		err := s.turn(ctx, &do)
		do.answer(err)
		if ctx.Err() != nil {
			return s.save()
		}
		switch {
		case err != nil && s.State().Held == nil && (do.full || !s.State().Fresh):
			full = time.Now().Add(min(retry.NextBackOff(), s.cfg.Every))
		case do.full:
			full = time.Now().Add(s.cfg.Every)
			retry.Reset()
		}
		s.watch(ctx)
		if do = s.pause(ctx, full); ctx.Err() != nil {
			do.answer(ctx.Err())
			return s.save()
		}
	}
}

// task is what to do next: import everything, or only what changed.
type task struct {
	full    bool
	waiting chan error // of who demanded it; nil = nobody
	pushes  []push     // those that asked for the changes
}

func (t task) answer(err error) {
	if t.waiting != nil {
		t.waiting <- err
	}
	for _, p := range t.pushes {
		close(p.taken)
	}
}

// turn carries a task out. Changes that cannot be used end in a full import.
func (s *Sync) turn(ctx context.Context, do *task) error {
	defer s.show()
	if !do.full {
		err := s.deltas(ctx)
		if !fault.Is(err, fault.Conflict) || ctx.Err() != nil {
			return err
		}
		do.full = true
		s.untrusted()
	}
	return s.round(ctx)
}

// untrusted lets the next import shrink when what is compared with it was never served: an image that is behind has objects that
// this host itself may have deleted.
func (s *Sync) untrusted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.released = s.released || !s.state.Ready
}

// show lets the watchers see the marks.
func (s *Sync) show() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = maps.Clone(s.marks.At)
}

// pause waits for one of the timers, a demand, a push, or the release of a held import, and says what to do.
func (s *Sync) pause(ctx context.Context, full time.Time) task {
	timer := time.NewTimer(time.Until(full))
	defer timer.Stop()
	delta, pushes, stop := s.deltaTimer()
	defer stop()
	var look <-chan time.Time
	if s.State().Held != nil && s.cfg.Released != nil {
		ticker := time.NewTicker(heldLook)
		defer ticker.Stop()
		look = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return task{}
		case answer := <-s.kick:
			return task{full: true, waiting: answer}
		case <-timer.C:
			return task{full: true}
		case <-delta:
			return task{}
		case p := <-pushes:
			return task{pushes: s.gather(p)}
		case <-look:
			if s.cfg.Released() {
				s.mu.Lock()
				s.released = true
				s.mu.Unlock()
				return task{full: true}
			}
		}
	}
}

// deltaTimer is nil channels when changes are not followed: nobody tells them, or a held import must be judged first.
func (s *Sync) deltaTimer() (<-chan time.Time, <-chan push, func()) {
	if len(s.marks.At) == 0 || s.State().Held != nil {
		return nil, nil, func() {}
	}
	t := time.NewTimer(s.cfg.DeltaEvery)
	return t.C, s.pushes, func() { t.Stop() }
}

// gather takes the pushes that wait already: one reading of the changes answers them all.
func (s *Sync) gather(first push) []push {
	all := []push{first}
	for {
		select {
		case p := <-s.pushes:
			all = append(all, p)
		default:
			return all
		}
	}
}
