package endpoint_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"iter"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/mem"
	"github.com/sallyport-id/sallyport/host/endpoint"
	"github.com/sallyport-id/sallyport/internal/tlsx"
)

// moody is mem with a switch and a brake.
type moody struct {
	*mem.Driver
	away atomic.Bool
	slow chan struct{} // imports wait until it is closed; nil = not at all
	busy chan struct{} // closed by the first write, which then waits for slow
}

func (m *moody) Open(ctx context.Context, c connector.Config) (connector.Session, error) {
	if m.away.Load() {
		return nil, fault.New(fault.Unavailable, "connect", "no route to host")
	}
	s, err := m.Driver.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	return moodySession{s.(full), m}, nil
}

type full interface {
	connector.Session
	connector.Exporter
	connector.Lookup
}

type moodySession struct {
	full
	m *moody
}

func (s moodySession) Import(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	if s.m.slow != nil && s.m.busy == nil {
		select {
		case <-s.m.slow:
		case <-ctx.Done():
		}
	}
	return s.full.Import(ctx, t)
}

func (s moodySession) Create(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	if s.m.busy != nil {
		close(s.m.busy)
		<-s.m.slow
	}
	return s.full.Create(ctx, e)
}

const token = "token-token-token"

const mine = `listen: 127.0.0.1:0
connectors:
  - name: Mem
    kind: mem
    secretTokenFile: token
    secondTokenFile: second
    settings: {users: 5, groups: 1}
    objects: {User: {}, Group: {}}
    deprovision: {delete: delete}
`

