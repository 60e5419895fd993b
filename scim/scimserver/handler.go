package scimserver

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// Handler answers SCIM requests over a Store. It is safe for concurrent use.
type Handler struct {
	config       Config
	store        Store
	baseSegments []string
	kinds        []*kind
	ids          *requestIDs
	limiter      *limiter
	cursors      *cursors
	replays      *replays
	async        *async
}

// New returns the handler. It never fails: what a Config leaves open has a safe default (no Authenticate: everything is refused).
// With Config.Async switched on, call Wait before the store is closed.
func New(config Config, store Store) *Handler {
	config = config.withDefaults()
	key := config.CursorKey
	if len(key) == 0 {
		key = []byte(rand.Text() + rand.Text())
	}
	h := &Handler{
		config: config, store: store,
		ids:     newRequestIDs(),
		limiter: newLimiter(config.Limits.Rate, config.Limits.Burst),
		cursors: newCursors(key, config.Limits.CursorAge),
		replays: newReplays(config.Limits.IdempotencyMax, config.Limits.IdempotencyAge),
		async:   newAsync(config.Async),
	}
	h.baseSegments = slices.DeleteFunc(strings.Split(config.Base, "/"), func(s string) bool { return s == "" })
	for _, rt := range config.Types {
		h.kinds = append(h.kinds, newKind(rt))
	}
	return h
}

// Wait waits until no asynchronous request is running, or ctx ends.
func (h *Handler) Wait(ctx context.Context) error { return h.async.wait(ctx) }

// kindNamed returns the resource type with that name, nil when there is none.
func (h *Handler) kindNamed(name string) *kind {
	for _, k := range h.kinds {
		if string(k.Name) == name {
			return k
		}
	}
	return nil
}

// call is one request on its way.
type call struct {
	h      *Handler
	ctx    context.Context // what the store is called with
	method string
	header http.Header
	route  route
	params params
	body   []byte
	caller Caller
	id     string // request id
	url    string // absolute base URL, without a trailing slash
	now    time.Time
	out    []byte // scratch for the answer's body
}

// answer is what a call came to. body may alias call.out.
type answer struct {
	status   int
	body     []byte // JSON; empty: no body
	version  string // ETag without quotes; "" = none
	location string
	allow    string
	retry    time.Duration
	txn      string // of an asynchronous request
	replayed bool   // remembered under an Idempotency-Key
	err      error  // for the log

	operations []outcome // of a Bulk request
}

// buffers holds the request and answer bodies of finished requests; large ones are left to the collector.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

const maxPooled = 256 << 10

func putBuffer(p *[]byte, used []byte) {
	if cap(used) <= maxPooled {
		*p = used[:0]
		buffers.Put(p)
	}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, in := buffers.Get().(*[]byte), buffers.Get().(*[]byte)
	c := &call{h: h, method: r.Method, header: r.Header, now: h.config.Now(), id: h.ids.of(r.Header), out: (*out)[:0], body: (*in)[:0]}
	path := r.URL.EscapedPath()
	limitBody(w, r, h.config.Limits.BodyTime)
	a := c.serve(w, r, &path)
	n := c.write(w, r, a)
	if h.config.Log != nil {
		h.config.Log(r.Context(), c.log(r, path, a, n))
	}
	if a.txn == "" { // an asynchronous request may still be reading them
		putBuffer(in, c.body)
		putBuffer(out, c.out)
	}
}

func (c *call) log(r *http.Request, path string, a answer, n int) RequestLog {
	l := RequestLog{
		ID: c.id, Method: r.Method, Path: path, Status: a.status, Bytes: n, Duration: c.h.config.Now().Sub(c.now),
		Caller: c.caller.ID, Tenant: c.caller.Tenant, Err: a.err,
	}
	if a.err != nil && r.Context().Err() != nil {
		l.Status = 499
	}
	return l
}

// serve answers a request; path is shortened to what is below the base. A panic is a failure of ours, and is answered as one.
func (c *call) serve(w http.ResponseWriter, r *http.Request, path *string) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			a = c.fail(fault.New(fault.Internal, "answer "+r.Method, "panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if err := c.admit(r, path); err != nil {
		return c.fail(err)
	}
	if r.Method == http.MethodOptions {
		return answer{status: http.StatusNoContent, allow: c.route.methods()}
	}
	if err := c.read(w, r); err != nil {
		return c.fail(err)
	}
	return c.answer()
}

