package identity_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/identity"
	"github.com/sallyport-id/sallyport/service/identity/identitytest"
)

// login is the provider of a test.
type login struct {
	*testing.T
	*identitytest.Provider
}

func newLogin(t *testing.T) *login { return &login{t, identitytest.New(t)} }

func (l *login) provider(edit func(*identity.ProviderConfig)) *identity.Provider {
	l.Helper()
	c := identity.ProviderConfig{Issuer: l.URL, ClientID: "sallyport", Secret: l.Secret}
	if edit != nil {
		edit(&c)
	}
	p, err := identity.NewProvider(c)
	if err != nil {
		l.Fatal(err)
	}
	return p
}

// browser keeps cookies and goes where it is sent, until it would leave for the person's own machine.
func (s *site) browser() *http.Client {
	s.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.Fatal(err)
	}
	return &http.Client{Transport: s.http.Client().Transport, Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/done" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

const (
	redirect = "http://127.0.0.1:7777/done"
	verifier = "a-verifier-that-is-long-enough-to-be-one-0123456789"
)

func authorizeQuery() url.Values {
	sum := sha256.Sum256([]byte(verifier))
	return url.Values{
		"response_type": {"code"}, "client_id": {identity.CLI}, "redirect_uri": {redirect}, "state": {"mine"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
}

// visit opens a page and returns the status, the text, and what the person's own machine was told.
func (s *site) visit(c *http.Client, at string) (int, string, url.Values) {
	s.Helper()
	resp, err := c.Get(at)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		s.Fatal(err)
	}
	return resp.StatusCode, string(text), to.Query()
}

func codeForm(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "client_id": {identity.CLI}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
}

const authorizePath = "/default/oauth2/v2.0/authorize?"

func TestSignInInTheBrowser(t *testing.T) {
	l := newLogin(t)
	s := newSite(t, l.provider(nil))
	s.grant("person:ann@x.example", access.Reader)
	s.grant("group:idm-operators", access.Operator)
	_, _, told := s.visit(s.browser(), s.http.URL+authorizePath+authorizeQuery().Encode())
	if told.Get("state") != "mine" || told.Get("code") == "" {
		t.Fatalf("told %v", told)
	}
	r := s.post(tokenPath, codeForm(told.Get("code")))
	if r.Status != 200 {
		t.Fatalf("%+v", r)
	}
	who, err := s.server.Authenticate(t.Context(), r.Token)
	if err != nil || who.Subject != "person:ann@x.example" || !slices.Equal(who.Roles, []access.Role{access.Operator, access.Reader}) {
		t.Errorf("%+v, %v", who, err)
	}
	if again := s.post(tokenPath, codeForm(told.Get("code"))); again.Status != 400 || again.Error != "invalid_grant" {
		t.Errorf("the code a second time: %+v", again)
	}
	if len(s.notes) != 1 || s.notes[0].Subject != who.Subject || s.notes[0].Err != nil {
		t.Errorf("notes %+v", s.notes)
	}
	if err := s.server.SignOut(t.Context(), r.Token); err != nil {
		t.Fatal(err)
	}
	if _, err := s.server.Authenticate(t.Context(), r.Token); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("after signing out: %v", err)
	}
}

func TestCodesAreBound(t *testing.T) {
	l := newLogin(t)
	s := newSite(t, l.provider(nil))
	s.grant("person:ann@x.example", access.Reader)
	for name, change := range map[string][2]string{
		"other verifier": {"code_verifier", "x"}, "other address": {"redirect_uri", "http://127.0.0.1:1/done"}, "other client": {"client_id", "other"},
	} {
		_, _, told := s.visit(s.browser(), s.http.URL+authorizePath+authorizeQuery().Encode())
		if r := s.post(tokenPath, with(codeForm(told.Get("code")), change[0], change[1])); r.Status != 400 || r.Error != "invalid_grant" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	_, _, told := s.visit(s.browser(), s.http.URL+authorizePath+authorizeQuery().Encode())
	if r := s.post("/other/oauth2/v2.0/token", codeForm(told.Get("code"))); r.Status != 400 {
		t.Errorf("another tenant: %+v", r)
	}
}

func TestSignInRefuses(t *testing.T) {
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, v any) func(*login) {
		return func(l *login) { l.Change = func(c map[string]any) { c[name] = v } }
	}
	for name, tc := range map[string]struct {
		spoil func(*login)
		edit  func(*identity.ProviderConfig)
		says  string
	}{
		"ErrNonce":           {set("nonce", "x"), nil, "belongs to another sign-in"},
		"ErrAudience":        {set("aud", "another"), nil, "not acceptable"},
		"ErrIssuer":          {set("iss", "https://evil.example"), nil, "not acceptable"},
		"ErrExpired":         {set("exp", time.Now().Add(-time.Hour).Unix()), nil, "not acceptable"},
		"ErrSignature":       {func(l *login) { l.Key = foreign }, nil, "not acceptable"},
		"ErrNoName":          {set("preferred_username", ""), nil, "no claim"},
		"ErrNotGranted":      {set("preferred_username", "bob@x.example"), nil, "has no role here"},
		"ErrProviderRefuses": {func(l *login) { l.Refuse = "access_denied" }, nil, "access_denied"},
		"ErrProviderSecret":  {func(*login) {}, func(c *identity.ProviderConfig) { c.Secret = "wrong" }, "refused the code"},
		"ErrMailUnverified":  {set("email", "ann@x.example"), func(c *identity.ProviderConfig) { c.NameClaim = "email" }, "not verified"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLogin(t)
			tc.spoil(l)
			s := newSite(t, l.provider(tc.edit))
			s.grant("person:ann@x.example", access.Reader)
			_, _, told := s.visit(s.browser(), s.http.URL+authorizePath+authorizeQuery().Encode())
			if told.Get("error") != "access_denied" || told.Get("code") != "" || told.Get("state") != "mine" || !strings.Contains(told.Get("error_description"), tc.says) {
				t.Errorf("told %v, want %q", told, tc.says)
			}
			if len(s.notes) != 1 || s.notes[0].Err == nil {
				t.Errorf("notes %+v", s.notes)
			}
		})
	}
}

