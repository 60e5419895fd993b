package assign

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

// ID names an assignment within its tenant.
type ID string

// DefaultRole is the role of an assignment that names none: the default access of Graph's appRoleAssignment.
const DefaultRole = "00000000-0000-0000-0000-000000000000"

// Assignment gives a user or a group access to an application. A principal may be assigned once in each role.
type Assignment struct {
	ID            ID         `json:"id"`
	App           app.ID     `json:"app"`
	Principal     string     `json:"principal"`     // id in the directory
	PrincipalType entry.Type `json:"principalType"` // User or Group
	Role          string     `json:"role"`          // id of an app role; DefaultRole when none was given
	At            time.Time  `json:"at"`            // when it was made
}

// Validate checks what a door takes in. The fault's hint says what is missing.
func (a Assignment) Validate() error {
	const op = "assign"
	switch {
	case a.App == "":
		return fault.New(fault.Invalid, op, "no application is named").WithHint("'sallyport app list' names the applications")
	case a.Principal == "":
		return fault.New(fault.Invalid, op, "nobody is named").WithHint("give the id of a user or a group of the directory")
	case a.PrincipalType != entry.User && a.PrincipalType != entry.Group:
		return fault.New(fault.Invalid, op, "a %q cannot be assigned", a.PrincipalType).WithHint("assign a User or a Group")
	}
	return nil
}

// Query selects assignments; zero fields do not restrict.
type Query struct {
	App       app.ID
	Principal string
	After     ID  // the last one seen
	Limit     int // default 100
}

// Store keeps the assignments of the tenant in the context. Every change is on disk when a method returns, and wakes the
// application's job in the same commit: Due of cycle.Ledger then names the principal.
type Store interface {
	// Add stores an assignment and returns it with its ID and time. fault.NotFound when application or principal do not
	// exist, fault.Exists when the principal has the role already.
	Add(ctx context.Context, a Assignment) (Assignment, error)
	// Get returns one; fault.NotFound when absent.
	Get(ctx context.Context, id ID) (Assignment, error)
	// Remove takes one back; fault.NotFound when absent.
	Remove(ctx context.Context, id ID) error
	// List returns a page in the order of ID.
	List(ctx context.Context, q Query) ([]Assignment, error)
	// Reach tells through what a user or group is assigned to an application: itself first, then the groups it is a member
	// of, directly or (nested) at any depth. Empty: not assigned.
	Reach(ctx context.Context, a app.ID, principal string, nested bool) ([]Assignment, error)
}
