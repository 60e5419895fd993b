package scimclient

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
)

// Stage is one step of a connection test.
type Stage struct {
	Name   string        // DNS, TCP, TLS, Authentication, Schemas, Filter
	Status string        // ok, failed, skipped
	Detail string        // what was seen
	Hint   string        // what to try next, when it failed
	Err    error         // the fault of a failed stage; nil otherwise
	Took   time.Duration // how long it took
}

// The names of the stages, in the order they run.
const (
	StageDNS     = "DNS"
	StageTCP     = "TCP"
	StageTLS     = "TLS"
	StageAuth    = "Authentication"
	StageSchemas = "Schemas"
	StageFilter  = "Filter"
)

// The outcomes of a stage.
const (
	OK      = "ok"
	Failed  = "failed"
	Skipped = "skipped"
)

// TestConnection tries, step by step, what a cycle needs: name, port, certificate, credential, schemas, and a search for
// somebody who cannot exist. It changes nothing at the target. After a failed stage the rest is skipped. The first three
// are skipped when requests go through agents or a proxy.
func (cl *Client) TestConnection(ctx context.Context) []Stage {
	t := &tester{cl: cl, ctx: ctx}
	t.network()
	t.stage(StageAuth, t.authenticate)
	t.stage(StageSchemas, t.schemas)
	t.stage(StageFilter, t.filter)
	return t.stages
}

type tester struct {
	cl     *Client
	ctx    context.Context
	stages []Stage
	failed bool
}

// stage runs one step unless an earlier one failed.
func (t *tester) stage(name string, run func(ctx context.Context) (string, error)) {
	s := Stage{Name: name, Status: Skipped, Detail: "an earlier stage failed"}
	if !t.failed {
		ctx, cancel := context.WithTimeout(t.ctx, t.cl.c.Timeout)
		defer cancel()
		begun := time.Now()
		detail, err := run(ctx)
		s.Status, s.Detail, s.Took = OK, detail, time.Since(begun)
		if err != nil {
			t.failed = true
			s.Status, s.Detail, s.Hint, s.Err = Failed, clip(unhinted(err).Error()), fault.HintOf(err), err
		}
	}
	t.stages = append(t.stages, s)
}

// unhinted is the fault without its hint, which a stage gives beside it.
func unhinted(err error) error {
	f, ok := err.(*fault.Error) //nolint:errorlint // of this very error, not of one below
	if !ok {
		return err
	}
	b := *f
	b.Hint, b.Err = "", unhinted(f.Err)
	return &b
}

func (t *tester) skip(why string, names ...string) {
	for _, name := range names {
		t.stages = append(t.stages, Stage{Name: name, Status: Skipped, Detail: why})
	}
}

// network tests name, port and certificate where the transport is a direct one.
func (t *tester) network() {
	direct, ok := t.cl.c.Transport.(*http.Transport)
	if !ok {
		t.skip("requests do not go out from here directly", StageDNS, StageTCP, StageTLS)
		return
	}
	if direct.Proxy != nil {
		if proxy, err := direct.Proxy(&http.Request{URL: &t.cl.base}); err == nil && proxy != nil {
			t.skip("requests go through the proxy "+proxy.Host, StageDNS, StageTCP, StageTLS)
			return
		}
	}
	host, port := t.cl.base.Hostname(), t.cl.base.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[t.cl.base.Scheme]
	}
	t.stage(StageDNS, func(ctx context.Context) (string, error) {
		addrs, err := net.DefaultResolver.LookupHost(ctx, host)
		return strings.Join(addrs, ", "), reach("resolve "+host, err)
	})
	t.stage(StageTCP, func(ctx context.Context) (string, error) { return dialTCP(ctx, net.JoinHostPort(host, port)) })
	if t.cl.base.Scheme != "https" {
		t.skip("the base URL is http: nothing is encrypted", StageTLS)
		return
	}
	t.stage(StageTLS, func(ctx context.Context) (string, error) {
		return dialTLS(ctx, net.JoinHostPort(host, port), host, direct.TLSClientConfig)
	})
}

