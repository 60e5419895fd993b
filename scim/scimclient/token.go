package scimclient

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// TokenSource hands out the bearer token for a request.
type TokenSource interface {
	// Token returns a token that is valid now, "" for none. Errors are faults; they never hold a secret.
	Token(ctx context.Context) (string, error)
	// Refused tells that the server refused the token; it reports whether the next Token may be another one.
	Refused(token string) bool
}

// Static is a token that never changes; "" sends no credential.
type Static string

// Token returns the token.
func (s Static) Token(context.Context) (string, error) { return string(s), nil }

// Refused reports that there is no other.
func (s Static) Refused(string) bool { return false }

// String hides the token.
func (s Static) String() string { return "********" }

// GoString hides the token.
func (s Static) GoString() string { return "********" }

// ClientCredentials gets tokens by OAuth 2.0 client credentials (RFC 6749 §4.4) and renews them before they expire. Its
// fields are set before first use.
type ClientCredentials struct {
	Endpoint  string // token URL
	ID        string
	Secret    string                                    // sent in the body, or with Basic as user and password
	Basic     bool                                      // send ID and Secret as Basic authentication instead
	Assertion func(ctx context.Context) (string, error) // instead of Secret: a signed JWT (RFC 7523 §2.2)
	Scope     string
	Transport http.RoundTripper // nil = http.DefaultTransport

	mu      sync.Mutex
	token   string
	renewAt time.Time
	expires time.Time
}

// String hides the secret.
func (s *ClientCredentials) String() string { return "client credentials of " + s.ID }

// GoString hides the secret.
func (s *ClientCredentials) GoString() string { return s.String() }

// Token returns the token at hand, or gets a new one shortly before that expires. When renewing fails while the old one
// is still valid the old one is used.
func (s *ClientCredentials) Token(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.token != "" && now.Before(s.renewAt) {
		return s.token, nil
	}
	err := s.renew(ctx)
	if err != nil && s.token != "" && now.Before(s.expires) {
		s.renewAt = now.Add(10 * time.Second)
		return s.token, nil
	}
	return s.token, err
}

// Refused forgets the token, if it is still that one.
func (s *ClientCredentials) Refused(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == token {
		s.token = ""
	}
	return true
}

func (s *ClientCredentials) renew(ctx context.Context) error {
	if !time.Now().Before(s.expires) {
		s.token = ""
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := s.request(ctx)
	if err != nil {
		return err
	}
	transport := s.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return tokenFault(fault.Unavailable, "%w", err).WithHint("check the token endpoint's address and that it can be reached")
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return tokenFault(fault.Unavailable, "%w", err)
	}
	return s.take(resp.StatusCode, body)
}

func tokenFault(k fault.Kind, format string, args ...any) *fault.Error {
	return fault.New(k, "get an access token", format, args...)
}

func (s *ClientCredentials) request(ctx context.Context) (*http.Request, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if s.Scope != "" {
		form.Set("scope", s.Scope)
	}
	switch {
	case s.Assertion != nil:
		jwt, err := s.Assertion(ctx)
		if err != nil {
			return nil, fault.Wrap(fault.Unauthenticated, "get an access token", err)
		}
		form.Set("client_id", s.ID)
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", jwt)
	case !s.Basic:
		form.Set("client_id", s.ID)
		form.Set("client_secret", s.Secret)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, tokenFault(fault.Invalid, "the token endpoint is no URL").WithHint("correct the token endpoint")
	}
	if s.Basic && s.Assertion == nil {
		req.SetBasicAuth(url.QueryEscape(s.ID), url.QueryEscape(s.Secret)) // RFC 6749 §2.3.1
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	return req, nil
}

func (s *ClientCredentials) take(status int, body []byte) error {
	var a struct {
		Token   string      `json:"access_token"`
		Type    string      `json:"token_type"`
		Seconds json.Number `json:"expires_in"`
		Error   string      `json:"error"`
		Text    string      `json:"error_description"`
	}
	err := json.Unmarshal(body, &a)
	switch {
	case status >= 500 || status == http.StatusTooManyRequests:
		return tokenFault(fault.Unavailable, "the token endpoint answers %d", status)
	case status >= 400:
		return tokenFault(fault.Unauthenticated, "%w", errors.New(strings.TrimSpace(a.Error+" "+clip(a.Text)))).
			WithHint("check client id, secret and scope; secrets expire")
	case err != nil || a.Token == "":
		return tokenFault(fault.Unauthenticated, "the answer holds no access_token").WithHint("check the token endpoint's address")
	case a.Type != "" && !strings.EqualFold(a.Type, "bearer"):
		return tokenFault(fault.Unsupported, "the token is of type %q, not bearer", clip(a.Type))
	}
	life := 5 * time.Minute // when the endpoint does not say
	if n, err := a.Seconds.Int64(); err == nil && n > 0 {
		life = time.Duration(min(n, 30*24*3600)) * time.Second
	}
	now := time.Now()
	s.token, s.expires, s.renewAt = a.Token, now.Add(life), now.Add(life-min(life/5, 5*time.Minute))
	return nil
}
