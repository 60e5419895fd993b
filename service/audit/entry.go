package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"iter"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
)

// Phase says when an entry was written.
type Phase string

// The phases.
const (
	Done   Phase = "done"   // with the act, in one transaction; or after an act that changed nothing (a refusal, a sign-in)
	Intent Phase = "intent" // before an act that reaches beyond the database
	Result Phase = "result" // after it, or when more went wrong after Done
)

// Success is the Result of an act that was carried out; every other one is the name of a fault.Kind.
const Success = "success"

// Entry is one line of the log.
type Entry struct {
	Seq     int64           `json:"seq"` // 1, 2, 3 … in the tenant; given by Append
	At      time.Time       `json:"at"`
	Tenant  tenant.ID       `json:"tenant"`
	Phase   Phase           `json:"phase"`
	Of      int64           `json:"of,omitempty"`      // of a Result: the Seq it belongs to
	Subject string          `json:"subject,omitempty"` // who: access.Caller.Subject
	Name    string          `json:"name,omitempty"`    // who, for people
	From    string          `json:"from,omitempty"`    // address
	Action  string          `json:"action"`            // the route, like "PATCH /v1.0/users/{id}", or words like "sign in"
	Target  string          `json:"target,omitempty"`  // what it was done to: a path
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
	Result  string          `json:"result,omitempty"` // "" in an Intent
	Reason  string          `json:"reason,omitempty"` // why it failed
	Request string          `json:"request,omitempty"`
	Prev    string          `json:"prev"` // hash of the entry before; "" in the first
}

// Sealed is an entry as it is kept and exported: its exact text and the hash of that text.
type Sealed struct {
	Seq  int64
	Doc  []byte // JSON of Entry
	Hash string // hex SHA-256 of Doc
}

// Seal gives the entry its place after another and fixes its text.
func Seal(e Entry, seq int64, prev string) (Sealed, error) {
	e.Seq, e.Prev, e.At = seq, prev, e.At.UTC()
	doc, err := json.Marshal(e)
	if err != nil {
		return Sealed{}, fault.Wrap(fault.Internal, "write the audit log", err)
	}
	return Sealed{Seq: seq, Doc: doc, Hash: HashOf(doc)}, nil
}

// HashOf returns the hex SHA-256 of a text.
func HashOf(doc []byte) string {
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:])
}

// Open reads an entry back.
func (s Sealed) Open() (Entry, error) {
	var e Entry
	if err := json.Unmarshal(s.Doc, &e); err != nil {
		return e, fault.New(fault.Internal, "read the audit log", "entry %d: %w", s.Seq, err)
	}
	return e, nil
}

// Query selects entries; zero fields do not restrict.
type Query struct {
	Subject string    // exactly
	Text    string    // within action or target, without regard to case
	Since   time.Time //
	Before  int64     // Seq: only entries before it
	Limit   int       // default 100
}

// Log keeps the chain of the tenant in the context. Entries are never changed.
type Log interface {
	// Append gives the entry its place and stores it; it returns after it is on disk.
	Append(ctx context.Context, e Entry) (Sealed, error)
	// Find returns entries, the newest first.
	Find(ctx context.Context, q Query) ([]Entry, error)
	// Walk yields the entries after the seq as they are kept, oldest first, up to the one that was newest when it began.
	Walk(ctx context.Context, after int64) iter.Seq2[Sealed, error]
	// Head returns the newest entry's seq and hash; 0 and "" when there is none.
	Head(ctx context.Context) (seq int64, hash string, err error)
}

// Marks keeps the signed checkpoints of the chain.
type Marks interface {
	// Mark stores a checkpoint; fault.Conflict when the chain holds another hash there.
	Mark(ctx context.Context, c Signed) error
	// List returns the checkpoints in the order of Seq.
	List(ctx context.Context) ([]Signed, error)
	// Cut drops entries up to the seq, and checkpoints before it, and returns how many entries went. A checkpoint at the seq must
	// exist: it is what the rest of the chain hangs on. fault.Conflict when there is none.
	Cut(ctx context.Context, seq int64) (int, error)
}
