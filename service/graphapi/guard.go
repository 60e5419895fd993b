package graphapi

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
)

// guard authenticates, checks the role, and turns an error into an answer.
func (a *API) guard(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := requestID()
		w.Header().Set("request-id", id)
		if c := r.Header.Get("client-request-id"); c != "" && len(c) <= 64 {
			w.Header().Set("client-request-id", c)
		}
		w.Header().Set("OData-Version", "4.0")
		err := a.admit(w, r, rt, id)
		if err == nil {
			return
		}
		if k := fault.KindOf(err); k == fault.Internal {
			a.Logger.Error("request failed", "request", id, "method", r.Method, "path", r.URL.Path, "error", err)
		}
		writeError(w, id, err)
	})
}

func (a *API) admit(w http.ResponseWriter, r *http.Request, rt Route, id string) error {
	c, err := a.authenticate(r)
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sallyport"`)
		return err
	}
	r = r.WithContext(access.With(r.Context(), c))
	if err := a.callers.take(string(c.Tenant) + "/" + c.Subject); err != nil {
		return err
	}
	if err := a.nameApp(r); err != nil {
		return err
	}
	if err := precondition(r); err != nil {
		return err
	}
	if a.Audit != nil && rt.Permission.Changes() {
		return a.witnessed(w, r, rt, c, id)
	}
	if err := decide(c, rt.Permission, appNamed(r, rt.Permission)); err != nil {
		return err
	}
	return rt.Handle(w, r)
}

// appNamed returns the application that the request is about, "" when it is about none. The provisioning log is of one when the query
// says so.
func appNamed(r *http.Request, p access.Permission) string {
	if app := r.PathValue("app"); app != "" || p != access.ReadLogs {
		return app
	}
	return r.URL.Query().Get("job")
}

// decide says why the caller may not; nil when it may.
func decide(c access.Caller, p access.Permission, app string) error {
	switch {
	case c.Has(access.Source):
		return fault.New(fault.Denied, "", "the credential %q belongs to a source, which may only fill the directory over SCIM", c.Name).
			WithHint("use an administrator's credential here")
	case !c.May(p, app):
		return fault.New(fault.Denied, "", "%q lacks the permission %s", c.Name, p).
			WithHint("an administrator grants roles with 'sallyport access grant'; 'sallyport whoami' shows yours")
	}
	return nil
}

// authenticate finds who sends the request.
func (a *API) authenticate(r *http.Request) (access.Caller, error) {
	scheme, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || credential == "" {
		return access.Caller{}, fault.New(fault.Unauthenticated, "", "this needs a bearer credential").
			WithHint("the administrator secret was printed at the service's first start; 'sallyport login' keeps it for the command line")
	}
	return a.Callers.Authenticate(r.Context(), strings.TrimSpace(credential))
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says crypto/rand
	return hex.EncodeToString(b[:])
}
