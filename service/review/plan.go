package review

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/plan"
)

// ID names a plan within its tenant: the application and a number that counts its plans, contoso-17.
type ID struct {
	App app.ID
	N   int64
}

// String writes the id as people see and type it.
func (id ID) String() string { return fmt.Sprintf("%s-%d", id.App, id.N) }

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseID(string(text))
	return err
}

// ParseID reads an id as String writes it; fault.Invalid when it is none.
func ParseID(text string) (ID, error) {
	i := strings.LastIndexByte(text, '-')
	if i > 0 {
		if n, err := strconv.ParseInt(text[i+1:], 10, 64); err == nil && n > 0 && text == fmt.Sprintf("%s-%d", text[:i], n) {
			return ID{app.ID(text[:i]), n}, nil
		}
	}
	return ID{}, fault.New(fault.Invalid, "read a plan's id", "%q is not the id of a plan", text).
		WithHint("an id looks like contoso-17; 'sallyport plan list' names those there are")
}

// Kind says what a plan came from.
type Kind string

// The kinds of plans.
const (
	Run    Kind = "run"    // a dry run of the whole job
	Undo   Kind = "undo"   // takes back what a run wrote
	Repair Kind = "repair" // puts right what somebody changed in the target by hand
)

// Status is where in its life a plan stands.
type Status string

// The life of a plan.
const (
	Making    Status = "making"    // rows are being added
	Ready     Status = "ready"     // complete; waits for somebody to approve it
	Applying  Status = "applying"  // approved; being carried out, or interrupted by a crash and to be resumed
	Applied   Status = "applied"   // every row has its outcome
	Discarded Status = "discarded" // nobody wants it
	Failed    Status = "failed"    // could not be made; Detail says why
	Expired   Status = "expired"   // nobody approved it in time
)

// Plan is the head of a stored plan; its rows are kept beside it.
type Plan struct {
	ID       ID        `json:"id"`
	Kind     Kind      `json:"kind"`
	Status   Status    `json:"status"`
	Version  int       `json:"version"`        // of the application's configuration it was made with
	Of       string    `json:"of,omitempty"`   // the run an undo takes back: the id of a cycle, a record or a plan
	Cycle    string    `json:"cycle"`          // the cycle id under which the journal records its application
	MadeBy   string    `json:"madeBy"`         // who asked for it
	Made     time.Time `json:"made,omitzero"`  // when making it began
	Ready    time.Time `json:"ready,omitzero"` // when it was complete
	Expires  time.Time `json:"expires,omitzero"`
	Approval *Approval `json:"approval,omitempty"`
	Ended    time.Time `json:"ended,omitzero"`   // applied, discarded or failed
	Looked   int       `json:"looked"`           // objects looked at
	Total    int       `json:"total"`            // objects to look at; -1 when not known
	Detail   string    `json:"detail,omitempty"` // why it failed
	Notes    []string  `json:"notes,omitempty"`  // what whoever approves it must know
}

// Approval says who released the plan, its disables and deletes included.
type Approval struct {
	By      string    `json:"by"`
	At      time.Time `json:"at,omitzero"`
	Deletes int       `json:"deletes"` // disables and deletes released with it
}

// Lifetime is how long a plan waits for approval unless told otherwise.
const Lifetime = 7 * 24 * time.Hour

// At returns the plan as it stands at the time: one that is ready and past its term has expired.
func (p Plan) At(now time.Time) Plan {
	if p.Status == Ready && !p.Expires.IsZero() && !now.Before(p.Expires) {
		p.Status = Expired
	}
	return p
}

// approve checks whether the plan can be carried out now, and marks it approved. One that was approved before is resumed.
func (p Plan) approve(by string, deletes int, now time.Time) (Plan, error) {
	op := "apply plan " + p.ID.String()
	switch p.At(now).Status {
	case Ready:
		p.Status, p.Approval = Applying, &Approval{By: by, At: now, Deletes: deletes}
		return p, nil
	case Applying:
		return p, nil
	case Making:
		return p, fault.New(fault.Conflict, op, "it is still being made").WithHint("wait until 'sallyport plan show %s' says ready", p.ID)
	case Expired:
		return p, fault.New(fault.Conflict, op, "it expired at %s", p.Expires.Format(time.DateTime)).
			WithHint("make a new one with 'sallyport plan create %s': much may have changed since", p.ID.App)
	}
	return p, fault.New(fault.Conflict, op, "it is %s already", p.Status).WithHint("make a new one with 'sallyport plan create %s'", p.ID.App)
}

// discard checks whether the plan can be thrown away, and marks it so.
func (p Plan) discard(now time.Time) (Plan, error) {
	switch p.Status {
	case Applying, Applied:
		return p, fault.New(fault.Conflict, "discard plan "+p.ID.String(), "it is %s", p.Status).
			WithHint("what it wrote is taken back with 'sallyport undo %s'", p.ID)
	case Discarded:
		return p, nil
	}
	p.Status, p.Ended = Discarded, now
	return p, nil
}

// Totals counts a plan's rows by verb and outcome.
type Totals map[plan.Verb]map[Outcome]int

// Of counts the rows of a verb, whatever became of them, but for those nothing can be done about.
func (t Totals) Of(v plan.Verb) (n int) {
	for o, c := range t[v] {
		if o != Impossible {
			n += c
		}
	}
	return n
}

// With counts the rows with an outcome, whatever their verb.
func (t Totals) With(o Outcome) (n int) {
	for _, by := range t {
		n += by[o]
	}
	return n
}

// Open counts the rows that are still to be carried out.
func (t Totals) Open() int { return t.With(Pending) + t.With(Begun) }
