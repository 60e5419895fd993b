package cycle

import (
	"crypto/rand"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-id/sallyport/service/plan"
)

// tally counts a cycle while it runs. All methods may be called from any goroutine.
type tally struct {
	cycle    string
	requests atomic.Int64

	mu sync.Mutex
	p  Progress
}

func newTally(kind string) *tally {
	id := randomText()
	return &tally{cycle: id, p: Progress{Cycle: id, Kind: kind, Phase: "reading", Began: time.Now(), Total: -1}}
}

func randomText() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says crypto/rand
	return hex.EncodeToString(b[:])
}

func (t *tally) phase(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.p.Phase = name
}

func (t *tally) total(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.p.Total = n
}

func (t *tally) count(v plan.Verb) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.p.Done++
	t.p.Waiting = ""
	switch v {
	case plan.Create:
		t.p.Created++
	case plan.Update:
		t.p.Updated++
	case plan.Disable:
		t.p.Disabled++
	case plan.Delete:
		t.p.Deleted++
	default:
		t.p.Skipped++
	}
}

// waits says why nothing moves; a success takes it back.
func (t *tally) waits(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.p.Waiting = err.Error()
}

func (t *tally) failed(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.p.Done++
	t.p.Failed++
	t.p.LastError = err.Error()
}

func (t *tally) snapshot() Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.p
	p.Requests = int(t.requests.Load())
	if p.Total >= 0 {
		p.Total = max(p.Total, p.Done) // people are looked at again for their references
	}
	return p
}

func (t *tally) end() Progress {
	p := t.snapshot()
	p.Ended, p.Phase, p.Waiting = time.Now(), "", ""
	return p
}