// admit authenticates before anything else, then looks at rate, path and method.
func (c *call) admit(r *http.Request, path *string) error {
	prefix, rest, found := c.h.base(*path)
	c.namePlaceholders(r, prefix)
	if err := c.authenticate(r); err != nil {
		return err
	}
	if wait, ok := c.h.limiter.take(c.caller.Tenant, c.now); !ok {
		return &refusal{status: http.StatusTooManyRequests, detail: "too many requests; slow down", retry: wait}
	}
	c.url = c.h.config.URL
	if c.url == "" {
		c.url = origin(r) + prefix
	}
	if found {
		*path = rest
		c.route = c.h.find(rest)
	}
	if c.route.place == nowhere {
		return refuse(http.StatusNotFound, "", "there is nothing at this path")
	}
	if c.method == http.MethodHead {
		c.method = http.MethodGet
	}
	if c.method != http.MethodOptions && !c.route.allows(c.method) {
		return notAllowed(c.route.methods())
	}
	return nil
}

func (c *call) authenticate(r *http.Request) (err error) {
	token, ok := bearer(r.Header.Get("Authorization"))
	if !ok || c.h.config.Authenticate == nil {
		return fault.New(fault.Unauthenticated, "authenticate", "a bearer token is required").
			WithHint("send the endpoint's secret token in the Authorization header")
	}
	c.ctx, c.caller, err = c.h.config.Authenticate(r, token)
	return err
}

// namePlaceholders makes the segments that stand for {…} in the base known as path values.
func (c *call) namePlaceholders(r *http.Request, prefix string) {
	rest := prefix
	for _, want := range c.h.baseSegments {
		if rest == "" {
			return
		}
		var segment string
		segment, rest = cutSegment(rest[1:])
		if want[0] == '{' {
			r.SetPathValue(strings.Trim(want, "{}"), segment)
		}
	}
}

// origin derives scheme and host from the request.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// read takes the query and the body in.
func (c *call) read(w http.ResponseWriter, r *http.Request) (err error) {
	if r.URL.RawQuery != "" {
		if c.params, err = parseParams(r.URL.RawQuery); err != nil {
			return err
		}
	}
	if len(c.params.filter) > c.h.config.Limits.Filter {
		return refuse(http.StatusBadRequest, "invalidFilter", "the filter is longer than %d bytes", c.h.config.Limits.Filter)
	}
	if c.method == http.MethodGet || c.method == http.MethodDelete {
		return nil
	}
	if err = checkMedia(r.Header); err != nil {
		return err
	}
	if c.body, err = readBody(w, r, c.body, c.h.config.Limits.Body); err != nil {
		return err
	}
	if tooDeep(c.body, c.h.config.Limits.Depth) {
		return refuse(http.StatusBadRequest, "invalidSyntax", "the body nests deeper than %d levels", c.h.config.Limits.Depth)
	}
	return nil
}

// answer carries the request out: writes pass the idempotency memory and may become asynchronous.
func (c *call) answer() answer {
	if c.method == http.MethodGet || c.route.place == search || c.route.place == rootSearch {
		return c.perform()
	}
	return c.replayed(func() answer { return c.asynchronous(c.perform) })
}

// perform does what the request asks for.
func (c *call) perform() answer {
	a, err := c.dispatch()
	if err != nil {
		return c.fail(err)
	}
	return a
}

func (c *call) dispatch() (answer, error) {
	switch c.route.place {
	case resource:
		return c.onResource()
	case collection:
		if c.method == http.MethodPost {
			return c.create(c.route.k, c.body)
		}
		return c.list(c.route.k)
	case search, rootSearch:
		return c.search()
	case root:
		return c.listAll()
	case bulk:
		return c.bulk()
	case me:
		return c.me()
	case events:
		return c.event()
	}
	return c.discover()
}

func (c *call) onResource() (answer, error) {
	switch c.method {
	case http.MethodGet:
		return c.get(c.route.k, c.route.id)
	case http.MethodPut:
		return c.replace(c.route.k, c.route.id, c.body)
	case http.MethodPatch:
		return c.patch(c.route.k, c.route.id, c.body)
	}
	return c.remove(c.route.k, c.route.id)
}

// me answers for the person the token belongs to: 308 to its resource, 501 for an application (RFC 7644 §3.11).
func (c *call) me() (answer, error) {
	self := c.caller.Self
	k := c.h.kindNamed(string(self.Type))
	if c.h.config.Surface != InboundEndpoint || self.ID == "" || k == nil {
		return answer{}, refuse(http.StatusNotImplemented, "", "/Me is not supported for this token")
	}
	return answer{status: http.StatusPermanentRedirect, location: c.location(k, self.ID)}, nil
}

// fail turns an error into its answer.
func (c *call) fail(err error) answer {
	e, allow, retry := judge(err, c.id)
	return answer{status: e.Status, body: e.AppendJSON(c.out[:0]), allow: allow, retry: retry, err: err}
}
