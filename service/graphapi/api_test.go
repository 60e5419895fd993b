package graphapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/cycle/targettest"
	"github.com/sallyport-id/sallyport/service/graphapi"
	"github.com/sallyport-id/sallyport/service/secrets"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

// gate stands in for the agents' gateway.
type gate struct{ revoked []agents.ID }

func (*gate) Connected(context.Context) map[agents.ID]string { return map[agents.ID]string{} }

func (*gate) MakeToken(_ context.Context, group string, life time.Duration) (string, time.Time, error) {
	return "join-" + group, time.Now().Add(life), nil
}

func (g *gate) Revoke(_ context.Context, id agents.ID) error {
	g.revoked = append(g.revoked, id)
	return nil
}

// site is an API over a real store, with a job that provisions into memory.
type site struct {
	t             *testing.T
	api           *graphapi.API
	url           string
	admin, reader string
	target        *targettest.Memory
	db            *sqlite.DB
}

const appFile = `
id: hr
target: {url: "https://target.invalid/scim", secretFile: hr.secret}
objects:
  - source: User
    match: [{precedence: 1, target: userName}]
    mappings:
      - {target: userName, source: userPrincipalName}
      - {target: title, source: jobTitle}
      - {target: active, expression: "Not([IsSoftDeleted])"}
`

func newSite(t *testing.T) *site {
	t.Helper()
	ctx := tenant.With(t.Context(), tenant.Default)
	db, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, target: &targettest.Memory{}, db: db}
	s.admin, s.reader = s.token("root", access.Admin), s.token("looker", access.Reader)
	store, err := secrets.Open(filepath.Join(t.TempDir(), "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	jobs := cycle.NewJobs(cycle.Parts{Source: db.Directory(), Ledger: db.Ledger(), Log: db.Journal()}, db.Apps(),
		func(context.Context, app.App) (cycle.Target, error) { return s.target, nil })
	running, stop := context.WithCancel(ctx)
	if err := jobs.Start(running); err != nil {
		t.Fatal(err)
	}
	s.api = graphapi.New(s.counsel(graphapi.Config{
		Directory: db.Directory(), Apps: db.Apps(), Jobs: jobs, Escrows: db.Ledger(), Journal: db.Journal(),
		Access: db.Tokens(), Agents: db.Agents(), Gate: &gate{}, Secrets: store, Catalog: db.Catalog(), Assign: db.Assignments(), Pairs: db.Ledger(),
	}, jobs))
	server := httptest.NewServer(s.api)
	s.url = server.URL
	t.Cleanup(func() {
		server.Close()
		stop()
		jobs.Wait()
		_ = db.Close()
	})
	return s
}

func (s *site) token(name string, role access.Role) string {
	s.t.Helper()
	tok, secret := access.New(name, role, time.Now(), 0)
	if err := s.db.Tokens().Put(tenant.With(context.Background(), tenant.Default), tok); err != nil {
		s.t.Fatal(err)
	}
	return secret
}

// ask sends a request and returns status and body.
func (s *site) ask(token, method, path string, body any) (int, map[string]any) {
	s.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, r)
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]any{}
	_ = json.Unmarshal(text, &out) // JSON lines and empty bodies have no map
	return resp.StatusCode, out
}

// must is ask as the administrator, with the status it has to have.
func (s *site) must(status int, method, path string, body any) map[string]any {
	s.t.Helper()
	got, out := s.ask(s.admin, method, path, body)
	if got != status {
		s.t.Fatalf("%s %s answered %d %v, want %d", method, path, got, out, status)
	}
	return out
}

func TestExpiredTokenIsRefused(t *testing.T) {
	s := newSite(t)
	tok, secret := access.New("old", access.Admin, time.Now().Add(-2*time.Hour), time.Hour)
	if err := s.db.Tokens().Put(tenant.With(t.Context(), tenant.Default), tok); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.ask(secret, "GET", "/v1.0/users", nil); got != http.StatusUnauthorized {
		t.Errorf("%d, want 401", got)
	}
}

