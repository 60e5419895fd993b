package scimserver

import (
	"context"
	"crypto/sha256"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// IdempotencyHeader names a POST: the same key again within Limits.IdempotencyAge gives the same answer without doing anything
// twice. The repeated answer carries ReplayedHeader: true.
const (
	IdempotencyHeader = "Idempotency-Key"
	ReplayedHeader    = "Idempotency-Replayed"
)

const (
	maxKeyLength   = 255
	maxReplayBytes = 64 << 20 // of all remembered bodies; beyond it the oldest go first
)

// replays remembers the definite outcomes of POST requests by their key.
type replays struct {
	max   int
	age   time.Duration
	mu    sync.Mutex
	byKey map[[sha256.Size]byte]*replay
	order []*replay // finished ones, oldest first
	bytes int
}

type replay struct {
	key  [sha256.Size]byte
	body [sha256.Size]byte // hash of the request's body: a key is for one request only
	done chan struct{}     // closed when the first request with the key has come to an end
	at   time.Time
	answer
}

func newReplays(max int, age time.Duration) *replays {
	return &replays{max: max, age: age, byKey: map[[sha256.Size]byte]*replay{}}
}

// replayed runs do, or returns what it came to before under the same key. Requests with a key that is being worked on wait.
func (c *call) replayed(do func() answer) answer {
	key := c.header.Get(IdempotencyHeader)
	if key == "" || c.method != http.MethodPost {
		return do()
	}
	if len(key) > maxKeyLength {
		return c.fail(refuse(http.StatusBadRequest, "invalidValue", "%s is longer than %d bytes", IdempotencyHeader, maxKeyLength))
	}
	name := sha256.Sum256([]byte(c.caller.Tenant + "\x00" + c.caller.ID + "\x00" + c.route.String() + "\x00" + key))
	mine, other, err := c.h.replays.enter(c.ctx, name, sha256.Sum256(c.body), c.now)
	switch {
	case err != nil:
		return c.fail(err)
	case other != nil:
		a := *other
		a.replayed = true
		return a
	}
	var a answer
	defer func() { c.h.replays.leave(mine, a, c.now) }() // also when do panics: then a is empty and forgotten
	a = do()
	return a
}

// enter returns either a new entry for the caller to work under, or the answer of an earlier request, once it is there.
func (m *replays) enter(ctx context.Context, key, body [sha256.Size]byte, now time.Time) (mine *replay, other *answer, err error) {
	for {
		m.mu.Lock()
		m.expire(now)
		e := m.byKey[key]
		if e == nil {
			e = &replay{key: key, body: body, done: make(chan struct{})}
			m.byKey[key] = e
			m.mu.Unlock()
			return e, nil, nil
		}
		m.mu.Unlock()
		if e.body != body {
			return nil, nil, refuse(http.StatusUnprocessableEntity, "", "%s was used for another request already", IdempotencyHeader)
		}
		select {
		case <-e.done:
		case <-ctx.Done():
			return nil, nil, fault.Wrap(fault.Unavailable, "wait for the first request with this key", ctx.Err())
		}
		if e.status != 0 {
			return nil, &e.answer, nil
		}
	}
}

// leave ends the work under an entry: a definite outcome is kept, anything else forgotten, so that the next request tries again.
func (m *replays) leave(e *replay, a answer, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer close(e.done)
	if !definite(a.status) {
		delete(m.byKey, e.key)
		return
	}
	a.body, a.operations = slices.Clone(a.body), nil
	e.answer, e.at = a, now
	m.order = append(m.order, e)
	m.bytes += len(a.body)
	for len(m.order) > m.max || m.bytes > maxReplayBytes {
		m.drop()
	}
}

func (m *replays) expire(now time.Time) {
	for len(m.order) > 0 && now.Sub(m.order[0].at) > m.age {
		m.drop()
	}
}

func (m *replays) drop() {
	e := m.order[0]
	m.order[0] = nil
	m.order = m.order[1:]
	m.bytes -= len(e.answer.body)
	delete(m.byKey, e.key)
}

// definite reports whether a repetition could not come to anything else: done, or refused for good.
func definite(status int) bool {
	return status >= 200 && status < 500 && status != http.StatusUnauthorized && status != http.StatusTooManyRequests
}
