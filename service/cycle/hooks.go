package cycle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// Object names an object of the directory.
type Object struct {
	Type entry.Type
	ID   string
}

// Precondition are fingerprints of what a plan was made from, in hexadecimal. "" is not looked at.
type Precondition struct {
	Source string `json:"source,omitempty"` // the object in the directory
	Link   string `json:"link,omitempty"`   // what the job remembers of it
	Target string `json:"target,omitempty"` // the attributes the plan writes, as the target held them
	Effect string `json:"effect,omitempty"` // verb and what is to be written
}

// PreconditionOf returns the fingerprints of a plan, for Apply.
func PreconditionOf(p plan.Plan) Precondition {
	return Precondition{Source: sourcePrint(p.Source), Link: linkPrint(p.Link), Target: targetPrint(p), Effect: effectPrint(p)}
}

// differs says what does not match any more, "" when all does.
func (c Precondition) differs(p plan.Plan) string {
	now := PreconditionOf(p)
	for _, x := range []struct{ what, want, have string }{
		{"the object in the directory", c.Source, now.Source},
		{"what the job remembers of it", c.Link, now.Link},
		{"what the target holds", c.Target, now.Target},
		{"what would be written", c.Effect, now.Effect},
	} {
		if x.want != "" && x.want != x.have {
			return x.what
		}
	}
	return ""
}

func sourcePrint(e entry.Entry) string {
	h := sha256.New()
	printAttrs(h, e.Attrs)
	return sum(h)
}

func linkPrint(l plan.Link) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q%t%t", l.Target, l.Active, l.Left)
	return sum(h)
}

func targetPrint(p plan.Plan) string {
	h := sha256.New()
	held := entry.Attrs{}
	for _, e := range p.Edits {
		held[e.Attr] = p.Have.Attrs[e.Attr]
	}
	printAttrs(h, held)
	return sum(h)
}

func effectPrint(p plan.Plan) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s%q", p.Verb, p.Type)
	if p.Verb == plan.Create {
		printAttrs(h, p.Want.Attrs)
	}
	for _, e := range p.Edits {
		fmt.Fprintf(h, "%d", e.Op)
		printAttrs(h, entry.Attrs{e.Attr: e.Values})
	}
	for _, r := range p.Refs {
		fmt.Fprintf(h, "%q%q", r.Attr, slices.Sorted(slices.Values(r.Targets)))
	}
	return sum(h)
}

// printAttrs writes attributes in one order; the order of values does not count.
func printAttrs(w io.Writer, a entry.Attrs) {
	for _, name := range slices.Sorted(maps.Keys(a)) {
		texts := make([]string, len(a[name]))
		for i, v := range a[name] {
			texts[i] = printValue(v)
		}
		slices.Sort(texts)
		fmt.Fprintf(w, "%q%q", name, texts)
	}
}

func printValue(v entry.Value) string {
	switch v := v.(type) {
	case time.Time:
		return "t" + v.UTC().Format(time.RFC3339Nano)
	case entry.Ref:
		return "r" + v.ID
	}
	return fmt.Sprintf("%T%v", v, v) // fmt sorts the keys of maps
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }

// Compensation is a write spelt out: it goes out as it stands, with intent, outcome and journal record like any other.
type Compensation struct {
	Object Object     // the object of the directory it is about; may be gone
	Name   string     // what people call it
	Type   entry.Type // type at the target
	Target string     // target id; "" for a create
	Verb   plan.Verb  // Create, Update, Disable or Delete
	Create entry.Attrs
	Edits  []entry.Edit
	Reason string // plain words for the journal
	// Expect are attributes the target must still hold so; any other value is fault.Conflict and nothing is written.
	Expect entry.Attrs
	Link   bool // remember the pair afterwards
	Unlink bool // forget the pair afterwards
}

// EventKind says what happened to a job.
type EventKind string

// The events.
const (
	QuarantineBegan EventKind = "quarantineBegan" // or its reason changed
	QuarantineEnded EventKind = "quarantineEnded"
	DeletionsHeld   EventKind = "deletionsHeld" // a cycle held more than were held before
	CycleFailed     EventKind = "cycleFailed"   // a cycle ended early
	JobDisabled     EventKind = "jobDisabled"   // quarantined for 28 days
	CycleEnded      EventKind = "cycleEnded"    // a cycle that looked at something ran to its end
)

// Event is told to the Observer after it is on disk.
type Event struct {
	Kind       EventKind
	Job        JobID
	At         time.Time
	Cycle      string      // id of the cycle, "" when none was running
	Quarantine *Quarantine // the one that began or ended
	Held       int         // deletions that wait for a release now
	Last       *Progress   // the cycle's counts, when one ended
	Detail     string      // plain words
	Hint       string      // what to try next
}

// Observer is told what happens to jobs of the tenant in the context. It must return soon: the job waits for it.
type Observer interface {
	Observe(ctx context.Context, e Event)
}

// Origin says of an attribute that was written where its value came from.
type Origin = journal.Origin
