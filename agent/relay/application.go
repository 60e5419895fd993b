package relay

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Application is one SCIM endpoint that the agent may reach, as configured on the premises.
type Application struct {
	URL           string   // base address: http or https, with the path below which requests go
	CAFile        string   // PEM authorities for https; "" means the system's
	PinSHA256     string   // hex SHA-256 of the endpoint's certificate, instead of an authority
	Methods       []string // allowed; nil means GET, HEAD, POST, PUT, PATCH and DELETE
	AllowLoopback bool     // for a host name that resolves to this machine's loopback; literal loopback addresses need no permission
	MaxConns      int      // connections kept for reuse; 0 means 64
}

// DefaultMethods are what SCIM needs.
var DefaultMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// target is an application made ready.
type target struct {
	name    string
	base    *url.URL
	methods []string
	client  *http.Transport
}

// open checks an application's configuration and prepares its connections. Nothing is dialled.
func open(name string, a Application) (*target, error) {
	base, err := url.Parse(a.URL)
	if err != nil || (base.Scheme != "https" && base.Scheme != "http") || base.Hostname() == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" || base.Opaque != "" {
		return nil, bad(name, "its url is not an http or https address of a host and a path").WithHint("write it as https://host:8585/ecma2host_name/scim")
	}
	base.Path, base.RawPath = strings.TrimSuffix(base.Path, "/"), strings.TrimSuffix(base.RawPath, "/")
	methods := a.Methods
	if methods == nil {
		methods = DefaultMethods
	}
	for _, m := range methods {
		if !slices.Contains(DefaultMethods, m) {
			return nil, bad(name, "method %q", m).WithHint("methods are %s", strings.Join(DefaultMethods, ", "))
		}
	}
	conf, err := a.tls(name, base.Hostname())
	if err != nil {
		return nil, err
	}
	conns := a.MaxConns
	if conns == 0 {
		conns = 64
	}
	d := &dialer{application: name, host: base.Hostname(), tls: conf, allowLoopback: a.AllowLoopback}
	t := &http.Transport{
		Proxy: nil, DialContext: d.plain, DialTLSContext: d.secure, DisableCompression: true, ForceAttemptHTTP2: false,
		MaxIdleConnsPerHost: conns, IdleConnTimeout: 60 * time.Second, WriteBufferSize: 16 << 10, ReadBufferSize: 16 << 10, MaxResponseHeaderBytes: 64 << 10,
	}
	return &target{name: name, base: base, methods: methods, client: t}, nil
}

// tls prepares how the endpoint is to be recognized.
func (a Application) tls(name, host string) (*tls.Config, error) {
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if a.CAFile != "" && a.PinSHA256 != "" {
		return nil, bad(name, "caFile and pinSHA256 exclude each other").WithHint("keep one of them")
	}
	if a.CAFile != "" {
		pem, err := os.ReadFile(a.CAFile)
		if err != nil {
			return nil, bad(name, "its caFile cannot be read: %w", err).WithHint("name a PEM file with the endpoint's certificate or its authority that the agent's account can read")
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, bad(name, "%s holds no PEM certificate", a.CAFile).WithHint("it begins with -----BEGIN CERTIFICATE-----; convert another form with openssl x509")
		}
	}
	if a.PinSHA256 != "" {
		pin, err := hex.DecodeString(strings.ToLower(strings.ReplaceAll(a.PinSHA256, ":", "")))
		if err != nil || len(pin) != sha256.Size {
			return nil, bad(name, "pinSHA256 is not 64 hexadecimal digits").WithHint("openssl x509 -in cert.pem -noout -fingerprint -sha256")
		}
		c.InsecureSkipVerify = true // replaced by the check below: exactly this certificate
		c.VerifyConnection = func(s tls.ConnectionState) error { return checkPin(s, pin) }
	}
	return c, nil
}

func checkPin(s tls.ConnectionState, pin []byte) error {
	sum := sha256.Sum256(s.PeerCertificates[0].Raw)
	if slices.Equal(sum[:], pin) {
		return nil
	}
	return &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: errors.New("the certificate is not the pinned one; it has SHA-256 " + hex.EncodeToString(sum[:]))}
}

func bad(name, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "check application", format, args...).About(name)
}

// allowed says whether the address may be dialled for the configured host. Link-local (cloud metadata), multicast and unspecified addresses
// are reached only when the configuration names that very address; loopback also when it says "localhost" or permits it.
func allowed(host string, ip netip.Addr, loopback bool) error {
	ip = ip.Unmap()
	if literal, err := netip.ParseAddr(host); err == nil {
		if literal.Unmap() == ip {
			return nil
		}
		return errors.New("another address than the configured one")
	}
	switch {
	case ip.IsLoopback() && !loopback && !strings.EqualFold(host, "localhost") && !own(host):
		return errors.New("it resolves to loopback")
	case ip.IsLinkLocalUnicast(), ip.IsLinkLocalMulticast(), ip.IsMulticast(), ip.IsUnspecified():
		return errors.New("it resolves to " + ip.String() + ", which no application has")
	}
	return nil
}

// own reports whether host is this machine's own name, which often stands for loopback.
func own(host string) bool {
	name, err := os.Hostname()
	short, _, _ := strings.Cut(host, ".")
	return err == nil && (strings.EqualFold(host, name) || strings.EqualFold(short, name))
}
