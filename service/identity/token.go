package identity

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
)

// The life of tokens.
const (
	ClientTokenLife = time.Hour     // of a client's token
	PersonTokenLife = 8 * time.Hour // of a person's: a working day
	MaxTokenLife    = PersonTokenLife
)

// leeway is by how much clocks may differ.
const leeway = time.Minute

// claims are what a token says. Graph's clients read tid, appid, oid and roles; the rest is RFC 7519.
type claims struct {
	Issuer    string        `json:"iss"`
	Audience  string        `json:"aud"`
	Subject   string        `json:"sub"`
	Expires   int64         `json:"exp"`
	NotBefore int64         `json:"nbf"`
	Issued    int64         `json:"iat"`
	ID        string        `json:"jti"`
	Tenant    tenant.ID     `json:"tid"`
	App       string        `json:"appid,omitempty"`
	Azp       string        `json:"azp,omitempty"`
	Object    string        `json:"oid"`
	Roles     []access.Role `json:"roles,omitempty"`
	Kind      string        `json:"idtyp"` // "app" or "user"
	Name      string        `json:"name,omitempty"`
	SignIn    string        `json:"preferred_username,omitempty"`
	Groups    []string      `json:"groups,omitempty"`
	Version   string        `json:"ver"`
}

// issuerOf is the name of the authority of a tenant, at one of the service's addresses.
func issuerOf(base string, id tenant.ID) string { return base + "/" + string(id) + "/v2.0" }

// stamp fills in what every token has.
func (c claims) stamp(base string, now time.Time, life time.Duration) claims {
	c.Issuer, c.Audience, c.Version = issuerOf(base, c.Tenant), base, "2.0"
	c.Issued, c.NotBefore, c.Expires = now.Unix(), now.Unix(), now.Add(life).Unix()
	c.ID = rand.Text()
	return c
}

func clientClaims(id tenant.ID, c Client, roles []access.Role) claims {
	return claims{Subject: string(c.ID), Tenant: id, App: string(c.ID), Azp: string(c.ID), Object: string(c.ID), Roles: roles, Kind: "app", Name: c.Name}
}

// personClaims describes somebody who signed in. The object id is derived from issuer and subject, which never change.
func personClaims(id tenant.ID, p person, roles []access.Role) claims {
	oid := uuid.NewSHA1(uuid.NameSpaceURL, []byte(p.issuer+"#"+p.subject)).String()
	return claims{Subject: oid, Tenant: id, Object: oid, Roles: roles, Kind: "user", Name: p.name, SignIn: p.signIn, Groups: p.groups}
}

// valid checks everything about a token but its signature.
func (c claims) valid(base string, now time.Time) error {
	at := now.Unix()
	slack := int64(leeway.Seconds())
	switch {
	case c.Tenant == "" || c.Subject == "" || c.Expires == 0:
		return refusedToken("it lacks what every token has")
	case at >= c.Expires+slack:
		return refusedToken("it expired at %s", time.Unix(c.Expires, 0).UTC().Format(time.RFC3339))
	case at < c.NotBefore-slack:
		return refusedToken("it is not valid yet; the clocks differ")
	case c.Issuer != issuerOf(c.Audience, c.Tenant) || base != "" && c.Audience != base:
		return refusedToken("it was made for another service")
	}
	if u, err := url.Parse(c.Audience); err != nil || u.Host == "" {
		return refusedToken("it was made for another service")
	}
	return nil
}

func refusedToken(format string, args ...any) error {
	return fault.New(fault.Unauthenticated, "", "the access token is not valid: "+format, args...).
		WithHint("ask the token endpoint for a new one")
}

// Authenticate implements access.Authenticator: a token that this service signed, or else one of the bearer secrets. What the caller
// may is looked up now, not read from the token, so that taking a role away works at once.
func (s *Server) Authenticate(ctx context.Context, credential string) (access.Caller, error) {
	if strings.Count(credential, ".") != 2 {
		return s.Bearers.Authenticate(ctx, credential)
	}
	var c claims
	if err := s.Keys.check(credential, &c); err != nil {
		return access.Caller{}, refusedToken("it was not signed by this service, or was changed")
	}
	if err := c.valid(s.Public, time.Now()); err != nil {
		return access.Caller{}, err
	}
	ctx = tenant.With(ctx, c.Tenant)
	ended, err := s.Sessions.Ended(ctx, c.ID)
	if err != nil {
		return access.Caller{}, err
	}
	if ended {
		return access.Caller{}, refusedToken("its holder has signed out")
	}
	return s.caller(ctx, c)
}

// caller is who the token stands for, with the rights it has now.
func (s *Server) caller(ctx context.Context, c claims) (access.Caller, error) {
	who := access.Caller{Tenant: c.Tenant}
	subjects := []string{}
	if c.Kind == "app" {
		cl, err := s.Clients.Client(ctx, ID(c.App))
		if fault.Is(err, fault.NotFound) {
			return who, refusedToken("the client does not exist any more")
		}
		if err != nil {
			return who, err
		}
		who.Subject, who.Name = cl.Subject(), cl.Name
	} else {
		who.Subject, who.Name = access.Person(c.SignIn), c.SignIn
		for _, g := range c.Groups {
			subjects = append(subjects, access.GroupSubject+g)
		}
	}
	gs, err := s.Grants.Granted(ctx, append(subjects, who.Subject)...)
	return who.With(gs), err
}

// Sessions remembers tokens that were ended before they expire, and assertions that were used.
type Sessions interface {
	// End marks a token, by its jti, until it would have expired anyway. It reports whether this call is the one that ended it: of
	// calls at the same time only one is.
	End(ctx context.Context, jti string, expires time.Time) (first bool, err error)
	// Ended reports whether the token was marked.
	Ended(ctx context.Context, jti string) (bool, error)
}

// SignOut ends a token of ours for good. A bearer secret is left alone: it has no session.
func (s *Server) SignOut(ctx context.Context, credential string) error {
	var c claims
	if strings.Count(credential, ".") != 2 || s.Keys.check(credential, &c) != nil {
		return nil //nolint:nilerr // what is no token of ours has no session to end
	}
	_, err := s.Sessions.End(tenant.With(ctx, c.Tenant), c.ID, time.Unix(c.Expires, 0).UTC())
	return err
}
