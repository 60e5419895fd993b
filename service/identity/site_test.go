package identity_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/identity"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

// site is an authorization server over a real store.
type site struct {
	*testing.T
	ctx    context.Context
	db     *sqlite.DB
	keys   *identity.Keys
	server *identity.Server
	http   *httptest.Server
	notes  []identity.SignIn
}

func newSite(t *testing.T, provider *identity.Provider) *site {
	t.Helper()
	s := &site{T: t, ctx: tenant.With(t.Context(), tenant.Default)}
	var err error
	if s.db, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "s.db")); err != nil {
		t.Fatal(err)
	}
	if s.keys, err = identity.OpenKeys(filepath.Join(t.TempDir(), "identity"), time.Now()); err != nil {
		t.Fatal(err)
	}
	s.server = identity.New(identity.Config{
		Clients: s.db.Identity(), Sessions: s.db.Identity(), Grants: s.db.Grants(), Keys: s.keys, Provider: provider,
		Bearers: access.Bearers{Store: s.db.Tokens(), Grants: s.db.Grants()},
		Note:    func(_ *http.Request, n identity.SignIn) { s.notes = append(s.notes, n) },
	})
	s.http = httptest.NewTLSServer(s.server.Or(http.NotFoundHandler()))
	t.Cleanup(func() {
		s.http.Close()
		_ = s.db.Close()
	})
	return s
}

// client registers a client and returns it with its secret.
func (s *site) client(name string, roles ...access.Role) (identity.Client, string) {
	s.Helper()
	c, err := identity.NewClient(name, time.Now())
	if err != nil {
		s.Fatal(err)
	}
	c, secret, err := c.AddSecret(time.Now(), time.Hour)
	if err != nil {
		s.Fatal(err)
	}
	if err := s.db.Identity().AddClient(s.ctx, c); err != nil {
		s.Fatal(err)
	}
	s.grant(c.Subject(), roles...)
	return c, secret
}

func (s *site) grant(subject string, roles ...access.Role) {
	s.Helper()
	for _, r := range roles {
		if err := s.db.Grants().Grant(s.ctx, access.Grant{Subject: subject, Role: r, At: time.Now()}); err != nil {
			s.Fatal(err)
		}
	}
}

// change rewrites a client.
func (s *site) change(id identity.ID, change func(identity.Client) (identity.Client, error)) {
	s.Helper()
	if _, err := s.db.Identity().ChangeClient(s.ctx, id, change); err != nil {
		s.Fatal(err)
	}
}

// reply is what the token endpoint answers.
type reply struct {
	Status      int
	Header      http.Header
	Token       string `json:"access_token"`
	Type        string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Codes       []int  `json:"error_codes"`
	Correlation string `json:"correlation_id"`
	Trace       string `json:"trace_id"`

	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	Verify     string `json:"verification_uri_complete"`
}

// post sends a form.
func (s *site) post(path string, form url.Values, edit ...func(*http.Request)) reply {
	s.Helper()
	req, err := http.NewRequestWithContext(s.ctx, "POST", s.http.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, e := range edit {
		e(req)
	}
	resp, err := s.http.Client().Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	out := reply{Status: resp.StatusCode, Header: resp.Header}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		s.Fatalf("%s %s: %v", path, resp.Status, err)
	}
	return out
}

const tokenPath = "/default/oauth2/v2.0/token"

// secretForm is what the identity libraries send for a client with a secret.
func (s *site) secretForm(c identity.Client, secret string) url.Values {
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {string(c.ID)}, "client_secret": {secret}, "client_info": {"1"},
		"scope": {s.http.URL + "/.default openid offline_access profile"},
	}
}

// token gets one, or ends the test.
func (s *site) token(c identity.Client, secret string) string {
	s.Helper()
	r := s.post(tokenPath, s.secretForm(c, secret))
	if r.Status != http.StatusOK || r.Token == "" {
		s.Fatalf("no token: %+v", r)
	}
	return r.Token
}

func with(form url.Values, name, value string) url.Values {
	out := url.Values{}
	for k, v := range form {
		out[k] = v
	}
	if value == "" {
		out.Del(name)
	} else {
		out.Set(name, value)
	}
	return out
}
