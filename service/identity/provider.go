package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/sallyport-id/sallyport/fault"
)

// ProviderConfig says where people sign in.
type ProviderConfig struct {
	Issuer   string // of the OpenID Connect provider, like https://login.example.com/realms/staff
	ClientID string // of Sallyport there
	Secret   string // of Sallyport there; "" when it is registered as a public client
	// NameClaim is the claim that names people in grants; default preferred_username. Choose one that people cannot change for
	// themselves. With email, the provider must say email_verified.
	NameClaim string
	// GroupsClaim is the claim that lists people's groups; default groups.
	GroupsClaim string
	Scopes      []string     // beside openid and profile
	Client      *http.Client // default http.DefaultClient
}

// Provider is an external OpenID Connect provider. It is asked for its endpoints when the first person signs in, so that the service
// starts without it.
type Provider struct {
	ProviderConfig
	mu    sync.Mutex
	found *oidc.Provider
}

// person is somebody the provider vouches for.
type person struct {
	issuer, subject string
	signIn, name    string
	groups          []string
}

// NewProvider checks the configuration; it asks nobody.
func NewProvider(c ProviderConfig) (*Provider, error) {
	if !strings.HasPrefix(c.Issuer, "https://") && !strings.HasPrefix(c.Issuer, "http://127.0.0.1:") || c.ClientID == "" {
		return nil, fault.New(fault.Invalid, "set up the sign-in", "issuer %q, client %q", c.Issuer, c.ClientID).
			WithHint("the issuer is an https URL whose /.well-known/openid-configuration answers; the client id is the one registered there")
	}
	if c.NameClaim == "" {
		c.NameClaim = "preferred_username"
	}
	if c.GroupsClaim == "" {
		c.GroupsClaim = "groups"
	}
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	return &Provider{ProviderConfig: c}, nil
}

// discover returns the provider's endpoints and keys, asked for once.
func (p *Provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	// The provider keeps this context for fetching keys later, so it must not end with the request.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.Client), p.Issuer)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "ask the sign-in provider", "%w", err).About(p.Issuer).
			WithHint("is it reachable from the service, and is the issuer spelt as its discovery document spells it?")
	}
	p.found = found
	return found, nil
}

func (p *Provider) config(found *oidc.Provider, callback string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: found.Endpoint(), RedirectURL: callback,
		Scopes: append([]string{oidc.ScopeOpenID, "profile"}, p.Scopes...),
	}
}

// begin returns where the browser is to go; state, nonce and verifier tie the answer to this sign-in.
func (p *Provider) begin(ctx context.Context, callback string, f pending) (string, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return p.config(found, callback).AuthCodeURL(f.state, oidc.Nonce(f.nonce), oauth2.S256ChallengeOption(f.verifier)), nil
}

// finish trades the code for an ID token and reads who it is about.
func (p *Provider) finish(ctx context.Context, callback, code string, f pending) (person, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return person{}, err
	}
	ctx = oidc.ClientContext(ctx, p.Client)
	tok, err := p.config(found, callback).Exchange(ctx, code, oauth2.VerifierOption(f.verifier))
	if err != nil {
		return person{}, describe(err)
	}
	raw, ok := tok.Extra("id_token").(string)
	if !ok {
		return person{}, errors.New("the provider gave no ID token")
	}
	id, err := found.Verifier(&oidc.Config{ClientID: p.ClientID}).Verify(ctx, raw)
	if err != nil {
		return person{}, fmt.Errorf("the ID token is not acceptable: %w", err)
	}
	if id.Nonce != f.nonce {
		return person{}, errors.New("the ID token belongs to another sign-in")
	}
	var says map[string]any
	if err := id.Claims(&says); err != nil {
		return person{}, err
	}
	return p.read(id, says)
}

// describe keeps the provider's words and drops its answer's body, which may hold more than belongs in a log.
func describe(err error) error {
	if r, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("the provider refused the code: %s %s", r.ErrorCode, r.ErrorDescription)
	}
	return fmt.Errorf("the provider did not answer: %w", err)
}

func (p *Provider) read(id *oidc.IDToken, says map[string]any) (person, error) {
	who := person{issuer: id.Issuer, subject: id.Subject}
	who.signIn, _ = says[p.NameClaim].(string)
	who.name, _ = says["name"].(string)
	if who.signIn == "" {
		return who, fmt.Errorf("the ID token has no claim %q; choose another with --oidc-name-claim", p.NameClaim)
	}
	if verified, _ := says["email_verified"].(bool); p.NameClaim == "email" && !verified {
		return who, errors.New("the provider has not verified the e-mail address")
	}
	groups, _ := says[p.GroupsClaim].([]any)
	for _, g := range groups {
		if name, ok := g.(string); ok && len(who.groups) < 200 {
			who.groups = append(who.groups, name)
		}
	}
	return who, nil
}
