package scimclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimclient"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
)

const token = "s3cret"

func resourceTypes(t testing.TB) []*scim.ResourceType {
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

// endpoint is this module's own server over maps.
func endpoint(t testing.TB, mode scim.Mode) string {
	t.Helper()
	rts := resourceTypes(t)
	limits := scimserver.DefaultLimits()
	limits.Rate = 0
	h := scimserver.New(scimserver.Config{
		Types: rts, Base: "/scim", Mode: mode, Limits: limits,
		Authenticate: scimserver.NewTokens(scimserver.Caller{ID: "test"}, token, "").Authenticate,
	}, mapstore.New(rts...))
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL + "/scim"
}

func client(t testing.TB, base string, change func(*scimclient.Config)) *scimclient.Client {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	c := scimclient.Config{Base: u, Token: scimclient.Static(token), MembersPerPatch: 3}
	if change != nil {
		change(&c)
	}
	cl, err := scimclient.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

func TestTargetSuite(t *testing.T) {
	for name, mode := range map[string]scim.Mode{"Entra": scim.Entra, "Strict": scim.Strict} {
		t.Run(name, func(t *testing.T) { runTarget(t, client(t, endpoint(t, mode), nil)) })
	}
	for _, dialect := range []string{scimclient.Merged, scimclient.Legacy} {
		t.Run(dialect, func(t *testing.T) {
			runTarget(t, client(t, endpoint(t, scim.Entra), func(c *scimclient.Config) { c.Dialect = dialect }))
		})
	}
	t.Run("Put", func(t *testing.T) {
		runTarget(t, client(t, endpoint(t, scim.Entra), func(c *scimclient.Config) { c.PutOnly = []entry.Type{entry.User, entry.Group} }))
	})
	t.Run("WithoutDiscovery", func(t *testing.T) {
		runTarget(t, client(t, endpoint(t, scim.Strict), func(c *scimclient.Config) { c.NoDiscovery = true }))
	})
}

// step is a scripted answer.
type step struct {
	status int
	header map[string]string
	body   string
	err    error
}

// script is a transport that answers step by step and notes what it was asked; the last step answers everything else.
type script struct {
	mu    sync.Mutex
	steps []step
	asked []string // "METHOD path?query"
	sent  []string // bodies
	heads []http.Header
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body := ""
	if r.Body != nil {
		b, _ := io.ReadAll(r.Body)
		body = string(b)
	}
	s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI())
	s.sent = append(s.sent, body)
	s.heads = append(s.heads, r.Header)
	st := s.steps[min(len(s.asked), len(s.steps))-1]
	if st.err != nil {
		return nil, st.err
	}
	h := http.Header{"Content-Type": {"application/scim+json"}}
	for k, v := range st.header {
		h.Set(k, v)
	}
	return &http.Response{StatusCode: st.status, Header: h, Body: io.NopCloser(strings.NewReader(st.body)), ContentLength: -1, Request: r}, nil
}

func scripted(t testing.TB, s *script, change func(*scimclient.Config)) *scimclient.Client {
	return client(t, "https://app.example/scim/", func(c *scimclient.Config) {
		c.Transport, c.NoDiscovery, c.Retries = s, true, -1
		if change != nil {
			change(c)
		}
	})
}

const none = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}`

func list(total int, resources ...string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"Resources":[%s]}`, total, strings.Join(resources, ","))
}

func TestGoldenReads(t *testing.T) {
	work := `emails[type eq "work"].value`
	for _, c := range []struct {
		name, dialect string
		typ           entry.Type
		attr          string
		v             entry.Value
		want          string
	}{
		{"User", "", entry.User, "userName", `a"b+c&d%e\f ö`, `GET /scim/Users?filter=userName%20eq%20%22a%5C%22b%2Bc%26d%25e%5C%5Cf%20%C3%B6%22`},
		{"Group", "", entry.Group, "displayName", "x", `GET /scim/Groups?excludedAttributes=members&filter=displayName%20eq%20%22x%22`},
		{"Element", "", entry.User, work, "m", `GET /scim/Users?filter=emails%5Btype%20eq%20%22work%22%20and%20value%20eq%20%22m%22%5D`},
		{"ElementLegacy", scimclient.Legacy, entry.User, work, "m", `GET /scim/Users?filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22m%22`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &script{steps: []step{{status: 200, body: none}}}
			cl := scripted(t, s, func(cfg *scimclient.Config) { cfg.Dialect = c.dialect })
			if got, err := cl.Find(t.Context(), c.typ, c.attr, c.v); err != nil || len(got) != 0 {
				t.Fatalf("%v %v", got, err)
			}
			if s.asked[0] != c.want {
				t.Errorf("asked %s\n want %s", s.asked[0], c.want)
			}
			if h := s.heads[0]; h.Get("Authorization") != "Bearer "+token || h.Get("X-Request-Id") == "" || !strings.HasPrefix(h.Get("Accept"), "application/scim+json") {
				t.Errorf("headers %v", h)
			}
		})
	}
}

