package identity_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
)

// TestDiscoveryOfTenants: a tenant that nobody can sign in to is not described as if it were there.
func TestDiscoveryOfTenants(t *testing.T) {
	s := newSite(t, nil)
	if err := s.db.Grants().Grant(tenant.With(s.ctx, "granted"), access.Grant{Subject: "person:ann@x.example", Role: access.Reader, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"default": 200, "common": 200, "granted": 200, "nope": 400, "33333333-3333-4333-8333-333333333333": 400, "Not%20One": 400} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", s.http.URL+"/"+name+"/v2.0/.well-known/openid-configuration", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.http.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != want || want == 400 && !strings.Contains(string(text), "AADSTS90002") {
			t.Errorf("%s: %d %s %v, want %d", name, resp.StatusCode, text, err, want)
		}
	}
}
