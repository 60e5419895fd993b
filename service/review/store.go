package review

import (
	"context"
	"iter"
	"time"

	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Store keeps plans of the tenant in the context.
type Store interface {
	Plans
	Rows
}

// Plans keeps the heads of plans.
type Plans interface {
	// Add stores a new plan and returns it with its ID, whose number is one more than that of the application's last plan.
	Add(ctx context.Context, p Plan) (Plan, error)
	// Plan returns a plan; fault.NotFound when absent.
	Plan(ctx context.Context, id ID) (Plan, error)
	// List returns the plans of an application, or of all when it is "", the newest first.
	List(ctx context.Context, a app.ID) ([]Plan, error)
	// Revise applies fn to a plan in one transaction; fn may run twice. fault.NotFound when absent.
	Revise(ctx context.Context, id ID, fn func(Plan) (Plan, error)) (Plan, error)
	// Retain drops plans that were made before the time and are not being applied, with their rows, and returns how many.
	Retain(ctx context.Context, before time.Time) (int, error)
}

// Rows keeps what plans consist of. A row is added once, and then only its outcome changes.
type Rows interface {
	// Append adds rows after those that are there, in one transaction. Whatever Seq they have is replaced.
	Append(ctx context.Context, id ID, rows []Row) error
	// Find returns a page of rows in the order of Seq.
	Find(ctx context.Context, id ID, q Query) ([]Row, error)
	// Sorted yields all rows in the order of source type, source id, target id and Seq, page by page.
	Sorted(ctx context.Context, id ID) iter.Seq2[Row, error]
	// Count counts the rows by verb and outcome.
	Count(ctx context.Context, id ID) (Totals, error)
	// Settle writes down what became of a row; fault.NotFound when it is absent.
	Settle(ctx context.Context, id ID, seq int64, o Outcome, detail string, at time.Time) error
}

// Query selects rows; zero fields do not restrict.
type Query struct {
	Verb    plan.Verb
	Outcome Outcome
	User    string // source id, or the source's name without regard to case
	After   int64  // Seq of the last row seen
	Limit   int    // default 100
}
