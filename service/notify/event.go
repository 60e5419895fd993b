package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/service/app"
)

// Kind is the sort of an event.
type Kind string

// The kinds of events.
const (
	Quarantine Kind = "quarantine" // the job was slowed because the target refuses, or too much fails
	Held       Kind = "held"       // disables and deletes wait for a release
	Failure    Kind = "failure"    // the job ends its cycles early
	Recovered  Kind = "recovered"  // what was told of before is over
	Drift      Kind = "drift"      // somebody changed the target by hand
	Test       Kind = "test"       // somebody wants to see whether messages arrive
)

// Kinds returns every kind.
func Kinds() []Kind { return []Kind{Quarantine, Held, Failure, Recovered, Drift, Test} }

// Event is something that people must know. It holds no secret.
type Event struct {
	Key   string    `json:"id"` // the same for the same event, however often it is seen
	Kind  Kind      `json:"kind"`
	App   app.ID    `json:"app,omitempty"`
	At    time.Time `json:"at,omitzero"`
	Title string    `json:"title"`
	What  string    `json:"what"`           // what happened
	Means string    `json:"means"`          // what that means for people and accounts
	Next  string    `json:"next"`           // what to do now
	Link  string    `json:"link,omitempty"` // where to look
}

// Text is the event as plain text, as e-mails carry it.
func (e Event) Text() string {
	var b strings.Builder
	part := func(title, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%s\n  %s\n\n", title, strings.ReplaceAll(text, "\n", "\n  "))
		}
	}
	part("What happened", e.What)
	part("What it means", e.Means)
	part("What to do next", e.Next)
	part("Where to look", e.Link)
	if !e.At.IsZero() {
		fmt.Fprintf(&b, "Seen %s. Message %s.\n", e.At.UTC().Format("2006-01-02 15:04:05 MST"), e.Key)
	}
	return b.String()
}
