package graphapi

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/sallyport-id/sallyport/fault"
)

// Limits of how often some calls are answered (graph-api §3.4, §3.6).
const (
	onDemandEvery = 2 * time.Second // five in ten seconds
	onDemandBurst = 5
	bulkPerSecond = 40
)

// throttle keeps a bucket per key; full buckets are forgotten, so that its memory follows who asks now.
type throttle struct {
	limit rate.Limit
	burst int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newThrottle(limit rate.Limit, burst int) *throttle {
	return &throttle{limit: limit, burst: burst, buckets: map[string]*rate.Limiter{}}
}

// take takes one from the key's bucket; fault.Throttled says how long to wait when it is empty.
func (t *throttle) take(key string) error {
	now := time.Now()
	t.mu.Lock()
	if len(t.buckets) > 10_000 {
		t.forget(now)
	}
	b := t.buckets[key]
	if b == nil {
		b = rate.NewLimiter(t.limit, t.burst)
		t.buckets[key] = b
	}
	t.mu.Unlock()
	res := b.ReserveN(now, 1)
	wait := res.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	res.CancelAt(now)
	f := fault.New(fault.Throttled, "", "too many requests").WithHint("wait for the seconds that Retry-After says, then send the request again")
	f.RetryAfter = wait
	return f
}

// forget drops buckets that are full; mu is held.
func (t *throttle) forget(now time.Time) {
	for key, b := range t.buckets {
		if b.TokensAt(now) >= float64(t.burst) {
			delete(t.buckets, key)
		}
	}
}

// throttled makes a handler that asks the bucket of the application first.
func (t *throttle) throttled(key func(*http.Request) string, h func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := t.take(key(r)); err != nil {
			return err
		}
		return h(w, r)
	}
}
