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

// Confirmer is a Target that can say whether it looks for an object with the same names itself before it makes one, as our host
// does. Others are asked once more before each create that was decided on what was read ahead: a listing may lack somebody.
type Confirmer interface{ Confirms() bool }

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
	Holds
	Dues
	Rosters
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
	// LinkCounts counts the active pairs by type. It reads all of them.
	LinkCounts(ctx context.Context, job JobID) (map[entry.Type]int, error)
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
	// Escrow returns the escrow of one object; false when it has none.
	Escrow(ctx context.Context, job JobID, source string) (Escrow, bool, error)
	// NextDue returns when the next escrow is due; the zero time when there is none.
	NextDue(ctx context.Context, job JobID) (time.Time, error)
	// Waiting returns the source ids of objects whose references to the source object could not be resolved yet.
	Waiting(ctx context.Context, job JobID, source string) ([]string, error)
	// Arrived yields the linked objects that wait for somebody who is linked by now, in the order of source id.
	Arrived(ctx context.Context, job JobID) iter.Seq2[Object, error]
}

// Holds keeps disables and deletes until the whole number of them is known, and after that until somebody releases them.
type Holds interface {
	// Hold stores entries; one that is there already keeps its Since, Released and Told.
	Hold(ctx context.Context, job JobID, es []HeldEntry) error
	// HeldCount counts them.
	HeldCount(ctx context.Context, job JobID) (HeldCount, error)
	// Held yields entries in the order of source id, after the id given: all, or only those that are released.
	Held(ctx context.Context, job JobID, after string, released bool) iter.Seq2[HeldEntry, error]
	// Release marks held entries as released, all when none is named, and returns how many it marked. A source that is not
	// held is left out. When some are named, all others are kept: they wait for a release of their own, whatever the limits say.
	Release(ctx context.Context, job JobID, sources []string) (int, error)
	// TellHeld marks up to limit held entries that the journal does not know of, and stores the records tell makes of them in the
	// same transaction. It returns how many it marked.
	TellHeld(ctx context.Context, job JobID, limit int, tell func([]HeldEntry) []journal.Record) (int, error)
}

// Dues keeps objects that shall be looked at in the next cycle whatever the change log says: because somebody was assigned,
// or ordered it.
type Dues interface {
	// Order asks for objects to be looked at.
	Order(ctx context.Context, job JobID, ds []Due) error
	// Ordered returns up to limit orders after the position, in the order of Seq.
	Ordered(ctx context.Context, job JobID, after int64, limit int) ([]Due, error)
	// Served forgets the orders up to the position.
	Served(ctx context.Context, job JobID, upTo int64) error
	// AwaitOrder returns nil as soon as something is ordered; ctx's error when ctx ends.
	AwaitOrder(ctx context.Context, job JobID) error
}

// Rosters remembers how far the memberships of a group are in the target.
type Rosters interface {
	// Mark returns the position, false when the group's memberships were never written whole.
	Mark(ctx context.Context, job JobID, group string) (int64, bool, error)
	// Awaited returns up to limit pairs of objects the group waits for that are linked by now.
	Awaited(ctx context.Context, job JobID, group string, limit int) ([]plan.Link, error)
}

// Due is an object to be looked at.
type Due struct {
	Seq    int64 // given by Order
	Object Object
	Reach  bool // the members of this group too
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
	Names  []Name // of a create: what its object can be found by when the answer gets lost
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
	Wanted  []string  // source ids of objects that wait for this one from now on
	Members *MemberMarks
	Stays   bool // the object is held no longer
	Records []journal.Record
}

