package wire

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/forwarded"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/internal/tlsx"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/audit"
	"github.com/sallyport-id/sallyport/service/graphapi"
	"github.com/sallyport-id/sallyport/service/identity"
)

// SignIn says where people sign in; without an issuer they use bearer secrets alone.
type SignIn struct {
	Issuer, ClientID, SecretFile, NameClaim, GroupsClaim string
	CAFile                                               string // PEM to trust beside the system's
	Scopes                                               []string
}

// provider makes the provider, nil when none is configured.
func (o SignIn) provider() (*identity.Provider, error) {
	if o.Issuer == "" {
		return nil, nil
	}
	c := identity.ProviderConfig{Issuer: o.Issuer, ClientID: o.ClientID, NameClaim: o.NameClaim, GroupsClaim: o.GroupsClaim, Scopes: o.Scopes}
	if o.SecretFile != "" {
		text, err := os.ReadFile(o.SecretFile)
		if err != nil {
			return nil, fault.New(fault.Invalid, "read the sign-in provider's secret", "%w", err).WithHint("name the file with --oidc-secret-file")
		}
		c.Secret = strings.TrimSpace(string(text))
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // so says net/http
	if o.CAFile != "" {
		pool, err := tlsx.Pool(o.CAFile)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig.RootCAs = pool
	}
	c.Client = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	return identity.NewProvider(c)
}

// How often keys are looked after and the audit log is signed.
const (
	turnEvery = time.Hour
	markEvery = 5 * time.Minute
)

// startIdentity opens the keys and begins to look after them and after the audit log.
func (s *Service) startIdentity(ctx context.Context, c ServiceConfig) error {
	dir := filepath.Join(c.Data, "identity")
	keys, err := identity.OpenKeys(dir, time.Now())
	if err != nil {
		return err
	}
	signer, err := audit.OpenSigner(dir)
	if err != nil {
		return err
	}
	provider, err := c.SignIn.provider()
	if err != nil {
		return err
	}
	s.audit = &audit.Keeper{Log: s.db.Audit(), Marks: s.db.AuditMarks(), Signer: signer}
	at := forwarded.Address{Public: c.PublicURL, Proxies: c.TrustedProxies}
	s.identity = identity.New(identity.Config{
		Clients: s.db.Identity(), Sessions: s.db.Identity(), Grants: s.db.Grants(), Keys: keys, Provider: provider, Logger: c.Logger,
		Bearers: access.Bearers{Store: s.db.Tokens(), Grants: s.db.Grants()}, Public: c.PublicURL, Base: at.Base, From: at.From, Note: s.noteSignIn,
	})
	go s.audit.Run(ctx, markEvery, audit.Retention, func(err error) { c.Logger.Error("the audit log could not be looked after", "error", err) })
	go s.turnKeys(ctx, keys)
	return nil
}

func (s *Service) turnKeys(ctx context.Context, keys *identity.Keys) {
	tick := time.NewTicker(turnEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if err := keys.Turn(now); err != nil {
				s.logger.Error("the signing keys could not be rotated", "error", err)
			}
		}
	}
}

// noteSignIn tells the audit log who got a token, and who did not.
func (s *Service) noteSignIn(r *http.Request, n identity.SignIn) {
	e := audit.Entry{
		At: time.Now(), Phase: audit.Done, Subject: n.Subject, Name: n.Name, From: s.identity.From(r), Action: "sign in", Target: n.How, Result: audit.Success,
	}
	if n.Err != nil {
		e.Result, e.Reason = fault.KindOr(n.Err, fault.Unauthenticated).String(), n.Err.Error()
	}
	if _, err := s.audit.Append(tenant.With(r.Context(), n.Tenant), e); err != nil {
		s.logger.Error("the audit log could not be written", "action", e.Action, "subject", e.Subject, "error", err)
	}
}

// graphIdentity is what the API changes of who may come in.
func (s *Service) graphIdentity() graphapi.Identity {
	return graphapi.Identity{Clients: s.db.Identity(), Grants: s.db.Grants(), SignOut: s.identity.SignOut}
}
