package cache

import (
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// Edit applies relative changes to an object and returns what the cache holds now, without detached attributes; the
// bool reports whether anything changed. A change to a detached attribute takes time by the number of its values, not
// by the size of the set. Errors: fault.NotFound, fault.Invalid; after an error nothing has changed.
func (c *Cache) Edit(anchor string, edits []entry.Edit) (Row, bool, error) {
	h, n, changed, err := c.edit(anchor, edits)
	if err != nil {
		return Row{}, false, err
	}
	return h.row(c.cfg, n), changed, nil
}

func (c *Cache) edit(anchor string, edits []entry.Edit) (h hit, n *names, changed bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.s
	row, ok := s.find(anchor)
	if !ok {
		return h, nil, false, missing("change object", anchor)
	}
	plain, detached, err := s.sort(edits)
	if err != nil {
		return h, nil, false, about(err, anchor)
	}
	content, err := s.edited(row, plain)
	if err != nil {
		return h, nil, false, about(err, anchor)
	}
	c.touch(anchor)
	changed = s.change(row, content, detached, millis(time.Now()))
	return s.copy(row, false), s.names, changed, nil
}

// sort parts the edits into those of the row and those of its sets, and checks the latter.
func (s *space) sort(edits []entry.Edit) (plain, detached []entry.Edit, err error) {
	for _, e := range edits {
		if e.Op < entry.Add || e.Op > entry.Remove {
			return nil, nil, fault.New(fault.Invalid, "change object", "operation %d is none", e.Op).About(e.Attr)
		}
		if !slices.Contains(s.detached, e.Attr) {
			plain = append(plain, e)
			continue
		}
		for _, v := range e.Values {
			if _, err := refOf(e.Attr, v); err != nil {
				return nil, nil, err
			}
		}
		detached = append(detached, e)
	}
	return plain, detached, nil
}

// edited returns the content of a row under edits, nil when there are none.
func (s *space) edited(row uint32, edits []entry.Edit) ([]byte, error) {
	if len(edits) == 0 {
		return nil, nil
	}
	rec := s.record(row)
	attrs := entry.Apply(decodeAttrs(rec.attrs, s.names.snapshot()), edits) // windows: encoded again before anything moves
	identity := rec.content[:len(rec.content)-len(rec.attrs)]
	return s.names.appendAttrs(append(make([]byte, 0, len(rec.content)+64), identity...), attrs, nil)
}

func (s *space) change(row uint32, content []byte, detached []entry.Edit, now int64) bool {
	changed := content != nil && !s.same(row, content)
	if changed {
		s.rewrite(row, content, now)
	}
	before := s.setsHash(row)
	for _, e := range detached {
		s.sets[slices.Index(s.detached, e.Attr)].edit(row, e)
	}
	if s.setsHash(row) == before {
		return changed
	}
	if !changed {
		s.stamp(row, now)
	}
	return true
}

// edit applies one checked edit to a row's set.
func (s *sets) edit(row uint32, e entry.Edit) {
	switch {
	case e.Op == entry.Remove && len(e.Values) == 0:
		s.clear(row)
	case e.Op == entry.Remove:
		for _, v := range e.Values {
			s.remove(row, v.(entry.Ref).ID)
		}
	case e.Op == entry.Replace:
		s.replace(row, eachRef(e.Values))
	default:
		for typ, id := range eachRef(e.Values) {
			s.add(row, typ, id)
		}
	}
}

func eachRef(vs []entry.Value) func(yield func(entry.Type, string) bool) {
	return func(yield func(entry.Type, string) bool) {
		for _, v := range vs {
			if ref := v.(entry.Ref); !yield(ref.Type, ref.ID) {
				return
			}
		}
	}
}
