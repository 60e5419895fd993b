package access

import (
	"context"
	"slices"

	"github.com/sallyport-id/sallyport/internal/tenant"
)

// Caller is who asks, once a door has made sure of it.
type Caller struct {
	Tenant  tenant.ID
	Subject string   // stable and unique in the tenant: "token:NAME", "client:ID", "person:ISSUER#SUBJECT"
	Name    string   // for people: a token's name, a client's, a person's sign-in name
	Roles   []Role   // what it may do in the whole tenant
	Apps    []string // applications it owns, by app.ID
}

// May reports whether the caller holds the permission: in the whole tenant, or for the application when app is not empty.
func (c Caller) May(p Permission, app string) bool {
	if p == SignedIn {
		return c.Subject != ""
	}
	for _, r := range c.Roles {
		if slices.Contains(roles[r], p) {
			return true
		}
	}
	return app != "" && p.Owned() && slices.Contains(c.Apps, app)
}

// Has reports whether the caller has the role.
func (c Caller) Has(r Role) bool { return slices.Contains(c.Roles, r) }

type callerKey struct{}

// With returns a context that acts for the caller, and for its tenant.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(tenant.With(ctx, c.Tenant), callerKey{}, c)
}

// From returns who the context acts for; the zero Caller, which may nothing, when no door has let anybody in.
func From(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
