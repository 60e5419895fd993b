package relay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

func get(target string) *tunnel.Request {
	return &tunnel.Request{Resource: "hr", Method: "GET", Target: target}
}

func relayTo(t *testing.T, a Application) *Relay {
	t.Helper()
	r, err := New(map[string]Application{"hr": a})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func server(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func body(t *testing.T, r *tunnel.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r.Body.Reader())
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	return string(b)
}

func TestRelaysOnlyWhatIsConfigured(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host+r.RequestURI) })
	r := relayTo(t, Application{URL: s.URL + "/scim/", Methods: []string{"GET"}})
	resp, err := r.Serve(t.Context(), get("/Users?a=b"))
	if got := body(t, resp, err); got != strings.TrimPrefix(s.URL, "http://")+"/scim/Users?a=b" {
		t.Fatal(got)
	}
	other := get("/")
	other.Resource = "payroll"
	post := get("/")
	post.Method = "POST"
	for name, c := range map[string]struct {
		r    *tunnel.Request
		kind fault.Kind
	}{"unknown application": {other, fault.NotFound}, "method": {post, fault.Denied}, "escape": {get("/../x"), fault.Denied}} {
		if _, err := r.Serve(t.Context(), c.r); !fault.Is(err, c.kind) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRedirectsAreRefused(t *testing.T) {
	hits := atomic.Int32{}
	inner := server(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	for _, code := range []int{301, 302, 303, 307, 308} {
		s := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner.URL, code) })
		if _, err := relayTo(t, Application{URL: s.URL}).Serve(t.Context(), get("/Users")); !fault.Is(err, fault.Denied) {
			t.Errorf("%d: %v", code, err)
		}
	}
	if hits.Load() != 0 {
		t.Fatal("a redirect was followed")
	}
}

func TestAddressesThatNoApplicationHasAreRefused(t *testing.T) {
	for _, c := range []struct {
		host, ip string
		ok       bool
	}{
		{"app.internal", "10.1.2.3", true},
		{"app.internal", "192.168.1.1", true},
		{"app.internal", "2001:db8::1", true},
		{"app.internal", "169.254.169.254", false},
		{"app.internal", "::ffff:169.254.169.254", false},
		{"app.internal", "fe80::1", false},
		{"app.internal", "127.0.0.1", false},
		{"app.internal", "127.1.2.3", false},
		{"app.internal", "::1", false},
		{"app.internal", "::ffff:127.0.0.1", false},
		{"app.internal", "0.0.0.0", false},
		{"app.internal", "::", false},
		{"app.internal", "224.0.0.1", false},
		{"app.internal", "ff02::1", false},
		{"localhost", "127.0.0.1", true},
		{"127.0.0.1", "127.0.0.1", true},
		{"127.0.0.1", "127.0.0.2", false},
		{"169.254.10.10", "169.254.10.10", true},
		{"::1", "::1", true},
	} {
		if err := allowed(c.host, netip.MustParseAddr(c.ip), false); (err == nil) != c.ok {
			t.Errorf("%s → %s: %v", c.host, c.ip, err)
		}
	}
}

// TestRebindingHasNoEffect lets a name resolve to metadata and loopback addresses, and to a harmless one first: only what was checked is dialled.
func TestRebindingHasNoEffect(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "reached") })
	u, _ := url.Parse(s.URL)
	target, err := open("hr", Application{URL: "http://app.internal:" + u.Port()})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	d := &dialer{application: "hr", host: "app.internal", lookup: func(context.Context, string, string) ([]netip.Addr, error) {
		asked++
		return []netip.Addr{netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("127.0.0.1")}, nil
	}}
	target.client.DialContext = d.plain
	if _, err := target.do(t.Context(), get("/")); !fault.Is(err, fault.Denied) {
		t.Fatal(err)
	}
	d.allowLoopback = true
	resp, err := target.do(t.Context(), get("/"))
	if got := body(t, resp, err); got != "reached" || asked != 2 {
		t.Fatal(got, asked)
	}
	if _, err := d.plain(t.Context(), "tcp", "elsewhere:80"); err == nil {
		t.Fatal("another host was dialled")
	}
}

func TestDeadApplicationIsUnavailableAndHungUpWriteIsUnknown(t *testing.T) {
	dead := server(t, nil)
	dead.Close()
	if _, err := relayTo(t, Application{URL: dead.URL}).Serve(t.Context(), get("/")); !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		c, _, _ := http.NewResponseController(w).Hijack()
		_ = c.Close()
	})
	r := relayTo(t, Application{URL: s.URL})
	if _, err := r.Serve(t.Context(), get("/")); !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	w := get("/")
	w.Method, w.Length, w.Body = "PATCH", 2, tunnel.Body{Prefix: []byte("{}")}
	if _, err := r.Serve(t.Context(), w); !fault.Is(err, fault.Timeout) {
		t.Fatal(err)
	}
}

