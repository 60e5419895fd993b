package tenant

import "context"

// ID names a tenant. It is a lower-case word or GUID, safe inside a message subject.
type ID string

// Default is the tenant of an installation that has only one.
const Default ID = "default"

type key struct{}

// With returns a context that acts for the tenant.
func With(ctx context.Context, id ID) context.Context { return context.WithValue(ctx, key{}, id) }

// From returns the tenant the context acts for; "" when nobody set one, which every query refuses.
func From(ctx context.Context) ID {
	id, _ := ctx.Value(key{}).(ID)
	return id
}
