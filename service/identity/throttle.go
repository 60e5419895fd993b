package identity

import (
	"net/http"
	"sync"
	"time"
)

// Wrong attempts that one caller has, and how soon they are forgiven: one for every forgiveEvery.
const (
	freeAttempts = 10
	forgiveEvery = 6 * time.Second
	maxAttempts  = 10_000 // callers remembered at once
)

// throttle slows down whoever keeps sending wrong credentials. It counts failures only, by client id and by address: who is right
// is never slowed by others who are wrong elsewhere.
type throttle struct {
	mu   sync.Mutex
	seen map[string]attempts
}

type attempts struct {
	wrong int
	last  time.Time
}

// left returns what remains of the count after forgiving.
func (a attempts) left(now time.Time) int { return max(0, a.wrong-int(now.Sub(a.last)/forgiveEvery)) }

// check refuses a caller that has been wrong too often.
func (t *throttle) check(caller string, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if over := t.seen[caller].left(now) - freeAttempts; over >= 0 {
		r := refuse(http.StatusTooManyRequests, "temporarily_unavailable", 50196, "Too many wrong attempts. Wait and correct the credential.")
		r.wait = forgiveEvery * time.Duration(over+1)
		return r
	}
	return nil
}

// spare counts something that a stranger caused, and reports whether it is still few enough to be written down: who invents clients and
// tenants must not fill the audit log with them.
func (t *throttle) spare(caller string, now time.Time) bool {
	free := t.check(caller, now) == nil
	t.note(caller, now)
	return free
}

// note counts a wrong attempt.
func (t *throttle) note(caller string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil {
		t.seen = map[string]attempts{}
	}
	if len(t.seen) >= maxAttempts {
		t.forget(now)
	}
	a := t.seen[caller]
	t.seen[caller] = attempts{min(a.left(now)+1, 10*freeAttempts), now}
}

// forget makes room: first those who are forgiven, then anybody.
func (t *throttle) forget(now time.Time) {
	for who, a := range t.seen {
		if a.left(now) == 0 {
			delete(t.seen, who)
		}
	}
	for who := range t.seen {
		if len(t.seen) < maxAttempts/2 {
			return
		}
		delete(t.seen, who)
	}
}
