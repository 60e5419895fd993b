package cache

import (
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// View is a row seen in passing: it decodes only what it is asked for, and speaks SCIM (ids instead of anchors), so
// that a filter can run over it (it is a scim.Source). It holds only until the iteration goes on; what its methods
// return may be kept.
type View struct {
	c    *Cache
	n    *names
	rec  record
	seq  uint64
	sets uint64
}

// Seq returns the row's place in the order of creation; Rows(Seq()) goes on after it.
func (v *View) Seq() uint64 { return v.seq }

// Anchor returns the row's anchor.
func (v *View) Anchor() string { return v.rec.anchorText() }

// Version returns what Row.Version would be.
func (v *View) Version() string { return versionText(v.rec.hash(v.n.snapshot(), v.sets)) }

// Row decodes the whole row. Detached attributes are read as they are now.
func (v *View) Row(detached bool) Row {
	h := v.hit(detached)
	return h.row(v.c.cfg, v.n)
}

// Flat is Row for an answer.
func (v *View) Flat(detached bool) Flat {
	h := v.hit(detached)
	return h.flat(v.c.cfg, v.n)
}

func (v *View) hit(detached bool) hit {
	h := hit{text: writeRecord(&v.rec), sets: v.sets}
	if detached && len(v.c.cfg.Detached) > 0 {
		h.refs = v.c.detached(v.Anchor())
	}
	return h
}

// writeRecord writes a parsed record as a text of its own.
func writeRecord(rec *record) string {
	return window(append(appendStamp(make([]byte, 0, len(rec.content)+16), rec.created, rec.modified), rec.content...))
}

func (c *Cache) detached(anchor string) (refs [][]entry.Value) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	row, ok := c.s.find(anchor)
	for _, set := range c.s.sets {
		if !ok {
			return nil
		}
		refs = append(refs, set.values(row))
	}
	return refs
}

// Values returns an attribute's values, nil when absent; also "id", "meta.created" and "meta.lastModified".
// References carry SCIM ids.
func (v *View) Values(attr string) []entry.Value {
	switch attr {
	case "id":
		return []entry.Value{ID(v.c.cfg.Type, v.Anchor())}
	case "meta.created":
		return []entry.Value{time.UnixMilli(v.rec.created).UTC()}
	case "meta.lastModified":
		return []entry.Value{time.UnixMilli(v.rec.modified).UTC()}
	}
	if i := slices.Index(v.c.cfg.Detached, attr); i >= 0 {
		if refs := v.c.detached(v.Anchor()); refs != nil {
			return withIDs(refs[i])
		}
		return nil
	}
	return withIDs(v.plain(attr))
}

func (v *View) plain(attr string) []entry.Value {
	text, count := findAttr(v.rec.attrs, v.n.lookup(attr), attr)
	if count == 0 {
		return nil
	}
	at := v.n.snapshot()
	values := make([]entry.Value, count)
	r := reader{s: strings.Clone(text)}
	for i := range values {
		values[i] = r.token().value(at)
	}
	return values
}

func withIDs(vs []entry.Value) []entry.Value {
	for i, x := range vs {
		if ref, ok := x.(entry.Ref); ok {
			vs[i] = entry.Ref{Type: ref.Type, ID: ID(ref.Type, ref.ID)}
		}
	}
	return vs
}

// Holds reports whether a reference attribute points to the object with the SCIM id.
func (v *View) Holds(attr, id string) bool {
	_, anchor, ok := Anchor(id)
	if !ok {
		return false
	}
	if slices.Contains(v.c.cfg.Detached, attr) {
		return v.c.Holds(v.Anchor(), attr, anchor)
	}
	for _, x := range v.plain(attr) {
		switch x := x.(type) {
		case entry.Ref:
			if x.ID == anchor {
				return true
			}
		case entry.Complex:
			if x["value"] == entry.Value(id) {
				return true
			}
		}
	}
	return false
}

// Rows yields the rows with a Seq greater than after, in the order of creation; 0 yields all. Rows written while the
// walk goes on are seen if they come after its place. The lock is held only while a batch is copied.
func (c *Cache) Rows(after uint64) iter.Seq[*View] {
	return c.walk(after, func(s *space, from uint32, take func(uint32) bool) {
		for row := from; int(row) < len(s.seqs); row++ {
			if s.rows.has(row) && !take(row) {
				return
			}
		}
	})
}

// From yields the rows from the n-th (from 0) on, in the order of creation; finding it takes no walk.
func (c *Cache) From(n int) iter.Seq[*View] {
	return func(yield func(*View) bool) {
		c.mu.RLock()
		row, ok := c.s.nth(n)
		after := uint64(0)
		if ok {
			after = uint64(c.s.seqs[row]) - 1
		}
		c.mu.RUnlock()
		if ok {
			c.Rows(after)(yield)
		}
	}
}

const (
	firstBatch = 32
	mostBatch  = 256
	batchBytes = 256 << 10
)

// batch is rows copied under the lock.
type batch struct {
	names *names
	text  []byte
	items []item
	size  int
	last  uint64
}

type item struct {
	from, to int
	seq      uint64
	sets     uint64
}

// walk yields what candidates hands to take, batch by batch; candidates begins at a row number each time.
func (c *Cache) walk(after uint64, candidates func(s *space, from uint32, take func(uint32) bool)) iter.Seq[*View] {
	return func(yield func(*View) bool) {
		b := batch{size: firstBatch, last: after}
		for c.fill(&b, candidates) {
			for _, it := range b.items {
				text := b.text[it.from:it.to]
				v := View{c: c, n: b.names, seq: it.seq, sets: it.sets, rec: parseRecord(window(text))}
				if !yield(&v) {
					return
				}
			}
			b.size = min(b.size*2, mostBatch)
		}
	}
}

// fill copies the next rows; false when there are none.
func (c *Cache) fill(b *batch, candidates func(s *space, from uint32, take func(uint32) bool)) bool {
	b.text, b.items = b.text[:0], b.items[:0]
	c.mu.RLock()
	defer c.mu.RUnlock()
	b.names = c.s.names
	candidates(c.s, c.s.above(b.last), func(row uint32) bool {
		from := len(b.text)
		b.text = append(b.text, c.s.rows.get(row)...)
		b.last = uint64(c.s.seqs[row])
		b.items = append(b.items, item{from, len(b.text), b.last, c.s.setsHash(row)})
		return len(b.items) < b.size && len(b.text) < batchBytes
	})
	return len(b.items) > 0
}
