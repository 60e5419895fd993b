package dial

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

// Service is where the service is and how one gets there.
type Service struct {
	URL    *url.URL // https://host[:port][/prefix]
	Dialer *Dialer
	Trust  func() Trust // asked at every dial
}

// ParseURL reads the service's address.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.New(fault.Invalid, "read service address", "%q is not an https URL", text).WithHint("write it as https://host or https://host:port")
	}
	return u, nil
}

// Addr returns host:port.
func (s *Service) Addr() string {
	if s.URL.Port() == "" {
		return net.JoinHostPort(s.URL.Hostname(), "443")
	}
	return s.URL.Host
}

// path returns a path of the service below its prefix.
func (s *Service) path(p string) string { return strings.TrimSuffix(s.URL.Path, "/") + p }

// Post sends JSON to a path of the service and reads JSON. A refusal becomes the fault the service named.
func (s *Service) Post(ctx context.Context, op, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fault.Wrap(fault.Internal, op, err)
	}
	client := &http.Client{Timeout: 3 * Limit, Transport: s.transport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+s.URL.Host+s.path(path), bytes.NewReader(body))
	if err != nil {
		return fault.Wrap(fault.Invalid, op, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return fault.Wrap(fault.Unavailable, op, err)
	}
	defer func() { _ = resp.Body.Close() }()
	return decode(resp, op, out)
}

func (s *Service) transport() *http.Transport {
	return &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: 2 * Limit, DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return s.Dialer.DialTLS(ctx, s.Addr(), s.Trust())
	}}
}

func decode(resp *http.Response, op string, out any) error {
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fault.Wrap(fault.Unavailable, op, err)
	}
	if resp.StatusCode < 300 && json.Unmarshal(data, out) == nil {
		return nil
	}
	var p tunnel.Problem
	if json.Unmarshal(data, &p) == nil && p.Kind != "" {
		f := p.Fault(op)
		if wait, err := time.ParseDuration(resp.Header.Get("Retry-After") + "s"); err == nil {
			f.RetryAfter = wait
		}
		return f
	}
	kind := fault.OfStatus(resp.StatusCode)
	if kind == 0 {
		kind = fault.Unsupported
	}
	return fault.New(kind, op, "the answer was %s and not of this service", resp.Status).WithHint("check that the address is the service's own and that nothing in between answers for it")
}
