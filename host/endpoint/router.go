package endpoint

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host"
	"github.com/sallyport-id/sallyport/scim"
)

const prefix = "/ecma2host_"

// base is the path of a connector's endpoint.
func base(name string) string { return prefix + url.PathEscape(name) + "/scim" }

// router finds the connector by the path. Names are case sensitive.
type router struct{ h *Host }

// Handler returns the handler of all connectors, /healthz and /readyz.
func (h *Host) Handler() http.Handler { return &router{h} }

// ServeHTTP implements http.Handler.
func (ro *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz":
		answerText(w, http.StatusOK, "ok\n")
		return
	case "/readyz":
		ro.readiness(w)
		return
	}
	name, rest, ok := split(r.URL.EscapedPath())
	u := ro.h.unit(name)
	if !ok || u == nil {
		answerError(w, fault.New(fault.NotFound, "", "there is no connector at this path").
			WithHint("the URL is https://HOST:PORT/ecma2host_NAME/scim with the connector's name in its exact spelling"))
		return
	}
	u.serve(w, withPath(r, base(name)+rest), rest)
}

// split takes /ecma2host_NAME/scim/REST apart; name is decoded, rest is as escaped as it came.
func split(path string) (name, rest string, ok bool) {
	path, ok = strings.CutPrefix(path, prefix)
	if !ok {
		return "", "", false
	}
	segment, rest, ok := strings.Cut(path, "/scim")
	if !ok || strings.Contains(segment, "/") || rest != "" && rest[0] != '/' {
		return "", "", false
	}
	name, err := url.PathUnescape(segment)
	return name, rest, err == nil && name != ""
}

// withPath gives the request the escaped path in our own spelling, if a client escaped the connector's name in another way.
func withPath(r *http.Request, escaped string) *http.Request {
	if r.URL.EscapedPath() == escaped {
		return r
	}
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return r
	}
	out, u := *r, *r.URL
	u.Path, u.RawPath = path, escaped
	out.URL = &u
	return &out
}

// readiness says whether every connector can answer. It names none, for nobody has to sign in here.
func (ro *router) readiness(w http.ResponseWriter) {
	ready := 0
	for _, u := range ro.h.units {
		if u.isReady() {
			ready++
		}
	}
	status := http.StatusOK
	if ready < len(ro.h.units) {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "5")
	}
	answerText(w, status, strconv.Itoa(ready)+" of "+strconv.Itoa(len(ro.h.units))+" connectors ready\n")
}

func answerText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the client may have gone
}

// answerError answers what the SCIM handler of a connector does not see.
func answerError(w http.ResponseWriter, err error) {
	e := scim.ErrorOf(err)
	w.Header().Set("Content-Type", "application/scim+json")
	w.Header().Set("Cache-Control", "no-store")
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if wait := fault.RetryAfterOf(err); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds()+0.999)))
	}
	w.WriteHeader(e.Status)
	_, _ = w.Write(e.AppendJSON(nil)) // the client may have gone
}

// serve answers one request for the connector.
func (u *unit) serve(w http.ResponseWriter, r *http.Request, rest string) {
	life := u.life.Load()
	if life != nil && rest != "/cache" && rest != "/status" {
		if r.Method == http.MethodPut {
			r = r.WithContext(host.Whole(r.Context()))
		}
		life.handler.ServeHTTP(w, r)
		return
	}
	if err := u.authenticate(r); err != nil {
		answerError(w, err)
		return
	}
	switch {
	case life == nil:
		answerError(w, u.starting())
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		answerError(w, scim.Refuse(http.StatusMethodNotAllowed, "", "this can only be read"))
	case rest == "/status":
		answerStatus(w, life.status(u.x.Name))
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if err := life.coordinator.Dump(w); err != nil {
			u.log.Debug("cache not dumped", "event", "host.dump.failed", "error", err)
		}
	}
}

// authenticate does what the SCIM handler does, for what it does not answer.
func (u *unit) authenticate(r *http.Request) error {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	_, _, err := u.tokens.Authenticate(r, strings.TrimSpace(token))
	return err
}
