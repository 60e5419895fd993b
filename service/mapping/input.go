package mapping

import (
	"io"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// Input is one source object and what the evaluation may know beside it.
type Input struct {
	Source        entry.Entry
	IsSoftDeleted bool      // the virtual attribute [IsSoftDeleted]: out of scope, unassigned, disabled or soft-deleted
	Creating      bool      // the object is about to be created: defaults, ObjectAddOnly, Guid and RandomString take part
	Now           time.Time // what Now() returns
	Rand          io.Reader // feeds Guid and RandomString
	DefaultDomain string    // what DefaultDomain() returns
	// Taken answers for SelectUniqueValue whether the target holds the value in the target attribute. nil: nothing is taken.
	Taken func(attr, v string) (bool, error)
}

// Output is what the target should hold.
type Output struct {
	Want         entry.Attrs     // values by target path; a path with an empty list is to be cleared
	Refs         []Ref           // references, kept apart because both ends must be linked before they can be written
	AddOnly      map[string]bool // target paths whose values are only ever added (MultiValueAddOnly, AppRoleAssignmentsComplex)
	FillOnly     map[string]bool // target paths that are only written while the target has no value (AttributeAddOnly, none)
	Whole        map[string]bool // target paths that are replaced as a whole when they differ (AssertiveAppRoleAssignmentsComplex)
	Redacted     map[string]bool // target paths whose values must not be logged
	IgnoreObject bool            // an expression said IgnoreObjectFlow: do not export the object this time
	Notes        []string        // why an attribute was left out, in plain words
}

// Ref is a reference attribute the target should hold, by source ids. Without IDs the target should hold none.
type Ref struct {
	Attr    string   // target path: members, urn:…:User:manager
	Single  bool     // at most one value
	AddOnly bool     // never remove what the target holds beside these
	IDs     []string // source ids, in the source's order
}
