package drift

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
)

// Tolerance answers the engine what was accepted, so that an initial cycle does not write it over; it is a cycle.Tolerance.
type Tolerance struct{ Store Store }

// Tolerated returns the attributes of a target object whose findings are accepted; gone when its absence is.
func (t Tolerance) Tolerated(ctx context.Context, job app.ID, typ entry.Type, target string) (attrs []string, gone bool, err error) {
	fs, err := t.Store.Findings(ctx, job, Query{State: Accepted, User: target, Limit: batch})
	for _, f := range fs {
		switch {
		case f.Target.ID != target || f.Target.Type != string(typ):
		case f.What == Changed:
			attrs = append(attrs, f.Attr)
		case f.What == Removed:
			gone = true
		}
	}
	return attrs, gone, err
}