func reach(op string, err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, op, "%w", err).WithHint("%s", reachHint(err))
}

func dialTCP(ctx context.Context, address string) (string, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", reach("connect to "+address, err)
	}
	defer conn.Close()
	return conn.RemoteAddr().String(), nil
}

func dialTLS(ctx context.Context, address, host string, base *tls.Config) (string, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if base != nil {
		cfg = base.Clone()
	}
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	conn, err := (&tls.Dialer{Config: cfg}).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", reach("speak TLS with "+address, err)
	}
	defer conn.Close()
	state := conn.(*tls.Conn).ConnectionState()
	leaf := state.PeerCertificates[0]
	return fmt.Sprintf("%s, certificate of %q until %s", tls.VersionName(state.Version), leaf.Subject.CommonName, leaf.NotAfter.UTC().Format(time.DateOnly)), nil
}

// authenticate makes the cheapest request that needs the credential.
func (t *tester) authenticate(ctx context.Context) (string, error) {
	rt, err := t.user(ctx)
	if err != nil {
		return "", err
	}
	a := ask{op: "sign in", method: http.MethodGet, path: rt.Endpoint, query: "startIndex=1&count=1"}
	r, err := t.cl.do(ctx, a)
	switch {
	case err != nil:
		return "", err
	case isPage(r):
		return "", odd(&a, fault.Unavailable, ErrNotSCIM, r)
	case r.status == http.StatusBadRequest && wantsTLS(r):
		return "", refusal(&a, r)
	case r.status == http.StatusBadRequest || r.status == http.StatusNotImplemented:
		return "accepted; the server does not list without a filter", nil // the credential was looked at before
	case r.status != http.StatusOK:
		return "", refusal(&a, r)
	}
	return "accepted", nil
}

// user returns the type that the test asks for: users where there are any.
func (t *tester) user(ctx context.Context) (*scim.ResourceType, error) {
	rt, _, err := t.cl.typ(ctx, entry.User)
	return rt, err
}

// schemas reads /Schemas; a server without is no failure, one that answers nonsense is.
func (t *tester) schemas(ctx context.Context) (string, error) {
	a := ask{op: "read the schemas", method: http.MethodGet, path: "/Schemas"}
	r, err := t.cl.do(ctx, a)
	switch {
	case err != nil:
		return "", err
	case r.status == http.StatusNotFound || r.status == http.StatusNotImplemented:
		return "not published; the RFC's schemas are assumed", nil
	case r.status != http.StatusOK:
		return "", refusal(&a, r)
	}
	list, err := scim.ReadSchemas(r.body)
	if err != nil {
		return "", odd(&a, fault.Unavailable, notSCIM(err), r)
	}
	return strconv.Itoa(len(list)) + " schemas", nil
}

// filter searches for a random name, which must give an empty list.
func (t *tester) filter(ctx context.Context) (string, error) {
	rt, err := t.user(ctx)
	if err != nil {
		return "", err
	}
	name := "sallyport-test-" + strings.ToLower(rand.Text())
	found, err := t.cl.Find(ctx, entry.User, searched(rt), name)
	switch {
	case err != nil:
		return "", err
	case len(found) > 0:
		return "", fault.New(fault.Internal, "search for nobody", "%w", ErrUnsatisfied).
			WithHint("the application ignores the filter; it cannot be used for matching")
	}
	return "a search for nobody finds nobody", nil
}

// searched names the attribute by which the search looks: userName, or the first text that the type has where there is none, as with
// the columns of a connector host.
func searched(rt *scim.ResourceType) string {
	if name, ok := rt.Canonical("userName"); ok {
		return name
	}
	for _, s := range append([]scim.Schema{rt.Core}, rt.Extensions...) {
		for _, a := range s.Attributes {
			if name, ok := rt.Canonical(s.ID + ":" + a.Name); ok && !a.MultiValued && (a.Type == "" || a.Type == scim.String) {
				return name
			}
		}
	}
	return "id"
}
