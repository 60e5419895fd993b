package cycle

import (
	"context"
	"iter"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/match"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Target is the application as the engine sees it. Entries carry target attribute paths as in app.Mapping.Target.
// Errors are faults; after fault.Timeout the effect is unknown.
type Target interface {
	match.Finder
	// Get reads one object; fault.NotFound when it is gone.
	Get(ctx context.Context, t entry.Type, id string) (entry.Entry, error)
	// Create makes the object and returns it with the id the target chose. The idempotency key travels in ctx (see WithKey).
	Create(ctx context.Context, e entry.Entry) (entry.Entry, error)
	// Update applies edits. It returns the object's id afterwards, which differs from id only when the target renamed it.
	Update(ctx context.Context, t entry.Type, id string, edits []entry.Edit) (string, error)
	// Delete removes the object; one that is gone already is no error.
	Delete(ctx context.Context, t entry.Type, id string) error
}

// Lister is a Target that can hand out everything it holds, for the prefetch of an initial cycle.
type Lister interface {
	// List yields every object of the type once. An error ends the sequence and makes what came before unusable.
	List(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error]
}

type keyKey struct{}

// WithKey returns a context whose write carries the idempotency key.
func WithKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, keyKey{}, key)
}

// Key returns the idempotency key of a write, "" when it has none.
func Key(ctx context.Context) string { k, _ := ctx.Value(keyKey{}).(string); return k }

// JobID names a job; one application has one job, with the same id.
type JobID = app.ID

// Ledger is a job's memory, of the tenant in the context. Every method that writes returns only after the record is on disk.
// Methods may be called from many goroutines at once; storage groups their commits.
type Ledger interface {
	Pairs
	Outcomes
	Failures
	States
}

// Pairs remembers which source object is which target object.
type Pairs interface {
	// Link returns the remembered pair of a source object, the zero Link when there is none.
	Link(ctx context.Context, job JobID, source string) (plan.Link, error)
	// Links returns the pairs of several source objects at once, by source id; absent ones are left out.
	Links(ctx context.Context, job JobID, sources []string) (map[string]plan.Link, error)
	// AllLinks yields every pair of the job, in the order of source id.
	AllLinks(ctx context.Context, job JobID) iter.Seq2[plan.Link, error]
	// LinkOf returns the pair that holds a target object, the zero Link when there is none.
	LinkOf(ctx context.Context, job JobID, t entry.Type, target string) (plan.Link, error)
}

// Outcomes keeps what is about to be done until it is known what came of it.
type Outcomes interface {
	// Intend writes down what is about to be done. The receipt's Key is the idempotency key of the write.
	Intend(ctx context.Context, job JobID, i Intent) (Receipt, error)
	// Settle writes down what came of it with its journal records, and drops the intent, in one transaction. A receipt without
	// Key settles something that needed no intent.
	Settle(ctx context.Context, r Receipt, o Outcome) error
	// Intents yields what was intended and never settled: the work a crash interrupted.
	Intents(ctx context.Context, job JobID) iter.Seq2[Receipt, error]
}

// Failures keeps what could not be done yet.
type Failures interface {
	// Escrows yields the failed entries that are due at the time, oldest first; the zero time yields all.
	Escrows(ctx context.Context, job JobID, due time.Time) iter.Seq2[Escrow, error]
	// Waiting yields the source ids of objects whose references to the source object could not be resolved yet.
	Waiting(ctx context.Context, job JobID, source string) ([]string, error)
}

// States keeps what a job knows about itself.
type States interface {
	// State returns the job's state; the zero State when it never ran.
	State(ctx context.Context, job JobID) (State, error)
	// SetState applies fn to the job's state in one transaction; fn may run twice.
	SetState(ctx context.Context, job JobID, fn func(State) (State, error)) (State, error)
	// Reset forgets parts of the job's memory.
	Reset(ctx context.Context, job JobID, r Reset) error
}

// Intent is a write about to happen.
type Intent struct {
	Source string // source id
	Type   entry.Type
	Verb   plan.Verb
	Target string // target id; "" for a create
}

// Receipt stands for an Intent written down.
type Receipt struct {
	Job    JobID
	Key    string // unique; "" when nothing was intended
	Intent Intent
}

