package cache

import (
	"iter"
	"math"

	"github.com/sallyport-id/sallyport/entry"
)

// Indexed reports whether Find on the attribute reads only the hits.
func (c *Cache) Indexed(attr string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return attr == "id" || c.s.set(attr) != nil || c.s.index(attr) != nil
}

func (s *space) index(attr string) *index {
	for _, x := range s.indexes {
		if x.attr == attr {
			return x
		}
	}
	return nil
}

// Find returns the objects one of whose values of attr ("userName", "emails.value") is v, in the order of creation,
// without detached attributes; at most limit, 0 = all. Case counts unless the index folds it. attr may also be "id" and
// a detached attribute (v is a Ref with an anchor, or the anchor). Without an index it reads every row, exactly.
func (c *Cache) Find(attr string, v entry.Value, limit int) []Row {
	hits, names := c.hits(attr, v, limit)
	if len(hits) == 0 {
		return nil
	}
	rows := make([]Row, len(hits))
	for i := range hits {
		rows[i] = hits[i].row(c.cfg, names)
	}
	return rows
}

func (c *Cache) hits(attr string, v entry.Value, limit int) (hits []hit, n *names) {
	if limit <= 0 {
		limit = math.MaxInt
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	c.s.matching(attr, v)(c.s, 0, func(row uint32) bool {
		hits = append(hits, c.s.copy(row, false))
		return len(hits) < limit
	})
	return hits, c.s.names
}

// Seek yields what Find returns, as views and batch by batch.
func (c *Cache) Seek(attr string, v entry.Value) iter.Seq[*View] {
	return c.walk(0, func(s *space, from uint32, take func(uint32) bool) { s.matching(attr, v)(s, from, take) })
}

// matching returns the walk over the rows whose attr has the value.
func (s *space) matching(attr string, v entry.Value) func(s *space, from uint32, take func(uint32) bool) {
	text, _ := v.(string)
	switch {
	case attr == "id":
		t, anchor, ok := Anchor(text)
		return one(anchor, ok && t == s.typ)
	case s.set(attr) != nil:
		if ref, ok := v.(entry.Ref); ok {
			text = ref.ID
		}
		return func(s *space, from uint32, take func(uint32) bool) { s.holding(attr, text, from, take) }
	}
	x := s.index(attr)
	if x == nil {
		return scanFor(newIndex(Index{Attr: attr}, s.names), v)
	}
	return func(s *space, from uint32, take func(uint32) bool) { s.lookUp(x, v, from, take) }
}

func one(anchor string, ok bool) func(s *space, from uint32, take func(uint32) bool) {
	return func(s *space, from uint32, take func(uint32) bool) {
		if row, found := s.find(anchor); ok && found && row >= from {
			take(row)
		}
	}
}

func (s *space) holding(attr, anchor string, from uint32, take func(uint32) bool) {
	for _, row := range sorted(s.set(attr).holders(anchor)) {
		if row >= from && !take(row) {
			return
		}
	}
}

func (s *space) lookUp(x *index, v entry.Value, from uint32, take func(uint32) bool) {
	q, ok := x.query(v)
	if !ok {
		return
	}
	at := s.names.snapshot()
	x.tab.eachFrom(q.hash, from, func(row uint32) bool {
		rec := s.record(row)
		return !x.sees(rec.attrs, &q, at) || take(row)
	})
}

// scanFor reads every row for an attribute that has no index.
func scanFor(x *index, v entry.Value) func(s *space, from uint32, take func(uint32) bool) {
	return func(s *space, from uint32, take func(uint32) bool) {
		q, ok := x.query(v)
		at := s.names.snapshot()
		for row := from; ok && int(row) < len(s.seqs); row++ {
			if !s.rows.has(row) {
				continue
			}
			rec := s.record(row)
			if x.sees(rec.attrs, &q, at) && !take(row) {
				return
			}
		}
	}
}
