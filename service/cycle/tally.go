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

	mu      sync.Mutex
	p       Progress
	started time.Time // of this run; a cycle that was stopped has several
	resumed int       // objects done in earlier runs
}

func newTally(kind string) *tally {
	id := randomText()
	return &tally{cycle: id, p: Progress{Cycle: id, Kind: kind, Phase: "reading", Began: time.Now(), Total: -1}, started: time.Now()}
}

// resume goes on counting where an earlier run of the same cycle stopped.
func (t *tally) resume(before Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if before.Cycle == "" {
		return
	}
	before.Waiting, before.LastError, before.Remaining = "", "", 0
	t.cycle, t.p, t.resumed = before.Cycle, before, before.Done
	t.started = time.Now()
	t.requests.Store(int64(before.Requests))
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

// failed counts a failure; references says that the object itself was there, and what failed was to write whom it refers to.
func (t *tally) failed(err error, references bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.p.Done++
	t.p.Failed++
	if references {
		t.p.References++
	}
	t.p.LastError = err.Error()
}

func (t *tally) snapshot() Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.p
	p.Requests = int(t.requests.Load())
	if p.Total >= 0 {
		p.Total = max(p.Total, p.Done) // people are looked at again for their references
		if done := p.Done - t.resumed; done > 0 {
			p.Remaining = time.Duration(float64(time.Since(t.started)) / float64(done) * float64(p.Total-p.Done)).Round(time.Second)
		}
	}
	return p
}

func (t *tally) end() Progress {
	p := t.snapshot()
	p.Ended, p.Phase, p.Waiting = time.Now(), "", ""
	p.Remaining = 0
	return p
}
