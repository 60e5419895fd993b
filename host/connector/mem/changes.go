package mem

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// maxChanges is how many changes are remembered; a watermark before the oldest is answered with fault.Conflict.
const maxChanges = 1 << 16

// changes remembers which objects changed, the newest last. Its numbers go on for as long as the population lives.
type changes struct {
	epoch string        // of this population: a watermark of another is not ours
	last  uint64        // number of the newest change
	kept  []key         // the newest maxChanges at most, as a ring: number n is at n%maxChanges
	moved chan struct{} // closed at the next change
}

func newChanges() changes { return changes{epoch: newAnchor(), moved: make(chan struct{})} }

// add notes a change. The caller holds the store's lock.
func (c *changes) add(t entry.Type, id string) {
	c.last++
	if at := int(c.last % maxChanges); at < len(c.kept) {
		c.kept[at] = key{t, id}
	} else {
		for len(c.kept) < at {
			c.kept = append(c.kept, key{})
		}
		c.kept = append(c.kept, key{t, id})
	}
	close(c.moved)
	c.moved = make(chan struct{})
}

func (c *changes) mark() connector.Watermark { return c.at(c.last) }

func (c *changes) at(n uint64) connector.Watermark {
	return connector.Watermark(c.epoch + ":" + strconv.FormatUint(n, 10))
}

// place returns the number behind a watermark.
func (c *changes) place(w connector.Watermark) (uint64, error) {
	epoch, text, _ := strings.Cut(string(w), ":")
	n, err := strconv.ParseUint(text, 10, 64)
	if epoch != c.epoch || err != nil || n > c.last || c.last-n > maxChanges {
		return 0, fault.New(fault.Conflict, "read the changes", "the watermark is not of this population, or too old").
			WithHint("read everything once; the changes after that are known")
	}
	return n, nil
}

// since returns the objects of the type that changed after n, each once, in the order of their last change.
func (c *changes) since(n uint64, t entry.Type) []string {
	var ids []string
	seen := map[string]bool{}
	for at := c.last; at > n; at-- {
		k := c.kept[at%maxChanges]
		if k.t == t && !seen[k.id] {
			seen[k.id] = true
			ids = append(ids, k.id)
		}
	}
	for i, j := 0, len(ids)-1; i < j; i, j = i+1, j-1 {
		ids[i], ids[j] = ids[j], ids[i]
	}
	return ids
}

// some reports whether an object of the type changed after n.
func (c *changes) some(n uint64, t entry.Type) bool {
	for at := c.last; at > n; at-- {
		if c.kept[at%maxChanges].t == t {
			return true
		}
	}
	return false
}

// Mark returns the number of the newest change.
func (s *session) Mark(ctx context.Context) (connector.Watermark, error) {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	return s.store.changes.mark(), alive(ctx)
}

// ImportSince yields each object that changed once, as it is when it is yielded.
func (s *session) ImportSince(ctx context.Context, t entry.Type, w connector.Watermark) (iter.Seq2[connector.Change, error], func() connector.Watermark, error) {
	tab, err := s.store.table(t)
	if err != nil {
		return nil, nil, err
	}
	if err := alive(ctx); err != nil {
		return nil, nil, err
	}
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	n, err := s.store.changes.place(w)
	if err != nil {
		return nil, nil, err
	}
	ids, next := s.store.changes.since(n, t), s.store.changes.mark()
	return func(yield func(connector.Change, error) bool) {
		for _, id := range ids {
			if err := alive(ctx); err != nil {
				yield(connector.Change{}, err)
				return
			}
			if !yield(s.change(tab, id), nil) {
				return
			}
		}
	}, func() connector.Watermark { return next }, nil
}

func (s *session) change(tab *table, id string) connector.Change {
	if e, ok := s.read(tab, id); ok {
		return connector.Change{Entry: e}
	}
	return connector.Change{Entry: entry.Entry{Type: tab.kind.Name, ID: id}, Deleted: true}
}

// Watch returns as soon as an object of the type has changed after w.
func (s *session) Watch(ctx context.Context, t entry.Type, w connector.Watermark) error {
	if _, err := s.store.table(t); err != nil {
		return err
	}
	for {
		s.store.mu.RLock()
		n, err := s.store.changes.place(w)
		some := err == nil && s.store.changes.some(n, t)
		moved := s.store.changes.moved
		s.store.mu.RUnlock()
		if err != nil || some {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fault.Wrap(fault.Unavailable, "watch for changes", ctx.Err())
		}
	}
}

// Partitions returns the one there is.
func (s *session) Partitions(ctx context.Context) ([]connector.Partition, error) {
	return []connector.Partition{{ID: "memory", Name: "The memory of this process", Selected: true}}, alive(ctx)
}

// Export carries the writes out one after the other; there is nothing to gain from doing more.
func (s *session) Export(ctx context.Context, xs []connector.Export) []connector.Result {
	out := make([]connector.Result, len(xs))
	for i, x := range xs {
		out[i] = s.exportOne(ctx, x)
	}
	return out
}

func (s *session) exportOne(ctx context.Context, x connector.Export) (r connector.Result) {
	switch x.Op {
	case entry.Add:
		r.Entry, r.Err = s.Create(ctx, x.Entry)
		r.Anchor = connector.Anchor(r.Entry.ID)
	case entry.Replace:
		r.Anchor, r.Err = s.Update(ctx, x.Type, x.Anchor, x.Edits)
	case entry.Remove:
		r.Err = s.Delete(ctx, x.Type, x.Anchor)
	default:
		r.Err = fault.New(fault.Invalid, "export", "a write of a batch has no operation")
	}
	return r
}

// TestStages shows that there is nothing that could fail.
func (s *session) TestStages(ctx context.Context) iter.Seq[connector.Stage] {
	return func(yield func(connector.Stage) bool) {
		s.store.mu.RLock()
		detail := fmt.Sprintf("%d object types", len(s.store.schema.Types))
		s.store.mu.RUnlock()
		yield(connector.Stage{Name: "Read the schema", Detail: detail, Err: alive(ctx)})
	}
}
