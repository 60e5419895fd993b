package targets

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// LDAP is a directory server of our own on 127.0.0.1.
type LDAP struct {
	URL        string // ldap://127.0.0.1:port; StartTLS works on it
	Secure     string // ldaps://127.0.0.1:port
	Socket     string // ldapi:// with the path of a socket file; "" when there is none
	ServerName string // name in the certificate where it is not the one in Secure; "" = that one
	CA         string // file with the authority that signed the server's certificate
	Client     string // path of a client's certificate and key without .crt and .key; "" when none is taken
	Kerberos   string // krb5.conf for clients of the server's realm; "" when there is none
	Suffix     string // where everything stands
	Admin      string // DN of whoever may do everything
	Service    string // DN of an ordinary account with the rights that a connector needs
	Password   string // of both

	logFile string // what to show when it does not start; "" = its output
	dir     string
	temp    bool
	begin   func(l *LDAP) (*process, error)
	process *process
}

// Start starts the server again after Stop or Kill, on the same ports, and returns when it answers.
func (l *LDAP) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	p, err := l.begin(l)
	if err != nil {
		return err
	}
	l.process = p
	if err := poll(ctx, p.gone, l.ping); err != nil {
		p.end(os.Kill, time.Second)
		return fmt.Errorf("%w; log: %s", err, tail(cmp.Or(l.logFile, l.log())))
	}
	return nil
}

func (l *LDAP) log() string { return filepath.Join(l.dir, "server.log") }

// folder is what the keeper removes when this process is gone.
func (l *LDAP) folder() string {
	if l.temp {
		return l.dir
	}
	return ""
}

// Stop ends the server in order.
func (l *LDAP) Stop() { l.process.end(os.Interrupt, 20*time.Second) }

// Kill ends the server at once, as a crash would.
func (l *LDAP) Kill() { l.process.end(os.Kill, 5*time.Second) }

// Pause stops the server from answering without ending its connections; Resume lets it go on.
func (l *LDAP) Pause() error { return pause(l.process.cmd.Process, true) }

// Resume ends a Pause.
func (l *LDAP) Resume() error { return pause(l.process.cmd.Process, false) }

func (l *LDAP) ping(context.Context) error {
	c, err := l.Dial()
	if err != nil {
		return err
	}
	return c.Close()
}

// Dial opens a connection and logs in as Admin.
func (l *LDAP) Dial() (*ldap.Conn, error) {
	roots := x509.NewCertPool()
	if l.CA != "" {
		pem, err := os.ReadFile(l.CA)
		if err != nil {
			return nil, err
		}
		roots.AppendCertsFromPEM(pem)
	}
	c, err := ldap.DialURL(l.Secure, ldap.DialWithTLSConfig(&tls.Config{RootCAs: roots, ServerName: l.ServerName, MinVersion: tls.VersionTLS12}))
	if err != nil {
		return nil, err
	}
	c.SetTimeout(startTime)
	if err := c.Bind(l.Admin, l.Password); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

var containers atomic.Int64

// Container makes an empty place for one test, with the organizational units people and groups below it, and returns its DN.
func (l *LDAP) Container() (string, error) {
	c, err := l.Dial()
	if err != nil {
		return "", err
	}
	defer c.Close()
	name := fmt.Sprintf("test%d-%d", os.Getpid(), containers.Add(1))
	dn := "ou=" + name + "," + l.Suffix
	for _, at := range []string{dn, "ou=people," + dn, "ou=groups," + dn} {
		r := ldap.NewAddRequest(at, nil)
		r.Attribute("objectClass", []string{"organizationalUnit"})
		value, _, _ := strings.Cut(strings.TrimPrefix(at, "ou="), ",")
		r.Attribute("ou", []string{value})
		if err := c.Add(r); err != nil {
			return "", err
		}
	}
	return dn, nil
}