func TestLifeOfAUser(t *testing.T) {
	s := newSite(t)
	u := s.must(201, "POST", "/v1.0/users", map[string]any{
		"userPrincipalName": "ann@x.example", "displayName": "Ann", "jobTitle": "Clerk", "@odata.type": "#microsoft.graph.user",
		"passwordProfile": map[string]any{"password": "secret"},
	})
	id := u["id"].(string)
	if _, there := u["passwordProfile"]; there {
		t.Error("the password is echoed")
	}
	if got := s.must(200, "GET", "/v1.0/users/ANN@x.example", nil); got["id"] != id {
		t.Errorf("by UPN: %v", got)
	}
	s.must(204, "PATCH", "/beta/users/"+id+"/", map[string]any{"jobTitle": nil, "department": "Sales"})
	if got := s.must(200, "GET", "/v1.0/users/"+id+"?$select=jobTitle,department,accountEnabled", nil); got["jobTitle"] != nil || got["department"] != "Sales" || got["accountEnabled"] != true {
		t.Errorf("after PATCH: %v", got)
	}
	s.must(409, "POST", "/v1.0/users", map[string]any{"userPrincipalName": "Ann@X.example", "displayName": "Other"})
	s.must(400, "POST", "/v1.0/users", map[string]any{"displayName": "Nameless"})
	s.must(400, "POST", "/v1.0/users", "{not json")
	s.must(400, "POST", "/v1.0/users", "{\"userPrincipalName\":\"x@x.example\",\"displayName\":\"\xff\xfe\"}")
	boss := s.must(201, "POST", "/v1.0/users", map[string]any{"userPrincipalName": "bo@x.example", "displayName": "Bo"})["id"]
	s.must(404, "GET", "/v1.0/users/"+id+"/manager", nil)
	s.must(204, "PUT", "/v1.0/users/"+id+"/manager/$ref", map[string]any{"@odata.id": fmt.Sprintf("https://any.example/v1.0/users/%v/", boss)})
	if got := s.must(200, "GET", "/v1.0/users/"+id+"/manager", nil); got["id"] != boss {
		t.Errorf("manager %v", got)
	}
	s.must(204, "DELETE", "/v1.0/users/"+id+"/manager/$ref", nil)
	s.must(204, "DELETE", "/v1.0/users/"+id, nil)
	s.must(404, "GET", "/v1.0/users/"+id, nil)
	s.must(200, "GET", "/v1.0/directory/deletedItems/"+id, nil)
	s.must(200, "POST", "/v1.0/directory/deletedItems/ann@x.example/restore", nil)
	s.must(200, "GET", "/v1.0/users/"+id, nil)
	s.must(204, "DELETE", "/v1.0/users/"+id, nil)
	s.must(204, "DELETE", "/v1.0/directory/deletedItems/"+id, nil)
	s.must(404, "GET", "/v1.0/directory/deletedItems/"+id, nil)
}

func TestGroupsAndMembers(t *testing.T) {
	s := newSite(t)
	g := s.must(201, "POST", "/v1.0/groups", map[string]any{"displayName": "Staff", "mailEnabled": false, "mailNickname": "staff", "securityEnabled": true})["id"].(string)
	u := s.must(201, "POST", "/v1.0/users", map[string]any{"userPrincipalName": "ann@x.example", "displayName": "Ann"})["id"].(string)
	ref := map[string]any{"@odata.id": "https://any.example/v1.0/directoryObjects/" + u}
	s.must(204, "POST", "/v1.0/groups/"+g+"/members/$ref", ref)
	s.must(400, "POST", "/v1.0/groups/"+g+"/members/$ref", ref)
	members := s.must(200, "GET", "/v1.0/groups/"+g+"/members", nil)["value"].([]any)
	if len(members) != 1 || members[0].(map[string]any)["@odata.type"] != "#microsoft.graph.user" {
		t.Errorf("members %v", members)
	}
	s.must(204, "DELETE", "/v1.0/groups/"+g+"/members/"+u+"/$ref", nil)
	s.must(404, "DELETE", "/v1.0/groups/"+g+"/members/"+u+"/$ref", nil)
}

