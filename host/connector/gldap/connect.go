package gldap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// dial connects to one server and logs in.
func (l *layout) dial(ctx context.Context, at address) (*wire.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, l.connectTimeout)
	defer cancel()
	c, err := l.encrypted(ctx, at)
	if err != nil {
		return nil, err
	}
	if err := l.login(ctx, c, at); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (l *layout) encrypted(ctx context.Context, at address) (*wire.Conn, error) {
	raw, err := new(net.Dialer).DialContext(ctx, at.network, at.target)
	if err != nil {
		return nil, unreachable(at, err)
	}
	config := l.access.tls.Clone()
	if config.ServerName == "" {
		config.ServerName = at.host
	}
	switch {
	case at.secure:
		t := tls.Client(raw, config)
		if err := t.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, distrusted(at, err)
		}
		return wire.New(t), nil
	case at.network == "unix" || !l.access.startTLS:
		return wire.New(raw), nil
	}
	c := wire.New(raw)
	if err := c.StartTLS(ctx, config); err != nil {
		c.Close()
		if _, refused := errors.AsType[*wire.Refused](err); refused {
			return nil, fault.New(fault.Unavailable, "encrypt the connection", "%s: %w", at.url, err).WithHint("give the server a certificate, or use ldaps://")
		}
		return nil, distrusted(at, err)
	}
	return c, nil
}

func unreachable(at address, err error) error {
	hint := "check that the directory runs and that host, port and firewall let this machine reach it"
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		hint = "the name of the server is not known here; check its spelling and this machine's DNS"
	}
	return fault.New(fault.Unavailable, "connect to "+at.url, "%w", err).WithHint("%s", hint)
}

// distrusted explains a failed handshake.
func distrusted(at address, err error) error {
	f := fault.New(fault.Unavailable, "encrypt the connection to "+at.url, "%w", err)
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return f.WithHint("set caFile to the authority that signed the server's certificate")
	}
	if host, ok := errors.AsType[x509.HostnameError](err); ok {
		return f.WithHint("the certificate is for %s; use that name in servers, or set serverName", host.Certificate.Subject)
	}
	if expired, ok := errors.AsType[x509.CertificateInvalidError](err); ok && expired.Reason == x509.Expired {
		return f.WithHint("the server's certificate is not valid now: renew it, or correct this machine's clock")
	}
	return f.WithHint("check that the port speaks TLS, and its certificate")
}

func (l *layout) login(ctx context.Context, c *wire.Conn, at address) error {
	var err error
	switch l.access.bind {
	case "simple":
		err = c.Bind(ctx, l.access.user, l.access.password.Reveal())
	case "external":
		err = c.External(ctx, "")
	case "kerberos":
		err = l.ticket(ctx, c, at)
	default:
		err = c.Bind(ctx, "", "")
	}
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if r, ok := errors.AsType[*wire.Refused](err); ok {
		v := judgeLogin(r)
		return &fault.Error{Op: "log in to the directory", Kind: v.kind, Hint: v.hint, Err: err}
	}
	return &fault.Error{Op: "log in to the directory", Kind: fault.Unavailable, Err: err, Hint: "the server ended the connection while logging in; look into its log"}
}

// link is a connection of a session, opened when it is needed and again when it was lost.
type link struct {
	conn *wire.Conn
	at   int // which server
}

func (k *link) close() {
	if k.conn != nil {
		k.conn.Close()
		k.conn = nil
	}
}

// open gives the link a connection, to the server it had last or to the next that answers.
func (k *link) open(ctx context.Context, l *layout) error {
	if k.conn != nil {
		if k.conn.Alive() {
			return nil
		}
		k.close()
	}
	var errs []error
	for n := range l.access.servers {
		at := (k.at + n) % len(l.access.servers)
		c, err := l.dial(ctx, l.access.servers[at])
		if err == nil {
			k.conn, k.at = c, at
			return nil
		}
		errs = append(errs, err)
		if fault.Is(err, fault.Unauthenticated) || ctx.Err() != nil {
			break // another server would say the same, and lock the account
		}
	}
	if err := ctx.Err(); err != nil && !errors.Is(errors.Join(errs...), err) {
		errs = append(errs, err)
	}
	if len(errs) == 1 {
		return errs[0]
	}
	last := errs[len(errs)-1]
	return &fault.Error{Kind: fault.KindOf(errs[0]), Hint: fault.HintOf(errs[0]), Err: fmt.Errorf("no server answers: %w", errors.Join(append(errs[:len(errs)-1:len(errs)-1], last)...))}
}