func TestAuthorizeRefusesStrangeRequests(t *testing.T) {
	l := newLogin(t)
	s := newSite(t, l.provider(nil))
	for name, change := range map[string][2]string{
		"another site":     {"redirect_uri", "https://evil.example/done"},
		"no address":       {"redirect_uri", ""},
		"localhost lookup": {"redirect_uri", "http://127.0.0.1.evil.example/"},
		"user in address":  {"redirect_uri", "http://127.0.0.1@evil.example/"},
		"a script":         {"redirect_uri", "javascript:alert(1)"},
		"no challenge":     {"code_challenge", ""},
		"plain challenge":  {"code_challenge_method", "plain"},
		"another client":   {"client_id", "other"},
		"implicit":         {"response_type", "token"},
	} {
		status, _, told := s.visit(s.browser(), s.http.URL+authorizePath+with(authorizeQuery(), change[0], change[1]).Encode())
		if status != 400 || len(told) != 0 {
			t.Errorf("%s: %d, sent on with %v", name, status, told)
		}
	}
	if l.Asked() != 0 {
		t.Error("the provider was asked")
	}
}

// TestCallbackNeedsTheBrowserThatBegan is login CSRF: an attacker's answer in a victim's browser.
func TestCallbackNeedsTheBrowserThatBegan(t *testing.T) {
	l := newLogin(t)
	s := newSite(t, l.provider(nil))
	s.grant("person:ann@x.example", access.Reader)
	attacker := s.browser()
	var callback string
	attacker.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.Path, "/signin/callback") {
			callback = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	s.visit(attacker, s.http.URL+authorizePath+authorizeQuery().Encode())
	if callback == "" {
		t.Fatal("no callback")
	}
	if status, text, told := s.visit(s.browser(), callback); status != 400 || len(told) != 0 || !strings.Contains(text, "Begin again") {
		t.Errorf("in another browser: %d %s %v", status, text, told)
	}
	if status, _, _ := s.visit(attacker, callback); status != 400 {
		t.Errorf("a second time: %d", status)
	}
}

