package notify

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
)

const day = 24 * time.Hour

// ofState returns what people must know of a job that is in this state, nil when all is well. As long as the state lasts, the events have the
// same keys on one day, so that seeing it again tells nobody anything new.
func ofState(a app.App, st cycle.State, held int, now time.Time) []Event {
	q := st.Quarantine
	switch {
	case q == nil:
		return nil
	case q.Reason == cycle.ReasonDeletes:
		return []Event{ofHeld(a, *q, held, now)}
	}
	return []Event{ofQuarantine(a, *q, now)}
}

// key names an event by what it is about, when it began, and on which day of its life it is: one message a day at most.
func key(k Kind, a app.ID, since, now time.Time) string {
	return fmt.Sprintf("%s/%s/%d/%d", k, a, since.Unix(), int(max(0, now.Sub(since))/day))
}

func ofHeld(a app.App, q cycle.Quarantine, held int, now time.Time) Event {
	people := "Disables and deletes"
	if held > 0 {
		people = fmt.Sprintf("%d disables and deletes", held)
	}
	return Event{
		Key: key(Held, a.ID, q.Since, now), Kind: Held, App: a.ID, At: now,
		Title: fmt.Sprintf("%s: %s are held", a.Name, strings.ToLower(people[:1])+people[1:]),
		What:  fmt.Sprintf("%s in %s reach the limit, so none of them is carried out. %s", people, a.Name, q.Detail),
		Means: "The people concerned keep their accounts for now. Everybody else is provisioned as usual.",
		Next: fmt.Sprintf("Look at who is held:\n  sallyport job status %[1]s\nIf they shall lose their accounts, release them:\n  sallyport job restart %[1]s --allow-deletes\n"+
			"If not, correct the directory or the scoping filter; who belongs again is no longer held.", a.ID),
	}
}

func ofQuarantine(a app.App, q cycle.Quarantine, now time.Time) Event {
	e := Event{
		Key: key(Quarantine, a.ID, cmp.Or(q.Began, q.Since), now), Kind: Quarantine, App: a.ID, At: now,
		Title: fmt.Sprintf("%s: the job is in quarantine", a.Name),
		What:  fmt.Sprintf("The job of %s has been slowed down since %s: %s. %s", a.Name, q.Since.UTC().Format("2006-01-02 15:04 MST"), plainReason(q.Reason), q.Detail),
		Means: "Changes in the directory do not reach the application until it is over. Nothing is lost: they are caught up.",
		Next:  q.Hint,
	}
	if !q.Next.IsZero() {
		e.Means += fmt.Sprintf(" The job tries again by itself at %s.", q.Next.UTC().Format("2006-01-02 15:04 MST"))
	}
	if e.Next != "" {
		e.Next += "\n"
	}
	e.Next += fmt.Sprintf("Once the cause is removed, let it go on at once:\n  sallyport job start %s", a.ID)
	return e
}

// plainReason says in words what a reason means.
func plainReason(reason string) string {
	switch reason {
	case cycle.ReasonException:
		return "the target could not be worked with"
	case cycle.ReasonProportion, cycle.ReasonBase:
		return "too many objects failed"
	}
	return reason
}

func ofFailure(a app.App, o cycle.Event) Event {
	e := Event{
		Key: key(Failure, a.ID, o.At.Truncate(day), o.At), Kind: Failure, App: a.ID, At: o.At,
		Title: fmt.Sprintf("%s: the job failed", a.Name),
		What:  fmt.Sprintf("A cycle of %s ended before it was through: %s", a.Name, o.Detail),
		Means: "Some changes in the directory have not reached the application yet. The next cycle goes on where this one ended.",
		Next:  o.Hint,
	}
	if o.Kind == cycle.JobDisabled {
		e.Title = fmt.Sprintf("%s: the job was switched off", a.Name)
		e.Means = "Nobody is provisioned into the application any more until somebody starts the job again. What was done stays."
	}
	if e.Next == "" {
		e.Next = fmt.Sprintf("Look at the job and its last records:\n  sallyport job status %[1]s\n  sallyport journal --job %[1]s --status failure", a.ID)
	}
	return e
}

func ofRecovery(a app.App, o cycle.Event) Event {
	since := o.At
	if o.Quarantine != nil {
		since = o.Quarantine.Since
	}
	return Event{
		Key: fmt.Sprintf("%s/%s/%d", Recovered, a.ID, since.Unix()), Kind: Recovered, App: a.ID, At: o.At,
		Title: fmt.Sprintf("%s: the job works again", a.Name),
		What:  fmt.Sprintf("The quarantine of %s is over after %s.", a.Name, o.At.Sub(since).Round(time.Minute)),
		Means: "Changes in the directory reach the application again; what waited is being caught up.",
		Next:  "Nothing. What could not be done for single people is listed by:\n  sallyport job escrows " + string(a.ID),
	}
}

// ofDrift is the event of a look at a target that found new differences.
func ofDrift(a app.App, run int64, changed, removed int, now time.Time) Event {
	return Event{
		Key: fmt.Sprintf("%s/%s/%d", Drift, a.ID, run), Kind: Drift, App: a.ID, At: now,
		Title: fmt.Sprintf("%s: %d objects were changed or removed by hand", a.Name, changed+removed),
		What:  fmt.Sprintf("%d objects in %s hold something else than was written there, and %d are gone.", changed, a.Name, removed),
		Means: "Somebody works on the same accounts. Until it is repaired or accepted, the application and the directory disagree.",
		Next:  fmt.Sprintf("See what differs:\n  sallyport drift report %[1]s\nPut it right:\n  sallyport drift repair %[1]s\nOr let it stay:\n  sallyport drift accept %[1]s", a.ID),
	}
}

func ofTest(now time.Time) Event {
	return Event{
		Key: fmt.Sprintf("%s/%d", Test, now.UnixNano()), Kind: Test, At: now,
		Title: "a test message",
		What:  "Somebody asked for this message with 'sallyport notify test'.",
		Means: "Messages of this channel arrive.",
		Next:  "Nothing.",
	}
}
