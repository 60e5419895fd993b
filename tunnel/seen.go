package tunnel

// seen remembers which attempts arrived, so that a second delivery has no effect. Per caller it keeps a sliding window over the sequence
// numbers; what lies below the window counts as seen. It is not safe for concurrent use.
type seen struct {
	callers map[uint64]*window
	order   []uint64 // callers from oldest to newest
}

const (
	windowBits = 1 << 16
	maxCallers = 32
)

type window struct {
	top  uint64 // highest number seen
	bits [windowBits / 64]uint64
}

// first reports whether the attempt is seen for the first time, and remembers it.
func (s *seen) first(at Attempt) bool {
	w := s.callers[at.Caller]
	if w == nil {
		w = s.admit(at.Caller)
	}
	return w.first(at.Seq)
}

func (s *seen) admit(caller uint64) *window {
	if s.callers == nil {
		s.callers = make(map[uint64]*window)
	}
	if len(s.order) == maxCallers {
		delete(s.callers, s.order[0])
		s.order = s.order[1:]
	}
	w := &window{}
	s.callers[caller] = w
	s.order = append(s.order, caller)
	return w
}

func (w *window) first(seq uint64) bool {
	if seq == 0 || seq > 1<<62 || seq+windowBits <= w.top {
		return false
	}
	w.slide(seq)
	word, bit := &w.bits[seq%windowBits/64], uint64(1)<<(seq%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

// slide moves the window up to seq and clears the numbers that enter it.
func (w *window) slide(seq uint64) {
	if seq <= w.top {
		return
	}
	if seq-w.top >= windowBits {
		clear(w.bits[:])
	} else {
		for n := w.top + 1; n <= seq; n++ {
			w.bits[n%windowBits/64] &^= uint64(1) << (n % 64)
		}
	}
	w.top = seq
}
