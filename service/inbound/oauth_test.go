package inbound_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/inbound"
)

// issuer knows access tokens by heart.
type issuer map[string]access.Caller

func (i issuer) Authenticate(_ context.Context, credential string) (access.Caller, error) {
	c, ok := i[credential]
	if !ok {
		return c, fault.New(fault.Unauthenticated, "", "the access token is not valid")
	}
	return c, nil
}

func TestAccessTokensComeIn(t *testing.T) {
	s := newSite(t)
	caller := func(id string, roles ...access.Role) access.Caller {
		return access.Caller{Tenant: "default", Subject: "client:" + id, Name: id, Roles: roles}
	}
	other := caller("4", access.Admin)
	other.Tenant = "other"
	srv := httptest.NewServer(inbound.New(inbound.Config{Directory: s.db.Directory(), Access: s.db.Tokens(), Callers: issuer{
		"w.r.t": caller("1", "Directory.ReadWrite.All"), "r.e.a": caller("2", access.Reader), "a.d.m": caller("3", access.Admin), "o.t.h": other,
	}}))
	t.Cleanup(srv.Close)
	for name, tc := range map[string]struct {
		token  string
		status int
	}{
		"OK":              {"w.r.t", 200},
		"OKAdministrator": {"a.d.m", 200},
		"OKSource":        {s.token, 200},
		"ErrReader":       {"r.e.a", 403},
		"ErrOtherTenant":  {"o.t.h", 401},
		"ErrUnknown":      {"x.y.z", 401},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/scim/v2/default/Users", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+tc.token)
			resp, err := srv.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != tc.status {
				t.Errorf("answered %d, want %d", resp.StatusCode, tc.status)
			}
		})
	}
}
