package cache

import "slices"

const (
	segments   = 256
	minSegment = 4
	listBit    = 1 << 31
)

// table maps the hash of a key to the numbers that have the key: open addressing in 256 segments that grow one at a
// time, so that no growth takes long. A slot is the lower half of the hash and either number+1 or, with listBit, the
// place of a list. Keys count as the same when 40 bits of their hash agree; whoever looks up has to compare.
type table struct {
	segs  [segments]segment
	lists []list
	free  []uint32 // places of unused lists
}

type segment struct {
	slots []uint64 // 0 = empty
	used  int
}

func newTable() *table { return &table{} }

// home is where the probing of a hash starts: the lower half scaled to the segment's size.
func (s *segment) home(low uint32) int { return int(uint64(low) * uint64(len(s.slots)) >> 32) }

// find returns the slot of the hash, or the empty slot where it would go; -1 when there are no slots.
func (s *segment) find(low uint32) (i int, ok bool) {
	if len(s.slots) == 0 {
		return -1, false
	}
	for i = s.home(low); s.slots[i] != 0; i = s.after(i) {
		if uint32(s.slots[i]>>32) == low {
			return i, true
		}
	}
	return i, false
}

func (s *segment) after(i int) int {
	if i++; i == len(s.slots) {
		return 0
	}
	return i
}

func (t *table) segment(h uint64) (*segment, uint32) { return &t.segs[h>>56], uint32(h) }

// add notes that number n has the key with hash h. It must not be noted already.
func (t *table) add(h uint64, n uint32) {
	s, low := t.segment(h)
	i, ok := s.find(low)
	if ok {
		t.join(&s.slots[i], low, n)
		return
	}
	if (s.used+1)*5 > len(s.slots)*4 { // never full: probing ends at an empty slot
		s.grow()
		i, _ = s.find(low)
	}
	s.slots[i] = uint64(low)<<32 | uint64(n+1)
	s.used++
}

func (s *segment) grow() {
	old := s.slots
	s.slots = make([]uint64, max(minSegment, len(old)*5/4))
	for _, slot := range old {
		if slot != 0 {
			i, _ := s.find(uint32(slot >> 32))
			s.slots[i] = slot
		}
	}
}

// join adds n to a slot that holds something already.
func (t *table) join(slot *uint64, low, n uint32) {
	v := uint32(*slot)
	if v&listBit == 0 {
		at := t.newList()
		t.lists[at].insert(v - 1)
		v = at | listBit
		*slot = uint64(low)<<32 | uint64(v)
	}
	t.lists[v&^listBit].insert(n)
}

func (t *table) newList() uint32 {
	if k := len(t.free); k > 0 {
		at := t.free[k-1]
		t.free = t.free[:k-1]
		return at
	}
	t.lists = append(t.lists, list{})
	return uint32(len(t.lists) - 1)
}

// remove takes back an add.
func (t *table) remove(h uint64, n uint32) {
	s, low := t.segment(h)
	i, ok := s.find(low)
	if !ok {
		return
	}
	v := uint32(s.slots[i])
	if v&listBit == 0 {
		if v == n+1 {
			s.empty(i)
		}
		return
	}
	at := v &^ listBit
	l := &t.lists[at]
	l.remove(n)
	if l.n == 1 {
		s.slots[i] = uint64(low)<<32 | uint64(l.blocks[0][0]+1)
		t.lists[at] = list{}
		t.free = append(t.free, at)
	}
}

// empty clears slot i and moves later ones of the same run up, so that probing needs no tombstones.
func (s *segment) empty(i int) {
	s.used--
	for j := s.after(i); s.slots[j] != 0; j = s.after(j) {
		home := s.home(uint32(s.slots[j] >> 32))
		if between(home, i, j) {
			continue
		}
		s.slots[i] = s.slots[j]
		i = j
	}
	s.slots[i] = 0
}

