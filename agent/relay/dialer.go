package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

const dialLimit = 10 * time.Second

// dialer opens connections to one application. Its faults are Unavailable: nothing of a request has been sent when dialling fails.
type dialer struct {
	application   string
	host          string
	tls           *tls.Config
	allowLoopback bool
	lookup        func(ctx context.Context, network, host string) ([]netip.Addr, error) // nil means the system's
}

// plain resolves the name, checks each address and dials the first that answers, by address, so that a second look-up cannot differ.
func (d *dialer) plain(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	host, port, err := net.SplitHostPort(addr)
	if err != nil || !strings.EqualFold(host, d.host) {
		return nil, d.fail(errors.New("an address that is not the application's"), "")
	}
	ips, err := d.resolve(ctx, host)
	if err != nil {
		return nil, d.fail(err, "check the host name in the application's url and this machine's DNS")
	}
	var last error
	for _, ip := range ips {
		if err := allowed(host, ip, d.allowLoopback); err != nil {
			last = fault.New(fault.Denied, "connect to application", "%s: %w", host, err).About(d.application).
				WithHint("if this address is meant, write it in the application's url")
			continue
		}
		c, err := (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(ip.Unmap().WithZone(ip.Zone()).String(), port))
		if err == nil {
			return c, nil
		}
		last = d.fail(err, "check that the application runs and listens there")
	}
	return nil, last
}

func (d *dialer) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	lookup := d.lookup
	if lookup == nil {
		lookup = net.DefaultResolver.LookupNetIP
	}
	return lookup(ctx, "ip", host)
}

// secure is plain followed by TLS.
func (d *dialer) secure(ctx context.Context, network, addr string) (net.Conn, error) {
	raw, err := d.plain(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	c := tls.Client(raw, d.tls)
	if err := c.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, d.explain(err)
	}
	return c, nil
}

// explain says which name or issuer was expected and which was presented.
func (d *dialer) explain(err error) error {
	v, ok := errors.AsType[*tls.CertificateVerificationError](err)
	if !ok || len(v.UnverifiedCertificates) == 0 {
		return d.fail(err, "the application must speak TLS 1.2 or newer at its https address")
	}
	leaf := v.UnverifiedCertificates[0]
	names := strings.Join(leaf.DNSNames, ", ")
	for _, ip := range leaf.IPAddresses {
		names += " " + ip.String()
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return d.fail(err, "the certificate is for "+strings.TrimSpace(names)+", the application's url says "+d.host+": use the same name in both")
	}
	return d.fail(err, "the certificate was issued by "+leaf.Issuer.String()+": name that authority in caFile, or pin the certificate with pinSHA256")
}

func (d *dialer) fail(err error, hint string) error {
	f := fault.New(fault.Unavailable, "connect to application", "%w", err).About(d.application)
	f.Hint = hint
	return f
}