func load(t testing.TB, dir, text string) config.Config {
	t.Helper()
	for name, content := range map[string]string{"host.yaml": text, "token": token, "second": "second-second-second"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(filepath.Join(dir, "host.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// start runs a host over mem with a listener, or without one, and returns how to stop it.
func start(t testing.TB, cfg config.Config, d connector.Driver, listen bool) (h *endpoint.Host, stop func()) {
	t.Helper()
	h, err := endpoint.Open(cfg, map[string]connector.Driver{"mem": d}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if listen {
		stop = running(t, h.Run)
		<-h.Listening()
		return h, stop
	}
	return h, running(t, h.Work)
}

// listening runs a host with a listener until the test ends.
func listening(t testing.TB, cfg config.Config, drivers map[string]connector.Driver) *endpoint.Host {
	t.Helper()
	h, err := endpoint.Open(cfg, drivers, nil)
	if err != nil {
		t.Fatal(err)
	}
	running(t, h.Run)
	<-h.Listening()
	return h
}

// running runs until stop is called or the test ends.
func running(t testing.TB, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func ready(t testing.TB, h *endpoint.Host) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := h.Ready(ctx); err != nil {
		t.Fatal(err)
	}
}

// ask sends a request through a transport; path is below /ecma2host_Mem/scim unless it is a whole URL.
func ask(t testing.TB, rt http.RoundTripper, method, url, bearer, body string) (int, string, http.Header) {
	t.Helper()
	if strings.HasPrefix(url, "/") {
		url = "https://host/ecma2host_Mem/scim" + url
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := rt.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data), resp.Header
}

func trusting(t testing.TB, h *endpoint.Host) *http.Transport {
	t.Helper()
	pool, err := tlsx.Pool(h.CertFile())
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

func TestServesOverTLS(t *testing.T) {
	h, _ := start(t, load(t, t.TempDir(), mine), mem.New(), true)
	ready(t, h)
	tr, url := trusting(t, h), h.URL("Mem")
	for name, c := range map[string]struct {
		method, url, token, body string
		status                   int
		contains                 string
	}{
		"list":                  {"GET", url + "/Users?count=2", token, "", 200, `"itemsPerPage":2`},
		"the second token":      {"GET", url + "/Users", "second-second-second", "", 200, ""},
		"no token":              {"GET", url + "/Users", "", "", 401, `"status":"401"`},
		"wrong token":           {"GET", url + "/Schemas", "wrong-wrong-wrong", "", 401, ""},
		"cache without token":   {"GET", url + "/cache", "", "", 401, ""},
		"cache":                 {"GET", url + "/cache", token, "", 200, `"connector":"Mem"`},
		"cache is read-only":    {"DELETE", url + "/cache", token, "", 405, ""},
		"another case of name":  {"GET", strings.Replace(url, "_Mem", "_mem", 1) + "/Users", token, "", 404, "urn:ietf:params:scim:api:messages:2.0:Error"},
		"unknown connector":     {"GET", strings.Replace(url, "_Mem", "_Nope", 1) + "/Users", token, "", 404, "exact spelling"},
		"outside":               {"GET", strings.TrimSuffix(url, "/ecma2host_Mem/scim") + "/", token, "", 404, ""},
		"name escaped by hand":  {"GET", strings.Replace(url, "_Mem", "_%4Dem", 1) + "/Users?count=0", token, "", 200, ""},
		"probe":                 {"GET", url + "/Users?filter=PLACEHOLDER+eq+%228646d011-1693-4cd3-9ee6-0d7482ca2219%22", token, "", 200, `"totalResults":0`},
		"schema":                {"GET", url + "/Schemas/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", token, "", 200, "department"},
		"health needs no token": {"GET", strings.TrimSuffix(url, "/ecma2host_Mem/scim") + "/healthz", "", "", 200, "ok"},
		"readiness":             {"GET", strings.TrimSuffix(url, "/ecma2host_Mem/scim") + "/readyz", "", "", 200, "1 of 1"},
		"create":                {"POST", url + "/Users", token, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a+\"b\"@x","password":"canary-11"}`, 201, `a+\"b\"@x`},
	} {
		t.Run(name, func(t *testing.T) {
			status, body, header := ask(t, tr, c.method, c.url, c.token, c.body)
			if status != c.status || !strings.Contains(body, c.contains) {
				t.Errorf("%d %s", status, body)
			}
			if status == 401 && header.Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
	if _, dump, _ := ask(t, tr, "GET", url+"/cache", token, ""); !json.Valid([]byte(dump)) || strings.Contains(dump, "canary-11") || !strings.Contains(dump, `a+\"b\"@x`) {
		t.Errorf("dump %s", dump)
	}
}

func TestTLS(t *testing.T) {
	h, _ := start(t, load(t, t.TempDir(), mine), mem.New(), true)
	pool, err := tlsx.Pool(h.CertFile())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		version uint16
		suite   uint16
		ok      bool
	}{
		"1.0":      {tls.VersionTLS10, 0, false},
		"1.1":      {tls.VersionTLS11, 0, false},
		"1.2 AEAD": {tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true},
		"1.2 CBC":  {tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, false},
		"1.3":      {tls.VersionTLS13, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			client := &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: c.version, MaxVersion: c.version}
			if c.suite != 0 {
				client.CipherSuites = []uint16{c.suite}
			}
			conn, err := tls.Dial("tcp", h.Addr().String(), client)
			if (err == nil) != c.ok {
				t.Errorf("%v", err)
			}
			if err == nil {
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	t.Run("plain http is refused", func(t *testing.T) {
		conn, err := net.Dial("tcp", h.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("GET /healthz HTTP/1.0\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.Contains(string(answer), "400") {
			t.Errorf("%q %v", answer, err)
		}
	})
}

func TestErrFirstImportRunning(t *testing.T) {
	m := &moody{Driver: mem.New(), slow: make(chan struct{})}
	h, _ := start(t, load(t, t.TempDir(), mine), m, false)
	tr := h.Transport()
	until(t, func() bool { status, _, _ := ask(t, tr, "GET", "/Schemas", token, ""); return status == 200 })
	for _, c := range [][3]string{{"GET", "/Users"}, {"GET", "/Users/VXg"}, {"POST", "/Users", `{"userName":"x"}`}} {
		status, body, header := ask(t, tr, c[0], c[1], token, c[2])
		if status != 503 || header.Get("Retry-After") == "" || !strings.Contains(body, "The host is currently importing data from the target application") {
			t.Errorf("%s %s: %d %v %s", c[0], c[1], status, header, body)
		}
	}
	if status, body, _ := ask(t, tr, "GET", "https://host/readyz", "", ""); status != 503 || !strings.Contains(body, "0 of 1") {
		t.Errorf("ready: %d %s", status, body)
	}
	close(m.slow)
	ready(t, h)
	if status, body, _ := ask(t, tr, "GET", "/Users", token, ""); status != 200 {
		t.Errorf("%d %s", status, body)
	}
}

func TestTargetAwayAtFirstStart(t *testing.T) {
	m := &moody{Driver: mem.New()}
	m.away.Store(true)
	h, _ := start(t, load(t, t.TempDir(), mine), m, false)
	if status, _, _ := ask(t, h.Transport(), "GET", "/Users", "", ""); status != 401 {
		t.Errorf("no token: %d", status)
	}
	status, body, header := ask(t, h.Transport(), "GET", "/Users", token, "")
	if status != 503 || header.Get("Retry-After") == "" || !strings.Contains(body, "has not read the schema") {
		t.Errorf("%d %s", status, body)
	}
	m.away.Store(false)
	ready(t, h)
}

func TestRestartServesTheImageWhileTheTargetIsAway(t *testing.T) {
	dir, d := t.TempDir(), mem.New()
	m := &moody{Driver: d}
	h, stop := start(t, load(t, dir, mine), m, false)
	ready(t, h)
	status, body, _ := ask(t, h.Transport(), "POST", "/Users", token, `{"userName":"later@x"}`)
	if status != 201 {
		t.Fatal(body)
	}
	stop()
	m.away.Store(true)
	h, _ = start(t, load(t, dir, mine), m, false)
	ready(t, h)
	if status, body, _ := ask(t, h.Transport(), "GET", `/Users?filter=userName+eq+%22LATER@x%22`, token, ""); status != 200 || !strings.Contains(body, `"totalResults":1`) {
		t.Errorf("%d %s", status, body)
	}
	status, body, header := ask(t, h.Transport(), "POST", "/Users", token, `{"userName":"new@x"}`)
	if status != 503 || header.Get("Retry-After") == "" {
		t.Errorf("%d %s", status, body)
	}
}

func TestImageOfAnotherTargetIsNotServed(t *testing.T) {
	dir := t.TempDir()
	m := &moody{Driver: mem.New()}
	h, stop := start(t, load(t, dir, mine), m, false)
	ready(t, h)
	stop()
	m.away.Store(true)
	h, _ = start(t, load(t, dir, strings.Replace(mine, "users: 5", "users: 6", 1)), m, false)
	if status, _, _ := ask(t, h.Transport(), "GET", "/Users", token, ""); status != 503 {
		t.Errorf("%d", status)
	}
}

func TestRunningRequestsFinishWhenTheHostStops(t *testing.T) {
	m := &moody{Driver: mem.New(), slow: make(chan struct{}), busy: make(chan struct{})}
	h, stop := start(t, load(t, t.TempDir(), mine), m, true)
	ready(t, h)
	tr, url := trusting(t, h), h.URL("Mem")
	answered := make(chan int, 1)
	go func() {
		status, _, _ := ask(t, tr, "POST", url+"/Users", token, `{"userName":"last@x"}`)
		answered <- status
	}()
	<-m.busy
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	until(t, func() bool {
		conn, err := net.Dial("tcp", h.Addr().String())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	close(m.slow)
	if status := <-answered; status != 201 {
		t.Errorf("answered %d", status)
	}
	<-stopped
}

func TestPutWithTheCoreNamesOnly(t *testing.T) {
	text := strings.Replace(mine, "User: {}", "User: {attributes: [userName, title], core: {userName: userName, title: title}}", 1)
	h, _ := start(t, load(t, t.TempDir(), text), mem.New(), false)
	ready(t, h)
	status, body, _ := ask(t, h.Transport(), "POST", "/Users", token, `{"userName":"ada@x","title":"Chief"}`)
	if status != 201 || strings.Count(body, "Chief") != 2 {
		t.Fatalf("%d %s", status, body)
	}
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		t.Fatal(err)
	}
	status, body, _ = ask(t, h.Transport(), "PUT", "/Users/"+made.ID, token, `{"userName":"ada@x","title":"Boss"}`)
	if status != 200 || strings.Count(body, "Boss") != 2 || strings.Count(body, "ada@x") != 2 {
		t.Errorf("%d %s", status, body)
	}
	if status, body, _ = ask(t, h.Transport(), "PUT", "/Users/"+made.ID, token, `{"userName":"ada@x"}`); status != 200 || strings.Contains(body, "Boss") {
		t.Errorf("%d %s", status, body)
	}
}

func TestNameInAnyScript(t *testing.T) {
	h, _ := start(t, load(t, t.TempDir(), strings.Replace(mine, "name: Mem", "name: Größe.1", 1)), mem.New(), false)
	ready(t, h)
	if status, body, _ := ask(t, h.Transport(), "GET", h.URL("Größe.1")+"/Users?count=1", token, ""); status != 200 || !strings.Contains(body, "/ecma2host_Gr%C3%B6%C3%9Fe.1/scim/Users/") {
		t.Errorf("%d %s", status, body)
	}
}

func TestErrPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := load(t, t.TempDir(), strings.Replace(mine, "127.0.0.1:0", l.Addr().String(), 1))
	err = endpoint.Run(t.Context(), cfg, map[string]connector.Driver{"mem": mem.New()}, nil, nil)
	if !fault.Is(err, fault.Unavailable) || fault.HintOf(err) == "" {
		t.Error(err)
	}
}

// until polls a condition for at most 20 seconds.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatal("did not happen within 20 s")
		case <-tick.C:
		}
	}
}