// MemberMarks is what came of a group's memberships. With it, Waiting is left alone: Add and Drop change it.
type MemberMarks struct {
	Mark int64    // memberships are in the target up to this position of the directory; 0: not known any more; -1: as before
	Add  []string // members that are not linked yet
	Drop []string // members that wait no longer
	All  bool     // nobody else waits: what was remembered before is replaced by Add
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
	Mode        Mode                `json:"mode"`
	Watermark   directory.Watermark `json:"watermark"`         // everything up to here is settled
	Initial     bool                `json:"initial"`           // the initial cycle has been completed
	Version     int                 `json:"version"`           // app version of the last cycle begun
	Taken       int                 `json:"taken,omitempty"`   // app version whose taking-up ended a quarantine and dropped the escrows
	Resets      int                 `json:"resets"`            // counts resets, so that a cycle that ends notices one that came meanwhile
	Reading     *Reading            `json:"reading,omitempty"` // how far an initial cycle got that was stopped
	Quarantine  *Quarantine         `json:"quarantine,omitempty"`
	Disabled    string              `json:"disabled,omitempty"`    // why the engine itself switched the job off; a start takes it back
	Pruned      bool                `json:"escrowsPruned"`         // an initial cycle reached a threshold of failures: its escrows were dropped
	Running     *Progress           `json:"running,omitempty"`     // the cycle that runs now
	Last        *Progress           `json:"last,omitempty"`        // the last one that ended
	Success     *Progress           `json:"lastSuccess,omitempty"` // the last one that ended without any failure
	Exported    *Progress           `json:"lastExport,omitempty"`  // the last of those that wrote something
	Failures    int                 `json:"failures"`              // cycles in a row that ended early
	SteadyFirst time.Time           `json:"steadyFirst,omitzero"`  // when an initial cycle was first completed
	SteadyLast  time.Time           `json:"steadyLast,omitzero"`   // when the job last had nothing left to do
	HeldCount   int                 `json:"heldCount"`             // deletions that wait for a release
	Held        []HeldEntry         `json:"held,omitempty"`        // the first of them; only Status fills it in
	Released    bool                `json:"released"`              // ForceDeletes: the next cycle may carry out whatever leaves
	Leavers     Leavers             `json:"leavers,omitzero"`      // disables and deletes of late, so that many small cycles do not get around the limit
	Effect      Histogram           `json:"effect,omitzero"`       // time from a directory change to its success in the target
	Links       map[entry.Type]int  `json:"links,omitempty"`       // active pairs by type
	Edge        int64               `json:"edge,omitempty"`        // memberships of the directory up to here were looked at
}

// Reading is the place an initial cycle got to.
type Reading struct {
	Place   directory.Watermark `json:"place"` // everything before it is settled
	Start   directory.Watermark `json:"start"` // the change log when the cycle began
	Count   Progress            `json:"count"`
	Version int                 `json:"version"` // app version it reads for
	Edge    int64               `json:"edge"`    // memberships when it began
}

// Leavers counts disables and deletes: within one interval of the schedule, and in each of the last 24 hours.
type Leavers struct {
	Since time.Time `json:"since,omitzero"`
	Count int       `json:"count"`
	Hour  int64     `json:"hour,omitempty"` // hours since 1970 of the newest entry of Day
	Day   []int     `json:"day,omitempty"`  // newest first
}

// Quarantine says why and since when the job is slowed.
type Quarantine struct {
	Reason string    `json:"reason"` // EncounteredQuarantineException, TooManyDeletes, …
	Detail string    `json:"detail"`
	Hint   string    `json:"hint"`
	Since  time.Time `json:"since,omitzero"` // when the series began
	Began  time.Time `json:"began,omitzero"` // when it got its present reason
	Next   time.Time `json:"next,omitzero"`  // when the job tries again by itself; zero: as ever
	Series int       `json:"series"`         // tries that led to it
}

// HeldEntry is a deletion or disable that waits: for the end of the cycle, or for a release.
type HeldEntry struct {
	Source   string     `json:"source"`
	Type     entry.Type `json:"type"`
	Verb     plan.Verb  `json:"verb"`
	Name     string     `json:"name"`
	Since    time.Time  `json:"since,omitzero"`
	Released bool       `json:"released,omitempty"`
	Kept     bool       `json:"kept,omitempty"` // somebody released others and left this one
}

// HeldCount counts held entries.
type HeldCount struct {
	All      int
	Released int
	Kept     int
}

// Progress counts a cycle.
type Progress struct {
	Cycle      string        `json:"cycle"` // id of the cycle
	Kind       string        `json:"kind"`  // "initial" or "incremental"
	Phase      string        `json:"phase"` // "users", "groups", "references", "deletions"
	Began      time.Time     `json:"began,omitzero"`
	Ended      time.Time     `json:"ended,omitzero"` // zero while running
	Total      int           `json:"total"`          // objects to look at, -1 when unknown
	Done       int           `json:"done"`
	Created    int           `json:"created"`
	Updated    int           `json:"updated"`
	Disabled   int           `json:"disabled"`
	Deleted    int           `json:"deleted"`
	Skipped    int           `json:"skipped"`
	Failed     int           `json:"failed"`
	References int           `json:"references,omitempty"` // of the failures, those of references that could not be resolved
	Requests   int           `json:"requests"`             // asked of the target
	Remaining  time.Duration `json:"remaining,omitempty"`  // estimate of a running cycle in nanoseconds; 0 when unknown
	LastError  string        `json:"lastError"`
	Waiting    string        `json:"waiting"` // why requests are held back now: the target is away, or asked for time
}