// Outcome is what came of an object. Exactly one of three: it is linked (Link set), it failed (Escrow set), or it is to be
// forgotten (Unlink true). None of them set: nothing to remember beyond clearing the object's escrow.
// The journal's records about it are part of the outcome: they are stored in the same transaction, so that after a crash
// neither exists without the other.
type Outcome struct {
	Link    plan.Link // non-zero: remember this pair; clears the object's escrow
	Unlink  bool      // forget the pair
	Escrow  *Escrow   // put the object aside
	Waiting []string  // source ids this object refers to that are not linked yet; replaces what was remembered
	Records []journal.Record
}

// Escrow is a failed entry put aside.
type Escrow struct {
	Source   string     `json:"source"`
	Type     entry.Type `json:"type"`
	Code     string     `json:"code"`   // log code: EntryConflict, MissingValues, …
	Reason   string     `json:"reason"` // plain words with the target's own text
	Hint     string     `json:"hint"`
	First    time.Time  `json:"first,omitzero"` // first failure
	Next     time.Time  `json:"next,omitzero"`  // not before
	Attempts int        `json:"attempts"`
}

// Reset says what a restart forgets.
type Reset struct{ Watermark, Escrows, Quarantine, Links bool }

// Mode is what an administrator asked of the job.
type Mode string

// The modes.
const (
	Paused  Mode = "Paused"
	Running Mode = "Active"
)

// State is what a job remembers about itself.
type State struct {
	Mode       Mode                `json:"mode"`
	Watermark  directory.Watermark `json:"watermark"` // everything up to here is settled
	Initial    bool                `json:"initial"`   // the initial cycle has been completed
	Version    int                 `json:"version"`   // app version of the last cycle begun
	Resets     int                 `json:"resets"`    // counts resets, so that a cycle that ends notices one that came meanwhile
	Quarantine *Quarantine         `json:"quarantine,omitempty"`
	Running    *Progress           `json:"running,omitempty"` // the cycle that runs now
	Last       *Progress           `json:"last,omitempty"`    // the last one that ended
	Held       []HeldEntry         `json:"held,omitempty"`    // deletions held by the limit
	Released   bool                `json:"released"`          // ForceDeletes: the next cycle may carry out what is held
	Leavers    Leavers             `json:"leavers,omitzero"`  // disables and deletes of late, so that many small cycles do not get around the limit
}

// Leavers counts disables and deletes within one interval of the schedule.
type Leavers struct {
	Since time.Time `json:"since,omitzero"`
	Count int       `json:"count"`
}

// Quarantine says why and since when the job is slowed.
type Quarantine struct {
	Reason string    `json:"reason"` // EncounteredQuarantineException, TooManyDeletes, …
	Detail string    `json:"detail"`
	Hint   string    `json:"hint"`
	Since  time.Time `json:"since,omitzero"`
	Next   time.Time `json:"next,omitzero"`
	Series int       `json:"series"`
}

// HeldEntry is a deletion or disable that waits for a release.
type HeldEntry struct {
	Source string     `json:"source"`
	Type   entry.Type `json:"type"`
	Verb   plan.Verb  `json:"verb"`
	Name   string     `json:"name"`
}

// Progress counts a cycle.
type Progress struct {
	Cycle     string    `json:"cycle"` // id of the cycle
	Kind      string    `json:"kind"`  // "initial" or "incremental"
	Phase     string    `json:"phase"` // "users", "groups", "references", "deletions"
	Began     time.Time `json:"began,omitzero"`
	Ended     time.Time `json:"ended,omitzero"` // zero while running
	Total     int       `json:"total"`          // objects to look at, -1 when unknown
	Done      int       `json:"done"`
	Created   int       `json:"created"`
	Updated   int       `json:"updated"`
	Disabled  int       `json:"disabled"`
	Deleted   int       `json:"deleted"`
	Skipped   int       `json:"skipped"`
	Failed    int       `json:"failed"`
	Requests  int       `json:"requests"` // asked of the target
	LastError string    `json:"lastError"`
	Waiting   string    `json:"waiting"` // why requests are held back now: the target is away, or asked for time
}
