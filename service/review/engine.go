package review

import (
	"context"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Engine is what a review orders of jobs; *cycle.Jobs is one. What it writes under cycle.WithRun stands in the journal under that run.
type Engine interface {
	// Preview yields what a cycle over everything (or over some objects) would do, and changes nothing. See cycle.Job.Preview.
	Preview(ctx context.Context, job cycle.JobID, which iter.Seq2[cycle.Object, error]) iter.Seq2[plan.Plan, error]
	// Explain makes the plan for one object and changes nothing.
	Explain(ctx context.Context, job cycle.JobID, t entry.Type, source string) (plan.Plan, error)
	// Apply carries out the plan for one object if it still matches; fault.Conflict when it does not.
	Apply(ctx context.Context, job cycle.JobID, t entry.Type, source string, expect cycle.Precondition) (journal.Record, error)
	// Write carries out a write that is spelt out; fault.Conflict when the target does not hold any more what it expects.
	Write(ctx context.Context, job cycle.JobID, c cycle.Compensation) (journal.Record, error)
}

// Source reads the directory.
type Source interface {
	// Get returns one object whole; fault.NotFound when it does not exist (any more).
	Get(ctx context.Context, t entry.Type, id string) (entry.Entry, error)
	// Count counts live objects of the type.
	Count(ctx context.Context, t entry.Type) (int, error)
}

// Pairs reads who is linked with what.
type Pairs interface {
	// Link returns the remembered pair of a source object, the zero Link when there is none.
	Link(ctx context.Context, job cycle.JobID, source string) (plan.Link, error)
	// Links returns the pairs of several source objects at once, by source id; absent ones are left out.
	Links(ctx context.Context, job cycle.JobID, sources []string) (map[string]plan.Link, error)
}

// Apps reads applications.
type Apps interface {
	Get(ctx context.Context, id app.ID) (app.App, error)
	List(ctx context.Context) ([]app.App, error)
}

// Log reads what was done.
type Log interface {
	// Find returns records in the order of ID, or newest first.
	Find(ctx context.Context, q journal.Query) ([]journal.Record, error)
	// Image returns what a record's write changed; fault.NotFound when that is not kept.
	Image(ctx context.Context, id string) (journal.Image, error)
}

var _ Source = (directory.Reader)(nil)