func TestGoldenPatches(t *testing.T) {
	const ent = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"
	ref := func(ids ...string) (vs []entry.Value) {
		for _, id := range ids {
			vs = append(vs, entry.Ref{ID: id})
		}
		return vs
	}
	one := func(op entry.Op, attr string, vs ...entry.Value) []entry.Edit {
		return []entry.Edit{{Op: op, Attr: attr, Values: vs}}
	}
	several := []entry.Edit{
		{Op: entry.Replace, Attr: "displayName", Values: []entry.Value{"D"}},
		{Op: entry.Replace, Attr: "name.givenName", Values: []entry.Value{"G"}},
		{Op: entry.Replace, Attr: `emails[type eq "work"].value`, Values: []entry.Value{"m"}},
		{Op: entry.Replace, Attr: ent + "employeeNumber", Values: []entry.Value{"7"}},
	}
	for _, c := range []struct {
		name, dialect string
		typ           entry.Type
		edits         []entry.Edit
		want          string
	}{
		{"Disable", "rfc", "User", one(entry.Replace, "active", false), `{"op":"replace","path":"active","value":false}`},
		{"DisableText", "rfc", "User", one(entry.Replace, "active", "False"), `{"op":"replace","path":"active","value":false}`},
		{"DisableLegacy", "legacy", "User", one(entry.Replace, "active", false), `{"op":"Replace","path":"active","value":"False"}`},
		{"DisableTextLegacy", "legacy", "User", one(entry.Replace, "active", "false"), `{"op":"Replace","path":"active","value":"False"}`},
		{"Clear", "rfc", "User", one(entry.Replace, "title"), `{"op":"remove","path":"title"}`},
		{"Several", "rfc", "User", several, `{"op":"replace","path":"displayName","value":"D"},{"op":"replace","path":"name.givenName","value":"G"},` +
			`{"op":"replace","path":"emails[type eq \"work\"].value","value":"m"},{"op":"replace","path":"` + ent + `employeeNumber","value":"7"}`},
		{"SeveralMerged", "merged", "User", several, `{"op":"replace","value":{"displayName":"D","name.givenName":"G","` + ent + `employeeNumber":"7"}},` +
			`{"op":"replace","path":"emails[type eq \"work\"].value","value":"m"}`},
		{"AddMembers", "rfc", "Group", one(entry.Add, "members", ref("a", "b")...), `{"op":"add","path":"members","value":[{"value":"a"},{"value":"b"}]}`},
		{"AddMembersLegacy", "legacy", "Group", one(entry.Add, "members", ref("a")...), `{"op":"Add","path":"members","value":[{"$ref":null,"value":"a"}]}`},
		{"RemoveMembers", "rfc", "Group", one(entry.Remove, "members", ref("a", `b"`)...), `{"op":"remove","path":"members[value eq \"a\"]"},{"op":"remove","path":"members[value eq \"b\\\"\"]"}`},
		{"RemoveMembersLegacy", "legacy", "Group", one(entry.Remove, "members", ref("a", "b")...), `{"op":"Remove","path":"members","value":[{"value":"a"},{"value":"b"}]}`},
		{"Manager", "rfc", "User", one(entry.Replace, ent+"manager", ref("m")...), `{"op":"replace","path":"` + ent + `manager","value":{"value":"m"}}`},
		{"ManagerText", "rfc", "User", one(entry.Replace, ent+"manager", "m"), `{"op":"replace","path":"` + ent + `manager","value":{"value":"m"}}`},
		{"ManagerLegacy", "legacy", "User", one(entry.Replace, ent+"manager", ref("m")...), `{"op":"Add","path":"` + ent + `manager","value":[{"$ref":null,"value":"m"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &script{steps: []step{{status: 204}}}
			cl := scripted(t, s, func(cfg *scimclient.Config) { cfg.Dialect = c.dialect })
			id, err := cl.Update(t.Context(), c.typ, "i d/7", c.edits)
			if err != nil || id != "i d/7" {
				t.Fatalf("%q %v", id, err)
			}
			want := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + c.want + `]}`
			if s.sent[0] != want {
				t.Errorf("sent %s\nwant %s", s.sent[0], want)
			}
			if !strings.HasSuffix(s.asked[0], "s/i%20d%2F7") || s.heads[0].Get("Content-Type") != "application/scim+json" {
				t.Errorf("asked %s with %v", s.asked[0], s.heads[0])
			}
		})
	}
}

func TestGoldenCreate(t *testing.T) {
	s := &script{steps: []step{{status: 201, body: `{"id":"7","userName":"u","emails":[{"type":"work","value":"m"}]}`}}}
	type key struct{}
	cl := scripted(t, s, func(c *scimclient.Config) {
		c.Key = func(ctx context.Context) string { k, _ := ctx.Value(key{}).(string); return k }
	})
	e, err := cl.Create(context.WithValue(t.Context(), key{}, "k1"), entry.Entry{Type: entry.User, Attrs: entry.Attrs{
		"userName": {"u"}, "active": {"True"}, "name.givenName": {"G"}, `emails[type eq "work"].value`: {"m"}, `emails[type eq "work"].primary`: {true}}})
	if err != nil || e.ID != "7" || e.Attrs.Text(`emails[type eq "work"].value`) != "m" {
		t.Fatalf("%+v %v", e, err)
	}
	for _, part := range []string{`"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]`, `"userName":"u"`, `"active":true`, `"name":{"givenName":"G"}`, `"type":"work"`, `"primary":true`} {
		if !strings.Contains(s.sent[0], part) {
			t.Errorf("%s lacks %s", s.sent[0], part)
		}
	}
	if s.heads[0].Get("Idempotency-Key") != "k1" || s.asked[0] != "POST /scim/Users" {
		t.Errorf("%s %v", s.asked[0], s.heads[0])
	}
	s = &script{steps: []step{{status: 201, header: map[string]string{"Location": "https://x/scim/Groups/a%2Fb"}}}}
	cl = scripted(t, s, func(c *scimclient.Config) { c.Dialect = scimclient.Legacy })
	if e, err = cl.Create(t.Context(), entry.Entry{Type: entry.Group, Attrs: entry.Attrs{"displayName": {"g"}}}); err != nil || e.ID != "a/b" {
		t.Errorf("%+v %v", e, err)
	}
	if !strings.Contains(s.sent[0], "ADSCIM/2.0/Group") {
		t.Errorf("legacy group: %s", s.sent[0])
	}
}

