package cycle

import (
	"context"

	"github.com/sallyport-id/sallyport/fault"
)

// claim makes sure that a target object found by matching belongs to no other source object.
func (t *turn) claim(ctx context.Context, target string) error {
	source := t.change.Entry.ID
	other, err := t.Ledger.LinkOf(ctx, t.id, t.change.Entry.Type, target)
	if err != nil {
		return lasting{err}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	owner := other.Source
	if owner == "" {
		owner = t.claims[target]
	}
	if owner != "" && owner != source {
		return &duplicateSource{fault.New(fault.Ambiguous, "match", "the account %s found in the target belongs to another person already (%s)", target, owner).
			WithHint("two people in the directory match one account: correct the matching attribute of one of them")}
	}
	if t.claims == nil {
		t.claims = map[string]string{}
	}
	t.claims[target] = source
	t.claimed = target
	return nil
}

// release gives up the claim: by now the ledger says whose the target object is. Values that were reserved stay so while nobody knows
// whether a create took effect, until the object is looked at again.
func (t *turn) release() {
	if !t.lingers {
		t.names.free(t.change.Entry.ID)
	}
	if t.claimed == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.claims[t.claimed] == t.change.Entry.ID {
		delete(t.claims, t.claimed)
	}
}

// duplicateSource has a log code of its own beside the kind Ambiguous.
type duplicateSource struct{ cause *fault.Error }

func (d *duplicateSource) Error() string { return d.cause.Error() }
func (d *duplicateSource) Unwrap() error { return d.cause }
