package notify

import (
	"context"
	"time"
)

// State is where a message stands.
type State string

// The states of a message.
const (
	Waiting State = "waiting" // to be sent, or sent again
	Sent    State = "sent"
	Dropped State = "dropped" // given up
)

// Message is an event on its way to one channel.
type Message struct {
	ID       string    `json:"id"` // unique in the tenant; sorts by time
	Channel  string    `json:"channel"`
	Event    Event     `json:"event"`
	State    State     `json:"state"`
	Attempts int       `json:"attempts"`
	Due      time.Time `json:"due,omitzero"` // not before
	Done     time.Time `json:"done,omitzero"`
	Error    string    `json:"error,omitempty"` // of the last attempt
}

// Outbox keeps messages of the tenant in the context until they are sent, and for a while afterwards.
type Outbox interface {
	// Post stores messages that wait; one whose channel and event key are there already, sent or not, is left out. It returns how many were new.
	Post(ctx context.Context, ms []Message) (int, error)
	// Due returns messages that wait and are due at the time, the oldest first.
	Due(ctx context.Context, now time.Time, limit int) ([]Message, error)
	// Mark stores state, attempts, due, done and error of a message; fault.NotFound when it is absent.
	Mark(ctx context.Context, m Message) error
	// Messages returns a page of messages, the newest first, older than the one with the id; "" begins with the newest.
	Messages(ctx context.Context, before string, limit int) ([]Message, error)
	// Retain drops messages that do not wait and were done before the time, and returns how many.
	Retain(ctx context.Context, before time.Time) (int, error)
}
