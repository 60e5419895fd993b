package match

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
)

// Finder asks the target for objects whose attribute equals a value, under the target's own case rule. Absent: an empty list, no error.
// Errors are faults; anything but a clean answer must be an error, since an empty answer leads to a create.
type Finder interface {
	Find(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error)
}