// TestAnswersAreJudged: nothing but a clean answer may lead to a write.
func TestAnswersAreJudged(t *testing.T) {
	user := `{"id":"1","userName":"u"}`
	for _, c := range []struct {
		name  string
		typ   entry.Type
		attr  string
		st    step
		kind  fault.Kind
		cause error
	}{
		{"Page", "User", "userName", step{status: 200, body: "<html>sign in</html>"}, fault.Unavailable, scimclient.ErrNotSCIM},
		{"NotJSON", "User", "userName", step{status: 200, body: "ok"}, fault.Unavailable, scimclient.ErrNotSCIM},
		{"NoList", "User", "userName", step{status: 200, body: `{"value":[]}`}, fault.Unavailable, scimclient.ErrNotSCIM},
		{"NotFound", "User", "userName", step{status: 404, body: `{}`}, fault.Unavailable, scimclient.ErrNoEndpoint},
		{"FilterIgnored", "User", "userName", step{status: 200, body: list(1, `{"id":"2","userName":"other"}`)}, fault.Unsupported, scimclient.ErrUnsatisfied},
		{"ValueAbsent", "User", "userName", step{status: 200, body: list(1, `{"id":"2"}`)}, fault.Unsupported, scimclient.ErrUnsatisfied},
		{"NoID", "User", "userName", step{status: 200, body: list(1, `{"userName":"u"}`)}, fault.Unsupported, scimclient.ErrNoID},
		{"MoreThanShown", "User", "userName", step{status: 200, body: list(9, user)}, fault.Ambiguous, scimclient.ErrSeveral},
		{"TotalWithoutAny", "User", "userName", step{status: 200, body: list(1)}, fault.Unavailable, scimclient.ErrTotal},
		{"Members", "Group", "displayName", step{status: 200, body: list(1, `{"id":"g","displayName":"u","members":[{"value":"1"}]}`)}, fault.Unsupported, scimclient.ErrMembers},
		{"Redirect", "User", "userName", step{status: 302, header: map[string]string{"Location": "/login"}}, fault.Unavailable, nil},
		{"Unauthorized", "User", "userName", step{status: 401}, fault.Unauthenticated, nil},
		{"Denied", "User", "userName", step{status: 403}, fault.Denied, nil},
		{"Refused", "User", "userName", step{status: 400, body: `{"scimType":"invalidFilter","detail":"no"}`}, fault.Invalid, nil},
		{"Down", "User", "userName", step{status: 503}, fault.Unavailable, nil},
		{"Broken", "User", "userName", step{status: 500}, fault.Internal, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			cl := scripted(t, &script{steps: []step{c.st}}, nil)
			got, err := cl.Find(t.Context(), c.typ, c.attr, "u")
			if fault.KindOf(err) != c.kind || c.cause != nil && !errors.Is(err, c.cause) || got != nil {
				t.Errorf("%v %v (%v)", got, err, fault.KindOf(err))
			}
			if fault.HintOf(err) == "" && c.name != "Refused" {
				t.Errorf("no hint: %v", err)
			}
		})
	}
	t.Run("CaseAside", func(t *testing.T) {
		cl := scripted(t, &script{steps: []step{{status: 200, body: list(1, `{"id":"1","userName":"ÜSER"}`)}}}, nil)
		if got, err := cl.Find(t.Context(), entry.User, "userName", "üser"); err != nil || len(got) != 1 {
			t.Errorf("%v %v", got, err)
		}
	})
	t.Run("SeveralAreAllReturned", func(t *testing.T) {
		cl := scripted(t, &script{steps: []step{{status: 200, body: list(2, user, `{"id":"2","userName":"U"}`)}}}, nil)
		if got, err := cl.Find(t.Context(), entry.User, "userName", "u"); err != nil || len(got) != 2 {
			t.Errorf("%v %v", got, err)
		}
	})
}

