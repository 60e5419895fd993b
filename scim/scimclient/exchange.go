package scimclient

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

const mediaType = "application/scim+json"

var (
	jsonHeader  = []string{mediaType}
	writeAccept = []string{mediaType + ", application/json;q=0.9"}
)

// ask is one request to make.
type ask struct {
	op      string // in words, for errors
	method  string
	path    string // below the base, not escaped: "/Users", "/Users/2819c"
	id      string // last path element, not escaped; "" = none
	query   string // escaped
	body    []byte
	key     string // idempotency key
	ifMatch string
}

func (a *ask) reads() bool { return a.method == http.MethodGet }

// reply is an answer read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// do sends the request and returns the answer of any status. Reads, and writes that were not sent, are repeated; a
// refused token is renewed once.
func (cl *Client) do(ctx context.Context, a ask) (reply, error) {
	renewed := false
	for try := 0; ; try++ {
		r, token, err := cl.once(ctx, &a)
		switch {
		case err == nil && r.status == http.StatusUnauthorized && !renewed && cl.refused(token):
			renewed = true // it was not carried out: sending it again is safe
			continue
		case err == nil && !(a.reads() && passing(r.status)):
			return r, nil
		case err != nil && !repeatable(err):
			return r, err
		}
		if try >= cl.c.Retries || !pause(ctx, try, retryAfter(r.header)) {
			return r, plain(err)
		}
	}
}

// passing are the statuses that may be gone in a moment.
func passing(status int) bool {
	return status == 429 || status == 502 || status == 503 || status == 504
}

// unsent marks a failure after which the request may be sent again.
type unsent struct{ error }

func (u unsent) Unwrap() error { return u.error }

func repeatable(err error) bool {
	_, ok := errors.AsType[unsent](err)
	return ok
}

// plain takes the mark off.
func plain(err error) error {
	if u, ok := errors.AsType[unsent](err); ok {
		return u.error
	}
	return err
}

func (cl *Client) refused(token string) bool {
	return cl.c.Token != nil && token != "" && cl.c.Token.Refused(token)
}

// once sends the request one time.
func (cl *Client) once(ctx context.Context, a *ask) (reply, string, error) {
	token := ""
	if cl.c.Token != nil {
		var err error
		if token, err = cl.c.Token.Token(ctx); err != nil {
			return reply{}, "", fault.Wrap(fault.Unauthenticated, a.op, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, cl.c.Timeout)
	defer cancel()
	w := &wire{}
	resp, err := cl.c.Transport.RoundTrip(cl.request(ctx, a, token, w))
	if err != nil {
		return reply{}, token, lost(ctx, a, w, err)
	}
	defer resp.Body.Close()
	body, err := readAll(resp, cl.c.AnswerLimit)
	if err != nil {
		w.wrote.Store(true)
		return reply{}, token, lost(ctx, a, w, err)
	}
	return reply{resp.StatusCode, resp.Header, body}, token, nil
}

// request builds the HTTP request. GetBody stays nil, so that net/http never sends a write again on its own.
func (cl *Client) request(ctx context.Context, a *ask, token string, w *wire) *http.Request {
	req := &http.Request{
		Method: a.method, URL: cl.url(a), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: cl.base.Host,
		Header: http.Header{"Accept": writeAccept, "User-Agent": cl.agent, "X-Request-Id": {requestID()}},
	}
	if token != "" {
		req.Header["Authorization"] = []string{"Bearer " + token}
	}
	if a.body != nil {
		req.Header["Content-Type"] = jsonHeader
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(a.body)), int64(len(a.body))
	}
	if a.key != "" {
		req.Header["Idempotency-Key"] = []string{a.key}
	}
	if a.ifMatch != "" {
		req.Header["If-Match"] = []string{a.ifMatch}
	}
	if !a.reads() {
		ctx = httptrace.WithClientTrace(ctx, w.trace())
	}
	return req.WithContext(ctx)
}

func requestID() string {
	var b [16]byte
	for i := 0; i < 16; i += 8 {
		n := rand.Uint64()
		for j := range 8 {
			b[i+j] = byte(n >> (8 * j))
		}
	}
	return hex.EncodeToString(b[:])
}

func (cl *Client) url(a *ask) *url.URL {
	u := cl.base
	escaped := u.EscapedPath() + a.path
	u.Path += a.path
	if a.id != "" {
		u.Path += "/" + a.id
		escaped += "/" + url.PathEscape(a.id)
	}
	u.RawPath = ""
	if u.EscapedPath() != escaped {
		u.RawPath = escaped
	}
	u.RawQuery = a.query
	if cl.query != "" {
		u.RawQuery = strings.TrimSuffix(cl.query+"&"+a.query, "&")
	}
	return &u
}

// wire watches whether a request left.
type wire struct {
	conn  atomic.Bool // a connection was at hand
	wrote atomic.Bool // something may have been written
}

func (w *wire) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { w.conn.Store(true) },
		WroteHeaders: func() { w.wrote.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { w.wrote.Store(true) },
	}
}

// sent reports whether a write may have arrived. A transport that gives no trace may always have sent it.
func (w *wire) sent() bool { return w.wrote.Load() || !w.conn.Load() }

// lost makes the fault for a request without an answer. A transport's own fault keeps its kind.
func lost(ctx context.Context, a *ask, w *wire, err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		err = fault.Wrap(f.Kind, a.op, err)
		if a.reads() && (f.Kind == fault.Unavailable || f.Kind == fault.Timeout) && ctx.Err() == nil {
			return unsent{err}
		}
		return err
	}
	if a.reads() && errors.Is(err, errTooLarge) {
		return fault.New(fault.Unsupported, a.op, "%w", err).WithHint("ask for smaller pages, or raise the limit of one answer")
	}
	late := errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil
	switch {
	case !a.reads() && w.sent():
		return fault.New(fault.Timeout, a.op, "the request was sent but no answer came: %w", bare(err)).
			WithHint("whether it took effect is unknown; it is matched again before anything else")
	case a.reads() && late:
		return fault.New(fault.Timeout, a.op, "no answer in time: %w", bare(err)).WithHint("the endpoint is slow; raise the timeout if that is usual")
	}
	return unsent{fault.New(fault.Unavailable, a.op, "the endpoint cannot be reached: %w", bare(err)).WithHint("%s", reachHint(err))}
}

// bare takes the URL, which may hold personal data, off an error.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

var errTooLarge = errors.New("the answer is too large")

func readAll(resp *http.Response, limit int64) ([]byte, error) {
	if n := resp.ContentLength; n >= 0 && n <= min(limit, 1<<20) {
		body := make([]byte, n)
		_, err := io.ReadFull(resp.Body, body)
		return body, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = fmt.Errorf("%w: more than %d bytes", errTooLarge, limit)
	}
	return body, err
}

// maxPause is the longest wait inside one call; a server that asks for more gets its way through fault.RetryAfter.
const maxPause = 3 * time.Second

// pause waits before the next try; false when it is not worth it or ctx has ended.
func pause(ctx context.Context, try int, asked time.Duration) bool {
	if asked > maxPause {
		return false
	}
	d := asked
	if d == 0 {
		d = 100 * time.Millisecond << try
		d += rand.N(d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
