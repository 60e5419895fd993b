package cycle

import (
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// retryAfter is the back-off of an object's own failures: soon once, then 6, 12 and 24 hours, then daily.
var retryAfter = []time.Duration{30 * time.Second, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// transportAfter is the back-off while the way to the target, not the object, is at fault.
var transportAfter = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 40 * time.Minute}

// escrowLife is how long a failed entry is kept trying; a change of the object starts it anew.
const escrowLife = 28 * 24 * time.Hour

// nextEscrow is the escrow after one more failure; tired when it has failed for so long that it is given up.
func nextEscrow(before Escrow, cause error, now time.Time) (e Escrow, tired bool) {
	e = Escrow{Reason: cause.Error(), Hint: fault.AdviceOf(cause), First: before.First, Attempts: before.Attempts + 1}
	if e.First.IsZero() {
		e.First = now
	}
	table := retryAfter
	if transport(cause) {
		table = transportAfter
	}
	e.Next = now.Add(table[min(e.Attempts, len(table))-1])
	return e, now.Sub(e.First) > escrowLife
}

func transport(err error) bool {
	switch fault.KindOf(err) {
	case fault.Internal, fault.Timeout, fault.Unavailable, fault.Throttled:
		return true
	}
	return false
}
