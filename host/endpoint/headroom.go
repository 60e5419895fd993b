package endpoint

// headroom is how much garbage may pile up, at least, before it is collected. The caches live outside the collector's view, so its
// heap is a few megabytes, and by its own measure (twice what lives) it would collect several times for each busy millisecond.
const headroom = 64 << 20

// newHeadroom returns a block for a Host to hold: it counts as living heap, and as nobody writes to it, it takes no memory.
func newHeadroom() []byte { return make([]byte, headroom) }