func TestListPagesAndFilters(t *testing.T) {
	s := newSite(t)
	for i := range 5 {
		s.must(201, "POST", "/v1.0/users", map[string]any{"userPrincipalName": fmt.Sprintf("o'p%d@x.example", i), "displayName": "P"})
	}
	seen, path := map[any]bool{}, "/v1.0/users?$top=2"
	for path != "" {
		page := s.must(200, "GET", path, nil)
		for _, v := range page["value"].([]any) {
			seen[v.(map[string]any)["id"]] = true
		}
		next, _ := page["@odata.nextLink"].(string)
		if next != "" {
			next = next[strings.Index(next, "/v1.0"):]
		}
		path = next
	}
	if len(seen) != 5 {
		t.Errorf("%d users on all pages, want 5", len(seen))
	}
	page := s.must(200, "GET", "/v1.0/users?%24filter=userPrincipalName+eq+'o''p3@x.example'", nil)
	if len(page["value"].([]any)) != 1 {
		t.Errorf("filter: %v", page)
	}
}

func TestApplicationJobAndExplain(t *testing.T) {
	s := newSite(t)
	s.must(201, "POST", "/v1.0/users", map[string]any{"userPrincipalName": "ann@x.example", "displayName": "Ann", "jobTitle": "Clerk"})
	apply := map[string]any{"name": "hr.yaml", "file": appFile, "bearer": "canary-secret-123"}
	if out := s.must(200, "PUT", "/sallyport/v1/apps/hr", apply); out["version"] != float64(1) {
		t.Errorf("applied %v", out)
	}
	s.must(400, "PUT", "/sallyport/v1/apps/other", apply)
	bad := s.must(400, "PUT", "/sallyport/v1/apps/hr", map[string]any{"name": "hr.yaml", "file": strings.Replace(appFile, "mappings:", "mapings:", 1)})
	if msg := fmt.Sprint(bad["error"]); !strings.Contains(msg, "hr.yaml:") {
		t.Errorf("message %s, want file and line", msg)
	}
	if text := fmt.Sprint(s.must(200, "GET", "/sallyport/v1/apps/hr", nil)); strings.Contains(text, "canary") {
		t.Error("the secret is shown")
	}
	const job = "/v1.0/servicePrincipals/hr/synchronization/jobs/hr"
	if got := s.must(200, "GET", job, nil); got["schedule"].(map[string]any)["state"] != "Disabled" {
		t.Errorf("before start: %v", got)
	}
	x := s.must(200, "GET", "/sallyport/v1/apps/hr/explain/ann@x.example", nil)
	if x["verb"] != "create" {
		t.Errorf("explain %v", x)
	}
	s.must(204, "POST", job+"/start", nil)
	if got := s.must(200, "GET", job, nil); got["schedule"].(map[string]any)["state"] != "Active" {
		t.Errorf("after start: %v", got)
	}
	s.until(func() bool { return len(s.target.All(entry.User)) == 1 })
	pair := s.must(200, "POST", job+"/provisionOnDemand", map[string]any{"parameters": []any{map[string]any{"subjects": []any{map[string]any{"objectId": "ann@x.example", "objectTypeName": "User"}}}}})
	if !strings.Contains(pair["key"].(string), "Skipped") {
		t.Errorf("on demand %v", pair)
	}
	s.must(204, "POST", job+"/pause", nil)
	if got := s.must(200, "GET", job, nil); got["schedule"].(map[string]any)["state"] != "Paused" {
		t.Errorf("after pause: %v", got)
	}
	s.must(400, "POST", job+"/restart", map[string]any{"criteria": map[string]any{"resetScope": "Nonsense"}})
	s.must(204, "POST", job+"/restart", nil)
	s.must(204, "DELETE", "/sallyport/v1/apps/hr", nil)
	s.must(404, "GET", job, nil)
}

func (s *site) until(holds func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatal("it did not happen")
		}
	}
}

func TestImportAnswersWithAReport(t *testing.T) {
	s := newSite(t)
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/sallyport/v1/import", strings.NewReader("userPrincipalName,displayName\nann@x.example,Ann\n,Nobody\n"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.admin)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var last struct {
		Report struct{ Created, Refused int }
	}
	for dec := json.NewDecoder(resp.Body); ; {
		if err := dec.Decode(&last); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if last.Report.Created != 1 || last.Report.Refused != 1 {
		t.Errorf("report %+v, want one created and one refused", last.Report)
	}
	s.must(200, "GET", "/v1.0/users/ann@x.example", nil)
}
