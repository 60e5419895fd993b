package notify

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
)

// States reads what jobs know about themselves.
type States interface {
	// State returns the job's state; the zero State when it never ran.
	State(ctx context.Context, job cycle.JobID) (cycle.State, error)
}

// Apps reads applications.
type Apps interface {
	Get(ctx context.Context, id app.ID) (app.App, error)
	List(ctx context.Context) ([]app.App, error)
}

// Parts is what a Notifier works with.
type Parts struct {
	Config Config
	Outbox Outbox
	Apps   Apps
	States States
	Logger *slog.Logger
}

// Notifier notices what people must know and tells them. What it noticed is in the outbox before anything is sent.
type Notifier struct {
	Parts
	wake chan struct{}
}

// New makes a notifier; Run makes it work.
func New(p Parts) *Notifier {
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	return &Notifier{Parts: p, wake: make(chan struct{}, 1)}
}

var _ cycle.Observer = (*Notifier)(nil)

// Observe implements cycle.Observer: what a job tells is put into the outbox.
func (n *Notifier) Observe(ctx context.Context, o cycle.Event) {
	if err := n.observe(ctx, o); err != nil && ctx.Err() == nil {
		n.Logger.Error("a message could not be kept", "job", o.Job, "error", err)
	}
}

func (n *Notifier) observe(ctx context.Context, o cycle.Event) error {
	if o.Kind == cycle.CycleEnded {
		return nil
	}
	a, err := n.Apps.Get(ctx, o.Job)
	if err != nil {
		return err
	}
	a = a.WithDefaults()
	var es []Event
	switch o.Kind {
	case cycle.QuarantineBegan, cycle.DeletionsHeld:
		es = ofState(a, cycle.State{Quarantine: o.Quarantine}, o.Held, o.At)
	case cycle.QuarantineEnded:
		es = []Event{ofRecovery(a, o)}
	case cycle.CycleFailed, cycle.JobDisabled:
		if o.Kind == cycle.CycleFailed && o.Quarantine != nil {
			return nil // the quarantine says more
		}
		es = []Event{ofFailure(a, o)}
	}
	return n.Tell(ctx, a, es...)
}

// Tell puts events about an application into the outbox of everybody who is told about it. Events that were told before are left out.
func (n *Notifier) Tell(ctx context.Context, a app.App, es ...Event) error {
	var ms []Message
	for _, e := range es {
		if !n.Config.wants(e.Kind) {
			continue
		}
		e.Link = strings.ReplaceAll(n.Config.Link, "{app}", string(a.ID))
		for _, c := range n.Config.channels(a.Notify) {
			ms = append(ms, Message{Channel: c, Event: e, State: Waiting, Due: e.At})
		}
	}
	if len(ms) == 0 {
		return nil
	}
	fresh, err := n.Outbox.Post(ctx, ms)
	if fresh > 0 {
		n.poke()
	}
	return err
}

// Drifted tells that a look at the application's target found objects changed or removed by hand.
func (n *Notifier) Drifted(ctx context.Context, a app.App, run int64, changed, removed int) {
	if err := n.Tell(ctx, a, ofDrift(a, run, changed, removed, time.Now())); err != nil && ctx.Err() == nil {
		n.Logger.Error("a message could not be kept", "job", a.ID, "error", err)
	}
}

func (n *Notifier) poke() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Every is how often Run looks by itself: at jobs whose events it may have missed in a crash, and at messages that are due again.
const Every = 30 * time.Second

// keep is how long messages that were sent or given up are listed.
const keep = 30 * day

// Run tells what is to be told until ctx ends.
func (n *Notifier) Run(ctx context.Context) {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		if err := n.turn(ctx, time.Now()); err != nil && ctx.Err() == nil {
			n.Logger.Error("messages could not be worked on", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-n.wake:
		case <-tick.C:
		}
	}
}

func (n *Notifier) turn(ctx context.Context, now time.Time) error {
	_, err := n.Outbox.Retain(ctx, now.Add(-keep))
	return errors.Join(err, n.look(ctx, now), n.deliver(ctx, now))
}

