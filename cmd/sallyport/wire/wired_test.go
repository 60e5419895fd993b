package wire_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
)

// wired is a whole service as it is put together, on a port of its own, and somebody who asks it.
type wired struct {
	*testing.T
	url, secret string
	ca          string // file with what to trust
	client      *http.Client
}

func newWired(t *testing.T, c wire.ServiceConfig) *wired {
	t.Helper()
	c.Data, c.Listen, c.Logger = t.TempDir(), "127.0.0.1:0", slog.New(slog.DiscardHandler)
	s, err := wire.StartService(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return visitor(t, s)
}

func visitor(t *testing.T, s *wire.Service) *wired {
	t.Helper()
	pem, err := os.ReadFile(s.CertFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &wired{t, s.URL, s.AdminSecret, s.CertFile, &http.Client{
		Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ask sends a request and returns status, headers and the answer's JSON; a form is sent as one, anything else as JSON.
func (w *wired) ask(method, path, credential string, body any, header map[string]string) (int, http.Header, map[string]any) {
	w.Helper()
	var data []byte
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case url.Values:
		data, kind = []byte(b.Encode()), "application/x-www-form-urlencoded"
	default:
		var err error
		if data, err = json.Marshal(b); err != nil {
			w.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(w.Context(), method, w.url+path, bytes.NewReader(data))
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if credential != "" {
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	out := map[string]any{}
	_ = json.Unmarshal(text, &out) // an empty answer has no map
	return resp.StatusCode, resp.Header, out
}

// TestPathsArriveAsTheyWereSent: nothing between listener and router redirects, or takes a path for another.
func TestPathsArriveAsTheyWereSent(t *testing.T) {
	w := newWired(t, wire.ServiceConfig{})
	for path, want := range map[string]int{
		"/v1.0/users": 200, "//v1.0/users": 200, "/v1.0//users": 200, "/v1.0/users/": 200, "/v1.0/users/%2e%2e%2fx": 404, "/v1.0/./users": 404, "/v1.0/users/a%2Fb": 404,
		"/v1.0/users/../groups": 404, "/healthz": 200, "/nonsense": 404,
	} {
		if got, h, _ := w.ask("GET", path, w.secret, nil, nil); got != want {
			t.Errorf("%s: %d %s, want %d", path, got, h.Get("Location"), want)
		}
	}
	user := map[string]any{"userPrincipalName": "ann@x.example", "displayName": "Ann", "accountEnabled": true, "mailNickname": "ann"}
	if got, _, _ := w.ask("POST", "/v1.0//users", w.secret, user, nil); got != 201 {
		t.Errorf("POST //users: %d", got)
	}
}

// TestW42BehindAProxy: the whole service believes the proxies it was told of, and nobody else.
func TestW42BehindAProxy(t *testing.T) {
	forwarded := map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "idm.contoso.example"}
	for name, c := range map[string]struct {
		config wire.ServiceConfig
		want   string // "" is the address asked
	}{
		"nobody told": {wire.ServiceConfig{}, ""},
		"trusted":     {wire.ServiceConfig{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, "https://idm.contoso.example"},
		"another":     {wire.ServiceConfig{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, ""},
		"configured":  {wire.ServiceConfig{PublicURL: "https://public.contoso.example/"}, "https://public.contoso.example"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWired(t, c.config)
			want := c.want
			if want == "" {
				want = w.url
			}
			_, _, page := w.ask("GET", "/v1.0/users/delta", w.secret, nil, forwarded)
			if link, _ := page["@odata.deltaLink"].(string); !strings.HasPrefix(link, want+"/v1.0/users/delta?") {
				t.Errorf("the link is %v, want one below %s", page["@odata.deltaLink"], want)
			}
			_, _, conf := w.ask("GET", "/default/v2.0/.well-known/openid-configuration", "", nil, forwarded)
			for name, path := range map[string]string{"issuer": "/", "token_endpoint": "/default/oauth2/v2.0/token", "jwks_uri": "/default/discovery/v2.0/keys"} {
				if at := fmt.Sprint(conf[name]); !strings.HasPrefix(at, want+path) {
					t.Errorf("%s is %s, want it below %s", name, at, want)
				}
			}
			if _, _, cloud := w.ask("GET", "/metadata/endpoints?api-version=2022-09-01", "", nil, forwarded); cloud["graph"] != want {
				t.Errorf("the cloud's graph is %v, want %s", cloud["graph"], want)
			}
			_, _, made := w.ask("POST", "/sallyport/v1/access/clients", w.secret, map[string]any{"name": "pipeline"}, nil)
			status, _, token := w.ask("POST", "/default/oauth2/v2.0/token", "", url.Values{
				"grant_type": {"client_credentials"}, "client_id": {fmt.Sprint(made["id"])}, "client_secret": {fmt.Sprint(made["secret"])}, "scope": {want + "/.default"},
			}, forwarded)
			if status != 200 {
				t.Fatalf("a token for %s: %d %v", want, status, token)
			}
			if status, _, _ := w.ask("GET", "/sallyport/v1/whoami", fmt.Sprint(token["access_token"]), nil, forwarded); status != 200 {
				t.Errorf("the token is answered with %d", status)
			}
		})
	}
}

// TestW37Token gets tokens as clients do, from the service as it is put together, and uses them.
func TestW37Token(t *testing.T) {
	w := newWired(t, wire.ServiceConfig{})
	status, _, made := w.ask("POST", "/sallyport/v1/access/clients", w.secret, map[string]any{"name": "pipeline", "roles": []string{"Directory.ReadWrite.All"}}, nil)
	client, secret := fmt.Sprint(made["id"]), fmt.Sprint(made["secret"])
	if status >= 300 || made["secret"] == nil {
		t.Fatalf("%d %v", status, made)
	}
	token := func(tenant, id, secret, scope string) (int, map[string]any) {
		status, _, body := w.ask("POST", "/"+tenant+"/oauth2/v2.0/token", "", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "scope": {scope},
		}, nil)
		return status, body
	}
	status, good := token("default", client, secret, w.url+"/.default openid offline_access profile")
	access, _ := good["access_token"].(string)
	if status != 200 || good["token_type"] != "Bearer" || access == "" || good["expires_in"] == nil || good["ext_expires_in"] == nil {
		t.Fatalf("good: %d %v", status, good)
	}
	if status, _, page := w.ask("GET", "/v1.0/users", access, nil, nil); status != 200 {
		t.Errorf("the token is refused: %d %v", status, page)
	}
	if status, _, me := w.ask("GET", "/v1.0/servicePrincipals/"+client, access, nil, nil); status != 200 || me["id"] != client {
		t.Errorf("the service principal of oid: %d %v", status, me)
	}
	for name, c := range map[string]struct {
		client, secret, scope string
		status                int
	}{
		"wrong secret":   {client, "wrong", w.url + "/.default", 401},
		"unknown client": {"11111111-2222-3333-4444-555555555555", secret, w.url + "/.default", 400},
		"wrong scope":    {client, secret, "https://graph.microsoft.com/.default", 400},
	} {
		status, body := token("default", c.client, c.secret, c.scope)
		if d, _ := body["error_description"].(string); status != c.status || body["error"] == nil || !strings.HasPrefix(d, "AADSTS") || body["trace_id"] == nil || body["timestamp"] == nil {
			t.Errorf("%s: %d %v", name, status, body)
		}
	}
	parts := strings.Split(access, ".")
	status, h, refused := w.ask("GET", "/v1.0/users", parts[0]+"."+parts[1]+".AAAA", nil, nil)
	if e, _ := refused["error"].(map[string]any); status != 401 || h.Get("WWW-Authenticate") == "" || e["code"] != "InvalidAuthenticationToken" {
		t.Errorf("forged: %d %v %v", status, h, refused)
	}
	for _, path := range []string{"/default/v2.0/.well-known/openid-configuration?", "/adfs/.well-known/openid-configuration"} {
		if status, _, doc := w.ask("GET", path, "", nil, nil); status != 200 || doc["token_endpoint"] == nil || doc["jwks_uri"] == nil {
			t.Errorf("%s: %d %v", path, status, doc)
		}
	}
	_, _, org := w.ask("GET", "/v1.0/organization", access, nil, nil)
	tenant, _ := org["value"].([]any)[0].(map[string]any)["id"].(string)
	if status, body := token(tenant, client, secret, w.url+"/.default"); status != 200 {
		t.Errorf("the organization's id is no tenant of the token endpoint: %d %v", status, body)
	}
}

// TestW21DiscoverThroughAgentAndHost reads the objects of a connector through a live agent and its host, into the job's schema.
func TestW21DiscoverThroughAgentAndHost(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	up, err := wire.StartUp(ctx, wire.UpConfig{Dir: t.TempDir(), ServiceListen: "127.0.0.1:0", HostListen: "127.0.0.1:0", Version: "1.0", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(up.Close)
	w := visitor(t, up.Service)
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(up.Site.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	apply := map[string]any{"name": wire.AppFile, "file": read(wire.AppFile), "bearer": strings.TrimSpace(read("contoso.secret"))}
	if status, _, body := w.ask("PUT", "/sallyport/v1/apps/"+wire.AppID, w.secret, apply, nil); status != 200 {
		t.Fatalf("%d %v", status, body)
	}
	const at = "/v1.0/servicePrincipals/" + wire.AppID + "/synchronization/jobs/" + wire.AppID + "/schema/directories"
	_, _, page := w.ask("GET", at, w.secret, nil, nil)
	var target map[string]any
	for _, d := range page["value"].([]any) {
		if m, _ := d.(map[string]any); m["readOnly"] == false {
			target = m
		}
	}
	var got map[string]any
	for deadline := time.Now().Add(2 * time.Minute); ; <-time.After(100 * time.Millisecond) { // the agent connects, the host imports
		var status int
		if status, _, got = w.ask("POST", at+"/"+url.PathEscape(fmt.Sprint(target["id"]))+"/discover", w.secret, nil, nil); status == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d %v", status, got)
		}
	}
	if got["version"] == target["version"] || got["discoveryDateTime"] == nil {
		t.Errorf("the version is still %v", got["version"])
	}
	for _, o := range got["objects"].([]any) {
		if n := strings.Count(fmt.Sprint(o), "anchor:true"); n != 1 {
			t.Errorf("%d anchors", n)
		}
	}
	if text := fmt.Sprint(got["objects"]); !strings.Contains(text, "ContosoLogin ") {
		t.Errorf("the connector's attributes are not there: %s", text)
	}
	_, _, agents := w.ask("GET", "/beta/onPremisesPublishingProfiles/provisioning/agents?$expand=agentGroups", w.secret, nil, nil)
	if s := fmt.Sprint(agents["value"]); !strings.Contains(s, "status:active") || !strings.Contains(s, "supportedPublishingTypes:[provisioning]") {
		t.Errorf("agents %s", s)
	}
}
