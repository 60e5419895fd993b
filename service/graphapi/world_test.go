package graphapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimclient"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/graphapi"
	"github.com/sallyport-id/sallyport/service/secrets"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

// world is a service as clients see it: a listener with TLS, a directory, the engine, agents, and a SCIM application to provision into.
type world struct {
	*testing.T
	db            *sqlite.DB
	api           *graphapi.API
	server        *httptest.Server
	target        *httptest.Server // the application
	store         *mapstore.Store  // what it holds
	gate          *busyGate
	kept          *secrets.Store
	admin, reader string
	agent         agents.Agent // connected
	idle          agents.Agent // not connected
}

const targetToken = "target-secret-4711"

// busyGate has some agents connected.
type busyGate struct {
	gate
	mu   sync.Mutex
	here map[agents.ID]string
}

func (g *busyGate) Connected(context.Context) map[agents.ID]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := map[agents.ID]string{}
	for id, v := range g.here {
		out[id] = v
	}
	return out
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := tenant.With(t.Context(), tenant.Default)
	w := &world{T: t, gate: &busyGate{here: map[agents.ID]string{}}}
	var err error
	if w.db, err = sqlite.Open(ctx, filepath.Join(t.TempDir(), "s.db")); err != nil {
		t.Fatal(err)
	}
	kept, err := secrets.Open(filepath.Join(t.TempDir(), "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	w.kept = kept
	w.application()
	dial := func(ctx context.Context, a app.App, bearer []byte) (*scimclient.Client, error) {
		if bearer == nil {
			bearer, _ = kept.Get(ctx, string(a.ID), secrets.Bearer)
		}
		base, transport := a.Target.URL, w.target.Client().Transport
		if a.Target.Group != "" {
			base = w.target.URL + "/scim" // the agents' end of the wall
		}
		u, err := url.Parse(base)
		if err != nil {
			return nil, err
		}
		return scimclient.New(scimclient.Config{Base: u, Transport: transport, Token: scimclient.Static(string(bearer)), Key: cycle.Key, Retries: -1})
	}
	jobs := cycle.NewJobs(cycle.Parts{Source: w.db.Directory(), Ledger: w.db.Ledger(), Log: w.db.Journal(), Assigned: w.db.Assignments()}, w.db.Apps(),
		func(ctx context.Context, a app.App) (cycle.Target, error) { return dial(ctx, a, nil) })
	running, stop := context.WithCancel(ctx)
	if err := jobs.Start(running); err != nil {
		t.Fatal(err)
	}
	w.api = graphapi.New(graphapi.Config{
		Directory: w.db.Directory(), Apps: w.db.Apps(), Jobs: jobs, Escrows: w.db.Ledger(), Journal: w.db.Journal(), Access: w.db.Tokens(),
		Agents: w.db.Agents(), Gate: w.gate, Secrets: kept, Catalog: w.db.Catalog(), Assign: w.db.Assignments(), Pairs: w.db.Ledger(),
		Dial: func(ctx context.Context, a app.App, bearer []byte) (graphapi.Target, error) {
			return dial(ctx, a, bearer)
		},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")}, Rate: 100_000,
	})
	w.server = httptest.NewTLSServer(w.api)
	t.Cleanup(func() {
		w.server.Close()
		stop()
		jobs.Wait()
		w.target.Close()
		_ = w.db.Close()
	})
	w.admin, w.reader = w.bearer("root", access.Admin), w.bearer("looker", access.Reader)
	w.agent, w.idle = w.enrol("site-host", "0a"), w.enrol("spare-host", "0b")
	w.gate.here[w.agent.ID] = "1.0"
	return w
}

// application starts the target: a SCIM server over maps.
func (w *world) application() {
	w.Helper()
	user, err := scim.NewResourceType(entry.User, "/Users", scim.CoreUser(), scim.EnterpriseUser())
	if err != nil {
		w.Fatal(err)
	}
	group, err := scim.NewResourceType(entry.Group, "/Groups", scim.CoreGroup())
	if err != nil {
		w.Fatal(err)
	}
	w.store = mapstore.New(user, group)
	w.target = httptest.NewUnstartedServer(scimserver.New(scimserver.Config{
		Types: []*scim.ResourceType{user, group}, Base: "/scim", Surface: scimserver.InboundEndpoint,
		Authenticate: scimserver.NewTokens(scimserver.Caller{ID: "sallyport"}, targetToken, "").Authenticate,
	}, w.store))
	w.target.Config.ErrorLog = log.New(io.Discard, "", 0) // connection tests hang up after the handshake
	w.target.StartTLS()
}

func (w *world) ctx() context.Context { return tenant.With(w.Context(), tenant.Default) }

func (w *world) bearer(name string, role access.Role) string {
	w.Helper()
	tok, secret := access.New(name, role, time.Now(), 0)
	if err := w.db.Tokens().Put(w.ctx(), tok); err != nil {
		w.Fatal(err)
	}
	return secret
}

func (w *world) enrol(name, digits string) agents.Agent {
	w.Helper()
	now := time.Now()
	tok, err := agents.NewToken("token "+name, agents.DefaultGroup, now, 0)
	if err != nil {
		w.Fatal(err)
	}
	if err := w.db.Agents().PutToken(w.ctx(), tok); err != nil {
		w.Fatal(err)
	}
	a, err := w.db.Agents().Enrol(w.ctx(), tok.Hash, now, agents.Agent{
		ID: agents.ID(strings.Repeat(digits, 16)), Name: name, Key: "U" + strings.Repeat(strings.ToUpper(digits[1:]), 55), Enrolled: now, Version: "1.0",
	})
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// call is a request about to be sent.
type call struct {
	method, path string
	body         any // string as it is, []byte as it is, anything else as JSON
	token        string
	header       map[string]string
	gzip         bool
}

func (w *world) send(c call) answer {
	w.Helper()
	var data []byte
	switch b := c.body.(type) {
	case nil:
	case string:
		data = []byte(b)
	case []byte:
		data = b
	default:
		var err error
		if data, err = json.Marshal(b); err != nil {
			w.Fatal(err)
		}
	}
	if c.gzip {
		data = zipped(data)
	}
	target := c.path
	if strings.HasPrefix(target, "/") {
		target = w.server.URL + target
	}
	var body io.Reader
	if c.body != nil {
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(w.Context(), c.method, target, body)
	if err != nil {
		w.Fatal(err)
	}
	if c.token == "" {
		c.token = w.admin
	}
	if c.token != "none" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	if c.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	resp, err := w.server.Client().Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text), body: map[string]any{}}
	_ = json.Unmarshal(text, &a.body) // an empty body has no map
	if a.status >= 400 {
		w.checkError(c, a)
	}
	return a
}

func zipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(data) // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

// checkError holds every refusal against the documented body.
func (w *world) checkError(c call, a answer) {
	w.Helper()
	e, _ := a.body["error"].(map[string]any)
	inner, _ := e["innerError"].(map[string]any)
	if e["code"] == nil || e["code"] == "" || e["message"] == "" || inner["request-id"] == nil || inner["date"] == nil || inner["client-request-id"] == nil {
		w.Errorf("%s %s: %d without the documented body: %s", c.method, c.path, a.status, a.text)
	}
	if a.header.Get("request-id") != fmt.Sprint(inner["request-id"]) {
		w.Errorf("%s %s: request-id in body and header differ", c.method, c.path)
	}
	if a.status >= 500 && a.status != 501 && a.status != 503 {
		w.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.text)
	}
}

