package directory

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// ExternalID is the id that the source of an object knows it by: a string, compared exactly, not unique.
const ExternalID = "externalId"

// Object is a live entry with what the directory says of it.
type Object struct {
	entry.Entry
	Version  string // opaque; moves with every change of the object, survives restarts
	Created  time.Time
	Modified time.Time // always later than before a change, to the millisecond
}

// Membership is a group that an object belongs to.
type Membership struct {
	Group  string // id
	Name   string // displayName
	Direct bool   // false: through another group only
}

// Objects reads live objects with their versions; soft-deleted ones count as absent, and so do references to them. Members of
// groups come only where they are asked for.
type Objects interface {
	// Load returns the live objects among ids, in their order.
	Load(ctx context.Context, t entry.Type, ids []string, members bool) ([]Object, error)
	// Scan returns a page of all live objects in the order of id, after the id given, without members.
	Scan(ctx context.Context, t entry.Type, after string, limit int) ([]Object, error)
	// Seek returns the ids of live objects by an indexed attribute, in order: userPrincipalName of a User and displayName of a
	// Group in any case, ExternalID as it is, Manager of a User and Members of a Group by the id referred to.
	// fault.Unsupported for any other.
	Seek(ctx context.Context, t entry.Type, attr, value string) ([]string, error)
	// Skip returns the id of the n-th live object after an id, "" when there are fewer.
	Skip(ctx context.Context, t entry.Type, after string, n int) (string, error)
	// Memberships returns for each id the groups it belongs to, direct ones first.
	Memberships(ctx context.Context, ids []string) (map[string][]Membership, error)
}

// Editor changes live objects for clients that hold versions.
type Editor interface {
	// Revise changes one object in one transaction, or creates one when id is empty. A revision that changes nothing moves no
	// version. fault.NotFound when there is no live object with the id, fault.Conflict when the version is another,
	// fault.Exists when a unique attribute is taken, fault.Invalid when a member to be added is no live object.
	Revise(ctx context.Context, t entry.Type, id string, r Revision) (Object, error)
	// Retire soft-deletes a live object and takes it out of every group and every report's manager. Errors as of Revise.
	Retire(ctx context.Context, t entry.Type, id, version string, at time.Time) error
}

// Revision is what Revise does to an object.
type Revision struct {
	Version string // the version it must have; "" is any
	// Change returns what becomes of the entry. It gets and returns it without members, a new one with type and id alone.
	// It may run twice. nil changes nothing.
	Change func(entry.Entry) (entry.Entry, error)
	Only   bool        // members that Add does not name go
	Add    []entry.Ref // members; a type that is missing or wrong is put right
	Remove []entry.Ref // members; one that is not there counts as removed
}
