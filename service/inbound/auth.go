package inbound

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/service/access"
)

// authenticate admits tokens of sources to the tenant of the path. The token is looked for in that tenant alone, so one of another
// tenant is as good as none, and a tenant that does not exist cannot be told from one whose token is wrong. Tokens are random and
// long and are looked up by their SHA-256, so the time that takes says nothing of them.
//
// OAuth access tokens of the same tenant come in as well when their holder may change the directory.
func authenticate(store access.Store, callers access.Authenticator) scimserver.Authenticate {
	return func(r *http.Request, token string) (context.Context, scimserver.Caller, error) {
		id := tenant.ID(r.PathValue("tenant"))
		if id == "" {
			return nil, scimserver.Caller{}, unauthenticated()
		}
		ctx := tenant.With(r.Context(), id)
		if callers != nil && strings.Count(token, ".") == 2 {
			return admit(ctx, callers, id, token)
		}
		tok, err := store.ByHash(ctx, access.Hash(token))
		switch {
		case fault.Is(err, fault.NotFound), err == nil && tok.Expired(time.Now()):
			return nil, scimserver.Caller{}, unauthenticated()
		case err != nil:
			return nil, scimserver.Caller{}, err
		case tok.Role != access.Source:
			return nil, scimserver.Caller{}, fault.New(fault.Denied, "authenticate", "the credential %q is not one of a source", tok.Name).
				WithHint("make a token for the source: sallyport scim source add NAME")
		}
		return ctx, scimserver.Caller{ID: tok.SourceName(), Tenant: string(id)}, nil
	}
}

// admit lets the holder of an access token in.
func admit(ctx context.Context, callers access.Authenticator, id tenant.ID, token string) (context.Context, scimserver.Caller, error) {
	c, err := callers.Authenticate(ctx, token)
	switch {
	case err != nil:
		return nil, scimserver.Caller{}, err
	case c.Tenant != id:
		return nil, scimserver.Caller{}, unauthenticated()
	case !c.May(access.WriteDirectory, ""):
		return nil, scimserver.Caller{}, fault.New(fault.Denied, "authenticate", "%q may not change the directory", c.Name).
			WithHint("grant it Directory.ReadWrite.All: sallyport access grant %s Directory.ReadWrite.All", c.Subject)
	}
	return access.With(ctx, c), scimserver.Caller{ID: c.Subject, Tenant: string(id)}, nil
}

func unauthenticated() error {
	return fault.New(fault.Unauthenticated, "authenticate", "the bearer token is not valid here").
		WithHint("use the token that 'sallyport scim source add' printed, at the URL it printed")
}
