package gateway

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/tunnel"
)

// Group is an http.RoundTripper to an application behind the wall. Of a request's URL only path and query travel, relative to the address the
// agents have configured for the resource; scheme and host are not looked at.
type Group struct {
	g        *Gateway
	tenant   tenant.ID
	group    string
	resource string
}

// maxTries bounds how many agents one request is given to.
const maxTries = 4

// KeyHeader carries the idempotency key. A caller sets it only when what answers behind the agents remembers keys: then the request may be
// sent again after an unknown outcome.
const KeyHeader = "Idempotency-Key"

// RoundTrip sends the request to one agent of the group after another, as far as that is safe, and returns the first response. Errors are
// faults: Unavailable when nothing took effect, Timeout when that is unknown. Like any RoundTripper it closes the request's body; the
// caller closes the response's.
func (g *Group) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), g.g.c.RequestTimeout)
	t := &trip{Group: g, r: r, cancel: cancel}
	resp, err := t.run(ctx)
	if err != nil {
		cancel()
		t.closeBody()
		return nil, err
	}
	return resp, nil
}

// trip is one request on its way through the group.
type trip struct {
	*Group
	r      *http.Request
	cancel context.CancelFunc
	body   io.ReadCloser // what the current try reads from
	req    *tunnel.Request
	tried  []*member // presences, not names: an agent that left and came back may be asked again
	unsure bool      // a write may have taken effect at an agent that went away
}

func (t *trip) run(ctx context.Context) (*http.Response, error) {
	t.body = t.r.Body
	if err := t.build(); err != nil {
		return nil, err
	}
	key := groupKey{t.tenant, t.group}
	var last error
	for range maxTries {
		l, err := t.g.pool.acquire(ctx, key, t.resource, t.tried)
		if err != nil {
			return nil, t.verdict(last, err)
		}
		resp, d, err := t.g.caller.Do(ctx, l.addr, t.req)
		if err == nil {
			return t.accept(resp, l), nil
		}
		t.g.pool.free(l, blame(ctx, d, err))
		t.tried = append(t.tried, l.member)
		last = err
		t.unsure = t.unsure || !t.read() && (d == tunnel.Unknown || fault.Is(err, fault.Timeout) && d == tunnel.Answered)
		if ctx.Err() != nil || !t.again(d, err) || !t.rewind() {
			break
		}
	}
	return nil, t.verdict(last, nil)
}

// build turns the HTTP request into one of the tunnel.
func (t *trip) build() error {
	t.req = &tunnel.Request{
		Resource: t.resource, Method: t.method(), Target: t.r.URL.RequestURI(), Header: tunnel.PickRequest(t.r.Header),
		Key: t.r.Header.Get(KeyHeader), Length: t.r.ContentLength,
	}
	t.req.Hold = !t.read() && t.req.Key == ""
	return t.load()
}

func (t *trip) method() string {
	if t.r.Method == "" {
		return http.MethodGet
	}
	return t.r.Method
}

// load reads the first piece of the body.
func (t *trip) load() error {
	t.req.Body = tunnel.Body{}
	if t.body == nil || t.body == http.NoBody {
		t.req.Length = 0
		return nil
	}
	length := t.r.ContentLength
	if length == 0 {
		length = -1 // net/http: a body and no length means unknown
	}
	prefix, whole, err := tunnel.ReadPrefix(t.body, length)
	if err != nil {
		return fault.New(fault.Invalid, "read request body", "%w", err)
	}
	t.req.Length = length
	t.req.Body.Prefix = prefix
	if whole {
		t.req.Length = int64(len(prefix))
		t.closeBody()
		return nil
	}
	t.req.Body.Rest = &onceCloser{ReadCloser: t.body}
	return nil
}

// rewind makes the body ready for another try; false when part of it is gone for good.
func (t *trip) rewind() bool {
	if t.req.Body.Rest == nil {
		return true
	}
	if t.r.GetBody == nil {
		return false
	}
	t.closeBody()
	body, err := t.r.GetBody()
	if err != nil {
		return false
	}
	t.body = body
	return t.load() == nil
}

func (t *trip) closeBody() {
	if t.req != nil && t.req.Body.Rest != nil {
		_ = t.req.Body.Close()
	} else if t.body != nil {
		_ = t.body.Close()
		t.body = nil
	}
}

// read reports whether the request only reads.
func (t *trip) read() bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, t.req.Method)
}

// again reports whether another agent may be given the request without harm: it was provably not started, or took no effect, or reads, or
// carries a key that makes its second effect the first one.
func (t *trip) again(d tunnel.Delivery, err error) bool {
	kind := fault.KindOf(err)
	switch d {
	case tunnel.Refused:
		return kind != fault.Invalid
	case tunnel.Unknown:
		return t.read() || t.req.Key != ""
	}
	return kind == fault.Unavailable
}

// blame is what the agent's breaker hears: silence and refusals count against it, what the application said does not.
func blame(ctx context.Context, d tunnel.Delivery, err error) error {
	if d == tunnel.Answered || ctx.Err() != nil || fault.Is(err, fault.Throttled) {
		return nil //nolint:nilerr // see above
	}
	return err
}

// verdict is the fault to return. last came from an agent, choice from looking for one; either may be nil.
func (t *trip) verdict(last, choice error) error {
	err := last
	if err == nil {
		err = choice
	}
	out := fault.Error{
		Op: "ask " + t.resource + " through agent group " + t.group, Kind: fault.KindOf(err),
		Hint: cmp.Or(fault.HintOf(err), fault.HintOf(choice)), RetryAfter: fault.RetryAfterOf(err), Err: err,
	}
	if t.unsure {
		out.Kind = fault.Timeout
		out.Hint = "the change may have been made; look for the object before repeating it"
	}
	if f, ok := err.(*fault.Error); ok { //nolint:errorlint // only the outermost: its hint is told once
		bare := *f
		bare.Hint = ""
		out.Err = &bare
	}
	return &out
}

// accept makes an HTTP response. The agent's place stays taken until the body is closed.
func (t *trip) accept(resp *tunnel.Response, l lease) *http.Response {
	h := make(http.Header, len(resp.Header))
	for _, f := range resp.Header {
		h[f.Name] = []string{f.Value}
	}
	out := &http.Response{
		Status: strconv.Itoa(resp.Status) + " " + http.StatusText(resp.Status), StatusCode: resp.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, ContentLength: resp.Length, Request: t.r,
	}
	if resp.Body.Rest == nil {
		t.g.pool.free(l, nil)
		t.cancel()
		if t.req.Method != http.MethodHead {
			out.ContentLength = int64(len(resp.Body.Prefix))
		}
		out.Body = io.NopCloser(bytes.NewReader(resp.Body.Prefix))
		return out
	}
	out.Body = &answerBody{Reader: resp.Body.Reader(), close: func() {
		_ = resp.Body.Close()
		t.g.pool.free(l, nil)
		t.cancel()
	}}
	return out
}

// answerBody is a response body that arrives in chunks.
type answerBody struct {
	io.Reader
	once  sync.Once
	close func()
}

func (b *answerBody) Close() error {
	b.once.Do(b.close)
	return nil
}

// onceCloser closes once, from whichever side is first.
type onceCloser struct {
	io.ReadCloser
	once sync.Once
}

func (c *onceCloser) Close() (err error) {
	c.once.Do(func() { err = c.ReadCloser.Close() })
	return err
}
