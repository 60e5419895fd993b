package autosync

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
)

// round imports every space once. A space that fails keeps its old cache and ends the round: what refers to it must not be newer.
func (s *Sync) round(ctx context.Context) error {
	start := time.Now()
	s.update(func(st *State) { st.Importing, st.Count, st.Total = true, 0, 0 })
	w, err := s.imports(ctx)
	if err == nil {
		s.begun(w, start)
	}
	s.update(func(st *State) {
		st.Importing, st.Err, st.Push = false, err, s.can.Push && len(s.marks.At) > 0
		if err != nil {
			st.Failures++
			return
		}
		st.Ready, st.Fresh, st.Last, st.Took, st.Failures, st.Held = true, true, time.Now(), time.Since(start), 0, nil
		st.DeltaErr = nil
	})
	s.report(ctx, err, time.Since(start))
	if err == nil {
		s.mu.Lock()
		s.released = false
		s.mu.Unlock()
		if err := s.save(); err != nil {
			s.cfg.Log.Error("cache image not saved", "event", "host.image.failed", "connector", s.cfg.Name, "error", err, "hint", fault.HintOf(err))
		}
	}
	return err
}

func (s *Sync) report(ctx context.Context, err error, took time.Duration) {
	log := s.cfg.Log.With("connector", s.cfg.Name, "took", took)
	switch {
	case err == nil:
		log.Info("import finished", "event", "host.import.done", "objects", s.objects())
	case ctx.Err() != nil:
		log.Info("import ended early", "event", "host.import.cancelled")
	case s.State().Held != nil:
		log.Error("import held", "event", "host.import.held", "error", err, "hint", fault.HintOf(err))
	default:
		log.Warn("import failed, the old cache stays", "event", "host.import.failed", "error", err, "hint", fault.HintOf(err))
	}
}

func (s *Sync) objects() (n int) {
	for _, x := range s.cfg.Spaces {
		n += x.Cache.Len()
	}
	return n
}

// imports reads everything, and returns the watermark from which the changes go on.
func (s *Sync) imports(ctx context.Context) (connector.Watermark, error) {
	session, err := s.cfg.Open(ctx)
	if err != nil {
		return "", fault.Wrap(fault.Unavailable, "open the target for an import", err)
	}
	defer session.Close()
	if s.cfg.Begin != nil {
		if err := s.cfg.Begin(ctx, session); err != nil {
			return "", err
		}
	}
	w, err := s.marked(ctx, session)
	if err != nil {
		return "", err
	}
	for _, x := range s.cfg.Spaces {
		if err := s.importOne(ctx, session, x); err != nil {
			return "", err
		}
	}
	return w, nil
}

func (s *Sync) importOne(ctx context.Context, session connector.Session, x Space) error {
	total := x.Cache.Len()
	if c, ok := session.(connector.Counter); ok {
		if n, err := c.Count(ctx, x.Object); err == nil {
			total = n
		}
	}
	s.update(func(st *State) { st.Type, st.Count, st.Total = x.Object, 0, total })
	stats, err := x.Cache.ReplaceIf(s.rows(ctx, session, x), func(stats cache.Stats) error { return s.judge(x, stats) })
	if err != nil {
		return fault.Wrap(fault.Unavailable, "import "+string(x.Object), err)
	}
	for _, p := range stats.Problems {
		s.cfg.Log.Warn("object not taken", "event", "host.import.refused", "connector", s.cfg.Name, "type", x.Object, "anchor", p.Anchor, "error", p.Err, "hint", fault.HintOf(p.Err))
	}
	if x.Done != nil {
		x.Done(ctx, stats)
	}
	return nil
}

// rows turns the connector's objects into rows and counts them. It ends with an error when ctx ended, so that an import that
// was cut short is never taken for the whole.
func (s *Sync) rows(ctx context.Context, session connector.Session, x Space) iter.Seq2[cache.Row, error] {
	return func(yield func(cache.Row, error) bool) {
		n := 0
		for e, err := range session.Import(ctx, x.Object) {
			if err != nil {
				yield(cache.Row{}, err)
				return
			}
			if !yield(s.row(x, e), nil) {
				return
			}
			if n++; n%256 == 0 {
				s.update(func(st *State) { st.Count = n })
			}
		}
		s.update(func(st *State) { st.Count = n })
		if err := ctx.Err(); err != nil {
			yield(cache.Row{}, err)
		}
	}
}

// row is what x.Row makes of an object. One that it refuses goes on without attributes and anchor: the cache counts it as
// refused.
func (s *Sync) row(x Space, e entry.Entry) cache.Row {
	row, err := x.Row(e)
	if err != nil {
		s.cfg.Log.Warn("object not taken", "event", "host.import.refused", "connector", s.cfg.Name, "type", x.Object, "anchor", e.ID, "error", err)
		return cache.Row{}
	}
	return row
}

// minGone is how many objects must be missing before a share counts: one object gone from a small table is no alarm.
const minGone = 2

var errShrunk = errors.New("the import shrank")

// judge holds an import that is empty, or lacks more than the limit, unless it was released. What changes have deleted since the last
// full import counts too.
func (s *Sync) judge(x Space, stats cache.Stats) error {
	had := x.Cache.Len() + s.gone[x.Object]
	gone := stats.Removed + s.gone[x.Object]
	empty := x.Cache.Len() > 0 && stats.Rows == 0
	shrunk := gone >= minGone && float64(gone) > s.cfg.ShrinkLimit*float64(had)
	if !empty && !shrunk {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.released {
		return nil
	}
	since := time.Now()
	if s.state.Held != nil {
		since = s.state.Held.Since
	}
	s.state.Held = &Held{Type: x.Object, Had: had, Gone: gone, Since: since}
	return fault.New(fault.Conflict, "import "+string(x.Object), "%w: %d of %d objects are missing; the old cache stays and deletions are held", errShrunk, gone, had).
		WithHint("check the target and the connector's view of it; if the objects are really gone, release the import")
}
