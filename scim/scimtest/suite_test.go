package scimtest_test

import (
	"crypto/tls"
	"net/http/httptest"
	"testing"

	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
)

const token = "s3cret-of-the-suite"

// types returns User with the enterprise extension, and Group.
func types(t testing.TB) []*scim.ResourceType {
	t.Helper()
	user, err := scim.NewResourceType("User", "/Users", scim.CoreUser(), scim.EnterpriseUser())
	if err != nil {
		t.Fatal(err)
	}
	group, err := scim.NewResourceType("Group", "/Groups", scim.CoreGroup())
	if err != nil {
		t.Fatal(err)
	}
	return []*scim.ResourceType{user, group}
}

// serve starts a server over a mapstore; change may alter the configuration.
func serve(t testing.TB, change func(*scimserver.Config)) string {
	t.Helper()
	rts := types(t)
	config := scimserver.Config{
		Types: rts, Base: "/scim", Surface: scimserver.InboundEndpoint,
		Authenticate: scimserver.NewTokens(scimserver.Caller{ID: "suite"}, token, "").Authenticate,
	}
	if change != nil {
		change(&config)
	}
	srv := httptest.NewServer(scimserver.New(config, mapstore.New(rts...)))
	t.Cleanup(srv.Close)
	return srv.URL + "/scim"
}

func TestSuite(t *testing.T) {
	t.Run("InboundEntra", func(t *testing.T) { scimtest.Suite(t, serve(t, nil), token, nil) })
	t.Run("HostEntra", func(t *testing.T) {
		scimtest.Suite(t, serve(t, func(c *scimserver.Config) { c.Surface = scimserver.HostEndpoint }), token, nil)
	})
	t.Run("Strict", func(t *testing.T) {
		base := serve(t, func(c *scimserver.Config) { c.Mode = scim.Strict })
		scimtest.SuiteWith(t, scimtest.Options{BaseURL: base, Token: token, Strict: true})
	})
}

func TestSuiteOverTLS(t *testing.T) {
	rts := types(t)
	config := scimserver.Config{Types: rts, Authenticate: scimserver.NewTokens(scimserver.Caller{}, token, "").Authenticate}
	h := scimserver.New(config, mapstore.New(rts...))
	srv := httptest.NewUnstartedServer(h)
	srv.Config = scimserver.Server(h, nil)
	srv.TLS = scimserver.Harden(&tls.Config{})
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	scimtest.Suite(t, srv.URL, token, srv.Client())
}
