package identity_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/identity"
)

func TestClientCredentials(t *testing.T) {
	s := newSite(t, nil)
	c, secret := s.client("pipeline", "Synchronization.ReadWrite.All", access.Reader)
	r := s.post(tokenPath, s.secretForm(c, secret))
	if r.Status != http.StatusOK || r.Type != "Bearer" || r.ExpiresIn != 3599 || r.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%+v", r)
	}
	who, err := s.server.Authenticate(t.Context(), r.Token)
	if err != nil {
		t.Fatal(err)
	}
	if who.Subject != "client:"+string(c.ID) || who.Name != "pipeline" || who.Tenant != "default" || !who.May(access.RunJobs, "") || who.May(access.WriteAccess, "") {
		t.Errorf("caller %+v", who)
	}
	if len(s.notes) != 1 || s.notes[0].Err != nil || s.notes[0].Subject != who.Subject {
		t.Errorf("notes %+v", s.notes)
	}
	says := claimsOf(t, r.Token)
	for name, want := range map[string]any{
		"aud": s.http.URL, "iss": s.http.URL + "/default/v2.0", "tid": "default", "appid": string(c.ID), "oid": string(c.ID), "idtyp": "app",
	} {
		if says[name] != want {
			t.Errorf("claim %s is %v, want %v", name, says[name], want)
		}
	}
	if roles := says["roles"].([]any); len(roles) != 2 {
		t.Errorf("roles %v", roles)
	}
}

