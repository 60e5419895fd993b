package wall

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/agent"
	"github.com/sallyport-id/sallyport/agent/dial"
	"github.com/sallyport-id/sallyport/agent/enrol"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/test/targets"
)

// TestThroughRealProxies enrols and works through proxies that want a password; the proxy dies and comes back, and the password changes.
func TestThroughRealProxies(t *testing.T) {
	for name, start := range map[string]func(testing.TB, string, string, ...int) *targets.Proxy{"tinyproxy": targets.Tinyproxy, "squid": targets.Squid} {
		t.Run(name, func(t *testing.T) {
			s := startService(t, nil)
			_, port, err := net.SplitHostPort(hostOf(t, s.url))
			must(t, err)
			n, err := strconv.Atoi(port)
			must(t, err)
			p := start(t, "agent", "pass-word", n)
			secret := filepath.Join(t.TempDir(), "password")
			must(t, os.WriteFile(secret, []byte("pass-word\n"), 0o600))
			d := &dial.Dialer{Proxy: &dial.Proxy{URL: p.Bare(), User: "agent", PasswordFile: secret}}
			c := config(s.enrol("site", "one", d), application(t, newRegister(0).ServeHTTP))
			c.Proxy = agent.Proxy{URL: p.Bare().String(), User: "agent", PasswordFile: secret}
			s.run(c)
			s.present(1)
			must(t, send(s.client("site"), "GET", "/Users", ""))
			p.Kill()
			s.present(0)
		})
	}
}

// relayProxy is a CONNECT proxy that this test can cut and give another password.
type relayProxy struct {
	l        net.Listener
	srv      *http.Server
	password chan string // holds the current one
	conns    chan net.Conn
}

func startProxy(t *testing.T, password string) *relayProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &relayProxy{l: l, password: make(chan string, 1), conns: make(chan net.Conn, 1024)}
	p.password <- password
	p.srv = &http.Server{Handler: http.HandlerFunc(p.serve), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = p.srv.Serve(l) }()
	t.Cleanup(func() {
		p.cut()
		_ = p.srv.Close()
	})
	return p
}

func (p *relayProxy) serve(w http.ResponseWriter, r *http.Request) {
	want := <-p.password
	p.password <- want
	r.Header.Set("Authorization", r.Header.Get("Proxy-Authorization"))
	if _, got, ok := r.BasicAuth(); !ok || got != want {
		w.Header().Set("Proxy-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	up, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	down, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = down.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	p.conns <- up
	p.conns <- down
	go pipe(up, down)
	go pipe(down, up)
}

func pipe(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			_, _ = to.Write(buf[:n])
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

// cut drops every connection.
func (p *relayProxy) cut() {
	for {
		select {
		case c := <-p.conns:
			_ = c.Close()
		default:
			return
		}
	}
}

// TestCutProxyLosesNothing drops all connections again and again; reads and keyed writes wait for the agent to come back.
func TestCutProxyLosesNothing(t *testing.T) {
	s := startService(t, nil)
	p := startProxy(t, "one")
	secret := filepath.Join(t.TempDir(), "password")
	must(t, os.WriteFile(secret, []byte("one"), 0o600))
	u, err := url.Parse("http://" + p.l.Addr().String())
	must(t, err)
	reg := newRegister(0)
	c := config(s.enrol("site", "one", &dial.Dialer{Proxy: &dial.Proxy{URL: u, User: "agent", PasswordFile: secret}}), application(t, reg.ServeHTTP))
	c.Proxy = agent.Proxy{URL: u.String(), User: "agent", PasswordFile: secret}
	s.run(c)
	s.present(1)
	client := s.client("site")
	for i := range 5 {
		p.cut()
		for n := range 3 {
			must(t, send(client, "GET", "/Users", ""))
			path := "/k/" + strconv.Itoa(i*3+n)
			must(t, send(client, "POST", path, path))
			if reg.count(path) != 1 {
				t.Fatalf("%s had %d effects", path, reg.count(path))
			}
		}
	}
	// The password changes while the agent runs: it is out until the file follows, and needs no restart.
	<-p.password
	p.password <- "two"
	p.cut()
	s.present(0)
	must(t, os.WriteFile(secret, []byte("two"), 0o600))
	s.present(1)
}

func TestEnrolmentNamesWhatIsWrong(t *testing.T) {
	s := startService(t, nil)
	other := startService(t, nil)
	token, _, err := s.gw.MakeToken(ctx, "site", 0)
	must(t, err)
	try := func(r enrol.Request) error {
		r.Token, r.Name, r.Dir = token, "x", filepath.Join(t.TempDir(), "a")
		_, err := enrol.Enrol(context.Background(), r)
		return err
	}
	for name, c := range map[string]struct {
		r    enrol.Request
		kind fault.Kind
	}{
		"a service with another certificate than the token pins": {enrol.Request{Service: other.url}, fault.Unavailable},
		"another authority": {enrol.Request{Service: s.url, CA: other.ca}, fault.Unavailable},
		"no https":          {enrol.Request{Service: "http://127.0.0.1"}, fault.Invalid},
		"nobody there":      {enrol.Request{Service: "https://127.0.0.1:1"}, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			if err := try(c.r); !fault.Is(err, c.kind) || fault.HintOf(err) == "" {
				t.Fatalf("%s: %v", fault.KindOf(err), err)
			}
		})
	}
	must(t, try(enrol.Request{Service: s.url})) // none of the above used the token up
	if err := try(enrol.Request{Service: s.url}); !fault.Is(err, fault.Denied) {
		t.Fatalf("the token was good twice: %v", err)
	}
}

func TestIdentityIsPrivate(t *testing.T) {
	s := startService(t, nil)
	dir := s.enrol("site", "one", nil)
	for _, f := range []string{"agent.nk", "identity.json"} {
		info, err := os.Stat(filepath.Join(dir, f))
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f, info.Mode())
		}
	}
	must(t, os.Chmod(filepath.Join(dir, "agent.nk"), 0o640))
	if _, err := enrol.Load(dir); !fault.Is(err, fault.Denied) {
		t.Fatal(err)
	}
	if _, err := enrol.Load(t.TempDir()); !fault.Is(err, fault.NotFound) || fault.HintOf(err) == "" {
		t.Fatal(err)
	}
}
