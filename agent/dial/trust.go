package dial

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

// Trust says whose certificates prove that one has reached the service. The zero Trust is the system's authorities.
type Trust struct {
	PEM []byte // authorities, or the service's own certificate; nil for none
	Pin string // tunnel.Pin of a certificate in the presented chain; looked at only without PEM
}

func (t Trust) config(host string) (*tls.Config, error) {
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	switch {
	case len(t.PEM) > 0:
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(t.PEM) {
			return nil, fault.New(fault.Invalid, "read trusted certificates", "no PEM certificate was found").WithHint("the file must hold -----BEGIN CERTIFICATE-----")
		}
	case t.Pin != "":
		c.InsecureSkipVerify = true // replaced by the check below, which is stricter: pin, chain, name and time
		c.VerifyConnection = func(s tls.ConnectionState) error { return checkPin(s.PeerCertificates, t.Pin, host) }
	}
	return c, nil
}

// checkPin accepts a chain in which one certificate has the pinned key, verifies up to it, and names the host. The host is handed in: the
// state of a connection to a literal address does not hold it.
func checkPin(chain []*x509.Certificate, pin, host string) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	pinned := false
	for _, c := range chain {
		if tunnel.Pin(c.RawSubjectPublicKeyInfo) == pin {
			roots.AddCert(c)
			pinned = true
		}
		between.AddCert(c)
	}
	if !pinned {
		return &tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: errNotPinned}
	}
	if _, err := chain[0].Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: between}); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: err}
	}
	return nil
}

var errNotPinned = errors.New("no certificate it presents has the fingerprint that was pinned")

// Explain gives a failed TLS handshake with host the words a person needs: which name, which issuer, which time.
func Explain(err error, host string) error {
	f := fault.New(fault.Unavailable, "check the certificate of", "%w", err).About(host)
	v, ok := errors.AsType[*tls.CertificateVerificationError](err)
	if !ok || len(v.UnverifiedCertificates) == 0 {
		if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, io.EOF) {
			return f.WithHint("what answers there does not speak TLS: check the port, and that no proxy answers in its place")
		}
		return f
	}
	leaf := v.UnverifiedCertificates[0]
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return f.WithHint("the certificate is for %s, not for %s: use one of its names in the address, or issue a certificate that has this name", names(leaf), host)
	}
	if x, ok := errors.AsType[x509.CertificateInvalidError](err); ok && x.Reason == x509.Expired {
		return f.WithHint("the certificate is valid from %s to %s: renew it, or set this machine's clock", leaf.NotBefore.UTC().Format(time.DateOnly), leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	return f.WithHint("the certificate was issued by %q, which is not trusted: if that is a proxy that inspects TLS, exempt %s from it; if it is a new authority of the service, give the agent its certificate", leaf.Issuer, host)
}

func names(c *x509.Certificate) string {
	out := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		out = append(out, ip.String())
	}
	if len(out) == 0 {
		return fmt.Sprintf("%q", c.Subject.CommonName)
	}
	return strings.Join(out, ", ")
}
