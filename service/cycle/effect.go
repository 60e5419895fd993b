package cycle

import "time"

// EffectBounds are the upper bounds of a Histogram's buckets; the last bucket has none.
var EffectBounds = [...]time.Duration{
	100 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute,
	5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour,
}

// Histogram counts durations by bucket.
type Histogram struct {
	Buckets []int         `json:"buckets,omitempty"` // as many as EffectBounds, and one more for what took longer
	Count   int           `json:"count,omitempty"`
	Sum     time.Duration `json:"sum,omitempty"` // nanoseconds
}

// Add counts one duration; a negative one, of a clock that was set back, counts as none at all.
func (h *Histogram) Add(d time.Duration) {
	d = max(0, d)
	if len(h.Buckets) != len(EffectBounds)+1 {
		h.Buckets = make([]int, len(EffectBounds)+1)
	}
	i := 0
	for i < len(EffectBounds) && d > EffectBounds[i] {
		i++
	}
	h.Buckets[i]++
	h.Count++
	h.Sum += d
}

// Plus returns both together.
func (h Histogram) Plus(o Histogram) Histogram {
	if o.Count == 0 {
		return h
	}
	sum := Histogram{Buckets: make([]int, len(EffectBounds)+1), Count: h.Count + o.Count, Sum: h.Sum + o.Sum}
	for _, b := range [][]int{h.Buckets, o.Buckets} {
		for i := range min(len(b), len(sum.Buckets)) {
			sum.Buckets[i] += b[i]
		}
	}
	return sum
}

// Quantile returns the upper bound of the bucket that holds the share q (0 to 1) of the durations, the largest bound when it
// lies above all, 0 when nothing was counted.
func (h Histogram) Quantile(q float64) time.Duration {
	if h.Count == 0 {
		return 0
	}
	want, seen := int(q*float64(h.Count)+0.999999), 0
	for i, n := range h.Buckets {
		seen += n
		if seen >= max(want, 1) && i < len(EffectBounds) {
			return EffectBounds[i]
		}
	}
	return EffectBounds[len(EffectBounds)-1]
}
