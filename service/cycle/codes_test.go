package cycle_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim/scimclient"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
)

// wireTarget answers requests with prepared answers, by "METHOD" or "METHOD list", the latter for a search.
type wireTarget map[string]wireAnswer

type wireAnswer struct {
	status int
	body   string
}

func (w wireTarget) RoundTrip(r *http.Request) (*http.Response, error) {
	kind := r.Method
	if r.Method == http.MethodGet && r.URL.Query().Has("filter") {
		kind = "GET list"
	}
	a, ok := w[kind]
	switch {
	case ok:
	case kind == "POST":
		a = wireAnswer{201, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"t1","userName":"ann@x"}`}
	case kind == "PATCH" || kind == "DELETE":
		a.status = 204
	default:
		a = wireAnswer{200, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}`}
	}
	h := http.Header{"Content-Type": {"application/scim+json"}}
	if strings.HasPrefix(a.body, "<") {
		h.Set("Content-Type", "text/html")
	}
	return &http.Response{
		StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Request: r,
		Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body)),
	}, nil
}

func scimError(scimType, detail string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"` + scimType + `","detail":"` + detail + `"}`
}

// over makes the job's target a SCIM endpoint that answers so.
func (b *bench) over(w wireTarget) {
	b.t.Helper()
	base, _ := url.Parse("https://target.invalid/scim")
	cl, err := scimclient.New(scimclient.Config{Base: base, Transport: w, NoDiscovery: true, Retries: -1})
	if err != nil {
		b.t.Fatal(err)
	}
	b.job = cycle.NewJob(cycle.Parts{Source: b.db.Directory(), Target: cl, Ledger: b.db.Ledger(), Log: b.db.Journal(), Assigned: b.db.Assignments()}, b.rules)
}

// TestEveryFailureHasItsCode (provisioning-engine §8): code → what raises it. Each record of a failure says what to try next, and with which
// status and words the target answered, if it did.
func TestEveryFailureHasItsCode(t *testing.T) {
	refused := func(status int, scimType string) wireTarget {
		return wireTarget{"POST": {status, scimError(scimType, "no, because")}}
	}
	required := func(a *app.App) {
		a.Objects[0].Attributes = []app.Attribute{{Name: "title", Type: app.String, Required: true}}
	}
	several := func(a *app.App) {
		a.Objects[0].Attributes = []app.Attribute{{Name: "title", Type: app.String}}
		a.Objects[0].Mappings[2] = app.Mapping{Target: "title", Expression: `Split([jobTitle], ",")`, Flow: app.Always}
	}
	typed := func(a *app.App) {
		a.Objects[0].Attributes = []app.Attribute{{Name: "title", Type: app.Integer}}
	}
	failing := func(a *app.App) {
		a.Objects[0].Mappings[2] = app.Mapping{Target: "title", Expression: `CStr(CDate([jobTitle]))`, Flow: app.Always}
	}
	unknown := func(a *app.App) {
		a.Objects[0].Mappings[1].Target, a.Objects[0].Match = "no.such.thing", a.Objects[0].Match[:1]
	}
	list := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":2,"Resources":[{"id":"t1","userName":"ann@x"},{"id":"t2","userName":"ann@x"}]}`
	tests := []struct {
		code    string
		why     string
		wire    wireTarget
		revise  func(*app.App)
		details string
	}{
		{fault.CodeEntryConflict, "409 to a create", refused(409, "uniqueness"), nil, "HTTP 409: "},
		{fault.CodeEntryConflict, "uniqueness under 400", refused(400, "uniqueness"), nil, "HTTP 400: "},
		{fault.CodeTargetError, "500", refused(500, ""), nil, "HTTP 500: "},
		{fault.CodeDenied, "403", refused(403, ""), nil, "HTTP 403: "},
		{fault.CodeMethodNotAllowed, "405", refused(405, ""), nil, "HTTP 405: "},
		{fault.CodeNotImplemented, "501", refused(501, ""), nil, "HTTP 501: "},
		{fault.CodeNotPermitted, "an attribute that must not be written", refused(400, "mutability"), nil, "HTTP 400: "},
		{fault.CodeUnprocessable, "422", refused(422, ""), nil, "HTTP 422: "},
		{fault.CodeUnprocessable, "400", refused(400, "invalidValue"), nil, "HTTP 400: "},
		{fault.CodeUnprocessable, "413", refused(413, ""), nil, "HTTP 413: "},
		{fault.CodeAttributeNotFound, "an attribute that the target does not know", refused(400, "invalidPath"), nil, "HTTP 400: "},
		{fault.CodeAttributeNotFound, "a path that says nothing", nil, unknown, ""},
		{fault.CodeLicenseLimit, "402", refused(402, ""), nil, "HTTP 402: "},
		{fault.CodeIncompatible, "200 with a web page", wireTarget{"POST": {200, "<html>sign in</html>"}}, nil, "HTTP 200: <html>"},
		{fault.CodeSeveralInAnswer, "a list for one object", wireTarget{"POST": {200, list}}, nil, "HTTP 200: "},
		{fault.CodeDuplicateTarget, "two match", wireTarget{"GET list": {200, list}}, nil, ""},
		{fault.CodeMandatoryMissing, "no value for what is required", nil, required, ""},
		{fault.CodeOneValueOnly, "two values for one", nil, several, ""},
		{fault.CodeOneValueOnly, "a value of another type", nil, typed, ""},
		{fault.CodeMissingValues, "an expression that fails", nil, failing, ""},
	}
	for _, tt := range tests {
		t.Run(tt.code+"/"+tt.why, func(t *testing.T) {
			b := newBench(t)
			if tt.revise != nil {
				b.revise(tt.revise)
			}
			b.over(tt.wire)
			words := []string{"employeeId=7"}
			if tt.code != fault.CodeMandatoryMissing {
				words = append(words, "jobTitle=a,b")
			}
			b.user("u1", "ann@x", words...)
			if _, err := b.job.Provision(b.ctx, entry.User, "u1"); err != nil {
				t.Fatal(err)
			}
			rs := b.records("u1")
			r := rs[len(rs)-1]
			if r.Status != "failure" || r.Code != tt.code || r.Hint == "" {
				t.Errorf("%s %s, try %q: %s", r.Status, r.Code, r.Hint, r.Reason)
			}
			if tt.details == "" && r.Details != "" || !strings.HasPrefix(r.Details, tt.details) {
				t.Errorf("additional details %q, want %q", r.Details, tt.details)
			}
			if len(r.Details) > 600 {
				t.Errorf("%d bytes of details", len(r.Details))
			}
		})
	}
}

