package host

import (
	"slices"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Budget bounds deletions at the target: at most Count within Window, whoever asks. Count below 0 means no limit; the
// zero Budget refuses every deletion.
type Budget struct {
	Count  int
	Window time.Duration
}

// budget counts deletions and lets more through only for a recorded release.
type budget struct {
	Budget
	release func() int // takes a recorded release and returns how many deletions it allows; 0 = none

	mu    sync.Mutex
	at    []time.Time // deletions within the window, oldest first
	extra int         // released and not used yet
}

// take reserves one deletion; undo gives it back when nothing was deleted. fault.Denied when the budget is used up.
func (b *budget) take() (undo func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Count < 0 {
		return func() {}, nil
	}
	now := time.Now()
	b.at = slices.DeleteFunc(b.at, func(t time.Time) bool { return now.Sub(t) >= b.Window })
	if len(b.at) < b.Count {
		b.at = append(b.at, now)
		return func() { b.giveBack(now) }, nil
	}
	if b.extra == 0 && b.release != nil {
		b.extra = b.release()
	}
	if b.extra > 0 {
		b.extra--
		return func() { b.giveExtra() }, nil
	}
	return nil, fault.New(fault.Denied, "delete", "the host's budget of %d deletions in %s is used up", b.Count, b.Window).
		WithHint("if the deletions are right, release them on the host; otherwise find out who asks for them")
}

func (b *budget) giveBack(t time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.at, t); i >= 0 {
		b.at = slices.Delete(b.at, i, i+1)
	}
}

func (b *budget) giveExtra() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.extra++
}
