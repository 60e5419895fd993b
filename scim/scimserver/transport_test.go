package scimserver_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
)

func TestPaths(t *testing.T) {
	b := newBench(t, func(c *scimserver.Config, _ *mapstore.Store) { c.Base = "/ecma2host_HR/scim" })
	id := b.do("POST", "/ecma2host_HR/scim/Users", `{"userName":"u"}`).is(t, 201).id()
	for path, status := range map[string]int{
		"/ecma2host_HR/scim/Users": 200, "/ecma2host_HR/scim/Users/": 200, "/ecma2host_HR/scim/v2/Users": 200, "/ecma2host_HR/scim/v2/Users/" + id: 200,
		"/ecma2host_HR/scim/Users/" + id + "/": 200, "/ecma2host_HR/scim/Users/" + id + "/x": 404, "/ecma2host_hr/scim/Users": 404, "/Users": 404, "/": 404,
		"/ecma2host_HR/scimUsers": 404, "/ecma2host_HR/scim/users": 404, "/ecma2host_HR/scim/": 501, "/ecma2host_HR/scim": 501,
		"/ecma2host_HR/scim/Me": 501, "/ecma2host_HR/scim/Me/x": 501, "/ecma2host_HR/scim/Schemas/": 200, "/ecma2host_HR/scim/v2": 501,
		"/ecma2host_HR/scim/ServiceProviderConfig/x": 404, "/ecma2host_HR/scim/Events/x": 404, "/ecma2host_HR/scim/Events": 404,
	} {
		if r := b.do("GET", path, ""); r.Code != status || status >= 400 && r.doc["status"] != fmt.Sprint(status) {
			t.Errorf("%s: status %d, want %d: %s", path, r.Code, status, r.Body)
		}
	}
}

func TestMethods(t *testing.T) {
	b := newBench(t, nil)
	for path, allow := range map[string]string{
		"/Users": "GET, HEAD, POST, OPTIONS", "/Users/x": "GET, HEAD, PUT, PATCH, DELETE, OPTIONS", "/Bulk": "POST, OPTIONS",
		"/Users/.search": "POST, OPTIONS", "/Schemas": "GET, HEAD, OPTIONS", "/ServiceProviderConfig": "GET, HEAD, OPTIONS",
	} {
		if r := b.do("TRACE", path, "").is(t, 405); r.Header().Get("Allow") != allow {
			t.Errorf("%s: Allow %q", path, r.Header().Get("Allow"))
		}
		if r := b.do("OPTIONS", path, "").is(t, 204); r.Header().Get("Allow") != allow {
			t.Errorf("%s: Allow %q", path, r.Header().Get("Allow"))
		}
	}
	b.do("HEAD", "/Users", "").is(t, 200)
}

func TestMediaTypes(t *testing.T) {
	b := newBench(t, nil)
	for i, ct := range []string{"application/scim+json", "application/json", "Application/JSON;charset=UTF-8", "application/scim+json; charset=utf-8", ""} {
		b.do("POST", "/Users", fmt.Sprintf(`{"userName":"u%d"}`, i), "Content-Type", ct).is(t, 201)
	}
	for _, ct := range []string{"text/plain", "application/xml", "application/jsonx", "x"} {
		b.do("POST", "/Users", `{"userName":"v"}`, "Content-Type", ct).is(t, 415)
	}
	b.do("POST", "/Users", `{"userName":"v"}`, "Content-Encoding", "gzip").is(t, 415)
}

func TestBodyLimit(t *testing.T) {
	b := newBench(t, func(c *scimserver.Config, _ *mapstore.Store) { c.Limits.Body = 1000 })
	fits := `{"userName":"u","title":"` + strings.Repeat("x", 1000-len(`{"userName":"u","title":""}`)) + `"}`
	b.do("POST", "/Users", fits).is(t, 201)
	b.do("POST", "/Users", fits+" ").is(t, 413)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/Users", io.LimitReader(forever{}, 1<<40)) // no length given
	r.Header.Set("Authorization", "Bearer "+token)
	rec := httptest.NewRecorder()
	b.h.ServeHTTP(rec, r)
	if rec.Code != 413 {
		t.Errorf("status %d", rec.Code)
	}
}

