package cycle

import (
	"context"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

// Roster is what a Source can do besides, so that no group is ever read whole. Without it groups come with all their members.
type Roster interface {
	// Slim is After with groups without their members.
	Slim(ctx context.Context, w directory.Watermark) iter.Seq2[directory.Change, error]
	// GetSlim is Get with a group without its members.
	GetSlim(ctx context.Context, t entry.Type, id string) (entry.Entry, error)
	// Members returns up to limit members of a group in the order of id, after the id given.
	Members(ctx context.Context, group, after string, limit int) ([]entry.Ref, error)
	// MemberChanges returns up to limit changes of a group's memberships after a position, oldest first, each member once. A
	// group that is gone has none.
	MemberChanges(ctx context.Context, group string, since int64, limit int) ([]MemberChange, error)
	// Edge returns the position of the newest membership in the directory.
	Edge(ctx context.Context) (int64, error)
}

// Presence is what a Source can do besides, for the end of an initial cycle.
type Presence interface {
	// Present returns which of the ids exist, soft-deleted ones included.
	Present(ctx context.Context, ids []Object) (map[Object]bool, error)
}

// MemberChange says that somebody became a member of a group, or ceased to be one.
type MemberChange struct {
	Member entry.Ref
	Gone   bool
	Edge   int64
}
