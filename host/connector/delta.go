package connector

import (
	"context"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
)

// Watermark is a place in a target's stream of changes, in the connector's own spelling: the host keeps it beside the image of
// its cache, gives it back unread, and never compares two of them.
type Watermark string

// Change is one object that changed in the target.
type Change struct {
	Entry   entry.Entry // whole, as it is after the change; of a deletion the Type, and the anchor as ID, only
	Deleted bool
}

// DeltaImporter reads what changed, where Import reads everything.
type DeltaImporter interface {
	// Mark returns where the target's stream of changes stands now. The host asks before it begins a full import, so that no
	// change made during the import is missed; one that is seen twice does no harm.
	Mark(ctx context.Context) (Watermark, error)
	// ImportSince yields the objects of the type that changed after w, each at least once and last as it is now. next is valid
	// only after changes ended without an error, and returns the watermark for the following call; the host keeps it only once
	// everything before it is in its cache. fault.Conflict, from the call or from the sequence, says that the target no longer
	// knows w (its history was cut, the table replaced): the host answers with a full import.
	ImportSince(ctx context.Context, t entry.Type, w Watermark) (changes iter.Seq2[Change, error], next func() Watermark, err error)
}

// Watcher is told of changes instead of asking for them.
type Watcher interface {
	// Watch returns nil as soon as the target may have changed objects of the type after w (at once, if it already has), and an
	// error when ctx ends or the connection is lost. A false alarm is allowed, a missed change is not. The host then imports
	// the difference; it holds the session for Watch alone.
	Watch(ctx context.Context, t entry.Type, w Watermark) error
}
