package cycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/plan"
)

// react decides what a failed attempt leads to, by the kind of the failure: the same object again, an escrow, or the end
// of the cycle. again is true when the object shall be attempted once more.
func (t *turn) react(ctx context.Context, err error) (again bool, _ error) {
	if _, ours := errors.AsType[lasting](err); ours || ctx.Err() != nil {
		return false, err
	}
	if _, ours := errors.AsType[*moved](err); ours {
		return false, err
	}
	if _, bad := errors.AsType[*poison](err); bad {
		return false, t.fail(ctx, err)
	}
	if !transport(err) {
		t.gate.pass() // the target is there, whatever it thinks of this object
	}
	switch fault.KindOf(err).Door().Reaction {
	case fault.Wait:
		t.tally.waits(err)
		return true, t.gate.hold(err)
	case fault.Quarantine:
		return false, err
	case fault.Rematch:
		if t.tries++; t.tries < maxTries {
			return true, t.rematch(ctx, err)
		}
	}
	if t.plan.Verb == plan.Create && fault.Is(err, fault.Exists) && !t.existed {
		t.existed, t.direct = true, true // the target knows somebody we did not see: it may be the counterpart, so ask again
		return true, nil
	}
	return false, t.fail(ctx, err)
}

// rematch clears what is known to be wrong before the object is looked for again.
func (t *turn) rematch(ctx context.Context, err error) error {
	if fault.Is(err, fault.NotFound) && t.plan.Link.Target != "" {
		t.unshelve(t.plan.Link.Target)
		return t.drop(ctx)
	}
	t.unsure = true
	t.direct = true // the answer was lost: only the target itself knows what it holds
	return pause(ctx, time.Second)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// fail puts the object aside; one that has failed for four weeks is given up until it changes.
func (t *turn) fail(ctx context.Context, err error) error {
	var before Escrow
	if t.escrow != nil {
		before = *t.escrow
	}
	e, tired := nextEscrow(before, err, time.Now())
	e.Source, e.Type, e.Code = t.change.Entry.ID, t.change.Entry.Type, codeOf(err)
	o := Outcome{Escrow: &e, Waiting: t.plan.Unresolved()}
	if tired {
		o.Escrow = nil
		err = fmt.Errorf("given up after four weeks: %w", err)
	}
	t.failing.Store(true)
	if t.receipt.Intent.Verb == plan.Create && t.unsure {
		t.receipt = Receipt{} // the intent stays: the next cycle looks what became of it
		t.lingers = true
		t.lookBack()
	}
	if err := t.record(ctx, plan.Failure, err, o); err != nil {
		return err
	}
	t.tally.failed(err, t.awaited || t.wroteLists)
	return nil
}

func codeOf(err error) string {
	if _, ok := errors.AsType[*duplicateSource](err); ok {
		return fault.CodeDuplicateSource
	}
	return plan.CodeOf(err)
}
