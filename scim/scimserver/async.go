package scimserver

import (
	"context"
	"crypto/rand"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// AsyncMode says when a request with Prefer: respond-async is answered 202 (RFC 9967 §5).
type AsyncMode uint8

// The modes. Their words in /ServiceProviderConfig are none, long and request.
const (
	AsyncNone    AsyncMode = iota // never
	AsyncLong                     // when it takes longer than After
	AsyncRequest                  // at once
)

// Async configures asynchronous requests, for connectors that are slow. A request that does not ask for it is never answered 202.
type Async struct {
	Mode    AsyncMode
	After   time.Duration // AsyncLong: how long a request may take before the 202; 0 = 5 s
	Limit   time.Duration // the longest a request may run on; 0 = 1 h
	Running int           // how many at once; beyond that requests are answered in the normal way; 0 = 64
	Keep    time.Duration // how long an outcome can be read under /Events/{txn}; 0 = 1 h
	KeepMax int           // how many outcomes; 0 = 10,000
	// Deliver, when set, is called once for every completed request, and for Bulk once for each operation. It must not block long.
	Deliver func(ctx context.Context, e Event)
}

func (a Async) withDefaults() Async {
	orElse(&a.After, 5*time.Second)
	orElse(&a.Limit, time.Hour)
	orElse(&a.Running, 64)
	orElse(&a.Keep, time.Hour)
	orElse(&a.KeepMax, 10_000)
	return a
}

func (a Async) appendConfig(b []byte) []byte {
	if a.Mode == AsyncNone {
		return append(b, `,"securityEvents":{"asyncRequest":"none","eventUris":[]}`...)
	}
	word := "long"
	if a.Mode == AsyncRequest {
		word = "request"
	}
	return append(b, `,"securityEvents":{"asyncRequest":"`+word+`","eventUris":["`+asyncEvent+`"]}`...)
}

// async runs requests beyond their answers and keeps what they came to.
type async struct {
	Async
	slots  chan struct{}
	mu     sync.Mutex
	events map[string]*Event // by txn; Status 0: still running
	order  []string          // finished ones, oldest first
}

func newAsync(config Async) *async {
	config = config.withDefaults()
	return &async{Async: config, slots: make(chan struct{}, config.Running), events: map[string]*Event{}}
}

// wait takes every slot, which is possible only when nothing runs, and gives them back.
func (m *async) wait(ctx context.Context) error {
	taken := 0
	defer func() {
		for range taken {
			<-m.slots
		}
	}()
	for range cap(m.slots) {
		select {
		case m.slots <- struct{}{}:
			taken++
		case <-ctx.Done():
			return fault.Wrap(fault.Timeout, "wait for asynchronous requests", ctx.Err())
		}
	}
	return nil
}

// asynchronous runs do, and answers 202 in its stead when the client prefers that and do takes too long.
func (c *call) asynchronous(do func() answer) answer {
	m := c.h.async
	wanted, patience := preference(c.header["Prefer"])
	if m.Mode == AsyncNone || !wanted {
		return do()
	}
	select {
	case m.slots <- struct{}{}:
	default:
		return do()
	}
	if m.Mode == AsyncLong {
		patience = m.After
	}
	return c.detach(do, patience)
}

// detach runs do on its own. Whoever is first, the answer or the end of patience, decides how the request is answered.
func (c *call) detach(do func() answer, patience time.Duration) answer {
	m := c.h.async
	txn := strings.ToLower(rand.Text())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), m.Limit)
	c.ctx = ctx
	var decided atomic.Bool
	done := make(chan answer, 1)
	m.begin(txn, c.caller.Tenant)
	go func() {
		defer func() { <-m.slots }()
		defer cancel()
		a := c.guarded(do)
		if decided.CompareAndSwap(false, true) {
			m.forget(txn)
			done <- a
			return
		}
		m.finish(ctx, c.event1(txn, a), eventsOf(c, txn, a))
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a := <-done:
		return a
	case <-timer.C:
	}
	if !decided.CompareAndSwap(false, true) {
		return <-done
	}
	return answer{status: http.StatusAccepted, txn: txn, location: c.url + "/Events/" + txn}
}

// guarded is do with a panic turned into an answer: on a goroutine of its own nobody else would.
func (c *call) guarded(do func() answer) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = c.fail(fault.New(fault.Internal, "answer "+c.method, "panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return do()
}

// preference reads Prefer: respond-async and wait=SECONDS (RFC 7240).
func preference(lines []string) (async bool, wait time.Duration) {
	for _, line := range lines {
		for word := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(word), "=")
			switch {
			case strings.EqualFold(name, "respond-async"):
				async = true
			case strings.EqualFold(name, "wait"):
				if n, err := strconv.Atoi(strings.Trim(value, `" `)); err == nil && n > 0 {
					wait = min(time.Duration(n)*time.Second, time.Minute)
				}
			}
		}
	}
	return async, wait
}

func (m *async) begin(txn, tenant string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events[txn] = &Event{Txn: txn, Tenant: tenant}
}

func (m *async) forget(txn string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.events, txn)
}

// finish keeps and delivers the outcome; of a Bulk request, whole is kept and the parts are kept and delivered.
func (m *async) finish(ctx context.Context, whole Event, parts []Event) {
	m.mu.Lock()
	for _, e := range append(slices.Clone(parts), whole) {
		m.events[e.Txn] = &e
		m.order = append(m.order, e.Txn)
	}
	for len(m.order) > m.KeepMax || len(m.order) > 0 && whole.At.Sub(m.events[m.order[0]].At) > m.Keep {
		delete(m.events, m.order[0])
		m.order = m.order[1:]
	}
	m.mu.Unlock()
	if m.Deliver == nil {
		return
	}
	if len(parts) == 0 {
		parts = []Event{whole}
	}
	for _, e := range parts {
		m.Deliver(ctx, e)
	}
}

// find returns the outcome of a request of the tenant; ok is false when there is none under this name.
func (m *async) find(txn, tenant string) (Event, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.events[txn]; e != nil && e.Tenant == tenant {
		return *e, true
	}
	return Event{}, false
}
