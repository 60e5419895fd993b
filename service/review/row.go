package review

import (
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Row is what is to be done to one object. Its id is its place in the plan; rows are carried out in that order.
type Row struct {
	Seq     int64              `json:"seq"` // from 1 on, given when the row is added
	Source  journal.Identity   `json:"source"`
	Target  journal.Identity   `json:"target"` // without an ID when the object is to be created
	Verb    plan.Verb          `json:"verb"`
	Code    string             `json:"code,omitempty"`
	Reason  string             `json:"reason"`
	Hint    string             `json:"hint,omitempty"`
	Changes []journal.Change   `json:"changes,omitempty"` // before and after for each attribute, as people read them
	Expect  cycle.Precondition `json:"expect,omitzero"`   // what the row was made from
	Late    []string           `json:"late,omitempty"`    // reference attributes that wait for somebody who is not in the target yet
	Write   *Write             `json:"-"`                 // exactly what is sent, for a row that no mapping yields (undo); nil: planned anew and compared
	Outcome Outcome            `json:"outcome"`
	Detail  string             `json:"detail,omitempty"` // why it was refused or failed
	Done    time.Time          `json:"done,omitzero"`
}

// Write is a write spelt out. After it the pair of Source and Target is remembered, or forgotten, when it says so.
type Write struct {
	Edits  []entry.Edit // of an update or disable
	Create entry.Attrs  // of a create
	Expect entry.Attrs  // what the target must still hold of these attributes; anything else refuses the row
	Link   bool
	Unlink bool
}

// Outcome is what became of a row.
type Outcome string

// The outcomes.
const (
	Pending    Outcome = "pending"    // not looked at yet
	Begun      Outcome = "begun"      // being carried out; after a crash nobody knows how far it got
	Done       Outcome = "applied"    // carried out
	Refused    Outcome = "refused"    // the object moved on since the plan was made
	Broken     Outcome = "failed"     // the target, or the way there, refused it
	Impossible Outcome = "impossible" // nothing can be done about this object; the reason says why
)

// Link is the verb of a row that writes nothing: object and account were found to match, hold the same, and are remembered as a pair.
// Whoever refers to the object, as a group does to its members, can do so from then on.
const Link plan.Verb = "link"

// pairs reports whether all a plan comes to is a pair that nobody remembers yet.
func pairs(p plan.Plan) bool {
	return p.Verb == plan.Skip && p.Code == "RedundantExport" && p.Link.Target != "" && p.Link.Digest == nil && !p.Link.Active && !p.Link.Left
}

// Name is what people call the object.
func (r Row) Name() string {
	if r.Source.Name != "" {
		return r.Source.Name
	}
	if r.Target.Name != "" {
		return r.Target.Name
	}
	if r.Source.ID != "" {
		return r.Source.Type + " " + r.Source.ID
	}
	return r.Target.Type + " " + r.Target.ID
}