func TestWritesAreJudged(t *testing.T) {
	create := func(cl *scimclient.Client) error {
		_, err := cl.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"u"}}})
		return err
	}
	update := func(cl *scimclient.Client) error {
		_, err := cl.Update(t.Context(), entry.User, "1", []entry.Edit{{Op: entry.Replace, Attr: "title", Values: []entry.Value{"x"}}})
		return err
	}
	remove := func(cl *scimclient.Client) error { return cl.Delete(t.Context(), entry.User, "1") }
	lost := &net.OpError{Op: "read", Err: errors.New("connection reset")}
	for _, c := range []struct {
		name string
		do   func(*scimclient.Client) error
		st   step
		kind fault.Kind
	}{
		{"CreateTaken", create, step{status: 409, body: `{"scimType":"uniqueness","detail":"taken"}`}, fault.Exists},
		{"CreateTakenAs400", create, step{status: 400, body: `{"scimType":"uniqueness"}`}, fault.Exists},
		{"CreateWithoutID", create, step{status: 201, body: `{"userName":"u"}`}, fault.Timeout},
		{"CreatePage", create, step{status: 200, body: "<html>"}, fault.Timeout},
		{"CreateAccepted", create, step{status: 202}, fault.Timeout},
		{"CreateLost", create, step{err: lost}, fault.Timeout},
		{"CreateBadGateway", create, step{status: 502}, fault.Timeout},
		{"CreateBusy", create, step{status: 503}, fault.Unavailable},
		{"CreateNoEndpoint", create, step{status: 404}, fault.Unavailable},
		{"CreateTransportFault", create, step{err: fault.New(fault.Unavailable, "send", "no agent")}, fault.Unavailable},
		{"UpdateGone", update, step{status: 404, body: `{"status":"404"}`}, fault.NotFound},
		{"UpdateStale", update, step{status: 412}, fault.Conflict},
		{"UpdateConflict", update, step{status: 409}, fault.Conflict},
		{"UpdateTaken", update, step{status: 409, body: `{"scimType":"uniqueness"}`}, fault.Exists},
		{"UpdateThrottled", update, step{status: 429}, fault.Throttled},
		{"UpdateLost", update, step{err: lost}, fault.Timeout},
		{"UpdateUnsupported", update, step{status: 501}, fault.Unsupported},
		{"DeleteGone", remove, step{status: 404}, 0},
		{"DeleteDone", remove, step{status: 204}, 0},
		{"DeletePage", remove, step{status: 404, body: "<html>"}, fault.Unavailable},
		{"DeleteLost", remove, step{err: lost}, fault.Timeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &script{steps: []step{c.st}}
			err := c.do(scripted(t, s, func(c *scimclient.Config) { c.Retries = 3 }))
			if fault.KindOf(err) != c.kind {
				t.Errorf("%v is %v", err, fault.KindOf(err))
			}
			if len(s.asked) != 1 {
				t.Errorf("a write was sent %d times", len(s.asked))
			}
			if err != nil && strings.Contains(err.Error(), token) {
				t.Errorf("the secret is in %q", err)
			}
		})
	}
}