// between reports whether home lies cyclically in (i, j]: then the slot at j may not move to i.
func between(home, i, j int) bool {
	if i < j {
		return i < home && home <= j
	}
	return i < home || home <= j
}

// each calls fn with the numbers that may have the key, ascending, until it returns false.
func (t *table) each(h uint64, fn func(n uint32) bool) { t.eachFrom(h, 0, fn) }

// eachFrom is each for numbers of at least from.
func (t *table) eachFrom(h uint64, from uint32, fn func(n uint32) bool) {
	s, low := t.segment(h)
	i, ok := s.find(low)
	if !ok {
		return
	}
	v := uint32(s.slots[i])
	if v&listBit != 0 {
		t.lists[v&^listBit].each(from, fn)
	} else if v-1 >= from {
		fn(v - 1)
	}
}

// renumber gives every number the value to[old], which keeps the order.
func (t *table) renumber(to []uint32) {
	for i := range t.segs {
		for j, slot := range t.segs[i].slots {
			if v := uint32(slot); v != 0 && v&listBit == 0 {
				t.segs[i].slots[j] = slot&^0xffffffff | uint64(to[v-1]+1)
			}
		}
	}
	for _, l := range t.lists {
		for _, b := range l.blocks {
			for k := range b {
				b[k] = to[b[k]]
			}
		}
	}
}

func (t *table) bytes() int64 {
	n := int64(segments*32 + 32*cap(t.lists))
	for i := range t.segs {
		n += int64(8 * cap(t.segs[i].slots))
	}
	for _, l := range t.lists {
		for _, b := range l.blocks {
			n += int64(24 + 4*cap(b))
		}
	}
	return n
}

const blockSize = 512

// list is an ascending list of numbers in blocks, for keys that many rows share.
type list struct {
	blocks [][]uint32 // none empty
	n      int
}

// block returns the index of the block where n is or belongs.
func (l *list) block(n uint32) int {
	i, ok := slices.BinarySearchFunc(l.blocks, n, func(b []uint32, n uint32) int {
		switch {
		case b[0] < n:
			return -1
		case b[0] > n:
			return 1
		}
		return 0
	})
	if ok {
		return i
	}
	return max(i-1, 0)
}

func (l *list) insert(n uint32) {
	l.n++
	if len(l.blocks) == 0 {
		l.blocks = [][]uint32{{n}}
		return
	}
	i := l.block(n)
	if len(l.blocks[i]) >= blockSize {
		i = l.split(i, n)
	}
	b := l.blocks[i]
	at, _ := slices.BinarySearch(b, n)
	l.blocks[i] = slices.Insert(b, at, n)
}

// split halves a full block and returns which half n belongs to. Rows mostly come in order, so a full last block
// stays full and n starts a fresh one.
func (l *list) split(i int, n uint32) int {
	b := l.blocks[i]
	if i == len(l.blocks)-1 && n > b[len(b)-1] {
		l.blocks = append(l.blocks, make([]uint32, 0, 8))
		return i + 1
	}
	upper := append(make([]uint32, 0, blockSize), b[blockSize/2:]...)
	l.blocks[i] = b[:blockSize/2]
	l.blocks = slices.Insert(l.blocks, i+1, upper)
	if n > upper[0] {
		return i + 1
	}
	return i
}

func (l *list) remove(n uint32) {
	if len(l.blocks) == 0 {
		return
	}
	i := l.block(n)
	at, ok := slices.BinarySearch(l.blocks[i], n)
	if !ok {
		return
	}
	l.n--
	if l.blocks[i] = slices.Delete(l.blocks[i], at, at+1); len(l.blocks[i]) == 0 {
		l.blocks = slices.Delete(l.blocks, i, i+1)
	}
}

func (l *list) each(from uint32, fn func(n uint32) bool) {
	if len(l.blocks) == 0 {
		return
	}
	first := l.block(from)
	for _, b := range l.blocks[first:] {
		for _, n := range b {
			if n >= from && !fn(n) {
				return
			}
		}
	}
}