func TestTokenRequests(t *testing.T) {
	s := newSite(t, nil)
	c, secret := s.client("pipeline", access.Reader)
	good := s.secretForm(c, secret)
	basic := func(id, secret string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }
	}
	none := with(with(good, "client_id", ""), "client_secret", "")
	for name, tc := range map[string]struct {
		path   string
		form   url.Values
		edit   func(*http.Request)
		status int
		error  string
		code   int
	}{
		"OK":                       {tokenPath, good, nil, 200, "", 0},
		"OK, no tenant":            {"/oauth2/v2.0/token", good, nil, 200, "", 0},
		"OK, tenant as GUID":       {"/" + identity.TenantGUID("default") + "/oauth2/v2.0/token", good, nil, 200, "", 0},
		"OK, ADFS":                 {"/adfs/oauth2/token", good, nil, 200, "", 0},
		"OK, basic":                {tokenPath, none, basic(string(c.ID), secret), 200, "", 0},
		"OK, scope with two /":     {tokenPath, with(good, "scope", s.http.URL+"//.default"), nil, 200, "", 0},
		"OK, only .default":        {tokenPath, with(good, "scope", ".default"), nil, 200, "", 0},
		"OK, resource":             {"/default/oauth2/token", with(with(good, "scope", ""), "resource", s.http.URL+"/"), nil, 200, "", 0},
		"OK, id in capitals":       {tokenPath, with(good, "client_id", strings.ToUpper(string(c.ID))), nil, 200, "", 0},
		"ErrSecret":                {tokenPath, with(good, "client_secret", "wrong"), nil, 401, "invalid_client", 7000215},
		"ErrSecret, basic":         {tokenPath, none, basic(string(c.ID), "wrong"), 401, "invalid_client", 7000215},
		"ErrNoSecret":              {tokenPath, with(good, "client_secret", ""), nil, 401, "invalid_client", 7000218},
		"ErrNoClient":              {tokenPath, none, nil, 400, "invalid_request", 900144},
		"ErrUnknownClient":         {tokenPath, with(good, "client_id", "00000000-0000-0000-0000-000000000001"), nil, 400, "unauthorized_client", 700016},
		"ErrOtherTenant":           {"/other/oauth2/v2.0/token", good, nil, 400, "unauthorized_client", 700016},
		"ErrTenantMalformed":       {"/a%20b/oauth2/v2.0/token", good, nil, 400, "invalid_request", 90002},
		"ErrScopeNotDefault":       {tokenPath, with(good, "scope", s.http.URL+"/User.Read"), nil, 400, "invalid_scope", 1002012},
		"ErrScopeOfSomebodyElse":   {tokenPath, with(good, "scope", "https://elsewhere.example/.default"), nil, 400, "invalid_resource", 500011},
		"ErrTwoScopes":             {tokenPath, with(good, "scope", s.http.URL+"/.default https://x.example/.default"), nil, 400, "invalid_scope", 28000},
		"ErrNoScope":               {tokenPath, with(good, "scope", ""), nil, 400, "invalid_request", 900144},
		"ErrNoGrant":               {tokenPath, with(good, "grant_type", ""), nil, 400, "invalid_request", 900144},
		"ErrGrant":                 {tokenPath, with(good, "grant_type", "password"), nil, 400, "unsupported_grant_type", 70003},
		"ErrTwoWays":               {tokenPath, good, basic(string(c.ID), secret), 400, "invalid_request", 900144},
		"ErrAssertionTypeMissing":  {tokenPath, with(with(good, "client_secret", ""), "client_assertion", "x.y.z"), nil, 400, "invalid_request", 900144},
		"ErrSecretInURL":           {tokenPath + "?client_secret=" + secret, with(good, "client_secret", ""), nil, 401, "invalid_client", 7000218},
		"ErrTooLarge":              {tokenPath, with(good, "scope", strings.Repeat("x", 65<<10)), nil, 400, "invalid_request", 900144},
		"ErrParameterTwice":        {tokenPath, url.Values{"grant_type": {"client_credentials", "client_credentials"}}, nil, 400, "invalid_request", 900144},
		"ErrDeviceCodeUnknown":     {tokenPath, url.Values{"grant_type": {"device_code"}, "device_code": {"x"}}, nil, 400, "expired_token", 70020},
		"ErrCodeUnknown":           {tokenPath, url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {"http://127.0.0.1/"}, "client_id": {identity.CLI}, "code_verifier": {"v"}}, nil, 400, "invalid_grant", 70008},
		"ErrCodeWithoutVerifier":   {tokenPath, url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {"http://127.0.0.1/"}, "client_id": {identity.CLI}}, nil, 400, "invalid_request", 900144},
		"ErrBasicAndOtherClientID": {tokenPath, with(good, "client_secret", ""), basic("other", secret), 400, "invalid_request", 900144},
	} {
		t.Run(name, func(t *testing.T) {
			var edits []func(*http.Request)
			if tc.edit != nil {
				edits = append(edits, tc.edit)
			}
			r := s.post(tc.path, tc.form, edits...)
			if r.Status != tc.status || r.Error != tc.error || tc.code != 0 && !slices.Equal(r.Codes, []int{tc.code}) {
				t.Fatalf("%d %s %v %s, want %d %s %d", r.Status, r.Error, r.Codes, r.Description, tc.status, tc.error, tc.code)
			}
			if tc.status == 200 {
				return
			}
			if !strings.HasPrefix(r.Description, "AADSTS") || r.Correlation == "" || r.Trace == "" || strings.Contains(r.Description, secret) {
				t.Errorf("body %+v", r)
			}
			if r.Status == 401 && r.Header.Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
}

func TestSecretsOverlapAndExpire(t *testing.T) {
	s := newSite(t, nil)
	c, first := s.client("pipeline", access.Reader)
	add := func(life time.Duration, made time.Time) (secret string) {
		s.change(c.ID, func(c identity.Client) (identity.Client, error) {
			c, text, err := c.AddSecret(made, life)
			secret = text
			return c, err
		})
		return secret
	}
	second := add(time.Hour, time.Now())
	s.token(c, first)
	s.token(c, second)
	third := add(time.Hour, time.Now())
	s.token(c, second)
	s.token(c, third)
	if r := s.post(tokenPath, s.secretForm(c, first)); !slices.Equal(r.Codes, []int{7000215}) {
		t.Errorf("the oldest of three: %+v", r)
	}
	old := add(time.Minute, time.Now().Add(-time.Hour))
	if r := s.post(tokenPath, s.secretForm(c, old)); r.Status != 401 || !slices.Equal(r.Codes, []int{7000222}) {
		t.Errorf("an expired secret: %+v", r)
	}
	s.change(c.ID, func(c identity.Client) (identity.Client, error) { return c.DropSecrets("old") })
	if r := s.post(tokenPath, s.secretForm(c, third)); r.Status != 401 {
		t.Errorf("a secret that was ended: %+v", r)
	}
}

func TestRightsAreThoseOfNow(t *testing.T) {
	s := newSite(t, nil)
	c, secret := s.client("pipeline", access.Operator)
	token := s.token(c, secret)
	if err := s.db.Grants().Revoke(s.ctx, c.Subject(), access.Operator, ""); err != nil {
		t.Fatal(err)
	}
	if who, err := s.server.Authenticate(t.Context(), token); err != nil || who.May(access.ReadDirectory, "") {
		t.Errorf("after revoking: %+v, %v", who, err)
	}
	if err := s.db.Identity().DeleteClient(s.ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.server.Authenticate(t.Context(), token); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("after deleting the client: %v", err)
	}
}

func TestOwnersOwnTheirApplicationsOnly(t *testing.T) {
	s := newSite(t, nil)
	c, secret := s.client("pipeline")
	if err := s.db.Grants().Grant(s.ctx, access.Grant{Subject: c.Subject(), Role: access.Owner, App: "hr"}); err != nil {
		t.Fatal(err)
	}
	who, err := s.server.Authenticate(t.Context(), s.token(c, secret))
	if err != nil || !who.May(access.WriteApps, "hr") || who.May(access.WriteApps, "payroll") || who.May(access.WriteApps, "") || who.May(access.ReadDirectory, "hr") {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestWrongAttemptsAreSlowedDown(t *testing.T) {
	s := newSite(t, nil)
	c, secret := s.client("pipeline", access.Reader)
	other, theirs := s.client("other", access.Reader)
	bad := s.secretForm(c, "wrong")
	for range 10 {
		if r := s.post(tokenPath, bad); r.Status != 401 {
			t.Fatalf("%+v", r)
		}
	}
	if r := s.post(tokenPath, bad); r.Status != 429 || r.Header.Get("Retry-After") == "" {
		t.Errorf("the eleventh wrong attempt: %+v", r)
	}
	if r := s.post(tokenPath, s.secretForm(c, secret)); r.Status != 429 {
		t.Errorf("guessing goes on unseen: %+v", r)
	}
	s.token(other, theirs)
}

// TestStrangersDoNotFillTheAuditLog lets somebody try clients and tenants that do not exist: only the first few are written down. What
// happens to a client that exists always is.
func TestStrangersDoNotFillTheAuditLog(t *testing.T) {
	s := newSite(t, nil)
	c, secret := s.client("pipeline", access.Reader)
	for i := range 40 {
		form := s.secretForm(identity.Client{ID: identity.ID(fmt.Sprintf("00000000-0000-4000-8000-%012d", i))}, "spc_guess")
		if r := s.post(fmt.Sprintf("/t%d/oauth2/v2.0/token", i), form); r.Status != http.StatusBadRequest {
			t.Fatalf("%+v", r)
		}
	}
	if n := len(s.notes); n < 10 || n >= 40 {
		t.Errorf("%d of 40 attempts of strangers were noted", n)
	}
	s.notes = nil
	s.post(tokenPath, s.secretForm(c, "spc_wrong"))
	s.token(c, secret)
	if len(s.notes) != 2 || s.notes[0].Err == nil || s.notes[1].Err != nil {
		t.Errorf("the client's own attempts: %+v", s.notes)
	}
}
