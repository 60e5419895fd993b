package gldap

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/sallyport-id/sallyport/host/connector"
)

// access says where the servers are and how to get in.
type access struct {
	servers  []address
	startTLS bool
	tls      *tls.Config
	bind     string
	user     string
	password connector.Secret
	kerberos kerberos
}

// address is one server.
type address struct {
	url     string
	network string // tcp or unix
	target  string // host:port or path
	host    string // name in the certificate; "" for a socket file
	secure  bool   // encrypted from the first byte
}

func (r *reader) access() access {
	a := access{startTLS: r.choice("tls") == "starttls", bind: r.choice("bind"), user: r.text("user"), password: r.config.Secrets["password"]}
	for _, line := range r.lines("servers") {
		a.servers = append(a.servers, r.address(line))
	}
	if len(a.servers) == 0 {
		r.fail("servers", "there is no server")
	}
	a.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: r.text("serverName")}
	if file := r.text("caFile"); file != "" {
		a.tls.RootCAs = r.authorities(file)
	}
	r.clientCertificate(a.tls)
	a.kerberos = r.kerberos(a)
	switch {
	case a.bind == "simple" && a.user == "":
		r.fail("user", "logging in with bind: simple needs a user")
	case a.bind == "simple" && a.password.IsZero():
		r.fail("password", "logging in with bind: simple needs a password: a directory takes an empty one for nobody")
	}
	return a
}

func (r *reader) address(line string) address {
	text := line
	if !strings.Contains(text, "://") {
		text = "ldap://" + text
	}
	if path, ok := strings.CutPrefix(text, "ldapi://"); ok {
		path, err := url.PathUnescape(path)
		if err != nil || path == "" {
			r.fail("servers", "%q has no path of a socket file", line)
		}
		return address{url: line, network: "unix", target: path}
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "ldap" && u.Scheme != "ldaps" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		r.fail("servers", "%q is not ldaps://host:port, ldap://host:port or ldapi:///path", line)
		return address{}
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"ldap": "389", "ldaps": "636"}[u.Scheme]
	}
	return address{url: line, network: "tcp", target: net.JoinHostPort(u.Hostname(), port), host: u.Hostname(), secure: u.Scheme == "ldaps"}
}

func (r *reader) authorities(file string) *x509.CertPool {
	pem, err := os.ReadFile(file)
	if err != nil {
		r.fail("caFile", "%w", err)
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		r.fail("caFile", "%s holds no PEM certificate", file)
	}
	return pool
}

func (r *reader) clientCertificate(c *tls.Config) {
	cert, key := r.text("clientCertificate"), r.text("clientKey")
	if cert == "" && key == "" {
		return
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		r.fail("clientCertificate", "%w", err)
		return
	}
	c.Certificates = []tls.Certificate{pair}
}
