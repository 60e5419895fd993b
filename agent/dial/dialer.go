package dial

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Limit is how long opening a connection may take, proxy and TLS included.
const Limit = 10 * time.Second

// Proxy is an HTTP proxy that tunnels with CONNECT.
type Proxy struct {
	URL          *url.URL // http://host:port, without credentials
	User         string   // for Basic authentication; "" for none
	PasswordFile string   // read at every dial, so that it can change while the agent runs
}

// Dialer opens connections to the service. The zero Dialer goes there directly. Names are resolved again at each dial.
type Dialer struct{ Proxy *Proxy }

// FromEnvironment returns a dialer for the service's address that follows HTTPS_PROXY and NO_PROXY.
func FromEnvironment(service *url.URL) (*Dialer, error) {
	u, err := http.ProxyFromEnvironment(&http.Request{URL: service})
	if err != nil {
		return nil, fault.New(fault.Invalid, "read proxy from environment", "HTTPS_PROXY is not a URL").WithHint("write it as http://host:port")
	}
	if u == nil {
		return &Dialer{}, nil
	}
	if u.User != nil {
		return nil, fault.New(fault.Invalid, "read proxy from environment", "HTTPS_PROXY holds credentials").
			WithHint("set proxy.url, proxy.user and proxy.passwordFile in the agent's configuration instead")
	}
	return &Dialer{Proxy: &Proxy{URL: u}}, nil
}

// Dial opens a connection to host:port. fault.Unavailable, with the hop that failed; Unauthenticated or Denied when the proxy says so.
func (d *Dialer) Dial(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	if d.Proxy == nil {
		return d.tcp(ctx, addr, "service", "check the address, DNS, and that the firewall lets this machine out to it")
	}
	c, err := d.tcp(ctx, d.Proxy.URL.Host, "proxy", "check proxy.url in the agent's configuration and that the proxy runs")
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	out, err := d.connect(c, addr)
	if err != nil {
		_ = c.Close()
		return nil, fault.Wrap(fault.Unavailable, "connect through proxy "+d.Proxy.URL.Host, err)
	}
	return out, nil
}

func (d *Dialer) tcp(ctx context.Context, addr, what, hint string) (net.Conn, error) {
	c, err := (&net.Dialer{KeepAlive: 10 * time.Second}).DialContext(ctx, "tcp", addr)
	if err == nil {
		return c, nil
	}
	stage := "connect to " + what
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		stage = "resolve the name of the " + what
	}
	return nil, fault.New(fault.Unavailable, stage, "%w", err).About(addr).WithHint("%s", hint)
}

// connect asks the proxy for a tunnel and returns it.
func (d *Dialer) connect(c net.Conn, addr string) (net.Conn, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", addr, addr)
	if d.Proxy.User != "" {
		password, err := os.ReadFile(d.Proxy.PasswordFile)
		if err != nil {
			return nil, fault.New(fault.Invalid, "read proxy password", "%w", err).WithHint("proxy.passwordFile must name a file this account can read")
		}
		b.WriteString("Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(d.Proxy.User+":"+strings.TrimRight(string(password), "\r\n"))) + "\r\n")
	}
	b.WriteString("\r\n")
	if _, err := io.WriteString(c, b.String()); err != nil {
		return nil, fault.New(fault.Unavailable, "ask proxy", "it hung up").WithHint("the proxy may not allow this machine; see its log")
	}
	r := bufio.NewReaderSize(c, 4096)
	resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect}) //nolint:bodyclose // what follows is the tunnel
	if err != nil {
		return nil, fault.New(fault.Unavailable, "ask proxy", "it did not answer as an HTTP proxy").
			WithHint("check that proxy.url names the proxy's port; it must be a plain HTTP proxy that allows CONNECT")
	}
	if resp.StatusCode == http.StatusOK {
		return tunneled(c, r), nil
	}
	return nil, d.refused(resp, addr)
}

// tunneled keeps bytes that came right behind the proxy's answer.
func tunneled(c net.Conn, r *bufio.Reader) net.Conn {
	if r.Buffered() == 0 {
		return c
	}
	return &bufferedConn{Conn: c, r: r}
}

type bufferedConn struct {
	net.Conn
	r *bufio.Reader
}

func (b *bufferedConn) Read(p []byte) (int, error) { return b.r.Read(p) }

// refused names what the proxy's answer means.
func (d *Dialer) refused(resp *http.Response, addr string) error {
	page := ""
	if strings.Contains(resp.Header.Get("Content-Type"), "html") {
		page = " with a web page"
	}
	f := fault.New(fault.Unavailable, "ask proxy", "it answered %s%s", resp.Status, page)
	switch code := resp.StatusCode; {
	case code == http.StatusProxyAuthRequired && d.Proxy.User == "":
		f.Kind = fault.Unauthenticated
		return f.WithHint("the proxy wants a user and password (%s): set proxy.user and proxy.passwordFile", schemes(resp))
	case code == http.StatusProxyAuthRequired:
		f.Kind = fault.Unauthenticated
		return f.WithHint("the proxy does not accept the password of user %q (it offers %s); correct the file named by proxy.passwordFile, no restart is needed", d.Proxy.User, schemes(resp))
	case code == http.StatusForbidden:
		f.Kind = fault.Denied
		return f.WithHint("the proxy must allow CONNECT to %s", addr)
	case code == http.StatusMethodNotAllowed || code == http.StatusNotImplemented || code == http.StatusBadRequest || code < 300:
		f.Kind = fault.Unsupported
		return f.WithHint("what answers at %s does not tunnel with CONNECT; it may be a web server or a portal", d.Proxy.URL.Host)
	case code >= 500:
		return f.WithHint("the proxy cannot reach %s itself: check its DNS and its way out", addr)
	case code < 400:
		return f.WithHint("it redirects, as portals with a sign-in page do; allow this machine past it")
	}
	return f.WithHint("see the proxy's log for why it refuses %s", addr)
}

func schemes(resp *http.Response) string {
	var out []string
	for _, v := range resp.Header.Values("Proxy-Authenticate") {
		name, _, _ := strings.Cut(v, " ")
		out = append(out, name)
	}
	if out == nil {
		return "no scheme named"
	}
	return strings.Join(out, ", ")
}

// DialTLS opens a connection and proves that the service is at its other end.
func (d *Dialer) DialTLS(ctx context.Context, addr string, t Trust) (*tls.Conn, error) {
	raw, err := d.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	conf, err := t.config(host)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	c := tls.Client(raw, conf)
	if err := c.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, Explain(err, host)
	}
	return c, nil
}