// want sends a request as the administrator, and holds the answer against status and shape: "" for none, "user", "user[]".
func (w *world) want(status int, shape, method, path string, body any) map[string]any {
	w.Helper()
	return w.wants(status, shape, call{method: method, path: path, body: body}).body
}

func (w *world) wants(status int, shape string, c call) answer {
	w.Helper()
	a := w.send(c)
	if a.status != status {
		w.Fatalf("%s %s answered %d, want %d: %s", c.method, c.path, a.status, status, a.text)
	}
	if shape != "" {
		checkShape(w.T, c.method+" "+c.path, shape, a.body)
	}
	if status == http.StatusNoContent && a.text != "" {
		w.Errorf("%s %s: 204 with a body", c.method, c.path)
	}
	return a
}

// pages follows nextLinks and returns all items with the last page.
func (w *world) pages(shape, path string) (items []map[string]any, last map[string]any) {
	w.Helper()
	for n := 0; path != ""; n++ {
		if n > 1000 {
			w.Fatal("the pages do not end")
		}
		last = w.want(200, shape, "GET", path, nil)
		items = append(items, list(last)...)
		next, _ := last["@odata.nextLink"].(string)
		if next != "" && !strings.HasPrefix(next, w.server.URL) {
			w.Fatalf("nextLink %s is not absolute, or leads away", next)
		}
		path = next
	}
	return items, last
}

