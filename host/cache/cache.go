package cache

import (
	"encoding/binary"
	"encoding/hex"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// Cache holds the objects of one type. It is safe for concurrent use: readers run side by side, writers one at a time.
// No method calls back into the caller's code while it holds the lock.
type Cache struct {
	cfg     Config
	mu      sync.RWMutex
	s       *space
	running *replacement // the Replace under way

	following *Following // changes under way
}

// New makes an empty cache.
func New(cfg Config) *Cache { return &Cache{cfg: cfg, s: newSpace(cfg)} }

// Len returns how many objects there are.
func (c *Cache) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.s.live
}

// Size says how much a cache holds and what that costs.
type Size struct {
	Rows    int
	Bytes   int64 // records, indexes and sets, garbage included
	Garbage int64 // part of Bytes that the next writes will reclaim
}

// Size measures the cache.
func (c *Cache) Size() Size {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s := c.s
	n := s.rows.held + int64(4*(cap(s.rows.at)+cap(s.seqs)+cap(s.order.tree))) + s.byAnchor.bytes()
	for _, x := range s.indexes {
		n += x.tab.bytes()
	}
	for _, set := range s.sets {
		n += set.bytes()
	}
	return Size{Rows: s.live, Bytes: n, Garbage: s.rows.held - s.rows.live}
}

// Get returns the object with the anchor. Detached attributes are read only when detached is true.
func (c *Cache) Get(anchor string, detached bool) (Row, bool) {
	h, names, ok := c.get(anchor, detached)
	if !ok {
		return Row{}, false
	}
	return h.row(c.cfg, names), true
}

// Flat is Get for an answer.
func (c *Cache) Flat(anchor string, detached bool) (Flat, bool) {
	h, names, ok := c.get(anchor, detached)
	if !ok {
		return Flat{}, false
	}
	return h.flat(c.cfg, names), true
}

// Has reports whether there is an object with the anchor.
func (c *Cache) Has(anchor string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	_, ok := c.s.find(anchor)
	return ok
}

func (c *Cache) get(anchor string, detached bool) (h hit, n *names, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	row, ok := c.s.find(anchor)
	if !ok {
		return hit{}, nil, false
	}
	return c.s.copy(row, detached), c.s.names, true
}

// hit is a copy of a row, taken under the lock and decoded outside.
type hit struct {
	text string
	sets uint64
	refs [][]entry.Value // as Config.Detached; nil when not read
}

func (s *space) copy(row uint32, detached bool) hit {
	h := hit{text: strings.Clone(s.rows.get(row)), sets: s.setsHash(row)}
	if detached {
		for _, set := range s.sets {
			h.refs = append(h.refs, set.values(row))
		}
	}
	return h
}

// values returns a row's set as a list of entry.Ref.
func (s *sets) values(row uint32) []entry.Value {
	h, ok := s.head[row]
	if !ok {
		return nil
	}
	vs := make([]entry.Value, 0, h.n)
	for typ, id := range s.each(row) {
		vs = append(vs, entry.Ref{Type: typ, ID: strings.Clone(id)})
	}
	return vs
}

func (h *hit) row(cfg Config, names *names) Row {
	rec, at := parseRecord(h.text), names.snapshot()
	row := rec.row(cfg.Type, at)
	row.Attrs = decodeAttrs(rec.attrs, at)
	row.Version = versionText(rec.hash(at, h.sets))
	for i, vs := range h.refs {
		if len(vs) > 0 {
			row.Attrs[cfg.Detached[i]] = vs
		}
	}
	return row
}

func (h *hit) flat(cfg Config, names *names) Flat {
	rec, at := parseRecord(h.text), names.snapshot()
	f := Flat{Row: rec.row(cfg.Type, at), Fields: decodeFields(rec.attrs, at)}
	f.Version = versionText(rec.hash(at, h.sets))
	for i, vs := range h.refs {
		if len(vs) > 0 {
			f.Fields = append(f.Fields, Field{cfg.Detached[i], vs})
		}
	}
	return f
}

func versionText(h uint64) string {
	var b [8]byte
	var text [16]byte
	binary.BigEndian.PutUint64(b[:], h)
	hex.Encode(text[:], b[:])
	return string(text[:])
}

