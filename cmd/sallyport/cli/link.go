package cli

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

// link says how to reach the service, from flags or from the profile.
type link struct {
	service, tokenFile, caFile string
}

// profile is what 'sallyport login' keeps, in a file only its owner can read.
type profile struct {
	Service string `json:"service"`
	Token   string `json:"token"`
	CA      string `json:"ca,omitempty"` // PEM to trust beside the system's

	Expires      time.Time `json:"expires,omitzero"` // of an access token
	ClientID     string    `json:"clientId,omitempty"`
	ClientSecret string    `json:"clientSecret,omitempty"` // with it a new token is got when the last has expired
}

// linkFlags gives a command the flags to reach a service.
func (e *env) linkFlags(c *cobra.Command) {
	f := c.PersistentFlags()
	f.StringVar(&e.profile, "profile", os.Getenv("SALLYPORT_PROFILE"), "profile file kept by 'sallyport login' (or environment SALLYPORT_PROFILE)")
	f.StringVar(&e.link.service, "service", "", "URL of the service, instead of the profile's")
	f.StringVar(&e.link.tokenFile, "token-file", "", "file with the bearer secret, instead of the profile's")
	f.StringVar(&e.link.caFile, "ca", "", "PEM file with the service's certificate or its authority, instead of the profile's")
}

func (e *env) profilePath() (string, error) {
	if e.profile != "" {
		return e.profile, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fault.New(fault.Invalid, "find the profile", "%w", err).WithHint("name it with --profile")
	}
	return filepath.Join(dir, "sallyport", "profile.json"), nil
}

// load reads the profile and lets the flags override it.
func (e *env) load() (profile, error) {
	var p profile
	path, err := e.profilePath()
	if err != nil {
		return p, err
	}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if e.link.service == "" {
			return p, fault.New(fault.Unauthenticated, "find the service", "there is no profile at %s", path).
				WithHint("run 'sallyport login --service https://HOST:PORT --ca FILE' once")
		}
	case err != nil:
		return p, fault.Wrap(fault.Invalid, "read the profile", err)
	default:
		if err := json.Unmarshal(text, &p); err != nil {
			return p, fault.New(fault.Invalid, "read the profile", "%w", err).About(path)
		}
	}
	return e.override(p)
}

func (e *env) override(p profile) (profile, error) {
	if e.link.service != "" {
		p.Service = e.link.service
	}
	for file, field := range map[string]*string{e.link.tokenFile: &p.Token, e.link.caFile: &p.CA} {
		if file == "" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return p, fault.Wrap(fault.Invalid, "read a file", err)
		}
		*field = strings.TrimSpace(string(text))
	}
	return p, nil
}

func (e *env) save(p profile) (string, error) {
	path, err := e.profilePath()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fault.Wrap(fault.Internal, "keep the profile", err)
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return "", fault.Wrap(fault.Internal, "keep the profile", err)
	}
	return path, fault.Wrap(fault.Internal, "keep the profile", atomicfile.Write(path, append(text, '\n'), 0o600))
}

// client speaks to the service's API.
type client struct {
	profile
	http *http.Client
}

func (e *env) client() (*client, error) {
	p, err := e.load()
	if err != nil {
		return nil, err
	}
	if p.stale() && e.link.tokenFile == "" {
		if p, err = e.refresh(p); err != nil {
			return nil, err
		}
	}
	return newClient(p)
}

// refresh gets a new token for a profile of a client, and keeps it if it can: the next command gets another otherwise.
func (e *env) refresh(p profile) (profile, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	p, err := p.renew(ctx)
	if err == nil && e.link.service == "" && e.link.caFile == "" {
		_, _ = e.save(p)
	}
	return p, err
}

func newClient(p profile) (*client, error) {
	u, err := url.Parse(p.Service)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fault.New(fault.Invalid, "find the service", "%q is not a URL like https://host:8443", p.Service)
	}
	p.Service = strings.TrimSuffix(p.Service, "/")
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.CA != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM([]byte(p.CA)) {
			return nil, fault.New(fault.Invalid, "trust the service", "the CA is not a PEM certificate")
		}
		cfg.RootCAs = pool
	}
	tr := &http.Transport{TLSClientConfig: cfg, Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext}
	return &client{profile: p, http: &http.Client{Transport: tr}}, nil
}

// do sends a request and returns the answer when it is a success. in is nil, an io.Reader, or a value sent as JSON.
func (c *client) do(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	switch v := in.(type) {
	case nil:
	case io.Reader:
		body = v
	default:
		text, err := json.Marshal(v)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, "write the request", err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Service+path, body)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "write the request", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(c.Service, err)
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		return nil, refusal(resp)
	}
	return resp, nil
}

// call is do with the answer read as JSON into out, which may be nil.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	resp, err := c.do(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fault.New(fault.Internal, "read the service's answer", "%w", err)
	}
	return nil
}

// stream reads an answer of JSON lines, one at a time.
func (c *client) stream(ctx context.Context, method, path string, in any, each func(json.RawMessage) error) error {
	resp, err := c.do(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	dec := json.NewDecoder(resp.Body)
	for {
		var line json.RawMessage
		if err := dec.Decode(&line); err == io.EOF {
			return nil
		} else if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fault.New(fault.Unavailable, "read the service's answer", "%w", err)
		}
		if err := each(line); err != nil {
			return err
		}
	}
}

func unreachable(service string, err error) error {
	f := fault.New(fault.Unavailable, "reach the service at", "%w", err).About(service)
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &unknown):
		return f.WithHint("its certificate is not trusted here: give the service's tls.crt with --ca")
	case errors.As(err, &name):
		return f.WithHint("its certificate is for another name: use one of its names in the URL")
	}
	return f.WithHint("is it running? 'sallyport up' and 'sallyport service' print their address")
}

// refusal turns an error answer into the fault it stands for.
func refusal(resp *http.Response) error {
	var b struct {
		Error struct {
			Code, Message string
		}
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	kind := fault.OfStatus(resp.StatusCode)
	if json.Unmarshal(text, &b) != nil || b.Error.Message == "" {
		return fault.New(kind, "", "the service answered %s", resp.Status)
	}
	for _, k := range fault.Kinds() {
		if k.Door().Graph == b.Error.Code {
			kind = k
		}
	}
	return fault.New(kind, "", "%s", b.Error.Message)
}

// print writes v as JSON with --json, else calls plain.
func (e *env) print(v any, plain func()) error {
	if !e.json {
		plain()
		return nil
	}
	enc := json.NewEncoder(e.out)
	enc.SetEscapeHTML(false)
	return fault.Wrap(fault.Internal, "print", enc.Encode(v))
}

func (e *env) say(format string, args ...any) { fmt.Fprintf(e.out, format+"\n", args...) }