func TestDeviceCode(t *testing.T) {
	l := newLogin(t)
	s := newSite(t, l.provider(nil))
	s.grant("person:ann@x.example", access.Reader)
	begin := func() reply {
		t.Helper()
		d := s.post("/default/oauth2/v2.0/devicecode", url.Values{"client_id": {identity.CLI}, "scope": {"openid"}})
		if d.Status != 200 || d.UserCode == "" || d.DeviceCode == "" {
			t.Fatalf("%+v", d)
		}
		return d
	}
	enter := func(code string) (int, string) {
		resp, err := s.browser().PostForm(s.http.URL+"/signin/device", url.Values{"user_code": {code}})
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	poll := func(d reply) reply {
		return s.post(tokenPath, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {identity.CLI}, "device_code": {d.DeviceCode}})
	}
	d := begin()
	if r := poll(d); r.Error != "authorization_pending" {
		t.Errorf("before: %+v", r)
	}
	if r := poll(d); r.Error != "slow_down" {
		t.Errorf("at once again: %+v", r)
	}
	if status, text, _ := s.visit(s.browser(), d.Verify); status != 200 || !strings.Contains(text, d.UserCode) {
		t.Errorf("page %d %s", status, text)
	}
	if status, _ := enter("BBBB-BBBB"); status != 400 {
		t.Errorf("a wrong code: %d", status)
	}
	if status, text := enter(strings.ToLower(strings.ReplaceAll(d.UserCode, "-", ""))); status != 200 || !strings.Contains(text, "You are signed in as Ann@x.example") {
		t.Errorf("entered: %d %s", status, text)
	}
	r := poll(d)
	if who, err := s.server.Authenticate(t.Context(), r.Token); err != nil || who.Name != "Ann@x.example" {
		t.Errorf("%+v %+v %v", r, who, err)
	}
	if r := poll(d); r.Error != "expired_token" {
		t.Errorf("a second time: %+v", r)
	}
	l.Claims["preferred_username"] = "bob@x.example"
	d = begin()
	if status, text := enter(d.UserCode); status != 403 || !strings.Contains(text, "access grant person:bob@x.example reader") {
		t.Errorf("somebody without a role: %d %s", status, text)
	}
	if r := poll(d); r.Error != "access_denied" {
		t.Errorf("%+v", r)
	}
	for range 12 {
		enter("BBBB-BBBB")
	}
	if status, _ := enter(begin().UserCode); status != 429 {
		t.Errorf("guessing is not slowed down: %d", status)
	}
}

func TestWithoutProvider(t *testing.T) {
	s := newSite(t, nil)
	if status, text, _ := s.visit(s.browser(), s.http.URL+authorizePath+authorizeQuery().Encode()); status != 404 || !strings.Contains(text, "--oidc-issuer") {
		t.Errorf("%d %s", status, text)
	}
	if d := s.post("/oauth2/v2.0/devicecode", url.Values{"client_id": {identity.CLI}}); d.Status != 400 || d.Error != "unauthorized_client" {
		t.Errorf("%+v", d)
	}
	for _, c := range []identity.ProviderConfig{{}, {Issuer: "http://login.example.com", ClientID: "x"}, {Issuer: "https://login.example.com"}} {
		if _, err := identity.NewProvider(c); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	down := newSite(t, newLoginThatIsDown(t))
	if status, text, _ := down.visit(down.browser(), down.http.URL+authorizePath+authorizeQuery().Encode()); status != 503 || strings.Contains(text, "127.0.0.1") {
		t.Errorf("a provider that is down: %d %s", status, text)
	}
}

func newLoginThatIsDown(t *testing.T) *identity.Provider {
	l := newLogin(t)
	p := l.provider(nil)
	l.Close()
	return p
}