func keyed(key, body string) *tunnel.Request {
	return &tunnel.Request{Resource: "hr", Method: "POST", Target: "/Users", Key: key, Length: int64(len(body)), Body: tunnel.Body{Prefix: []byte(body)}}
}

func TestSameKeyHasOneEffect(t *testing.T) {
	var effects atomic.Int32
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		n := effects.Add(1)
		if r.Header.Get("Idempotency-Key") == "" {
			w.WriteHeader(400)
		}
		w.WriteHeader(201)
		fmt.Fprint(w, n)
	})
	r := relayTo(t, Application{URL: s.URL})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			resp, err := r.Serve(t.Context(), keyed("k", "{}"))
			if err != nil || resp.Status != 201 {
				t.Error(resp, err)
				return
			}
			if got, _ := io.ReadAll(resp.Body.Reader()); string(got) != "1" {
				t.Errorf("answer %q", got)
			}
		})
	}
	wg.Wait()
	if effects.Load() != 1 {
		t.Fatalf("%d effects", effects.Load())
	}
	if _, err := r.Serve(t.Context(), keyed("k", "{other}")); !fault.Is(err, fault.Conflict) {
		t.Fatal(err)
	}
}

func TestUnsettledAnswersAreNotKept(t *testing.T) {
	for _, status := range []int{408, 429, 500, 503} {
		var n atomic.Int32
		s := server(t, func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1) == 1 {
				w.WriteHeader(status)
				return
			}
			w.WriteHeader(201)
		})
		r := relayTo(t, Application{URL: s.URL})
		for _, want := range []int{status, 201, 201} {
			resp, err := r.Serve(t.Context(), keyed("k", ""))
			if body(t, resp, err); resp.Status != want {
				t.Fatalf("status %d, want %d", resp.Status, want)
			}
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 512<<10)) })
	r := relayTo(t, Application{URL: s.URL})
	for i := range 100 {
		resp, err := r.Serve(t.Context(), keyed(fmt.Sprint(i), ""))
		body(t, resp, err)
	}
	if r.memory.bytes > memoryBytes || len(r.memory.entries) < 10 || r.memory.order.Len() != len(r.memory.entries) {
		t.Fatalf("%d bytes in %d entries", r.memory.bytes, len(r.memory.entries))
	}
}

func TestCertificatesOfApplications(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	t.Cleanup(s.Close)
	s.Config.ErrorLog = nil
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(s.Certificate().Raw)
	u, _ := url.Parse(s.URL)
	byName := "https://localhost:" + u.Port()
	for name, c := range map[string]struct {
		a    Application
		hint string // "" when it is to work
	}{
		"authority":      {Application{URL: s.URL, CAFile: ca}, ""},
		"pin":            {Application{URL: byName, PinSHA256: hex.EncodeToString(sum[:])}, ""},
		"other pin":      {Application{URL: s.URL, PinSHA256: strings.Repeat("00", 32)}, "pinSHA256"},
		"unknown issuer": {Application{URL: s.URL}, "caFile"},
		"another name":   {Application{URL: byName, CAFile: ca}, "localhost"},
		"not TLS at all": {Application{URL: strings.Replace(server(t, func(http.ResponseWriter, *http.Request) {}).URL, "http:", "https:", 1), CAFile: ca}, "TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := relayTo(t, c.a).Serve(t.Context(), get("/"))
			if c.hint == "" {
				body(t, resp, err)
			} else if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), c.hint) {
				t.Fatal(err)
			}
		})
	}
}

func TestBadApplicationsAreRefused(t *testing.T) {
	for name, a := range map[string]Application{
		"no url": {}, "ftp": {URL: "ftp://h/x"}, "user": {URL: "https://u:p@h/x"}, "query": {URL: "https://h/x?y"}, "method": {URL: "https://h", Methods: []string{"TRACE"}},
		"pin": {URL: "https://h", PinSHA256: "abc"}, "ca": {URL: "https://h", CAFile: "/does/not/exist"}, "both": {URL: "https://h", CAFile: "x", PinSHA256: "y"},
	} {
		if _, err := New(map[string]Application{"hr": a}); !fault.Is(err, fault.Invalid) && err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