// Put makes the cache hold the row as given and returns what it holds now, without detached attributes; the bool
// reports whether that is a change. An object with the same anchor keeps its place and its time of creation. A detached
// attribute that row.Attrs does not name is left as it is; one with an empty list is cleared. The only error is
// fault.Invalid: no anchor, or a value that is none of entry's types.
func (c *Cache) Put(row Row) (Row, bool, error) {
	for {
		s := c.space()
		d, err := s.draft(row, false)
		if err != nil {
			return Row{}, false, err
		}
		if h, changed, ok := c.put(s, &d, row.Created); ok {
			return h.row(c.cfg, s.names), changed, nil
		}
	}
}

func (c *Cache) space() *space {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.s
}

// put applies a draft made for s; ok is false when a Load has exchanged the space meanwhile.
func (c *Cache) put(s *space, d *draft, created time.Time) (h hit, changed, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.s != s {
		return h, false, false
	}
	now := millis(time.Now())
	first := now
	if !created.IsZero() {
		first = millis(created)
	}
	c.touch(d.anchor)
	row, changed := s.apply(d, first, now)
	return s.copy(row, false), changed, true
}

// touch notes for a running Replace or Following that an anchor was written meanwhile.
func (c *Cache) touch(anchor string) {
	if c.following != nil {
		c.following.touched[strings.Clone(anchor)] = struct{}{}
	}
	if c.running != nil {
		c.running.touched[strings.Clone(anchor)] = struct{}{}
	}
}

// tidy renumbers rows when it is worth it, unless a Replace counts on the numbers.
func (c *Cache) tidy() {
	if c.running == nil {
		c.s.tidy()
	}
}

// Remove takes the object out and returns it as it was, without detached attributes. Sets of other objects that refer
// to it are the caller's to clean (Referrers).
func (c *Cache) Remove(anchor string) (Row, bool) {
	c.mu.Lock()
	c.touch(anchor)
	n, ok := c.s.find(anchor)
	if !ok {
		c.mu.Unlock()
		return Row{}, false
	}
	h, names := c.s.copy(n, false), c.s.names
	c.s.remove(n)
	c.tidy()
	c.mu.Unlock()
	return h.row(c.cfg, names), true
}

// Rename gives an object another anchor; its place, times of creation and sets stay. dn "" means: an automatic DN
// follows the anchor, another stays. Errors: fault.NotFound, fault.Exists, fault.Invalid (empty anchor).
func (c *Cache) Rename(anchor, to, dn string) (Row, error) {
	h, names, err := c.rename(anchor, to, dn)
	if err != nil {
		return Row{}, err
	}
	return h.row(c.cfg, names), nil
}

func (c *Cache) rename(anchor, to, dn string) (h hit, n *names, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.s
	row, ok := s.find(anchor)
	if !ok {
		return h, nil, missing("rename object", anchor)
	}
	if to == "" {
		return h, nil, fault.New(fault.Invalid, "rename object", "the new anchor is empty").About(anchor)
	}
	if other, taken := s.find(to); taken && other != row {
		return h, nil, fault.New(fault.Exists, "rename object", "another object has the anchor").About(to)
	}
	c.touch(anchor)
	c.touch(to)
	s.rename(row, anchor, to, dn)
	return s.copy(row, false), s.names, nil
}

func missing(op, anchor string) error {
	return fault.New(fault.NotFound, op, "no object has this anchor").About(anchor)
}

func (s *space) rename(row uint32, anchor, to, dn string) {
	rec := s.record(row)
	switch {
	case dn != "":
	case rec.auto:
		dn = autoDN(to, s.typ)
	default:
		dn = strings.Clone(rec.dn)
	}
	content := append(appendIdentity(nil, dn, to, s.typ), rec.attrs...)
	if string(content) == rec.content {
		return
	}
	s.byAnchor.remove(anchorHash(anchor), row)
	s.byAnchor.add(anchorHash(to), row)
	s.rewrite(row, content, millis(time.Now()))
}

// All yields a copy of every object, in the order of creation.
func (c *Cache) All(detached bool) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for v := range c.Rows(0) {
			if !yield(v.Row(detached)) {
				return
			}
		}
	}
}
