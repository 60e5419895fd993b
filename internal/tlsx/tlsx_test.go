package tlsx_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tlsx"
)

func serve(t *testing.T, f tlsx.Files) *httptest.Server {
	t.Helper()
	cfg, err := tlsx.Server(f)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	s.TLS = cfg
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestSelfSignedIsTrustedByItsFile(t *testing.T) {
	f, err := tlsx.SelfSigned(t.TempDir(), "example.test")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, f)
	pool, err := tlsx.Pool(f.Cert)
	if err != nil {
		t.Fatal(err)
	}
	dial := func(c *tls.Config) error {
		conn, err := tls.Dial("tcp", s.Listener.Addr().String(), c)
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	tests := []struct {
		name string
		cfg  *tls.Config
		ok   bool
	}{
		{"OK13", &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS13}, true},
		{"OK12", &tls.Config{RootCAs: pool, ServerName: "example.test", MaxVersion: tls.VersionTLS12}, true},
		{"ErrOtherName", &tls.Config{RootCAs: pool, ServerName: "other.test"}, false},
		{"ErrUntrusted", &tls.Config{ServerName: "localhost"}, false},
		{"ErrOldTLS", &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		{"ErrCBC", &tls.Config{RootCAs: pool, ServerName: "localhost", MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := dial(tt.cfg); (err == nil) != tt.ok {
				t.Errorf("err = %v, want ok %v", err, tt.ok)
			}
		})
	}
}

func TestSelfSignedIsKept(t *testing.T) {
	dir := t.TempDir()
	f, err := tlsx.SelfSigned(dir, "a.test")
	if err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(f.Cert)
	if _, err := tlsx.SelfSigned(dir, "a.test"); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(f.Cert); string(again) != string(first) {
		t.Error("a second start made another certificate")
	}
	if _, err := tlsx.SelfSigned(dir, "b.test"); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(f.Cert); string(again) == string(first) {
		t.Error("a new name made no new certificate")
	}
}

func TestReload(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	f, err := tlsx.SelfSigned(dir)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := tlsx.Server(f)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := cfg.GetCertificate(nil)
	g, err := tlsx.SelfSigned(other)
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{g.Cert: f.Cert, g.Key: f.Key} {
		b, _ := os.ReadFile(from)
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(f.Cert, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		after, err := cfg.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		if string(after.Certificate[0]) != string(before.Certificate[0]) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the new certificate was not taken up")
		}
		<-time.After(50 * time.Millisecond)
	}
}

func TestErrMissing(t *testing.T) {
	_, err := tlsx.Server(tlsx.Files{Cert: "/nonexistent/a", Key: "/nonexistent/b"})
	if !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
		t.Errorf("err = %v, want invalid with a hint", err)
	}
}
