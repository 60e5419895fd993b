package relay

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

// Relay is the tunnel's handler at the agent. It is safe for concurrent use.
type Relay struct {
	targets map[string]*target
	memory  *memory
}

// New checks the applications by name. fault.Invalid names the application that cannot be.
func New(applications map[string]Application) (*Relay, error) {
	r := &Relay{targets: make(map[string]*target, len(applications)), memory: newMemory(time.Now)}
	var bad []error
	for _, name := range slices.Sorted(maps.Keys(applications)) {
		t, err := open(name, applications[name])
		if err != nil {
			bad = append(bad, err)
			continue
		}
		r.targets[name] = t
	}
	return r, errors.Join(bad...)
}

// Resources returns the names of the applications, sorted.
func (r *Relay) Resources() []string { return slices.Sorted(maps.Keys(r.targets)) }

// Close ends the connections that are kept for reuse.
func (r *Relay) Close() {
	for _, t := range r.targets {
		t.client.CloseIdleConnections()
	}
}

// Serve carries one request out.
func (r *Relay) Serve(ctx context.Context, in *tunnel.Request) (*tunnel.Response, error) {
	t := r.targets[in.Resource]
	if t == nil {
		return nil, fault.New(fault.NotFound, "relay request", "this agent's configuration has no application %q", in.Resource).
			WithHint("add it to applications in the agent's configuration")
	}
	if !slices.Contains(t.methods, in.Method) {
		return nil, fault.New(fault.Denied, "relay request", "method %q is not allowed for this application", in.Method).About(t.name).
			WithHint("methods in the agent's configuration decides")
	}
	if in.Key == "" {
		return t.do(ctx, in)
	}
	return r.memory.once(ctx, in, func() (*tunnel.Response, error) { return t.do(ctx, in) })
}

// do sends the request to the application and returns its answer unread.
func (t *target) do(ctx context.Context, in *tunnel.Request) (*tunnel.Response, error) {
	req, err := t.request(ctx, in)
	if err != nil {
		return nil, fault.Wrap(fault.Denied, "relay request", err)
	}
	resp, err := t.client.RoundTrip(req)
	if err != nil {
		return nil, t.failed(ctx, in.Method, err)
	}
	if redirects(resp.StatusCode) {
		_ = resp.Body.Close()
		return nil, fault.New(fault.Denied, "relay request", "the application answered %s, a redirect", resp.Status).About(t.name).
			WithHint("the agent follows no redirects; write the final address in the application's url")
	}
	return &tunnel.Response{
		Status: resp.StatusCode, Header: tunnel.PickResponse(resp.Header), Length: resp.ContentLength, Body: tunnel.Body{Rest: resp.Body},
	}, nil
}

func redirects(status int) bool {
	return slices.Contains([]int{301, 302, 303, 307, 308}, status)
}

func (t *target) request(ctx context.Context, in *tunnel.Request) (*http.Request, error) {
	u, err := join(t.base, in.Target)
	if err != nil {
		return nil, err
	}
	req := &http.Request{
		Method: in.Method, URL: u, Host: t.base.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, len(in.Header)+1), ContentLength: in.Length,
	}
	for _, f := range in.Header {
		req.Header[f.Name] = []string{f.Value}
	}
	if in.Key != "" {
		req.Header["Idempotency-Key"] = []string{in.Key}
	}
	if in.Length != 0 {
		req.Body = io.NopCloser(in.Body.Reader())
		if in.Body.Rest == nil { // lets a connection that turns out dead before a byte was written be replaced
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(in.Body.Reader()), nil }
		}
	}
	return req.WithContext(ctx), nil
}

// failed says what is known after an error. Faults come from our dialer: nothing was sent. After that a read did no harm, and of a write
// nobody knows.
func (t *target) failed(ctx context.Context, method string, err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok && ctx.Err() == nil {
		return f
	}
	f := fault.New(fault.Unavailable, "relay request", "%w", cmp.Or(context.Cause(ctx), err)).About(t.name)
	if ctx.Err() != nil || (method != http.MethodGet && method != http.MethodHead) {
		f.Kind = fault.Timeout
	}
	return f
}
