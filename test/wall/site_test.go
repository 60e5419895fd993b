package wall

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/agent"
	"github.com/sallyport-id/sallyport/agent/dial"
	"github.com/sallyport-id/sallyport/agent/enrol"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/internal/tlsx"
	"github.com/sallyport-id/sallyport/service/agents/agentstest"
	"github.com/sallyport-id/sallyport/service/gateway"
	"github.com/sallyport-id/sallyport/tunnel"
)

// service is a gateway behind a TLS port of its own.
type service struct {
	t     testing.TB
	gw    *gateway.Gateway
	store *agentstest.Store
	url   string
	ca    []byte
}

var ctx = tenant.With(context.Background(), tenant.Default)

// startService runs a gateway with a certificate of its own. change may adjust the configuration.
func startService(t testing.TB, change func(*gateway.Config)) *service {
	t.Helper()
	files, err := tlsx.SelfSigned(t.TempDir(), "localhost", "127.0.0.1")
	must(t, err)
	conf, err := tlsx.Server(files)
	must(t, err)
	pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	must(t, err)
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	must(t, err)
	s := &service{t: t, store: agentstest.New()}
	s.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})
	c := gateway.Config{Dir: t.TempDir(), Store: s.store, Logger: logger(t), Trust: func() []byte { return s.ca }, Pin: tunnel.Pin(leaf.RawSubjectPublicKeyInfo)}
	if change != nil {
		change(&c)
	}
	s.gw, err = gateway.New(c)
	must(t, err)
	must(t, s.gw.Start(ctx))
	l, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	must(t, err)
	srv := &http.Server{Handler: s.gw.Handler(), ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(logger(t).Handler(), slog.LevelDebug)}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() {
		_ = srv.Close()
		must(t, s.gw.Close())
	})
	s.url = "https://" + l.Addr().String()
	return s
}

// enrol makes a token and an identity in a fresh folder.
func (s *service) enrol(group, name string, d *dial.Dialer) string {
	s.t.Helper()
	token, _, err := s.gw.MakeToken(ctx, group, 0)
	must(s.t, err)
	dir := filepath.Join(s.t.TempDir(), "agent")
	_, err = enrol.Enrol(ctx, enrol.Request{Service: s.url, Token: token, Name: name, Dir: dir, Dialer: d, Version: "test"})
	must(s.t, err)
	return dir
}

// config is that of an agent with one application "hr".
func config(dir, app string) agent.Config {
	return agent.Config{DataDir: dir, MaxInFlight: 64, Version: "test", Applications: map[string]agent.Application{"hr": {URL: app}}}
}

// startAgent enrols and runs an agent inside this process; stop drains it.
func (s *service) startAgent(group, name, app string) (stop func()) {
	s.t.Helper()
	return s.run(config(s.enrol(group, name, nil), app))
}

func (s *service) run(c agent.Config) (stop func()) {
	run, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(run, c, logger(s.t)) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			must(s.t, <-ended)
		}
	}
	s.t.Cleanup(stop)
	return stop
}

// present waits until n agents are connected.
func (s *service) present(n int) {
	s.t.Helper()
	eventually(s.t, func() bool { return len(s.gw.Agents()) == n }, "%d agents to be connected", n)
}

// client speaks to the application through a group.
func (s *service) client(group string) *http.Client {
	return &http.Client{Transport: s.gw.Group(tenant.Default, group, "hr")}
}

// application is an HTTP server on loopback.
func application(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL + "/scim"
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually polls until ok or a deadline far away.
func eventually(t testing.TB, ok func() bool, what string, args ...any) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited in vain for "+what, args...)
		}
	}
}

func logger(testing.TB) *slog.Logger {
	if os.Getenv("WALL_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.DiscardHandler)
}

func hostOf(t testing.TB, text string) string {
	t.Helper()
	u, err := url.Parse(text)
	must(t, err)
	_, _, err = net.SplitHostPort(u.Host)
	must(t, err)
	return u.Host
}
