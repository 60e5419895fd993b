package cache

import (
	"encoding/binary"
	"runtime"
	"unsafe"
)

const (
	chunkBits = 20
	chunkSize = 1 << chunkBits
	unit      = 4 // records begin at multiples of it, so that 32 bits address 16 GiB
	perChunk  = chunkSize / unit
	headSize  = 8 // number and length in front of each record
)

// store keeps numbered byte records in chunks. A record that is replaced or dropped leaves garbage; set moves the
// live records out of the worst chunk whenever a quarter of the whole is garbage, one chunk at a time.
// Strings that get returns are windows into a chunk: they hold only until the next set or drop.
type store struct {
	at     []uint32 // number → place in units; 0 = no record
	mem    *chunks
	active int // chunk being filled
	live   int64
	held   int64 // bytes in use in all chunks, garbage included
}

type chunks struct {
	list []chunk
	free []int // numbers of released chunks
}

type chunk struct {
	buf    []byte
	mapped bool
	used   int
	live   int
}

func newStore() *store {
	s := &store{mem: &chunks{}, active: -1}
	runtime.AddCleanup(s, func(m *chunks) { m.releaseAll() }, s.mem)
	return s
}

func (m *chunks) releaseAll() {
	for i := range m.list {
		m.drop(i)
	}
	m.list, m.free = nil, nil
}

func (m *chunks) drop(i int) {
	if c := &m.list[i]; c.buf != nil {
		if c.mapped {
			release(c.buf)
		}
		*c = chunk{}
		m.free = append(m.free, i)
	}
}

func (m *chunks) add(size int) int {
	var c chunk
	c.buf, c.mapped = reserve(size)
	if n := len(m.free); n > 0 {
		i := m.free[n-1]
		m.free = m.free[:n-1]
		m.list[i] = c
		return i
	}
	m.list = append(m.list, c)
	return len(m.list) - 1
}

// close gives all memory back at once; the store is not used afterwards.
func (s *store) close() { s.mem.releaseAll() }

// next makes a new number without a record.
func (s *store) next() uint32 {
	s.at = append(s.at, 0)
	return uint32(len(s.at) - 1)
}

func (s *store) has(n uint32) bool { return int(n) < len(s.at) && s.at[n] != 0 }

// get returns the record, "" when there is none.
func (s *store) get(n uint32) string {
	if !s.has(n) {
		return ""
	}
	b := s.record(s.at[n])
	return window(b)
}

func (s *store) record(place uint32) []byte {
	c := &s.mem.list[int(place-1)/perChunk]
	off := int(place-1) % perChunk * unit
	size := int(binary.LittleEndian.Uint32(c.buf[off+4:]))
	return c.buf[off+headSize : off+headSize+size]
}

// set stores parts, joined, as the record of n. The parts may be windows of this store.
func (s *store) set(n uint32, parts ...[]byte) {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	old := s.at[n]
	b := s.place(n, size)
	for _, p := range parts {
		b = b[copy(b, p):]
	}
	s.discard(old)
	s.compact()
}

// drop makes the record garbage.
func (s *store) drop(n uint32) {
	if s.has(n) {
		old := s.at[n]
		s.at[n] = 0
		s.discard(old)
	}
}

// discard counts the record at a place as garbage; a chunk without live records is given back at once.
func (s *store) discard(place uint32) {
	if place == 0 {
		return
	}
	i := int(place-1) / perChunk
	s.forget(i, spaceOf(len(s.record(place))))
	if i != s.active && s.mem.list[i].live == 0 {
		s.releaseChunk(i)
	}
}

func (s *store) forget(chunk, space int) {
	s.mem.list[chunk].live -= space
	s.live -= int64(space)
}

func (s *store) releaseChunk(i int) {
	s.held -= int64(s.mem.list[i].used)
	s.mem.drop(i)
}

func spaceOf(size int) int { return (headSize + size + unit - 1) / unit * unit }

// place finds room for a record of n and returns the room.
func (s *store) place(n uint32, size int) []byte {
	space := spaceOf(size)
	i := s.active
	switch {
	case space > chunkSize:
		i = s.mem.add(space) // a chunk of its own
	case i < 0 || s.mem.list[i].used+space > chunkSize:
		i = s.mem.add(chunkSize)
		s.retire(i)
	}
	c := &s.mem.list[i]
	off := c.used
	c.used += space
	c.live += space
	s.live += int64(space)
	s.held += int64(space)
	binary.LittleEndian.PutUint32(c.buf[off:], n)
	binary.LittleEndian.PutUint32(c.buf[off+4:], uint32(size))
	s.at[n] = uint32(i*perChunk+off/unit) + 1
	return c.buf[off+headSize : off+headSize+size]
}

// retire makes i the active chunk and releases the one before it when nothing in it lives.
func (s *store) retire(i int) {
	old := s.active
	s.active = i
	if old >= 0 && s.mem.list[old].live == 0 {
		s.releaseChunk(old)
	}
}

// compact moves the live records out of the chunk with the most garbage when there is too much of it.
func (s *store) compact() {
	garbage := s.held - s.live
	if garbage < 2*chunkSize || garbage*4 < s.held {
		return
	}
	worst, most := -1, 0
	for i, c := range s.mem.list {
		if g := c.used - c.live; i != s.active && g > most {
			worst, most = i, g
		}
	}
	if worst >= 0 {
		s.evacuate(worst)
	}
}

func (s *store) evacuate(i int) {
	c := s.mem.list[i] // by value: place may grow the list
	for off := 0; off < c.used; {
		n := binary.LittleEndian.Uint32(c.buf[off:])
		size := int(binary.LittleEndian.Uint32(c.buf[off+4:]))
		if int(n) < len(s.at) && s.at[n] == uint32(i*perChunk+off/unit)+1 {
			s.forget(i, spaceOf(size))
			copy(s.place(n, size), c.buf[off+headSize:])
		}
		off += spaceOf(size)
	}
	if s.mem.list[i].buf != nil && s.mem.list[i].live == 0 {
		s.releaseChunk(i)
	}
}

// renumber gives every record the number to[old]; numbers without a record vanish. to must keep the order.
func (s *store) renumber(to []uint32, count int) {
	at := make([]uint32, count)
	for old, place := range s.at {
		if place == 0 {
			continue
		}
		at[to[old]] = place
		c := &s.mem.list[int(place-1)/perChunk]
		binary.LittleEndian.PutUint32(c.buf[int(place-1)%perChunk*unit:], to[old])
	}
	s.at = at
}

// window shows bytes as a string without copying; it changes with them.
func window(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
