package notify

import (
	"context"
	"time"
)

// Turn is one round of Run, at a time of the test's choosing.
func (n *Notifier) Turn(ctx context.Context, now time.Time) error { return n.turn(ctx, now) }
