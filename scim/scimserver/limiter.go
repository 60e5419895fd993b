package scimserver

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter keeps one token bucket for each tenant.
type limiter struct {
	rate    rate.Limit
	burst   int
	mu      sync.RWMutex
	buckets map[string]*rate.Limiter
}

// maxBuckets bounds the memory when tenants come from outside; beyond it all buckets start anew, full.
const maxBuckets = 10_000

func newLimiter(perSecond float64, burst int) *limiter {
	if perSecond < 0 {
		return nil
	}
	return &limiter{rate: rate.Limit(perSecond), burst: burst, buckets: map[string]*rate.Limiter{}}
}

// take takes one token; when there is none it returns how long until there is one.
func (l *limiter) take(tenant string, now time.Time) (wait time.Duration, ok bool) {
	if l == nil {
		return 0, true
	}
	b := l.bucket(tenant)
	if b.AllowN(now, 1) {
		return 0, true
	}
	r := b.ReserveN(now, 1)
	wait = r.DelayFrom(now)
	r.CancelAt(now)
	return wait, false
}

func (l *limiter) bucket(tenant string) *rate.Limiter {
	l.mu.RLock()
	b := l.buckets[tenant]
	l.mu.RUnlock()
	if b != nil {
		return b
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if b = l.buckets[tenant]; b != nil {
		return b
	}
	if len(l.buckets) >= maxBuckets {
		clear(l.buckets)
	}
	b = rate.NewLimiter(l.rate, l.burst)
	l.buckets[tenant] = b
	return b
}
