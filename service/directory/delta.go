package directory

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
)

// Mark is a place in the history of a tenant's directory, as clients with tokens keep it.
type Mark struct {
	Seq  int64 `json:"s"` // position in the change log
	Edge int64 `json:"e"` // how many references had ever been added
}

// Delta is what became of one object since a mark.
type Delta struct {
	Object  entry.Entry // as it stands now, without members; only type and id when Gone
	Gone    bool        // hard-deleted
	New     bool        // it was made, or came back, after the mark
	Attrs   []string    // attributes that changed after the mark, in order; not told of what is New or Gone
	Added   []Reference // references that were added after the mark and are there now
	Removed []Reference // references that were taken out after the mark and are not there now
}

// Reference is one reference of an object: its manager, or one of its members.
type Reference struct {
	Attr string
	To   entry.Ref
}

// Deltas answers what changed since a mark, attribute by attribute and reference by reference.
type Deltas interface {
	// Mark returns where the history stands now.
	Mark(ctx context.Context) (Mark, error)
	// Since returns what became of objects of the type after the mark, oldest first, and the mark to go on from. It looks at no
	// more than limit changes, so that it may return fewer objects, or none, while more is true.
	Since(ctx context.Context, t entry.Type, m Mark, limit int) (ds []Delta, next Mark, more bool, err error)
	// References returns the references of live objects to live objects, of several objects of one type at once.
	References(ctx context.Context, t entry.Type, ids []string) (map[string][]Reference, error)
}

// Shown is a place in the list of users by displayName; zero is where the list begins.
type Shown struct {
	Name string // folded
	ID   string
}

// ShownAt is the place of a user.
func ShownAt(e entry.Entry) Shown { return Shown{Fold(e.Attrs.Text(DisplayName)), e.ID} }

// Ordered pages through objects by their unique name, and users by the name people see, which is faster than by any other attribute.
type Ordered interface {
	// ByName returns a page of live objects in the order of Key, after the key given (before it when desc), with key prefix.
	ByName(ctx context.Context, t entry.Type, prefix, after string, desc bool, limit int) ([]Object, error)
	// ByShown returns a page of live users in the order of their displayName, without regard to case, and of their id, after the
	// place given (before it when desc), with displayName prefix.
	ByShown(ctx context.Context, prefix string, after Shown, desc bool, limit int) ([]Object, error)
	// MembersOf returns a page of what a group refers to, in the order in which members were added, after the place given
	// (0: from the start), and the place to go on from, 0 when there is no more.
	MembersOf(ctx context.Context, group string, after int64, limit int) (refs []entry.Ref, next int64, err error)
	// HasMember reports whether the group refers to the object.
	HasMember(ctx context.Context, group, member string) (bool, error)
}
