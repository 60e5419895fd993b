package graphapi_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/audit"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/cycle/targettest"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/graphapi"
	"github.com/sallyport-id/sallyport/service/identity"
	"github.com/sallyport-id/sallyport/service/secrets"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

var update = flag.Bool("update", false, "write the golden files anew")

// house is an API with everything that says who may come in, two applications, and callers of every kind.
type house struct {
	*testing.T
	ctx    context.Context // of the default tenant
	db     *sqlite.DB
	jobs   *cycle.Jobs
	keeper *audit.Keeper
	server *identity.Server
	http   *httptest.Server
	api    *graphapi.API
	logs   *logs

	admin, reader, operator, owner, payroll, elsewhere string // credentials
	client                                             identity.Client
	secret                                             string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{T: t, ctx: tenant.With(t.Context(), tenant.Default), logs: &logs{}}
	var err error
	if h.db, err = sqlite.Open(h.ctx, filepath.Join(t.TempDir(), "s.db")); err != nil {
		t.Fatal(err)
	}
	store, err := secrets.Open(filepath.Join(t.TempDir(), "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	h.identity()
	h.jobs = cycle.NewJobs(cycle.Parts{Source: h.db.Directory(), Ledger: h.db.Ledger(), Log: h.db.Journal()}, h.db.Apps(),
		func(context.Context, app.App) (cycle.Target, error) { return &targettest.Memory{}, nil })
	running, stop := context.WithCancel(h.ctx)
	if err := h.jobs.Start(running); err != nil {
		t.Fatal(err)
	}
	h.api = graphapi.New(graphapi.Config{
		Directory: h.db.Directory(), Apps: h.db.Apps(), Jobs: h.jobs, Escrows: h.db.Ledger(), Journal: h.db.Journal(), Secrets: store,
		Access: h.db.Tokens(), Callers: h.server, Agents: h.db.Agents(), Gate: &gate{}, Audit: h.keeper, Rate: 100_000, Logger: newLog(h.logs),
		Identity: graphapi.Identity{Clients: h.db.Identity(), Grants: h.db.Grants(), SignOut: h.server.SignOut},
		Catalog:  h.db.Catalog(), Assign: h.db.Assignments(), Pairs: h.db.Ledger(),
		Dial: func(context.Context, app.App, []byte) (graphapi.Target, error) {
			return nil, fault.New(fault.Unavailable, "connect", "there is no target in this test")
		},
	})
	h.http = httptest.NewTLSServer(h.server.Or(h.api))
	t.Cleanup(func() {
		h.http.Close()
		stop()
		h.jobs.Wait()
		_ = h.db.Close()
	})
	h.people()
	return h
}

func (h *house) identity() {
	h.Helper()
	dir := filepath.Join(h.TempDir(), "identity")
	keys, err := identity.OpenKeys(dir, time.Now())
	if err != nil {
		h.Fatal(err)
	}
	signer, err := audit.OpenSigner(dir)
	if err != nil {
		h.Fatal(err)
	}
	h.keeper = &audit.Keeper{Log: h.db.Audit(), Marks: h.db.AuditMarks(), Signer: signer}
	h.server = identity.New(identity.Config{
		Clients: h.db.Identity(), Sessions: h.db.Identity(), Grants: h.db.Grants(), Keys: keys,
		Bearers: access.Bearers{Store: h.db.Tokens(), Grants: h.db.Grants()}, Logger: newLog(h.logs),
	})
}

// people makes the callers, and objects whose names all hold the canary.
func (h *house) people() {
	h.Helper()
	h.admin, h.reader, h.operator = h.bearer("root", access.Admin), h.bearer("looker", access.Reader), h.bearer("runner", access.Operator)
	h.owner, h.payroll = h.bearer("owner", access.Owner), h.bearer("other-owner", access.Owner)
	h.grant(h.ctx, access.Grant{Subject: "token:owner", Role: access.Owner, App: "hr"})
	h.bearer("canary-token", access.Reader)
	h.grant(h.ctx, access.Grant{Subject: "person:canary@x.example", Role: access.Reader})
	h.grant(h.ctx, access.Grant{Subject: "token:other-owner", Role: access.Owner, App: "payroll"})
	h.client, h.secret = h.register(h.ctx, "canary-client")
	h.grant(h.ctx, access.Grant{Subject: h.client.Subject(), Role: "Directory.ReadWrite.All"})
	other := tenant.With(h.ctx, "other")
	c, secret := h.register(other, "stranger")
	h.grant(other, access.Grant{Subject: c.Subject(), Role: access.Admin})
	h.elsewhere = h.token("other", c, secret)
	h.objects()
}

// objects makes what the paths of the matrix name; what is there already stays.
func (h *house) objects() {
	h.Helper()
	for _, e := range []entry.Entry{
		{Type: entry.User, ID: userID, Attrs: entry.Attrs{directory.UserPrincipalName: {"canary@x.example"}, directory.DisplayName: {"Canary"}}},
		{Type: entry.Group, ID: groupID, Attrs: entry.Attrs{directory.DisplayName: {"Canary group"}, directory.Members: {entry.Ref{Type: entry.User, ID: userID}}}},
	} {
		if _, err := h.db.Directory().Get(h.ctx, e.Type, e.ID); err == nil {
			continue
		}
		if err := h.db.Directory().PutMany(h.ctx, []entry.Entry{e}); err != nil {
			h.Fatal(err)
		}
	}
	for _, id := range []string{"hr", "payroll"} {
		if _, err := h.db.Apps().Get(h.ctx, app.ID(id)); err == nil {
			continue
		}
		a, err := app.Parse(id+".yaml", []byte(strings.Replace(appFile, "id: hr", "id: "+id+"\nname: Canary "+id, 1)))
		if err != nil {
			h.Fatal(err)
		}
		if a, err = h.db.Apps().Put(h.ctx, a); err != nil {
			h.Fatal(err)
		}
		if err := h.jobs.Put(h.ctx, a); err != nil {
			h.Fatal(err)
		}
	}
}

const (
	userID  = "11111111-1111-4111-8111-111111111111"
	groupID = "22222222-2222-4222-8222-222222222222"
)

func (h *house) bearer(name string, role access.Role) string {
	h.Helper()
	t, secret := access.New(name, role, time.Now(), 0)
	if err := h.db.Tokens().Put(h.ctx, t); err != nil {
		h.Fatal(err)
	}
	return secret
}

func (h *house) grant(ctx context.Context, g access.Grant) {
	h.Helper()
	if err := h.db.Grants().Grant(ctx, g); err != nil {
		h.Fatal(err)
	}
}

func (h *house) register(ctx context.Context, name string) (identity.Client, string) {
	h.Helper()
	c, err := identity.NewClient(name, time.Now())
	if err != nil {
		h.Fatal(err)
	}
	c, secret, err := c.AddSecret(time.Now(), time.Hour)
	if err != nil {
		h.Fatal(err)
	}
	if err := h.db.Identity().AddClient(ctx, c); err != nil {
		h.Fatal(err)
	}
	return c, secret
}

// token gets an access token from the token endpoint. The server may not be up yet, so the handler is asked.
func (h *house) token(tenant string, c identity.Client, secret string) string {
	h.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {string(c.ID)}, "client_secret": {secret}, "scope": {".default"}}
	resp, err := h.http.Client().PostForm(h.http.URL+"/"+tenant+"/oauth2/v2.0/token", form)
	if err != nil {
		h.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		h.Fatalf("%s %s %v", resp.Status, text, err)
	}
	_, rest, _ := strings.Cut(string(text), `"access_token":"`)
	out, _, _ := strings.Cut(rest, `"`)
	return out
}

// ask sends a request and returns status and body. An answer that goes on for ever ends with the first line.
func (h *house) ask(credential, method, path, body string) (int, string) {
	h.Helper()
	req, err := http.NewRequestWithContext(h.ctx, method, h.http.URL+path, strings.NewReader(body))
	if err != nil {
		h.Fatal(err)
	}
	if credential != "" {
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := h.http.Client().Do(req)
	if err != nil {
		h.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		h.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// short is as much of an answer as a test's message needs.
func short(text string) string { return text[:min(len(text), 300)] }

// fill puts ids of things that exist into a pattern's path.
func (h *house) fill(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	id := userID
	if strings.Contains(path, "/groups/") {
		id = groupID
	}
	path = strings.NewReplacer("{app}", "hr", "{job}", "hr", "{id}", id, "{member}", userID, "{client}", string(h.client.ID),
		"{token}", "root", "{subject}", "token:owner", "{role}", "owner", "{name}", "nobody").Replace(path)
	for strings.Contains(path, "{") { // what there is none of
		before, rest, _ := strings.Cut(path, "{")
		_, after, _ := strings.Cut(rest, "}")
		path = before + "33333333-3333-4333-8333-333333333333" + after
	}
	return method, path
}

// TestAuthorizationMatrix sends every route of the router every kind of caller. A body that is no JSON keeps those who may from
// changing more than DELETE does.
func TestAuthorizationMatrix(t *testing.T) {
	h := newHouse(t)
	late, expired := access.New("late", access.Admin, time.Now().Add(-2*time.Hour), time.Hour)
	if err := h.db.Tokens().Put(h.ctx, late); err != nil {
		t.Fatal(err)
	}
	source, secret, err := access.NewSource("entra", time.Now(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.db.Tokens().Put(h.ctx, source); err != nil {
		t.Fatal(err)
	}
	signedOut := h.token("default", h.client, h.secret)
	if err := h.server.SignOut(h.ctx, signedOut); err != nil {
		t.Fatal(err)
	}
	good := h.token("default", h.client, h.secret)
	unknown := map[string]string{
		"none": "", "malformed": "x", "malformed token": "a.b.c", "changed token": good[:len(good)-8] + "AAAAAAAA", "wrong secret": "sp_" + strings.Repeat("A", 52),
		"expired": expired, "signed out": signedOut, "client's secret": h.secret,
	}
	for _, r := range h.api.Routes() {
		t.Run(r.Pattern, func(t *testing.T) {
			method, path := h.fill(r.Pattern)
			for name, credential := range unknown {
				if got, text := h.ask(credential, method, path, "{"); got != http.StatusUnauthorized {
					t.Errorf("%s: %d %s, want 401", name, got, short(text))
				}
			}
			owned := strings.Contains(r.Pattern, "{app}") && r.Permission.Owned()
			for _, c := range []struct { // the administrator last: it may end the others
				name, credential string
				may              bool
			}{
				{"reader", h.reader, slices.Contains(append(access.Reader.Allows(), access.SignedIn), r.Permission)},
				{"operator", h.operator, slices.Contains(append(access.Operator.Allows(), access.SignedIn), r.Permission)},
				{"owner", h.owner, owned || r.Permission == access.SignedIn},
				{"owner of another", h.payroll, r.Permission == access.SignedIn},
				{"directory's client", good, slices.Contains([]access.Permission{
					access.ReadDirectory, access.WriteDirectory, access.ReadApps, access.ReadAgents, access.WriteAgents, access.SignedIn,
				}, r.Permission)},
				{"source", secret, false},
				{"administrator", h.admin, true},
			} {
				h.objects()
				got, text := h.ask(c.credential, method, path, "{")
				if (got == http.StatusForbidden) == c.may || got == http.StatusUnauthorized {
					t.Errorf("%s: %d %s on a route of %s", c.name, got, short(text), r.Permission)
				}
				if got >= 500 && got != 501 && got != 503 {
					t.Errorf("%s: %d %s", c.name, got, short(text))
				}
				if r.Permission == access.SignedIn || c.name == "administrator" {
					h.reissue(&good)
				}
			}
		})
	}
	for _, path := range []string{"/anything", "/v1.0/anything", "/beta/anything", "/sallyport/v1/anything"} {
		if got, _ := h.ask("", "GET", path, ""); got != http.StatusUnauthorized {
			t.Errorf("%s without a credential: %d, want 401", path, got)
		}
	}
}

// reissue undoes what those who may everything did to the callers themselves.
func (h *house) reissue(good *string) {
	h.Helper()
	if who, err := h.server.Authenticate(h.ctx, h.admin); err != nil || !who.Has(access.Admin) {
		h.admin = h.bearer("root", access.Admin)
	}
	if _, err := h.db.Identity().Client(h.ctx, h.client.ID); err != nil || !h.works(*good) {
		if err != nil {
			h.client, h.secret = h.register(h.ctx, "canary-client")
		}
		h.grant(h.ctx, access.Grant{Subject: h.client.Subject(), Role: "Directory.ReadWrite.All"})
		*good = h.token("default", h.client, h.secret)
	}
	h.grant(h.ctx, access.Grant{Subject: "token:owner", Role: access.Owner, App: "hr"})
}

func (h *house) works(credential string) bool {
	_, err := h.server.Authenticate(h.ctx, credential)
	return err == nil
}

// TestNothingCrossesTenants lets the administrator of another tenant call every route with the ids of this one. Nothing of this tenant
// shows in an answer, and nothing changes.
func TestNothingCrossesTenants(t *testing.T) {
	h := newHouse(t)
	sum := func() string {
		users, _ := h.db.Directory().List(h.ctx, entry.User, false, "", 100)
		groups, _ := h.db.Directory().List(h.ctx, entry.Group, false, "", 100)
		apps, _ := h.db.Apps().List(h.ctx)
		tokens, _ := h.db.Tokens().List(h.ctx)
		clients, _ := h.db.Identity().ListClients(h.ctx)
		grants, _ := h.db.Grants().Granted(h.ctx)
		seq, _, _ := h.db.Audit().Head(h.ctx)
		return fmt.Sprintf("%v %v %v %v %v %v %v", users, groups, len(apps), tokens, clients, grants, seq)
	}
	before := sum()
	for _, r := range h.api.Routes() {
		method, path := h.fill(r.Pattern)
		for _, body := range []string{"", "{}"} {
			got, text := h.ask(h.elsewhere, method, path, body)
			if got == http.StatusForbidden || got == http.StatusUnauthorized && !strings.HasSuffix(r.Pattern, "/signout") || got >= 500 && got != 501 && got != 503 {
				if h.works(h.elsewhere) {
					t.Errorf("%s: %d %s", r.Pattern, got, short(text))
				}
			}
			if i := strings.Index(strings.ToLower(text), "canary"); i >= 0 {
				t.Errorf("%s shows another tenant: %s", r.Pattern, text[max(0, i-100):min(len(text), i+100)])
			}
			if !h.works(h.elsewhere) {
				h.strangerAgain()
			}
		}
	}
	if after := sum(); after != before {
		t.Errorf("another tenant changed this one:\n%s\n%s", before, after)
	}
}

// strangerAgain lets the other tenant's administrator sign in once more.
func (h *house) strangerAgain() {
	h.Helper()
	other := tenant.With(h.ctx, "other")
	c, secret := h.register(other, "stranger"+fmt.Sprint(time.Now().UnixNano()))
	h.grant(other, access.Grant{Subject: c.Subject(), Role: access.Admin})
	h.elsewhere = h.token("other", c, secret)
}

// TestRoutesAreListed compares the router with testdata/authorization.txt: a new route, or one that asks for another permission, is
// seen in review.
func TestRoutesAreListed(t *testing.T) {
	h := newHouse(t)
	var lines []string
	for _, r := range h.api.Routes() {
		var may []string
		for _, role := range access.Roles() {
			if slices.Contains(role.Allows(), r.Permission) || r.Permission == access.SignedIn || role == access.Owner && r.Permission.Owned() && strings.Contains(r.Pattern, "{app}") {
				may = append(may, string(role))
			}
		}
		who := strings.Join(may, " ")
		if r.Permission == access.SignedIn {
			who = "everybody who is known"
		}
		lines = append(lines, fmt.Sprintf("%s: %s: %s", r.Pattern, r.Permission, who))
	}
	slices.Sort(lines)
	got, golden := strings.Join(lines, "\n")+"\n", filepath.Join("testdata", "authorization.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil { //nolint:gosec // a golden file
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the routes differ from %s; look at who may call them now, then run the test with -update\n%s", golden, diffLines(string(want), got))
	}
}

func diffLines(want, got string) string {
	var b strings.Builder
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for _, l := range w {
		if !slices.Contains(g, l) {
			fmt.Fprintln(&b, "-", l)
		}
	}
	for _, l := range g {
		if !slices.Contains(w, l) {
			fmt.Fprintln(&b, "+", l)
		}
	}
	return b.String()
}
