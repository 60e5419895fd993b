package drift

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/journal"
)

// What is the sort of a finding.
type What string

// The sorts of findings.
const (
	Changed What = "changed" // an attribute holds something else than was written
	Removed What = "removed" // the object is gone, though its person still belongs there
	Orphan  What = "orphan"  // an object that no person in the directory is linked with, or matches
)

// State is what was decided about a finding.
type State string

// The states.
const (
	Open     State = "open"     // nothing yet
	Accepted State = "accepted" // it may stay so, until the directory asks for another value
)

// Finding is one difference between the target and what links and mappings want. Its key is Target and Attr.
type Finding struct {
	What   What             `json:"what"`
	Source journal.Identity `json:"source"` // who the object is linked with; empty for an orphan
	Target journal.Identity `json:"target"`
	Attr   string           `json:"attribute,omitempty"` // of a Changed one
	Wanted string           `json:"wanted,omitempty"`
	Found  string           `json:"found,omitempty"`
	State  State            `json:"state"`
	By     string           `json:"acceptedBy,omitempty"`
	Since  time.Time        `json:"since,omitzero"` // first seen so
	Print  string           `json:"-"`              // fingerprint of wanted and found; another one opens the finding anew
}

// fingerprint gives the finding its Print.
func (f Finding) fingerprint(wanted, found []entry.Value) Finding {
	h := sha256.New()
	for _, part := range []string{string(f.What), digest(wanted), digest(found)} {
		h.Write([]byte(part + "\n"))
	}
	f.Print = hex.EncodeToString(h.Sum(nil)[:12])
	return f
}

// Report is what one look at a target came to.
type Report struct {
	App      app.ID    `json:"app"`
	Run      int64     `json:"run"` // counts the looks
	Began    time.Time `json:"began,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Looked   int       `json:"looked"`  // objects of the target
	Linked   int       `json:"linked"`  // of them linked with somebody
	Pending  int       `json:"pending"` // linked, and different because the directory changed and the next cycle has not written it yet
	Changed  int       `json:"changed"` // objects with open findings of each sort
	Removed  int       `json:"removed"`
	Orphans  int       `json:"orphans"`
	Accepted int       `json:"accepted"`
	Failed   int       `json:"failed"` // objects that could not be compared
	Error    string    `json:"error,omitempty"`
}

// Query selects findings; zero fields do not restrict.
type Query struct {
	What  What
	State State
	User  string // source id, the source's name without regard to case, or target id
	After Key    // of the last finding seen
	Limit int    // default 100
}

// Key is a finding's place within its application.
type Key struct {
	Type   string // of the target object
	Target string
	Attr   string
}

// Key returns the finding's place.
func (f Finding) Key() Key { return Key{f.Target.Type, f.Target.ID, f.Attr} }

// Store keeps what was found, of the tenant in the context.
type Store interface {
	// Note stores findings of a run. One that is there with the same Print keeps its state and since when it is known.
	Note(ctx context.Context, a app.ID, run int64, fs []Finding) error
	// Finish stores the report of a run that looked at everything, with the numbers of findings it leaves, and drops what earlier runs noted and
	// it did not see.
	Finish(ctx context.Context, r Report) (Report, error)
	// Last returns the last report; fault.NotFound when there is none.
	Last(ctx context.Context, a app.ID) (Report, error)
	// Findings returns a page of findings in the order of Key.
	Findings(ctx context.Context, a app.ID, q Query) ([]Finding, error)
	// Accept marks a finding accepted by somebody; fault.NotFound when it is not there any more.
	Accept(ctx context.Context, a app.ID, k Key, by string) error
}