// forever is a sender that never stops.
type forever struct{}

func (forever) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestDepthLimit(t *testing.T) {
	b := newBench(t, nil)
	b.do("POST", "/Users", `{"userName":"u","title":"`+strings.Repeat("[", 100)+`"}`).is(t, 201)
	b.do("POST", "/Users", `{"userName":"v","x":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`}`).is(t, 400, "invalidSyntax")
}

func TestFilterLimit(t *testing.T) {
	b := newBench(t, nil)
	long := `userName eq "` + strings.Repeat("x", 9<<10) + `"`
	b.find(long).is(t, 400, "invalidFilter")
	b.do("POST", "/Users/.search", `{"filter":"`+strings.ReplaceAll(long, `"`, `\"`)+`"}`).is(t, 400, "invalidFilter")
}

func TestRateLimit(t *testing.T) {
	now := time.Unix(1e9, 0)
	b := newBench(t, func(c *scimserver.Config, _ *mapstore.Store) {
		c.Limits.Rate, c.Limits.Burst = 2, 3
		c.Now = func() time.Time { return now }
	})
	for range 3 {
		b.do("GET", "/Users", "").is(t, 200)
	}
	if r := b.do("GET", "/Users", "").is(t, 429); r.Header().Get("Retry-After") != "1" || r.doc["status"] != "429" {
		t.Errorf("%v %v", r.Header(), r.doc)
	}
	now = now.Add(time.Second)
	b.do("GET", "/Users", "").is(t, 200)
}

func TestRequestLog(t *testing.T) {
	var got []scimserver.RequestLog
	b := newBench(t, func(c *scimserver.Config, _ *mapstore.Store) {
		c.Log = func(_ context.Context, r scimserver.RequestLog) { got = append(got, r) }
	})
	a := b.do("GET", "/Users?filter=secret", "", "X-Request-Id", "mine-1").is(t, 400)
	b.do("GET", "/Users", "", "X-Request-Id", "bad\nid").is(t, 200)
	if a.Header().Get("X-Request-Id") != "mine-1" || got[0].ID != "mine-1" || got[0].Path != "/Users" || got[0].Status != 400 || got[0].Caller != "test" ||
		got[0].Tenant != "t" || got[0].Bytes != a.Body.Len() || got[0].Err == nil {
		t.Errorf("%+v", got[0])
	}
	if got[1].ID == "" || strings.Contains(got[1].ID, "\n") || got[1].Err != nil {
		t.Errorf("%+v", got[1])
	}
}

func TestPanicIs500WithTheRequestID(t *testing.T) {
	var logged error
	b := newBench(t, func(c *scimserver.Config, s *mapstore.Store) {
		s.Fail = func(op string, _ entry.Type) error {
			if op == "get" {
				panic("secret detail")
			}
			return errors.New("secret cause")
		}
		c.Log = func(_ context.Context, r scimserver.RequestLog) { logged = r.Err }
	})
	for _, path := range []string{"/Users/x", "/Users"} {
		r := b.do("GET", path, "", "X-Request-Id", "req-7").is(t, 500)
		if strings.Contains(r.Body.String(), "secret") || !strings.Contains(r.Body.String(), "req-7") {
			t.Errorf("%s", r.Body)
		}
		if logged == nil || !strings.Contains(logged.Error(), "secret") {
			t.Errorf("logged %v", logged)
		}
	}
}

func TestFaultsAreAnswered(t *testing.T) {
	for kind, want := range map[fault.Kind]struct {
		status   int
		scimType any
		retry    bool
	}{
		fault.Invalid: {400, "invalidValue", false}, fault.Denied: {403, nil, false}, fault.NotFound: {404, nil, false}, fault.Exists: {409, "uniqueness", false},
		fault.Throttled: {429, nil, true}, fault.Unavailable: {503, nil, true}, fault.Timeout: {503, nil, true}, fault.Unsupported: {501, nil, false}, fault.Internal: {500, nil, false},
	} {
		t.Run(kind.String(), func(t *testing.T) {
			b := newBench(t, nil)
			b.store.Fail = failing(map[string]error{"create": fault.New(kind, "export", "cause")})
			r := b.do("POST", "/Users", `{"userName":"u"}`).is(t, want.status)
			if r.doc["scimType"] != want.scimType || (r.Header().Get("Retry-After") != "") != want.retry || r.Header().Get(scimserver.FaultHeader) != kind.String() {
				t.Errorf("%v %v", r.doc, r.Header())
			}
		})
	}
}

// listen serves the handler as the endpoint does.
func listen(t *testing.T, b *bench) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := scimserver.Server(b.h, nil)
	go func() { _ = srv.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = srv.Close() })
	return l.Addr().String()
}

func TestSlowSenderIsCutOff(t *testing.T) {
	b := newBench(t, func(c *scimserver.Config, _ *mapstore.Store) { c.Limits.BodyTime = 50 * time.Millisecond })
	conn := dial(t, listen(t, b))
	fmt.Fprintf(conn, "POST /Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", token)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != 408 {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestSlowSenderOfARefusedRequestIsCutOff(t *testing.T) {
	b := newBench(t, func(c *scimserver.Config, _ *mapstore.Store) { c.Limits.BodyTime = 50 * time.Millisecond })
	conn := dial(t, listen(t, b))
	fmt.Fprint(conn, "POST /Users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != 401 {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestSlowReaderIsCutOff(t *testing.T) {
	done := make(chan scimserver.RequestLog, 1)
	b := newBench(t, func(c *scimserver.Config, _ *mapstore.Store) {
		c.Limits.AnswerTime = 50 * time.Millisecond
		c.Limits.Body = 64 << 20
		c.Log = func(_ context.Context, r scimserver.RequestLog) {
			if r.Path == "/Users" && r.Method == "GET" {
				done <- r
			}
		}
	})
	for i := range 24 { // more than any socket buffer takes
		b.do("POST", "/Users", fmt.Sprintf(`{"userName":"u%d","title":"%s"}`, i, strings.Repeat("x", 1<<20))).is(t, 201)
	}
	conn := dial(t, listen(t, b))
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", token)
	if r := <-done; r.Bytes >= 24<<20 { // the handler gave up on a client that never read
		t.Errorf("%d bytes were written", r.Bytes)
	}
}

func TestHugeSenderGetsItsAnswer(t *testing.T) {
	addr := listen(t, newBench(t, nil))
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+addr+"/Users", io.LimitReader(forever{}, 20<<20))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.ContentLength = 20 << 20
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if _ = res.Body.Close(); res.StatusCode != 413 {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestRequestOutlivesItsBodyDeadline(t *testing.T) {
	release := make(chan struct{})
	b := newBench(t, func(c *scimserver.Config, s *mapstore.Store) {
		c.Limits.BodyTime = 20 * time.Millisecond
		s.Fail = func(op string, _ entry.Type) error { // a slow connector
			<-release
			return nil
		}
	})
	time.AfterFunc(80*time.Millisecond, func() { close(release) })
	b.h = withContextCheck(t, b.h)
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+listen(t, b)+"/Users", strings.NewReader(`{"userName":"u"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _ = res.Body.Close(); res.StatusCode != 201 {
		t.Errorf("status %d", res.StatusCode)
	}
}

// withContextCheck fails the test when the request's context ends although the client waits.
func withContextCheck(t *testing.T, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		if r.Context().Err() != nil {
			t.Error("the context of a waiting request was cancelled")
		}
	})
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestServerRefusesOldTLS(t *testing.T) {
	b := newBench(t, nil)
	srv := httptest.NewUnstartedServer(b.h)
	srv.TLS = scimserver.Harden(&tls.Config{})
	srv.StartTLS()
	t.Cleanup(srv.Close)
	for version, ok := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		config := &tls.Config{RootCAs: srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com", MinVersion: version, MaxVersion: version}
		conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
		if (err == nil) != ok {
			t.Errorf("version %x: %v", version, err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
	if s := scimserver.Server(b.h, &tls.Config{}); s.ReadHeaderTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.TLSConfig.MinVersion != tls.VersionTLS12 {
		t.Error("the server has no timeouts")
	}
}
