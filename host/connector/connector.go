package connector

import (
	"context"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
)

// Anchor identifies an object in the target for good: the text form of its anchor column or attribute.
// For a compound anchor it is the parts joined by JoinAnchor.
type Anchor string

// Driver is a kind of connector. It is stateless and safe for concurrent use.
type Driver interface {
	// Name is the word the configuration uses: "gsql", "mem".
	Name() string
	// Settings declares what can be configured; wizard, validation, documentation and export all come from it.
	Settings() []Setting
	// Open connects. It fails with fault.Invalid when config is wrong, fault.Unauthenticated when the target refuses the
	// credential, fault.Unavailable when the target cannot be reached.
	Open(ctx context.Context, config Config) (Session, error)
}

// Session is one connection to a target, used by one goroutine at a time; the host opens several to work in parallel.
type Session interface {
	// Schema returns the object types and attributes the target offers. It reads the target.
	Schema(ctx context.Context) (Schema, error)
	// Import yields every object of the type, streamed. Entry.ID is the anchor. An error ends the sequence; what came
	// before it must not be taken for the whole.
	Import(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error]
	// Close releases the connection. The session is not used afterwards.
	Close() error
}

// Exporter writes. All values arrive as the schema's types; a value the target refuses is fault.Invalid with the target's own text,
// a taken unique value fault.Exists, a missing object fault.NotFound, a lost connection after sending fault.Timeout.
type Exporter interface {
	// Create makes the object and returns it as the target holds it, with values the target generated (anchor, defaults)
	// and Entry.ID set to the anchor.
	Create(ctx context.Context, e entry.Entry) (entry.Entry, error)
	// Update applies edits to the object and returns its anchor afterwards, which differs from a when an anchor attribute changed.
	// An edit of the attribute that ObjectType.DN names is a rename or a move. Edits come in the shape the session's
	// Capabilities ask for.
	Update(ctx context.Context, t entry.Type, a Anchor, edits []entry.Edit) (Anchor, error)
	// Delete removes the object; fault.NotFound when it is not there.
	Delete(ctx context.Context, t entry.Type, a Anchor) error
}

// BatchExporter writes many at once; a target that gains from it implements it beside Exporter.
type BatchExporter interface {
	// Export carries out xs and returns one result for each, in the same order. One that fails does not undo the others: a
	// target whose transactions are all or nothing tries the others again without it. A result whose effect is unknown is
	// fault.Timeout; one that was not tried for the failure of another is fault.Unavailable.
	Export(ctx context.Context, xs []Export) []Result
}

// Export is one write of a batch. Op Add creates Entry, Replace applies Edits to Anchor, Remove deletes Anchor.
type Export struct {
	Op     entry.Op
	Type   entry.Type
	Anchor Anchor
	Entry  entry.Entry
	Edits  []entry.Edit
}

// Result is what came of one Export.
type Result struct {
	Entry  entry.Entry // after a create
	Anchor Anchor      // after a create or update
	Err    error
}

// Lookup asks the target itself, past the cache, for objects whose attribute has the value. Absent: an empty list, no error.
// Passing the anchor attribute's name reads one object back by its anchor.
type Lookup interface {
	Lookup(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error)
}
