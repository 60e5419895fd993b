package cache

import (
	"slices"

	"github.com/sallyport-id/sallyport/entry"
)

// space is the content of a cache: everything that a Load exchanges at once. The Cache's lock guards it.
type space struct {
	typ      entry.Type
	detached []string
	names    *names
	rows     *store   // row → record; rows are numbered in the order of creation
	seqs     []uint32 // row → sequence number, ascending; 0 is none
	last     uint32   // highest sequence number given out
	live     int
	order    order
	byAnchor *table
	indexes  []*index
	sets     []*sets // as detached
	keysA    []uint64
	keysB    []uint64
}

func newSpace(cfg Config) *space {
	s := &space{typ: cfg.Type, detached: cfg.Detached, names: newNames(), rows: newStore(), byAnchor: newTable()}
	for _, i := range cfg.Indexes {
		s.indexes = append(s.indexes, newIndex(i, s.names))
	}
	for _, attr := range cfg.Detached {
		s.sets = append(s.sets, newSets(attr))
	}
	return s
}

func (s *space) close() {
	s.rows.close()
	for _, set := range s.sets {
		set.refs.text.close()
	}
}

// find returns the row with the anchor.
func (s *space) find(anchor string) (row uint32, ok bool) {
	s.byAnchor.each(anchorHash(anchor), func(n uint32) bool {
		rec := parseRecord(s.rows.get(n))
		if rec.anchor.is(anchor) {
			row, ok = n, true
		}
		return !ok
	})
	return row, ok
}

// record parses a row's record; its strings are windows that hold until the next write.
func (s *space) record(row uint32) record { return parseRecord(s.rows.get(row)) }

func (s *space) setsHash(row uint32) (h uint64) {
	for _, set := range s.sets {
		h += set.hash(row)
	}
	return h
}

// insert makes a new row at the end.
func (s *space) insert(anchor string, content []byte, created, modified int64, seq uint32) uint32 {
	row := s.rows.next()
	var room [16]byte
	s.rows.set(row, appendStamp(room[:0], created, modified), content)
	s.seqs = append(s.seqs, seq)
	s.last = max(s.last, seq)
	s.order.grow(row)
	s.order.add(row, 1)
	s.live++
	s.byAnchor.add(anchorHash(anchor), row)
	rec := s.record(row)
	for _, x := range s.indexes {
		s.keysA = x.keys(s.keysA[:0], rec.attrs)
		for _, h := range s.keysA {
			x.tab.add(h, row)
		}
	}
	return row
}

// rewrite gives a row another content and moves its index entries; byAnchor is the caller's.
func (s *space) rewrite(row uint32, content []byte, modified int64) {
	old := s.record(row)
	var now record
	now.parseContent(string(content))
	for _, x := range s.indexes {
		s.keysA = x.keys(s.keysA[:0], old.attrs)
		s.keysB = x.keys(s.keysB[:0], now.attrs)
		x.move(row, s.keysA, s.keysB)
	}
	var room [16]byte
	s.rows.set(row, appendStamp(room[:0], old.created, later(modified, &old)), content)
}

// later returns the time of a change: past that of the one before, also when both come in one millisecond, so that a client
// which looks at times alone sees each.
func later(modified int64, before *record) int64 { return max(modified, before.modified+1) }

// move exchanges a row's keys; both lists are sorted.
func (x *index) move(row uint32, from, to []uint64) {
	if slices.Equal(from, to) {
		return
	}
	for _, h := range from {
		if _, stays := slices.BinarySearch(to, h); !stays {
			x.tab.remove(h, row)
		}
	}
	for _, h := range to {
		if _, had := slices.BinarySearch(from, h); !had {
			x.tab.add(h, row)
		}
	}
}

// stamp moves the modified time alone.
func (s *space) stamp(row uint32, modified int64) {
	rec := s.record(row)
	var room [16]byte
	s.rows.set(row, appendStamp(room[:0], rec.created, later(modified, &rec)), []byte(rec.content))
}

// remove takes a row out.
func (s *space) remove(row uint32) {
	for _, set := range s.sets {
		set.clear(row)
	}
	rec := s.record(row)
	for _, x := range s.indexes {
		s.keysA = x.keys(s.keysA[:0], rec.attrs)
		for _, h := range s.keysA {
			x.tab.remove(h, row)
		}
	}
	s.byAnchor.remove(anchorHash(rec.anchorText()), row)
	s.rows.drop(row)
	s.order.add(row, -1)
	s.live--
}

// nth returns the n-th live row, counted from 0.
func (s *space) nth(n int) (uint32, bool) {
	if n < 0 || n >= s.live {
		return 0, false
	}
	block, before := s.order.block(n)
	row := uint32(block * orderBlock)
	for n -= before; ; row++ {
		if s.rows.has(row) {
			if n == 0 {
				return row, true
			}
			n--
		}
	}
}

// above returns the first row number whose sequence number is greater than seq.
func (s *space) above(seq uint64) uint32 {
	if seq >= uint64(s.last) {
		return uint32(len(s.seqs))
	}
	i, _ := slices.BinarySearch(s.seqs, uint32(seq)+1)
	return uint32(i)
}

// tidy closes the gaps that removed rows left in the numbering once they are many.
func (s *space) tidy() {
	dead := len(s.seqs) - s.live
	full := s.last > 1<<32-1<<16
	if !full && (dead < 4096 || dead < s.live) {
		return
	}
	to := make([]uint32, len(s.seqs))
	n := uint32(0)
	for row := range s.seqs {
		if s.rows.has(uint32(row)) {
			to[row] = n
			s.seqs[n] = s.seqs[row]
			n++
		}
	}
	s.seqs = slices.Clone(s.seqs[:n])
	s.rows.renumber(to, int(n))
	s.byAnchor.renumber(to)
	for _, x := range s.indexes {
		x.tab.renumber(to)
	}
	for _, set := range s.sets {
		set.renumber(to)
	}
	s.recount(full)
}

// recount builds the order anew after all gaps are closed; with restart also the sequence numbers, which ends running
// walks early once in four thousand million creations.
func (s *space) recount(restart bool) {
	s.order = order{}
	for row := range uint32(len(s.seqs)) {
		s.order.grow(row)
		s.order.add(row, 1)
		if restart {
			s.seqs[row] = row + 1
		}
	}
	if restart {
		s.last = uint32(len(s.seqs))
	}
}