func TestUpdatePicksUpTheNewID(t *testing.T) {
	cl := scripted(t, &script{steps: []step{{status: 200, body: `{"id":"new","userName":"n"}`}}}, nil)
	id, err := cl.Update(t.Context(), entry.User, "old", []entry.Edit{{Op: entry.Replace, Attr: "userName", Values: []entry.Value{"n"}}})
	if err != nil || id != "new" {
		t.Errorf("%q %v", id, err)
	}
}

func TestManyMembersGoInSeveralRequests(t *testing.T) {
	var members []entry.Value
	for i := range 7 {
		members = append(members, entry.Ref{ID: fmt.Sprint("m", i)})
	}
	edits := []entry.Edit{
		{Op: entry.Replace, Attr: "displayName", Values: []entry.Value{"g"}},
		{Op: entry.Remove, Attr: "members", Values: members[:2]}, {Op: entry.Add, Attr: "members", Values: members[2:]},
	}
	s := &script{steps: []step{{status: 204}}}
	if _, err := scripted(t, s, nil).Update(t.Context(), entry.Group, "g", edits); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(s.sent, "\n")
	if len(s.sent) != 3 || !strings.Contains(s.sent[0], "displayName") {
		t.Errorf("%d requests:\n%s", len(s.sent), all)
	}
	for i := range 7 {
		if strings.Count(all, fmt.Sprintf("m%d", i)) != 1 {
			t.Errorf("m%d is not there once:\n%s", i, all)
		}
	}
	s = &script{steps: []step{{status: 204}, {status: 400, body: `{"detail":"no such member"}`}}}
	_, err := scripted(t, s, nil).Update(t.Context(), entry.Group, "g", edits)
	if !fault.Is(err, fault.Partial) {
		t.Errorf("refused in the middle: %v", err)
	}
}

// TestRetryAfter: the server's wish travels in the fault, in either form.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for text, want := range map[string]time.Duration{
			"120": 2 * time.Minute, time.Now().Add(time.Hour).UTC().Format(http.TimeFormat): time.Hour, "soon": 0, "-5": 0,
		} {
			cl := scripted(t, &script{steps: []step{{status: 503, header: map[string]string{"Retry-After": text}}}}, nil)
			_, err := cl.Find(t.Context(), entry.User, "userName", "u")
			if got := fault.RetryAfterOf(err); got != want {
				t.Errorf("%q: %v, want %v", text, got, want)
			}
		}
	})
}

func TestReadsAreRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{{status: 503}, {err: errors.New("reset")}, {status: 200, body: none}}}
		cl := scripted(t, s, func(c *scimclient.Config) { c.Retries = 2 })
		if _, err := cl.Find(t.Context(), entry.User, "userName", "u"); err != nil || len(s.asked) != 3 {
			t.Errorf("%v after %d requests", err, len(s.asked))
		}
		s = &script{steps: []step{{status: 429, header: map[string]string{"Retry-After": "60"}}}}
		cl = scripted(t, s, func(c *scimclient.Config) { c.Retries = 2 })
		if _, err := cl.Find(t.Context(), entry.User, "userName", "u"); !fault.Is(err, fault.Throttled) || len(s.asked) != 1 {
			t.Errorf("%v after %d requests", err, len(s.asked))
		}
	})
}

// TestUnsentWriteIsUnavailable: nobody listens, so nothing can have taken effect.
func TestUnsentWriteIsUnavailable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	cl := client(t, "http://"+l.Addr().String(), func(c *scimclient.Config) { c.NoDiscovery, c.Retries = true, 1 })
	_, err = cl.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"u"}}})
	if !fault.Is(err, fault.Unavailable) || fault.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
}

