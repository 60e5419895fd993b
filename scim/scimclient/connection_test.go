package scimclient_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimclient"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
)

// outcome writes the stages as "DNS ok, TCP failed, …".
func outcome(stages []scimclient.Stage) string {
	var out []string
	for _, s := range stages {
		out = append(out, s.Name+" "+s.Status)
	}
	return strings.Join(out, ", ")
}

func TestTestConnectionNamesTheFailingStage(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	good := endpoint(t, scim.Strict)
	tlsOnly := httptest.NewTLSServer(http.NotFoundHandler())
	defer tlsOnly.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>hello") }))
	defer page.Close()
	blind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "Users") {
			fmt.Fprint(w, list(1, `{"id":"1","userName":"somebody"}`))
			return
		}
		http.NotFound(w, r)
	}))
	defer blind.Close()
	direct := func() http.RoundTripper { return &http.Transport{DisableKeepAlives: true} }
	for _, c := range []struct {
		name, base string
		transport  http.RoundTripper
		secret     scimclient.Static
		want       string
	}{
		{"OK", good, direct(), token, "DNS ok, TCP ok, TLS skipped, Authentication ok, Schemas ok, Filter ok"},
		{"OKThroughAgents", good, roundTripper(direct().RoundTrip), token, "DNS skipped, TCP skipped, TLS skipped, Authentication ok, Schemas ok, Filter ok"},
		{"ErrName", "http://no-such-host.invalid", direct(), token, "DNS failed, TCP skipped, TLS skipped, Authentication skipped, Schemas skipped, Filter skipped"},
		{"ErrPort", "http://" + closed.Addr().String(), direct(), token, "DNS ok, TCP failed, TLS skipped, Authentication skipped, Schemas skipped, Filter skipped"},
		{"ErrCertificate", tlsOnly.URL, direct(), token, "DNS ok, TCP ok, TLS failed, Authentication skipped, Schemas skipped, Filter skipped"},
		{"ErrToken", good, direct(), "wrong", "DNS ok, TCP ok, TLS skipped, Authentication failed, Schemas skipped, Filter skipped"},
		{"ErrPage", page.URL, direct(), token, "DNS ok, TCP ok, TLS skipped, Authentication failed, Schemas skipped, Filter skipped"},
		{"ErrFilterIgnored", blind.URL, direct(), token, "DNS ok, TCP ok, TLS skipped, Authentication ok, Schemas ok, Filter failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cl := client(t, c.base, func(cfg *scimclient.Config) {
				cfg.Transport, cfg.Token, cfg.Retries = c.transport, c.secret, -1
			})
			stages := cl.TestConnection(t.Context())
			if got := outcome(stages); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			for _, s := range stages {
				if (s.Status == scimclient.Failed) != (s.Err != nil) || s.Err != nil && s.Hint == "" || s.Detail == "" {
					t.Errorf("%+v", s)
				}
			}
		})
	}
}

// TestTestConnectionWithoutUserName asks an endpoint whose users have the columns of a table only, as those of a connector host.
func TestTestConnectionWithoutUserName(t *testing.T) {
	columns := scim.Schema{ID: scim.ECMA2HostURN, Name: "Columns", Attributes: []scim.Attribute{{Name: "Age", Type: scim.Integer}, {Name: "Login"}}}
	rt, err := scim.NewResourceType(entry.User, "/Users", scim.Schema{ID: scim.UserURN, Name: "User"}, columns)
	if err != nil {
		t.Fatal(err)
	}
	limits := scimserver.DefaultLimits()
	limits.Rate = 0
	srv := httptest.NewServer(scimserver.New(scimserver.Config{
		Types: []*scim.ResourceType{rt}, Base: "/scim", Limits: limits,
		Authenticate: scimserver.NewTokens(scimserver.Caller{ID: "test"}, token, "").Authenticate,
	}, mapstore.New(rt)))
	t.Cleanup(srv.Close)
	stages := client(t, srv.URL+"/scim", nil).TestConnection(t.Context())
	if last := stages[len(stages)-1]; last.Name != scimclient.StageFilter || last.Status != scimclient.OK {
		t.Errorf("%s: %+v", outcome(stages), last)
	}
}
