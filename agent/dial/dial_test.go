package dial

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answering is a proxy that gives the same answer to everybody.
func answering(t *testing.T, answer string) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_, _ = io.WriteString(c, answer)
			_ = c.Close()
		}
	}()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

func TestProxyAnswersAreNamed(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "p")
	must(t, os.WriteFile(secret, []byte("hunter2\n"), 0o600))
	for name, c := range map[string]struct {
		answer, user string
		kind         fault.Kind
		says         string
	}{
		"407 without credentials": {"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"y\"\r\nContent-Length: 0\r\n\r\n", "", fault.Unauthenticated, "proxy.passwordFile"},
		"407 with wrong ones":     {"HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n", "me", fault.Unauthenticated, "Negotiate"},
		"403":                     {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "me", fault.Denied, "allow CONNECT"},
		"502":                     {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "me", fault.Unavailable, "cannot reach"},
		"web page":                {"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<p>", "me", fault.Unavailable, "web page"},
		"portal":                  {"HTTP/1.1 302 Found\r\nLocation: http://portal/\r\nContent-Length: 0\r\n\r\n", "me", fault.Unavailable, "sign-in"},
		"not a proxy":             {"HTTP/1.1 405 x\r\nContent-Length: 0\r\n\r\n", "me", fault.Unsupported, "does not tunnel"},
		"not HTTP":                {"220 smtp ready\r\n", "me", fault.Unavailable, "HTTP proxy"},
		"hangs up":                {"", "me", fault.Unavailable, "HTTP proxy"},
	} {
		t.Run(name, func(t *testing.T) {
			d := &Dialer{Proxy: &Proxy{URL: answering(t, c.answer), User: c.user, PasswordFile: secret}}
			_, err := d.Dial(t.Context(), "service.example:443")
			if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
				t.Fatalf("%s: %v", fault.KindOf(err), err)
			}
		})
	}
}

func TestBytesRightBehindTheProxysAnswerAreKept(t *testing.T) {
	d := &Dialer{Proxy: &Proxy{URL: answering(t, "HTTP/1.1 200 OK\r\n\r\nearly")}}
	c, err := d.Dial(t.Context(), "service.example:443")
	must(t, err)
	defer c.Close()
	got, err := io.ReadAll(c)
	if err != nil || string(got) != "early" {
		t.Fatal(string(got), err)
	}
}

// certificate makes a certificate of its own for 127.0.0.1 unless named otherwise.
func certificate(t *testing.T, name string, until time.Time) (tls.Certificate, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Inspecting Box"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until}
	if ip := net.ParseIP(name); ip != nil {
		c.IPAddresses = []net.IP{ip}
	} else {
		c.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	must(t, err)
	leaf, err := x509.ParseCertificate(der)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, leaf
}

func TestCertificatesAreCheckedAndNamed(t *testing.T) {
	later := time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		host  string
		until time.Time
		trust func(leaf *x509.Certificate) Trust
		says  string // "" when it is to work
	}{
		"OK, authority":           {"127.0.0.1", later, byPEM, ""},
		"OK, pin":                 {"127.0.0.1", later, byPin, ""},
		"ErrName, authority":      {"other.example", later, byPEM, "other.example"},
		"ErrName, pin":            {"other.example", later, byPin, "other.example"},
		"ErrExpired, authority":   {"127.0.0.1", time.Now().Add(-time.Hour), byPEM, "valid from"},
		"ErrExpired, pin":         {"127.0.0.1", time.Now().Add(-time.Hour), byPin, "valid from"},
		"ErrInspected, system":    {"127.0.0.1", later, func(*x509.Certificate) Trust { return Trust{} }, "Inspecting Box"},
		"ErrInspected, other pin": {"127.0.0.1", later, func(*x509.Certificate) Trust { return Trust{Pin: tunnel.Pin([]byte("x"))} }, "Inspecting Box"},
		"ErrEmpty, no PEM":        {"127.0.0.1", later, func(*x509.Certificate) Trust { return Trust{PEM: []byte("x")} }, "BEGIN CERTIFICATE"},
	} {
		t.Run(name, func(t *testing.T) {
			pair, leaf := certificate(t, c.host, c.until)
			l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
			must(t, err)
			defer l.Close()
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					_ = conn.(*tls.Conn).Handshake()
					_ = conn.Close()
				}
			}()
			conn, err := (&Dialer{}).DialTLS(t.Context(), l.Addr().String(), c.trust(leaf))
			if c.says == "" {
				must(t, err)
				_ = conn.Close()
			} else if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v", err)
			}
		})
	}
}

func byPEM(c *x509.Certificate) Trust {
	return Trust{PEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})}
}

func byPin(c *x509.Certificate) Trust { return Trust{Pin: tunnel.Pin(c.RawSubjectPublicKeyInfo)} }

func TestParseURL(t *testing.T) {
	for _, bad := range []string{"", "http://h", "https://", "https://u:p@h", "https://h?x", "h:443", "https://h#x"} {
		if _, err := ParseURL(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	u, err := ParseURL("https://h/prefix/")
	must(t, err)
	s := &Service{URL: u}
	if s.Addr() != "h:443" || s.path("/tunnel") != "/prefix/tunnel" {
		t.Fatal(s.Addr(), s.path("/tunnel"))
	}
}
