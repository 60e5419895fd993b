package graphapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/service/audit"
)

// acts returns the audit log, oldest first.
func (h *house) acts() []audit.Entry {
	h.Helper()
	es, err := h.keeper.Find(h.ctx, audit.Query{Limit: 1000})
	if err != nil {
		h.Fatal(err)
	}
	slices.Reverse(es)
	return es
}

// must asks as the administrator and reads the answer.
func (h *house) must(status int, method, path, body string) map[string]any {
	h.Helper()
	got, text := h.ask(h.admin, method, path, body)
	if got != status {
		h.Fatalf("%s %s answered %d %s, want %d", method, path, got, short(text), status)
	}
	out := map[string]any{}
	_ = json.Unmarshal([]byte(text), &out) // an empty body has no map
	return out
}

func TestActsAreInTheAuditLog(t *testing.T) {
	h := newHouse(t)
	const user = "/v1.0/users/" + userID
	for _, tc := range []struct {
		name                       string
		credential                 string
		method, path, body         string
		phases                     []audit.Phase
		result, action             string
		beforeHas, afterHas, notIn string
	}{
		{
			"in one transaction", h.admin, "PATCH", user, `{"jobTitle":"Clerk","passwordProfile":{"password":"s3cret"}}`,
			[]audit.Phase{audit.Done}, audit.Success, "PATCH /v1.0/users/{id}", "", `"jobTitle":"Clerk"`, "s3cret",
		},
		{
			"with what was before", h.admin, "PATCH", user, `{"jobTitle":"Boss"}`,
			[]audit.Phase{audit.Done}, audit.Success, "PATCH /v1.0/users/{id}", `{"jobTitle":"Clerk"}`, `{"jobTitle":"Boss"}`, "Canary",
		},
		{
			"refused", h.reader, "PATCH", user, `{"jobTitle":"x"}`,
			[]audit.Phase{audit.Done}, "denied", "PATCH /v1.0/users/{id}", "", "", "jobTitle",
		},
		{
			"failed", h.admin, "DELETE", "/v1.0/users/44444444-4444-4444-8444-444444444444", "",
			[]audit.Phase{audit.Done}, "notFound", "DELETE /v1.0/users/{id}", "", "", "",
		},
		{
			"beyond the database", h.admin, "POST", "/v1.0/servicePrincipals/hr/synchronization/jobs/hr/pause", "",
			[]audit.Phase{audit.Intent, audit.Result}, audit.Success, "POST /v1.0/servicePrincipals/{app}/synchronization/jobs/{job}/pause", "", "", "",
		},
		{
			"beyond the database, failed", h.admin, "POST", "/v1.0/servicePrincipals/hr/synchronization/jobs/hr/restart", `{"criteria":{"resetScope":"Nonsense"}}`,
			[]audit.Phase{audit.Intent, audit.Result}, "invalid", "POST /v1.0/servicePrincipals/{app}/synchronization/jobs/{job}/restart", "", "Nonsense", "",
		},
		{
			"a secret handed in", h.admin, "PUT", "/sallyport/v1/apps/hr", `{"name":"hr.yaml","file":` + quote(appFile) + `,"bearer":"s3cret"}`,
			[]audit.Phase{audit.Intent, audit.Result}, audit.Success, "PUT /sallyport/v1/apps/{app}", "hr", `"bearer":"[Redact]"`, "s3cret",
		},
		{"reading", h.admin, "GET", user, "", nil, "", "", "", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := len(h.acts())
			h.ask(tc.credential, tc.method, tc.path, tc.body)
			got := h.acts()[before:]
			if len(got) != len(tc.phases) {
				t.Fatalf("%d entries: %+v", len(got), got)
			}
			for i, e := range got {
				if e.Phase != tc.phases[i] || e.Action != tc.action || e.Target != tc.path || e.From != "127.0.0.1" || !strings.HasPrefix(e.Subject, "token:") || e.Request == "" {
					t.Errorf("entry %+v", e)
				}
			}
			if len(got) == 0 {
				return
			}
			last := got[len(got)-1]
			text, _ := json.Marshal(got)
			if last.Result != tc.result || !strings.Contains(string(last.Before), tc.beforeHas) || !strings.Contains(string(last.After), tc.afterHas) ||
				tc.notIn != "" && strings.Contains(string(text), tc.notIn) || last.Phase == audit.Result && last.Of != got[0].Seq {
				t.Errorf("entries %s", text)
			}
		})
	}
	var b bytes.Buffer
	if err := h.keeper.Export(h.ctx, &b, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Verify(&b, audit.Trust{Key: h.keeper.Signer.Public()}); err != nil {
		t.Error(err)
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// brokenLog is an audit log that cannot be written.
type brokenLog struct{ audit.Log }

func (brokenLog) Append(context.Context, audit.Entry) (audit.Sealed, error) {
	return audit.Sealed{}, http.ErrAbortHandler
}

func TestWhatCannotBeNotedIsNotDone(t *testing.T) {
	h := newHouse(t)
	h.keeper.Log = brokenLog{h.keeper.Log}
	if got, _ := h.ask(h.admin, "DELETE", "/sallyport/v1/apps/hr", ""); got < 500 {
		t.Errorf("answered %d", got)
	}
	if _, err := h.db.Apps().Get(h.ctx, "hr"); err != nil {
		t.Errorf("the application is gone: %v", err)
	}
}

func TestAuditRoutes(t *testing.T) {
	h := newHouse(t)
	for range 3 {
		h.must(204, "PATCH", "/v1.0/users/"+userID, `{"jobTitle":"Clerk"}`)
	}
	h.must(204, "POST", "/v1.0/servicePrincipals/hr/synchronization/jobs/hr/pause", "")
	list := func(query string) int {
		t.Helper()
		return len(h.must(200, "GET", "/sallyport/v1/audit"+query, "")["value"].([]any))
	}
	for query, want := range map[string]int{
		"": 5, "?limit=2": 2, "?text=users": 3, "?text=PAUSE": 2, "?subject=token:root": 5, "?subject=token:other": 0, "?before=3": 2, "?since=2020-01-01T00:00:00Z": 5, "?since=2999-01-01T00:00:00Z": 0,
	} {
		if got := list(query); got != want {
			t.Errorf("%q: %d, want %d", query, got, want)
		}
	}
	for _, query := range []string{"?since=yesterday", "?limit=x", "?before=-1"} {
		h.must(400, "GET", "/sallyport/v1/audit"+query, "")
	}
	_, text := h.ask(h.operator, "GET", "/sallyport/v1/audit/export", "")
	key, err := audit.ParseKey(h.must(200, "GET", "/sallyport/v1/audit/key", "")["key"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := audit.Verify(strings.NewReader(text), audit.Trust{Key: key}); err != nil || r.Entries != 5 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestClientsOverTheAPI(t *testing.T) {
	h := newHouse(t)
	made := h.must(201, "POST", "/sallyport/v1/access/clients", `{"name":"pipeline","roles":["synchronization.readwrite.all"],"apps":["hr"],"days":30}`)
	at := "/sallyport/v1/access/clients/" + made["id"].(string)
	first := made["secret"].(string)
	shown, _ := json.Marshal(h.must(200, "GET", at, ""))
	if first == "" || strings.Contains(string(shown), first) || !strings.Contains(string(shown), `"roles":["Synchronization.ReadWrite.All","owner"]`) && !strings.Contains(string(shown), `"owner"`) {
		t.Errorf("shown %s", shown)
	}
	second := h.must(201, "POST", at+"/secrets", `{}`)["secret"].(string)
	h.must(200, "DELETE", at+"/secrets/old", "")
	if n := len(h.must(200, "GET", at, "")["secrets"].([]any)); n != 1 || first == second {
		t.Errorf("%d secrets", n)
	}
	for path, body := range map[string]string{
		"/sallyport/v1/access/clients": `{"name":"","roles":[]}`, "/sallyport/v1/access/clients?": `{"name":"x","roles":["nonsense"]}`,
		"/sallyport/v1/access/grants": `{"subject":"ann","role":"reader"}`, at + "/certificates": `{"certificate":"x"}`, at + "/secrets": `{"days":-3}`,
		"/sallyport/v1/access/tokens": `{"name":"x","role":"nonsense"}`,
	} {
		h.must(400, "POST", path, body)
	}
	h.must(404, "POST", "/sallyport/v1/access/grants", `{"subject":"client:44444444-4444-4444-8444-444444444444","role":"reader"}`)
	h.must(204, "DELETE", at, "")
	h.must(404, "GET", at, "")
	for _, e := range h.acts() {
		if text, _ := json.Marshal(e); strings.Contains(string(text), first) || strings.Contains(string(text), second) {
			t.Errorf("a secret is in the audit log: %s", text)
		}
	}
}

func TestTokensOverTheAPI(t *testing.T) {
	h := newHouse(t)
	made := h.must(201, "POST", "/sallyport/v1/access/tokens", `{"name":"ci","role":"operator","days":1}`)
	secret := made["secret"].(string)
	if got, text := h.ask(secret, "GET", "/sallyport/v1/whoami", ""); got != 200 || !strings.Contains(text, `"roles":["operator"]`) {
		t.Errorf("%d %s", got, text)
	}
	h.must(400, "POST", "/sallyport/v1/access/tokens", `{"name":"ci","role":"operator"}`)
	rotated := h.must(200, "POST", "/sallyport/v1/access/tokens/ci/rotate", `{}`)
	again := rotated["secret"].(string)
	if at, err := time.Parse(time.RFC3339, fmt.Sprint(rotated["expires"])); err != nil || time.Until(at) > 24*time.Hour {
		t.Errorf("a day's token lives until %v after it was rotated", rotated["expires"])
	}
	if got := h.must(200, "POST", "/sallyport/v1/access/tokens/root/rotate", `{"days":30}`); got["expires"] == nil {
		t.Errorf("rotated with days it is %v", got["expires"])
	} else {
		h.admin = got["secret"].(string)
	}
	if got, _ := h.ask(secret, "GET", "/sallyport/v1/whoami", ""); got != 401 {
		t.Errorf("the old secret: %d", got)
	}
	h.must(201, "POST", "/sallyport/v1/access/grants", `{"subject":"token:ci","role":"AuditLog.Read.All"}`)
	if got, _ := h.ask(again, "GET", "/sallyport/v1/audit", ""); got != 200 {
		t.Errorf("with the grant: %d", got)
	}
	h.must(204, "DELETE", "/sallyport/v1/access/grants/token:ci/auditlog.read.all", "")
	h.must(204, "DELETE", "/sallyport/v1/access/tokens/ci", "")
	h.must(404, "DELETE", "/sallyport/v1/access/tokens/ci", "")
	if list, _ := json.Marshal(h.must(200, "GET", "/sallyport/v1/access/tokens", "")); strings.Contains(string(list), "hash") || strings.Contains(string(list), again) {
		t.Errorf("list %s", list)
	}
	h.must(400, "DELETE", "/sallyport/v1/access/tokens/root", "") // the last administrator
	h.must(201, "POST", "/sallyport/v1/access/grants", `{"subject":"person:Ann@x.example","role":"administrator"}`)
	h.must(204, "DELETE", "/sallyport/v1/access/tokens/root", "")
}

// TestOwnersReachTheirApplicationAlone names another application where a path has more than one place for it.
func TestOwnersReachTheirApplicationAlone(t *testing.T) {
	h := newHouse(t)
	for path, want := range map[string]int{
		"GET /sallyport/v1/apps/hr":                                               200,
		"GET /sallyport/v1/apps/payroll":                                          403,
		"GET /v1.0/servicePrincipals/hr/synchronization/jobs/hr":                  200,
		"GET /v1.0/servicePrincipals/hr/synchronization/jobs/payroll":             404,
		"POST /v1.0/servicePrincipals/hr/synchronization/jobs/payroll/start":      404,
		"POST /v1.0/servicePrincipals/payroll/synchronization/jobs/payroll/start": 403,
		"GET /sallyport/v1/journal":                                               403,
		"GET /sallyport/v1/journal?job=hr":                                        200,
		"GET /sallyport/v1/journal?job=payroll":                                   403,
		"GET /v1.0/users":                                                         403,
	} {
		method, at, _ := strings.Cut(path, " ")
		if got, text := h.ask(h.owner, method, at, ""); got != want {
			t.Errorf("%s: %d %s, want %d", path, got, short(text), want)
		}
	}
}