func list(page map[string]any) (out []map[string]any) {
	vs, _ := page["value"].([]any)
	for _, v := range vs {
		m, _ := v.(map[string]any)
		out = append(out, m)
	}
	return out
}

func (w *world) until(what string, holds func() bool) {
	w.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatal("it did not happen: " + what)
		}
	}
}

// user makes a user and returns its id.
func (w *world) user(upn string, more ...string) string {
	w.Helper()
	body := map[string]any{
		"userPrincipalName": upn, "displayName": strings.Split(upn, "@")[0], "accountEnabled": true, "mailNickname": strings.Split(upn, "@")[0],
		"passwordProfile": map[string]any{"password": "x", "forceChangePasswordNextSignIn": false},
	}
	for i := 0; i+1 < len(more); i += 2 {
		body[more[i]] = more[i+1]
	}
	return text(w.want(201, "user", "POST", "/v1.0/users", body)["id"])
}

func (w *world) group(name string) string {
	w.Helper()
	return text(w.want(201, "group", "POST", "/v1.0/groups", map[string]any{
		"displayName": name, "mailEnabled": false, "mailNickname": strings.ToLower(name), "securityEnabled": true,
	})["id"])
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func ref(id string) map[string]any {
	return map[string]any{"@odata.id": "https://graph.example.com/v1.0/directoryObjects/" + id}
}

// accounts returns what the application holds, by userName.
func (w *world) accounts() map[string]map[string]any {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), "GET", w.target.URL+"/scim/Users?count=1000", nil)
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+targetToken)
	resp, err := w.target.Client().Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	var page struct{ Resources []map[string]any }
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		w.Fatal(err)
	}
	out := map[string]map[string]any{}
	for _, u := range page.Resources {
		out[text(u["userName"])] = u
	}
	return out
}

// instantiate makes an application from the generic template with secrets and job, through Graph calls alone; it returns the prefix S of
// graph-api §3 and the job's path.
func (w *world) instantiate(name string) (sync, job string) {
	w.Helper()
	made := w.want(201, "applicationServicePrincipal", "POST", "/v1.0/applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate", map[string]any{"displayName": name})
	sp, _ := made["servicePrincipal"].(map[string]any)
	sync = "/v1.0/servicePrincipals/" + text(sp["id"]) + "/synchronization"
	j := w.want(201, "synchronizationJob", "POST", sync+"/jobs", map[string]any{"templateId": "scim"})
	w.want(204, "", "PUT", sync+"/secrets", w.secrets())
	return sync, sync + "/jobs/" + text(j["id"])
}

func (w *world) secrets() map[string]any {
	return map[string]any{"value": []map[string]string{{"key": "BaseAddress", "value": w.target.URL + "/scim"}, {"key": "SecretToken", "value": targetToken}}}
}

func (w *world) status(job string) map[string]any {
	w.Helper()
	st, _ := w.want(200, "synchronizationJob", "GET", job, nil)["status"].(map[string]any)
	return st
}

// settled waits until a cycle has ended that began after the call and left nothing running.
func (w *world) settled(job string, holds func(last map[string]any) bool) map[string]any {
	w.Helper()
	var st map[string]any
	w.until("a cycle of "+job, func() bool {
		st = w.status(job)
		last, _ := st["lastExecution"].(map[string]any)
		return last != nil && holds(last)
	})
	return st
}
