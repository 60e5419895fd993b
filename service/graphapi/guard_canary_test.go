package graphapi_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-id/sallyport/service/graphapi"
)

// logs is what the service writes to its own log.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// canary is a value that must not come out again.
func canary(name string) string { return "CANARY-" + name + "-zz" }

// hidden are the properties that no route may tell of, whatever it takes: those that carry credentials today, and some that a route of
// tomorrow may have.
var hidden = strings.Fields(`password passwordProfile newPassword secret clientSecret secretText token bearer ca certificate privateKey credential
	credentials ConnectionString SyncAgentCompatibilityKey MyKey oauth2_refresh AppKey apikey Tomorrow x connection data keyCredentials passwordCredentials
	customHeader webhook`)

// keyed are keys of an application's secrets whose values GET masks.
var keyed = strings.Fields(`SecretToken AppKey ApplicationTemplateIdentifier Password ConnectionString SyncAgentCompatibilityKey
	SyncAgentADContainer ClientSecret ClientId OAuth2AccessToken oauth2_refresh Oauth2ClientId Sandbox SandboxName EnforceDomain MyKey PerformInboundEntitlementGrants`)

// pairsWith returns {"key", "value"} pairs whose values are canaries, with a right address.
func pairsWith(address string) []map[string]string {
	ps := []map[string]string{{"key": "BaseAddress", "value": address}}
	for _, k := range keyed {
		ps = append(ps, map[string]string{"key": k, "value": canary(k)})
	}
	return ps
}

// canaryBodies are what a route is sent: properties of every name, as texts, as lists and as objects, and pairs right and wrong.
func canaryBodies() map[string]any {
	flat, lists, nested, objects := map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}
	for _, name := range hidden {
		flat[name], lists[name] = canary(name), []string{canary(name)}
		nested[name] = map[string]any{"displayName": canary(name), "value": canary(name), "name": canary(name), "n": 1}
		objects[name] = []map[string]any{{"id": canary(name), "key": canary(name)}}
	}
	return map[string]any{
		"texts": flat, "lists": lists, "objects": nested, "lists of objects": objects,
		"pairs": map[string]any{"value": pairsWith("https://app.example.com/scim")}, "credentials": map[string]any{"credentials": pairsWith("https://app.example.com/scim"), "templateId": "scim"},
		"an address with a password": map[string]any{"value": pairsWith("https://u:" + canary("address") + "@app.example.com/scim")},
		"a user":                     map[string]any{"displayName": "Ann", "userPrincipalName": "ann@x.example", "passwordProfile": map[string]any{"password": canary("password")}},
		"an application's file":      map[string]any{"name": "hr.yaml", "file": appFile, "bearer": canary("bearer"), "ca": canary("ca")},
		"a file that is none":        map[string]any{"name": "hr.yaml", "file": "id: hr\npassword: " + canary("file") + "\n"},
		"a client":                   map[string]any{"name": "c", "roles": []string{"reader"}, "certificate": canary("certificate")},
		"bulk": map[string]any{"Operations": []map[string]any{{
			"method": "POST", "path": "/Users", "bulkId": "1", "data": map[string]any{"userName": "ann", "password": canary("password")},
		}}},
	}
}

// written returns the routes that take a body and may note it.
func written(rs []graphapi.Route) (out []graphapi.Route) {
	for _, r := range rs {
		if method, _, _ := strings.Cut(r.Pattern, " "); method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
			out = append(out, r)
		}
	}
	return out
}

// TestCanariesStayIn sends every writing route of the router secrets of every kind, in every shape, and looks for them in the audit log and in the
// service's own.
func TestCanariesStayIn(t *testing.T) {
	h := newHouse(t)
	routes, bodies := written(h.api.Routes()), canaryBodies()
	if len(routes) < 50 {
		t.Fatalf("%d routes", len(routes))
	}
	for _, r := range routes {
		method, path := h.fill(r.Pattern)
		if strings.HasSuffix(path, "/rotate") || strings.HasSuffix(path, "/signout") {
			path = strings.Replace(path, "/root/", "/looker/", 1)
		}
		for _, b := range bodies {
			text, err := json.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			h.ask(h.admin, method, path, string(text))
			h.objects()
		}
	}
	var rows bytes.Buffer
	if err := h.keeper.Export(h.ctx, &rows, 0); err != nil {
		t.Fatal(err)
	}
	noted := 0
	for row := range strings.Lines(rows.String()) {
		if noted++; strings.Contains(row, "CANARY") {
			t.Errorf("the audit log has %s", short(row))
		}
	}
	if noted < len(routes)*len(bodies)/2 {
		t.Errorf("the audit log has %d rows of %d requests", noted, len(routes)*len(bodies))
	}
	if text := h.logs.String(); strings.Contains(text, "CANARY") {
		t.Errorf("the service's log: %s", text)
	}
}

// TestSecretsInTheAuditLog: of an application's secrets the audit log has what GET shows, and nothing of what was refused.
func TestSecretsInTheAuditLog(t *testing.T) {
	h := newHouse(t)
	const at = "/v1.0/servicePrincipals/hr/synchronization/secrets"
	put := func(status int, address string) string {
		t.Helper()
		body, _ := json.Marshal(map[string]any{"value": pairsWith(address)})
		h.must(status, "PUT", at, string(body))
		acts := h.acts()
		last := acts[len(acts)-1]
		return string(last.After) + last.Reason
	}
	if row := put(204, "https://app.example.com/scim"); !strings.Contains(row, `{"key":"BaseAddress","value":"https://app.example.com/scim"}`) || !strings.Contains(row, `"MyKey"`) {
		t.Errorf("the address and the keys are not there: %s", row)
	}
	if row := put(400, "https://u:pw@app.example.com/scim"); strings.Contains(row, "pw@") || strings.Contains(row, "MyKey") {
		t.Errorf("refused: %s", row)
	}
	if _, shown := h.ask(h.operator, "GET", "/sallyport/v1/audit?limit=1000", ""); strings.Contains(shown, "CANARY") || !strings.Contains(shown, "MyKey") {
		t.Errorf("an operator sees %s", short(shown))
	}
	if _, shown := h.ask(h.admin, "GET", at, ""); strings.Contains(shown, "CANARY") {
		t.Errorf("GET shows %s", shown)
	}
}

func newLog(l *logs) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// TestAuditShowsWhatIsListed: properties that a route lists are shown, every other one is not.
func TestAuditShowsWhatIsListed(t *testing.T) {
	h := newHouse(t)
	for _, tc := range []struct{ method, path, body, want string }{
		{"PATCH", "/v1.0/users/" + userID, `{"JobTitle":"Clerk","employeeOrgData":{"division":"D","tomorrow":"x"},"passwordProfile":{"password":"x"}}`, `{"JobTitle":"Clerk","employeeOrgData":{"division":"D","tomorrow":"[Redact]"},"passwordProfile":"[Redact]"}`},
		{"POST", "/sallyport/v1/access/tokens", `{"name":"ci","role":"operator","days":1,"pin":4711}`, `{"days":1,"name":"ci","pin":"[Redact]","role":"operator"}`},
		{"POST", "/sallyport/v1/agents/tokens", `{"group":"Default","minutes":5}`, `{"group":"Default","minutes":5}`},
	} {
		h.ask(h.admin, tc.method, tc.path, tc.body)
		acts := h.acts()
		if got := string(acts[len(acts)-1].After); got != tc.want {
			t.Errorf("%s %s: %s, want %s", tc.method, tc.path, got, tc.want)
		}
	}
}