// TestLostAnswerIsTimeout: the connection breaks after the request arrived, with a key that net/http would take as a
// licence to send again.
func TestLostAnswerIsTimeout(t *testing.T) {
	var mu sync.Mutex
	posts := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			fmt.Fprint(w, none)
			return
		}
		mu.Lock()
		posts++
		mu.Unlock()
		conn, _, _ := w.(http.Hijacker).Hijack()
		conn.Close()
	}))
	defer srv.Close()
	cl := client(t, srv.URL, func(c *scimclient.Config) {
		c.NoDiscovery, c.Key = true, func(context.Context) string { return "key" }
	})
	if _, err := cl.Find(t.Context(), entry.User, "userName", "u"); err != nil { // a kept connection
		t.Fatal(err)
	}
	_, err := cl.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"u"}}})
	if mu.Lock(); !fault.Is(err, fault.Timeout) || posts != 1 {
		t.Errorf("%v after %d posts", err, posts)
	}
	mu.Unlock()
}

// TestUnknownEffectIsToldApart: our host answers 503 both when nothing happened and when nobody knows.
func TestUnknownEffectIsToldApart(t *testing.T) {
	for kind, want := range map[string]fault.Kind{"timeout": fault.Timeout, "unavailable": fault.Unavailable, "": fault.Unavailable} {
		s := &script{steps: []step{{status: 503, header: map[string]string{"Sallyport-Fault": kind, "Retry-After": "1"}, body: `{}`}}}
		cl := scripted(t, s, func(c *scimclient.Config) { c.Retries = -1 })
		_, err := cl.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"u"}}})
		if fault.KindOf(err) != want {
			t.Errorf("%q: %v, want %v", kind, err, want)
		}
	}
}

// TestNoTargetIsFitted: a strict server refuses a filter that selects nothing; what is sent then fits.
func TestNoTargetIsFitted(t *testing.T) {
	s := &script{steps: []step{
		{status: 400, body: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"noTarget","status":"400"}`},
		{status: 200, body: `{"id":"1","userName":"u","emails":[{"type":"home","value":"h"}]}`}, {status: 204},
	}}
	_, err := scripted(t, s, nil).Update(t.Context(), entry.User, "1", []entry.Edit{
		{Op: entry.Replace, Attr: `emails[type eq "work"].value`, Values: []entry.Value{"w"}},
		{Op: entry.Replace, Attr: `emails[type eq "home"].value`, Values: []entry.Value{"h2"}},
		{Op: entry.Replace, Attr: `phoneNumbers[type eq "work"].value`},
	})
	want := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"emails","value":[{"type":"work","value":"w"}]},` +
		`{"op":"replace","path":"emails[type eq \"home\"].value","value":"h2"}]}`
	if err != nil || len(s.sent) != 3 || s.sent[2] != want {
		t.Errorf("%v\n sent %q\nwant %q", err, s.sent, want)
	}
}

func TestFlagsInTheBaseChooseTheDialect(t *testing.T) {
	for query, want := range map[string]string{"aadOptscim062020": `{"op":"replace"`, "AzureAdScimPatch2017&x=1": `{"op":"Replace"`} {
		s := &script{steps: []step{{status: 204}}}
		cl := client(t, "https://app.example/scim?"+query, func(c *scimclient.Config) { c.Transport, c.NoDiscovery = s, true })
		_, err := cl.Update(t.Context(), entry.User, "1", []entry.Edit{{Op: entry.Replace, Attr: "title", Values: []entry.Value{"x"}}})
		if err != nil || !strings.Contains(s.sent[0], want) || strings.Contains(s.asked[0], "Scim") || strings.Contains(query, "x=1") != strings.HasSuffix(s.asked[0], "?x=1") {
			t.Errorf("%v: %s %s", err, s.asked[0], s.sent[0])
		}
	}
}

func TestNewRefusesBadConfigurations(t *testing.T) {
	good, _ := url.Parse("https://x")
	for name, c := range map[string]scimclient.Config{
		"no base": {}, "relative": {Base: &url.URL{Path: "/scim"}}, "ftp": {Base: &url.URL{Scheme: "ftp", Host: "x"}},
		"dialect": {Base: good, Dialect: "soap"},
	} {
		if _, err := scimclient.New(c); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnknownTypeIsUnsupported(t *testing.T) {
	cl := scripted(t, &script{steps: []step{{status: 200, body: none}}}, nil)
	if _, err := cl.Find(t.Context(), "Device", "id", "x"); !fault.Is(err, fault.Unsupported) {
		t.Errorf("%v", err)
	}
}
