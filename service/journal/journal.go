package journal

import (
	"context"
	"iter"
	"time"
)

// Record is what happened to one object in one cycle.
type Record struct {
	ID        string    `json:"id"`               // given by Append: unique in the tenant, sorts in the order of appending
	At        time.Time `json:"activityDateTime"` // zero at Append: now
	Job       string    `json:"jobId"`
	Cycle     string    `json:"cycleId"`
	Action    string    `json:"provisioningAction"` // create, update, delete, disable, stagedDelete, other
	Status    string    `json:"status"`             // success, failure, skipped, warning
	Code      string    `json:"code,omitempty"`
	Reason    string    `json:"reason"` // plain words
	Hint      string    `json:"recommendedAction,omitempty"`
	Details   string    `json:"additionalDetails,omitempty"` // of a failure: what the target answered, "HTTP 409: …", shortened
	Millis    int64     `json:"durationInMilliseconds"`
	Initiator string    `json:"initiatedBy"` // system, user
	Source    Identity  `json:"sourceIdentity"`
	Target    Identity  `json:"targetIdentity"`
	Changes   []Change  `json:"modifiedProperties,omitempty"`
	Steps     []Step    `json:"provisioningSteps,omitempty"`
	Image     *Image    `json:"-"` // of a write: what is needed to take it back; Append stores it beside the record, Find leaves it out
}

// Identity names an object on one side.
type Identity struct {
	ID   string `json:"id,omitempty"`
	Type string `json:"identityType,omitempty"`
	Name string `json:"displayName,omitempty"` // userPrincipalName, or a group's name
}

// Change is one attribute's old and new value as text.
type Change struct {
	Name string `json:"displayName"`
	Old  string `json:"oldValue,omitempty"`
	New  string `json:"newValue,omitempty"`
}

// Step is one line of the story.
type Step struct {
	Name   string            `json:"name"`
	Type   string            `json:"provisioningStepType"`
	Status string            `json:"status"`
	Detail string            `json:"description"`
	Facts  map[string]string `json:"details,omitempty"`
	Millis int64             `json:"durationInMilliseconds,omitempty"`
}

// Query selects records; zero fields do not restrict.
type Query struct {
	ID     string // only this record
	Job    string
	Cycle  string // only records of this cycle that wrote something
	User   string // source id, or source name without regard to case
	Status string
	Since  time.Time
	After  string // ID of the last record seen
	Limit  int    // default 100
	Newest bool   // newest first; After then means "older than"
}

// Store keeps records of the tenant in the context.
type Store interface {
	// Append stores records; it returns after they are on disk. It gives each record its ID, whatever the caller put there.
	Append(ctx context.Context, rs ...Record) error
	// Find returns records in the order of ID (time), or newest first.
	Find(ctx context.Context, q Query) ([]Record, error)
	// Follow yields records as they are appended, after the id given (from the first one kept when After is empty), until ctx
	// ends, which ends the sequence without an error. Limit and Newest do not apply. It misses none and repeats none.
	Follow(ctx context.Context, q Query) iter.Seq2[Record, error]
	// Retain drops records older than the time and returns how many.
	Retain(ctx context.Context, before time.Time) (int, error)
}
