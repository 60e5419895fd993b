package cycle

import "context"

type runKey struct{}

// WithRun returns a context under which what is ordered of a job (Apply, Write, Provision) stands in the journal as one run, with
// the id as its cycle, so that the run can be looked at and taken back as a whole.
func WithRun(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, runKey{}, id)
}

// runOf returns the id of the run that the order belongs to, "" when it stands alone.
func runOf(ctx context.Context) string { id, _ := ctx.Value(runKey{}).(string); return id }
