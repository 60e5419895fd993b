package identity

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sallyport-id/sallyport/internal/tenant"
)

// assertionType says that a client proves itself by a signed JWT (RFC 7523 §2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// maxAssertionLife bounds how long a used one has to be remembered; the identity libraries make them for ten minutes.
const maxAssertionLife = time.Hour

var assertionAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.RS384, jose.PS384, jose.RS512, jose.PS512, jose.ES256, jose.ES384, jose.ES512}

// proof is how a client says who it is.
type proof struct {
	client, secret, assertion string
}

func (p proof) how() string {
	if p.assertion != "" {
		return "private_key_jwt"
	}
	return "client_secret"
}

// proofOf reads client_secret_basic, client_secret_post or private_key_jwt; exactly one (RFC 6749 §2.3).
func (s *Server) proofOf(r *http.Request, form url.Values) (proof, error) {
	p := proof{client: form.Get("client_id"), secret: form.Get("client_secret"), assertion: form.Get("client_assertion")}
	user, password, basic := r.BasicAuth()
	ways := 0
	for _, there := range []bool{p.secret != "", p.assertion != "", basic} {
		if there {
			ways++
		}
	}
	switch {
	case ways > 1:
		return p, refuse(http.StatusBadRequest, "invalid_request", 900144, "The client proves itself in more than one way.")
	case basic:
		return basicProof(p, user, password)
	case p.assertion != "":
		return assertionProof(p, form.Get("client_assertion_type"))
	case p.client == "":
		return p, missing("client_id")
	case p.secret == "":
		return p, refuse(http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	}
	return p, nil
}

// basicProof undoes the form encoding inside the header (RFC 6749 §2.3.1).
func basicProof(p proof, user, password string) (proof, error) {
	id, err1 := url.QueryUnescape(user)
	secret, err2 := url.QueryUnescape(password)
	if err1 != nil || err2 != nil || id == "" || p.client != "" && p.client != id {
		return p, refuse(http.StatusBadRequest, "invalid_request", 900144, "The Authorization header and the body do not name one client.")
	}
	return proof{client: id, secret: secret}, nil
}

// assertionProof finds out whose assertion it claims to be, when the request does not say; the signature is checked later.
func assertionProof(p proof, kind string) (proof, error) {
	if kind != assertionType {
		return p, refuse(http.StatusBadRequest, "invalid_request", 900144, "The client_assertion_type must be %s.", assertionType)
	}
	t, err := jwt.ParseSigned(p.assertion, assertionAlgorithms)
	if err != nil {
		return p, badAssertion("it is not a signed JWT")
	}
	var c jwt.Claims
	if err := t.UnsafeClaimsWithoutVerification(&c); err != nil {
		return p, badAssertion("its claims are not readable")
	}
	if p.client == "" {
		p.client = c.Subject
	}
	return p, nil
}

// checkAssertion verifies the JWT with one of the client's certificates (RFC 7523 §3).
func (s *Server) checkAssertion(r *http.Request, c Client, assertion string, now time.Time) error {
	t, err := jwt.ParseSigned(assertion, assertionAlgorithms)
	if err != nil {
		return badAssertion("it is not a signed JWT")
	}
	cert, err := certificateFor(c.Certificates, t.Headers[0])
	if err != nil {
		return err
	}
	if now.Before(cert.Begins) || !now.Before(cert.Expires) {
		return badAssertion("the certificate is not valid now")
	}
	public, err := x509.ParseCertificate(cert.DER)
	if err != nil {
		return badAssertion("the certificate cannot be read")
	}
	var says jwt.Claims
	if err := t.Claims(public.PublicKey, &says); err != nil {
		return badAssertion("the signature is not that of the certificate")
	}
	return s.checkClaims(r, c, says, now)
}

// certificateFor finds the registered certificate that the assertion names by its thumbprint. A key inside the assertion is never used.
func certificateFor(all []Certificate, h jose.Header) (Certificate, error) {
	one, two := thumbprint(h, "x5t"), thumbprint(h, "x5t#S256")
	i := slices.IndexFunc(all, func(c Certificate) bool {
		return two != "" && c.SHA256 == two || two == "" && one != "" && c.SHA1 == one ||
			two == "" && one == "" && h.KeyID != "" && (h.KeyID == c.SHA256 || strings.EqualFold(h.KeyID, c.Thumbprint()))
	})
	if i < 0 {
		return Certificate{}, badAssertion("the key was not found by its thumbprint; register the certificate with the client")
	}
	return all[i], nil
}

// thumbprint reads a thumbprint from the header. RFC 7515 wants base64url without padding; some of Azure's libraries write the other
// base64.
func thumbprint(h jose.Header, name string) string {
	text, _ := h.ExtraHeaders[jose.HeaderKey(name)].(string)
	return strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(text), "=")
}

func (s *Server) checkClaims(r *http.Request, c Client, says jwt.Claims, now time.Time) error {
	audiences := []string{s.base(r) + r.URL.Path, s.tokenEndpoint(r), issuerOf(s.base(r), tenant.From(r.Context()))}
	switch {
	case !strings.EqualFold(says.Issuer, string(c.ID)) || !strings.EqualFold(says.Subject, string(c.ID)):
		return badAssertion("issuer and subject must both be the client id")
	case !slices.ContainsFunc(says.Audience, func(a string) bool { return slices.Contains(audiences, a) }):
		return badAssertion("the audience must be the token endpoint " + s.tokenEndpoint(r))
	case says.Expiry == nil || !now.Before(says.Expiry.Time().Add(leeway)):
		return badAssertion("it has expired")
	case says.Expiry.Time().After(now.Add(maxAssertionLife + leeway)):
		return badAssertion("it may live for at most an hour")
	case says.NotBefore != nil && now.Add(leeway).Before(says.NotBefore.Time()):
		return badAssertion("it is not valid yet; the clocks differ")
	}
	return nil
}

// spend takes an assertion out of use: whoever sends the same one again has overheard it (RFC 7523 §3, point 7). It is known by what was
// signed, not by its jti, which a client may leave out, and not by its signature, of which there can be more than one.
func (s *Server) spend(ctx context.Context, c Client, p proof, now time.Time) error {
	if p.assertion == "" {
		return nil
	}
	signed := p.assertion[:strings.LastIndexByte(p.assertion, '.')]
	sum := sha256.Sum256([]byte(signed))
	key := "assertion:" + string(c.ID) + ":" + base64.RawURLEncoding.EncodeToString(sum[:])
	first, err := s.Sessions.End(ctx, key, now.Add(maxAssertionLife+2*leeway))
	if err == nil && !first {
		return badAssertion("it was used already; make a new one for every request")
	}
	return err
}
