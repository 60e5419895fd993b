package relay

import (
	"container/list"
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

const (
	keyLife     = 10 * time.Minute
	memoryBytes = 32 << 20
	entryCost   = 256 // what an entry costs beside its body
)

// memory keeps the answers of requests with an idempotency key, so that the same key has one effect here. It is bounded in bytes and time.
// A request whose outcome is unknown is forgotten: the caller says with the key that what answers behind us remembers it.
type memory struct {
	now  func() time.Time
	seed maphash.Seed

	mu      sync.Mutex
	entries map[string]*remembered
	order   list.List // of *remembered, oldest first
	bytes   int
}

type remembered struct {
	id    string
	print uint64        // of the request, so that a key used for something else is noticed
	done  chan struct{} // closed when resp is set or the entry was given up
	resp  *tunnel.Response
	at    time.Time
	place *list.Element
}

func newMemory(now func() time.Time) *memory {
	return &memory{now: now, seed: maphash.MakeSeed(), entries: make(map[string]*remembered)}
}

// once runs do for the first request with a key; others wait for its answer and get the same. Only a whole answer that settles the matter is
// kept; otherwise the next may try.
func (m *memory) once(ctx context.Context, r *tunnel.Request, do func() (*tunnel.Response, error)) (*tunnel.Response, error) {
	for {
		e, first, err := m.claim(r)
		if err != nil {
			return nil, err
		}
		if first {
			return m.keep(e, do)
		}
		select {
		case <-e.done:
		case <-ctx.Done():
			return nil, fault.Wrap(fault.Timeout, "wait for the first request with this key", context.Cause(ctx))
		}
		if resp := m.answer(e); resp != nil {
			return resp, nil
		}
	}
}

// claim finds the entry of the request's key, or makes it.
func (m *memory) claim(r *tunnel.Request) (e *remembered, first bool, err error) {
	id, print := r.Resource+"\x00"+r.Key, m.print(r)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	if e := m.entries[id]; e != nil {
		if e.print != print {
			return nil, false, fault.New(fault.Conflict, "relay request", "the idempotency key was used for another request").WithHint("use a new key for each change")
		}
		return e, false, nil
	}
	e = &remembered{id: id, print: print, done: make(chan struct{}), at: m.now()}
	e.place = m.order.PushBack(e)
	m.entries[id] = e
	m.bytes += entryCost
	return e, true, nil
}

// print tells requests apart by method, target and the body's first piece.
func (m *memory) print(r *tunnel.Request) uint64 {
	var h maphash.Hash
	h.SetSeed(m.seed)
	h.WriteString(r.Method + " " + r.Target + "\n")
	h.Write(r.Body.Prefix)
	return h.Sum64()
}

func (m *memory) keep(e *remembered, do func() (*tunnel.Response, error)) (*tunnel.Response, error) {
	resp, err := do()
	if err == nil && settles(resp.Status) {
		resp, err = whole(resp)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	defer close(e.done)
	if err != nil || resp.Body.Rest != nil || !settles(resp.Status) {
		m.drop(e)
		return resp, err
	}
	e.resp = resp
	m.bytes += len(resp.Body.Prefix)
	m.shrink()
	return copyOf(resp), nil
}

// settles reports whether a status says that the request was decided: the same again would be the same.
func settles(status int) bool { return status < 500 && status != 408 && status != 425 && status != 429 }

// whole reads a small body into memory. A body that is larger stays a stream.
func whole(resp *tunnel.Response) (*tunnel.Response, error) {
	if resp.Body.Rest == nil {
		return resp, nil
	}
	prefix, all, err := tunnel.ReadPrefix(resp.Body.Reader(), resp.Length)
	if err != nil {
		_ = resp.Body.Close()
		return nil, fault.New(fault.Timeout, "read the application's answer", "%w", err)
	}
	out := *resp
	out.Body = tunnel.Body{Prefix: prefix, Rest: resp.Body.Rest}
	if all {
		_ = resp.Body.Close()
		out.Body.Rest = nil
		out.Length = int64(len(prefix))
	}
	return &out, nil
}

func (m *memory) answer(e *remembered) *tunnel.Response {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.resp == nil {
		return nil
	}
	return copyOf(e.resp)
}

func copyOf(r *tunnel.Response) *tunnel.Response {
	c := *r
	return &c
}

// expire and shrink forget the oldest; mu is held. Entries that are still being carried out stay.
func (m *memory) expire() {
	limit := m.now().Add(-keyLife)
	for el := m.order.Front(); el != nil; el = m.order.Front() {
		e := el.Value.(*remembered)
		if e.resp == nil || e.at.After(limit) {
			return
		}
		m.drop(e)
	}
}

func (m *memory) shrink() {
	for el := m.order.Front(); el != nil && m.bytes > memoryBytes; {
		e := el.Value.(*remembered)
		el = el.Next()
		if e.resp != nil {
			m.drop(e)
		}
	}
}

func (m *memory) drop(e *remembered) {
	m.order.Remove(e.place)
	delete(m.entries, e.id)
	m.bytes -= entryCost
	if e.resp != nil {
		m.bytes -= len(e.resp.Body.Prefix)
	}
}
