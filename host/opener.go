package host

import (
	"context"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Pauses between attempts to open a session: short ones for a target that is away, long ones for a refused credential, so that
// three wrong attempts within ten minutes never lock the account.
const (
	firstPause  = time.Second
	lastPause   = 30 * time.Second
	secretPause = 5 * time.Minute
)

// Opener opens sessions and keeps attempts apart after a failure. Everything that opens sessions to one target shares one.
type Opener struct {
	open func(ctx context.Context) (connector.Session, error)

	mu    sync.Mutex
	until time.Time
	pause time.Duration
	err   error
}

// NewOpener wraps open.
func NewOpener(open func(ctx context.Context) (connector.Session, error)) *Opener {
	return &Opener{open: open}
}

// Open opens a session, or returns the last failure again (fault.Unavailable) while its pause lasts.
func (o *Opener) Open(ctx context.Context) (connector.Session, error) {
	if err := o.pass(); err != nil {
		return nil, err
	}
	s, err := o.open(ctx)
	o.note(err)
	return s, err
}

// pass returns the last failure while its pause lasts.
func (o *Opener) pass() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	wait := time.Until(o.until)
	if o.err == nil || wait <= 0 {
		return nil
	}
	return &fault.Error{Op: "open the target", Kind: fault.Unavailable, RetryAfter: max(wait, time.Second), Err: o.err, Hint: fault.HintOf(o.err)}
}

func (o *Opener) note(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err = err; err == nil {
		o.pause = 0
		return
	}
	o.pause = min(max(o.pause*2, firstPause), lastPause)
	pause := o.pause
	if fault.Is(err, fault.Unauthenticated) {
		pause = secretPause
	}
	o.until = time.Now().Add(pause)
}
