package autosync

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
)

// deltas brings what changed since the last import into the caches. Each type's watermark moves only when every change before it
// is in. fault.Conflict asks for a full import: the target has forgotten the watermark, or too much was deleted to be believed.
func (s *Sync) deltas(ctx context.Context) error {
	start := time.Now()
	took, err := s.takeAll(ctx)
	s.update(func(st *State) {
		if st.DeltaErr = err; err == nil {
			st.LastDelta, st.Fresh = time.Now(), true
			st.Ready = true
		}
		st.Changes += took
	})
	log := s.cfg.Log.With("connector", s.cfg.Name, "took", time.Since(start))
	switch {
	case err == nil && took > 0:
		log.Info("changes taken", "event", "host.delta.done", "changes", took, "objects", s.objects())
	case err == nil:
		log.Debug("no changes", "event", "host.delta.none")
	case ctx.Err() != nil:
	case fault.Is(err, fault.Conflict):
		log.Info("changes not usable, everything is imported", "event", "host.delta.conflict", "error", err, "hint", fault.HintOf(err))
	default:
		log.Warn("changes not read, the cache stays as it is", "event", "host.delta.failed", "error", err, "hint", fault.HintOf(err))
	}
	return err
}

// takeAll goes through the spaces in the order of import. A session that has been idle and turns out to be dead is replaced once.
func (s *Sync) takeAll(ctx context.Context) (took int, err error) {
	reused := s.following != nil
	took, err = s.takeSpaces(ctx)
	if err != nil {
		s.leave()
	}
	if reused && fault.Is(err, fault.Unavailable) && ctx.Err() == nil {
		var more int
		if more, err = s.takeSpaces(ctx); err != nil {
			s.leave()
		}
		took += more
	}
	return took, err
}

func (s *Sync) takeSpaces(ctx context.Context) (took int, err error) {
	if s.following == nil {
		if s.following, err = s.cfg.Open(ctx); err != nil {
			return 0, fault.Wrap(fault.Unavailable, "open the target for changes", err)
		}
		s.can = connector.CapabilitiesOf(s.following)
	}
	d, ok := s.following.(connector.DeltaImporter)
	if !ok || !s.can.Delta {
		return 0, fault.New(fault.Conflict, "read the changes", "the connector tells no changes any more")
	}
	for _, x := range s.cfg.Spaces {
		n, err := s.take(ctx, d, x)
		if took += n; err != nil {
			return took, fault.Wrap(fault.Unavailable, "read the changes of "+string(x.Object), err)
		}
	}
	for _, x := range s.cfg.Spaces {
		if x.Done != nil && took > 0 {
			x.Done(ctx, cache.Stats{Changed: took})
		}
	}
	return took, nil
}

// leave closes the session that changes are read with.
func (s *Sync) leave() {
	if s.following != nil {
		_ = s.following.Close() // it is in doubt, or not needed
		s.following = nil
	}
}

// take reads one type's changes. What is there is taken in at once; what is gone only at the end, and only if it is little enough.
func (s *Sync) take(ctx context.Context, d connector.DeltaImporter, x Space) (took int, err error) {
	f, err := x.Cache.Follow()
	if err != nil {
		return 0, err
	}
	gone := map[string]struct{}{}
	next, err := s.put(ctx, d, x, f, gone)
	if err == nil {
		err = s.judgeDeltas(x, gone)
	}
	if err == nil {
		for _, anchor := range slices.Sorted(maps.Keys(gone)) {
			f.Remove(anchor)
		}
	}
	stats := f.Close()
	took = stats.Added + stats.Changed + stats.Removed
	if err != nil {
		return took, err
	}
	s.gone[x.Object] += stats.Removed
	s.marks.At[x.Object] = next()
	return took, nil
}

// put takes in what the changes say is there, and notes in gone what they say is not.
func (s *Sync) put(ctx context.Context, d connector.DeltaImporter, x Space, f *cache.Following, gone map[string]struct{}) (func() connector.Watermark, error) {
	changes, next, err := d.ImportSince(ctx, x.Object, s.marks.At[x.Object])
	if err != nil {
		return nil, err
	}
	for c, err := range changes {
		if err != nil {
			return nil, err
		}
		if c.Deleted {
			if x.Cache.Has(c.Entry.ID) {
				gone[c.Entry.ID] = struct{}{}
			}
			continue
		}
		row := s.row(x, c.Entry)
		delete(gone, row.Anchor)
		if row.Anchor == "" {
			continue // refused, and logged
		}
		if err := f.Put(row); fault.Is(err, fault.Conflict) {
			return nil, err
		} else if err != nil {
			s.cfg.Log.Warn("object not taken", "event", "host.import.refused", "connector", s.cfg.Name, "type", x.Object, "anchor", row.Anchor, "error", err)
		}
	}
	return next, ctx.Err()
}

var errManyGone = errors.New("the changes delete too much")

// judgeDeltas counts deletions since the last full import against the limit: many small deltas are no way around it. Beyond it a
// full import has the last word, which is held if it is as empty.
func (s *Sync) judgeDeltas(x Space, gone map[string]struct{}) error {
	n, had := s.gone[x.Object]+len(gone), x.Cache.Len()+s.gone[x.Object]
	if len(gone) == 0 || n < minGone || float64(n) <= s.cfg.ShrinkLimit*float64(had) {
		return nil
	}
	return fault.New(fault.Conflict, "import changes of "+string(x.Object), "%w: %d of %d objects since the last full import", errManyGone, n, had).
		WithHint("everything is imported to see whether they are really gone")
}

// marked takes the watermark at which a full import begins; empty when the connector tells no changes, or is not asked for them.
func (s *Sync) marked(ctx context.Context, session connector.Session) (connector.Watermark, error) {
	d, ok := session.(connector.DeltaImporter)
	s.can = connector.CapabilitiesOf(session)
	if !ok || !s.can.Delta || s.cfg.DeltaEvery <= 0 {
		return "", nil
	}
	w, err := d.Mark(ctx)
	return w, fault.Wrap(fault.Unavailable, "ask where the target's changes stand", err)
}

// begun notes a full import that was let in: the changes after w are still to come.
func (s *Sync) begun(w connector.Watermark, at time.Time) {
	s.marks = marks{Full: at}
	s.gone = map[entry.Type]int{}
	if w == "" {
		return
	}
	s.marks.At = map[entry.Type]connector.Watermark{}
	for _, x := range s.cfg.Spaces {
		s.marks.At[x.Object] = w
	}
}
