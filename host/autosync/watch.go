package autosync

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// A push asks for the changes at once. The watch goes on when they were taken, so that it does not report the same again.
type push struct{ taken chan struct{} }

// watch listens for changes of every type until ctx ends, each on a session of its own. It begins when a full import has been made.
func (s *Sync) watch(ctx context.Context) {
	if !s.can.Push || s.watching || len(s.marks.At) == 0 {
		return
	}
	s.watching = true
	for _, x := range s.cfg.Spaces {
		s.wg.Go(func() { s.watchType(ctx, x.Object) })
	}
}

func (s *Sync) watchType(ctx context.Context, t entry.Type) {
	retry := backoff.NewExponentialBackOff()
	retry.InitialInterval, retry.MaxInterval = firstRetry, lastRetry
	for ctx.Err() == nil {
		err := s.listen(ctx, t, retry.Reset)
		if ctx.Err() != nil {
			return
		}
		s.cfg.Log.Warn("no push from the target, changes are asked for on the timer", "event", "host.watch.failed", "connector", s.cfg.Name,
			"type", t, "error", err, "hint", fault.HintOf(err))
		rest(ctx, retry.NextBackOff())
	}
}

// listen watches on one session until it fails.
func (s *Sync) listen(ctx context.Context, t entry.Type, good func()) error {
	session, err := s.cfg.Open(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	w, ok := session.(connector.Watcher)
	if !ok {
		return fault.New(fault.Unsupported, "watch the target", "the connector tells of no changes any more")
	}
	lost := 0 // how often in a row the target had forgotten the watermark
	for {
		before := s.markOf(t)
		err := w.Watch(ctx, t, before)
		switch {
		case err == nil:
			lost = 0
		case !fault.Is(err, fault.Conflict) || ctx.Err() != nil:
			return err
		default: // the changes are asked for all the same: they end in a full import
			lost++
		}
		good()
		p := push{make(chan struct{})}
		select {
		case s.pushes <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-p.taken:
		case <-ctx.Done():
			return ctx.Err()
		}
		if lost > 0 {
			rest(ctx, min(firstRetry<<min(lost-1, 10), lastRetry)) // not one full import after the other
		} else if st := s.State(); st.DeltaErr != nil || st.Held != nil || s.markOf(t) == before {
			rest(ctx, firstRetry) // the same push would come again at once
		}
	}
}

func (s *Sync) markOf(t entry.Type) connector.Watermark {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown[t]
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
