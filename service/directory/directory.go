package directory

import (
	"context"
	"iter"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// ServicePrincipal is the type of a client of the API where it owns a group. It is no object of the directory.
const ServicePrincipal entry.Type = "ServicePrincipal"

// Names of attributes with a meaning of their own; all others are the Graph names of user and group properties.
const (
	UserPrincipalName = "userPrincipalName" // string, unique among users without regard to case
	DisplayName       = "displayName"       // string
	AccountEnabled    = "accountEnabled"    // bool; absent counts as true
	Manager           = "manager"           // one entry.Ref to a user
	Members           = "members"           // entry.Ref to users and groups
	DeletedDateTime   = "deletedDateTime"   // time.Time, present while soft-deleted
	CreatedDateTime   = "createdDateTime"   // time.Time
	SecurityEnabled   = "securityEnabled"   // bool
	MailNickname      = "mailNickname"      // string
)

// Watermark is a position in a tenant's change log. It is opaque: only storage makes one, anybody may keep it. "" is the beginning.
type Watermark string

// Change is what the log says of one object. The entry is whole, as the object stands now, never a delta; changes that
// follow each other on one object may be given once. A soft-deleted object comes with DeletedDateTime set.
type Change struct {
	At      Watermark
	Entry   entry.Entry
	Deleted bool      // hard-deleted: only Type and ID of the entry are known
	Changed time.Time // of the newest change of the object; zero when it is not known
}

// Changes is the change feed of the tenant in the context.
type Changes interface {
	// After yields what changed after w, oldest first; the zero watermark yields everything that exists now, users before
	// groups. The sequence ends when it has caught up. An error ends it too. Consuming slowly holds no lock.
	After(ctx context.Context, w Watermark) iter.Seq2[Change, error]
	// Wait returns nil as soon as something lies after w, at once if it does already; ctx's error when ctx ends.
	Wait(ctx context.Context, w Watermark) error
	// Now returns the position of the newest change.
	Now(ctx context.Context) (Watermark, error)
}

// Store keeps users and groups of the tenant in the context.
type Store interface {
	Changes
	Reader
	Writer
	Remover
}

// Reader finds users and groups.
type Reader interface {
	// Get returns one object with its references, soft-deleted ones included; fault.NotFound when absent.
	Get(ctx context.Context, t entry.Type, id string) (entry.Entry, error)
	// Lookup finds a live object by a unique attribute: a user by userPrincipalName, a group by displayName, in any case.
	Lookup(ctx context.Context, t entry.Type, attr, value string) (entry.Entry, error)
	// List returns a page of live objects (of soft-deleted ones when deleted is true) in the order of id, after the id given.
	List(ctx context.Context, t entry.Type, deleted bool, after string, limit int) ([]entry.Entry, error)
	// Count counts live objects of the type.
	Count(ctx context.Context, t entry.Type) (int, error)
}

// Writer creates and changes users and groups.
type Writer interface {
	// Put applies fn to the object with the id and stores what it returns, in one transaction. fn gets a zero Entry (but for
	// Type and ID) when the object does not exist; it may run twice. A result equal to what was there writes no change.
	// fault.Exists when a unique attribute is taken. An empty id creates a new object with a new id.
	Put(ctx context.Context, t entry.Type, id string, fn func(entry.Entry) (entry.Entry, error)) (entry.Entry, error)
	// PutMany stores whole entries in one transaction, creating or replacing by id, all or nothing. For imports.
	PutMany(ctx context.Context, es []entry.Entry) error
	// Link adds (or removes) references of one object in its multi-valued attribute, without reading the others.
	Link(ctx context.Context, t entry.Type, id, attr string, add, remove []entry.Ref) error
}

// Remover takes users and groups away, for now or for good.
type Remover interface {
	// SoftDelete marks the object deleted at the time; Restore takes the mark away; both keep the id.
	SoftDelete(ctx context.Context, t entry.Type, id string, at time.Time) error
	Restore(ctx context.Context, t entry.Type, id string) error
	// HardDelete forgets the object and every reference to it; the log keeps that it went.
	HardDelete(ctx context.Context, t entry.Type, id string) error
}
