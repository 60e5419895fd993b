package access

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
)

// Authenticator finds out who holds a bearer credential.
type Authenticator interface {
	// Authenticate returns the caller; fault.Unauthenticated when the credential is malformed, unknown, expired, or of another tenant.
	Authenticate(ctx context.Context, credential string) (Caller, error)
}

// Bearers authenticates the random bearer secrets in a store, for one tenant.
type Bearers struct {
	Store  Store
	Grants Grants    // what tokens may beside their own role; may be nil
	Tenant tenant.ID // default tenant.Default
}

var _ Authenticator = Bearers{}

// Authenticate implements Authenticator. Secrets are random and long, and looked up by their SHA-256, so the time it takes says nothing
// of them.
func (b Bearers) Authenticate(ctx context.Context, credential string) (Caller, error) {
	id := b.Tenant
	if id == "" {
		id = tenant.Default
	}
	ctx = tenant.With(ctx, id)
	t, err := b.Store.ByHash(ctx, Hash(strings.TrimSpace(credential)))
	if fault.Is(err, fault.NotFound) || err == nil && t.Expired(time.Now()) {
		return Caller{}, fault.New(fault.Unauthenticated, "", "the bearer secret is not valid").
			WithHint("it may have been revoked, replaced or have expired; 'sallyport login' keeps a new one")
	}
	if err != nil {
		return Caller{}, err
	}
	c := Caller{Tenant: id, Subject: t.Subject(), Name: t.Name, Roles: []Role{t.Role}}
	if b.Grants == nil || t.Role == Source {
		return c, nil
	}
	gs, err := b.Grants.Granted(ctx, c.Subject)
	return c.With(gs), err
}

// Subject names the token's holder in grants and in the audit log.
func (t Token) Subject() string { return TokenSubject + t.Name }
