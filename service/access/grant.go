package access

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Grant gives a subject a role: in the whole tenant, or the role Owner for one application.
type Grant struct {
	Subject string    `json:"subject"` // see Caller.Subject; "group:NAME" is everybody whose sign-in names the group
	Role    Role      `json:"role"`
	App     string    `json:"app,omitempty"` // only and always with Owner
	At      time.Time `json:"at"`
	By      string    `json:"by,omitempty"` // subject of who granted it
}

// Grants keeps grants of the tenant in the context.
type Grants interface {
	// Grant stores a grant; one that is there already keeps its time.
	Grant(ctx context.Context, g Grant) error
	// Revoke removes a grant; fault.NotFound when absent.
	Revoke(ctx context.Context, subject string, role Role, app string) error
	// Granted returns the grants of the subjects, all when none is named, in the order of subject, role and app.
	Granted(ctx context.Context, subjects ...string) ([]Grant, error)
}

// Kinds of subjects, as their names begin.
const (
	TokenSubject  = "token:"
	ClientSubject = "client:"
	PersonSubject = "person:"
	GroupSubject  = "group:"
)

var subjectForm = regexp.MustCompile(`^(token|client|person|group):[^\x00-\x20\x7f][^\x00-\x1f\x7f]{0,255}$`)

// Person is the subject of somebody who signs in: the name is what the identity provider calls it, without regard to case.
func Person(name string) string { return PersonSubject + strings.ToLower(name) }

// Validate returns fault.Invalid when the subject or the role is malformed, or an application stands where none belongs.
func (g Grant) Validate() error {
	const op = "check the grant"
	switch {
	case !subjectForm.MatchString(g.Subject):
		return fault.New(fault.Invalid, op, "%q names nobody", g.Subject).
			WithHint("write person:NAME, group:NAME, client:ID or token:NAME")
	case !g.Role.Known():
		return fault.New(fault.Invalid, op, "there is no role %q", g.Role).WithHint("use one of: %s", roleNames())
	case (g.Role == Owner) != (g.App != ""):
		return fault.New(fault.Invalid, op, "the role %s and an application do not go together", g.Role).
			WithHint("owner needs an application (--app ID), every other role takes none")
	}
	return nil
}

func roleNames() string {
	var names []string
	for _, r := range Roles() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// With returns the caller with what the grants add.
func (c Caller) With(gs []Grant) Caller {
	c.Roles, c.Apps = slices.Clone(c.Roles), slices.Clone(c.Apps)
	for _, g := range gs {
		switch {
		case g.Role == Owner && !slices.Contains(c.Apps, g.App):
			c.Apps = append(c.Apps, g.App)
			if !c.Has(Owner) {
				c.Roles = append(c.Roles, Owner)
			}
		case g.Role != Owner && !c.Has(g.Role):
			c.Roles = append(c.Roles, g.Role)
		}
	}
	return c
}