// look asks every job's state, for events that a crash swallowed and for reminders.
func (n *Notifier) look(ctx context.Context, now time.Time) error {
	all, err := n.Apps.List(ctx)
	if err != nil {
		return err
	}
	for _, a := range all {
		st, err := n.States.State(ctx, a.ID)
		if err != nil {
			return err
		}
		if st.Mode != cycle.Running {
			continue // whoever paused it knows
		}
		if err := n.Tell(ctx, a, ofState(a.WithDefaults(), st, st.HeldCount, now)...); err != nil {
			return err
		}
	}
	return nil
}

// deliver sends what is due, one after the other.
func (n *Notifier) deliver(ctx context.Context, now time.Time) error {
	for ctx.Err() == nil {
		due, err := n.Outbox.Due(ctx, now, 20)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, m := range due {
			if err := n.attempt(ctx, m, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// attempt sends one message and writes down what came of it. The error is one of the outbox.
func (n *Notifier) attempt(ctx context.Context, m Message, now time.Time) error {
	err := n.Config.send(ctx, m)
	if err != nil && ctx.Err() != nil {
		return nil //nolint:nilerr // the service is stopping: it was no attempt
	}
	m = m.after(err, now)
	switch m.State {
	case Dropped:
		n.Logger.Error("a message was given up", "channel", m.Channel, "event", m.Event.Key, "attempts", m.Attempts, "error", err)
	case Waiting:
		n.Logger.Warn("a message could not be sent yet", "channel", m.Channel, "event", m.Event.Key, "again", m.Due, "error", err)
	}
	return n.Outbox.Mark(context.WithoutCancel(ctx), m)
}

// How often a message that nobody takes is tried: after half a minute, then after twice as long each time up to an hour, for three days.
const (
	firstPause = 30 * time.Second
	mostPause  = time.Hour
	giveUp     = 3 * day
)

// after is the message after an attempt that ended with err.
func (m Message) after(err error, now time.Time) Message {
	m.Attempts++
	if err == nil {
		m.State, m.Done, m.Error = Sent, now, ""
		return m
	}
	m.Error = err.Error()
	if now.Sub(m.Event.At) > giveUp {
		m.State, m.Done = Dropped, now
		return m
	}
	pause := min(mostPause, firstPause<<min(m.Attempts-1, 20))
	m.Due = now.Add(max(pause, fault.RetryAfterOf(err)))
	return m
}

// Trial is what came of a test message.
type Trial struct {
	Channel string `json:"channel"`
	Error   string `json:"error,omitempty"`
	Hint    string `json:"hint,omitempty"`
	Millis  int64  `json:"millis"`
}

// Try sends a test message at once to everybody who is told about the application (about all of them when it is zero) and says what came of it.
// Nothing is kept and nothing is tried again.
func (n *Notifier) Try(ctx context.Context, a app.App) ([]Trial, error) {
	e := ofTest(time.Now())
	e.App, e.Link = a.ID, strings.ReplaceAll(n.Config.Link, "{app}", string(a.ID))
	channels := n.Config.channels(a.Notify)
	if len(channels) == 0 {
		return nil, fault.New(fault.Conflict, "send a test message", "nobody is to be told").
			WithHint("name emails or webhooks in notify.yaml, or in the application's notify section; see docs/notifications.md")
	}
	out := make([]Trial, 0, len(channels))
	for _, c := range channels {
		began := time.Now()
		err := n.Config.send(ctx, Message{ID: strings.ReplaceAll(e.Key, "/", "-"), Channel: c, Event: e})
		t := Trial{Channel: c, Millis: time.Since(began).Milliseconds()}
		if err != nil {
			t.Error, t.Hint = err.Error(), fault.HintOf(err)
		}
		out = append(out, t)
	}
	return out, nil
}

// Messages lists messages, the newest first, older than the one with the id; "" begins with the newest.
func (n *Notifier) Messages(ctx context.Context, before string, limit int) ([]Message, error) {
	return n.Outbox.Messages(ctx, before, limit)
}