// TestClearingWhatIsRequired: a value that the target demands is not taken away.
func TestClearingWhatIsRequired(t *testing.T) {
	b := newBench(t)
	b.revise(func(a *app.App) {
		a.Objects[0].Attributes = []app.Attribute{{Name: "title", Type: app.String, Required: true}}
		a.Objects[0].Mappings[2].ClearNull = true
	})
	b.user("u1", "ann@x", "employeeId=1", "jobTitle=Clerk")
	b.cycle()
	b.user("u1", "ann@x", "jobTitle=")
	b.cycle()
	rs := b.records("u1")
	if r := rs[len(rs)-1]; r.Status != "failure" || r.Code != fault.CodeMissingValues {
		t.Errorf("%s %s: %s", r.Status, r.Code, r.Reason)
	}
	if title := b.theOne("userName", "ann@x").Attrs.Text("title"); title != "Clerk" {
		t.Errorf("the title is %q", title)
	}
}

// TestWaitingReferenceIsNamed: a reference that waits is no failure of the object; its step says which code it would have.
func TestWaitingReferenceIsNamed(t *testing.T) {
	b := newBench(t)
	b.user("u2", "boss@x", "employeeId=2", "department=Temp") // out of scope
	b.user("u1", "ann@x", "employeeId=1", "manager=u2")
	b.cycle()
	rs := b.records("u1")
	steps := rs[len(rs)-1].Steps
	found := false
	for _, s := range steps {
		found = found || s.Type == "referenceResolution" && s.Status == "warning" && s.Facts["ErrorCode"] == fault.CodeUnresolvedReference
	}
	if !found || steps[0].Name != "EntryImportAdd" {
		t.Errorf("steps %+v", steps)
	}
	b.user("u1", "ann@x", "jobTitle=Clerk")
	b.cycle()
	rs = b.records("u1")
	if s := rs[len(rs)-1].Steps[0]; s.Name != "EntryImport" {
		t.Errorf("a change was imported as %s", s.Name)
	}
}
