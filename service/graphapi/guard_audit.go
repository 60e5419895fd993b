package graphapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/audit"
)

// witnessed carries out an act that changes something, and sees to it that the audit log tells of it: in the transaction of the act
// when the database is all it touches, else as an intent before and a result after.
func (a *API) witnessed(w http.ResponseWriter, r *http.Request, rt Route, c access.Caller, id string) error {
	e := audit.Entry{
		At: time.Now(), Subject: c.Subject, Name: c.Name, From: a.address().From(r), Action: rt.Pattern, Target: r.URL.Path, Request: id,
	}
	if err := decide(c, rt.Permission, appNamed(r, rt.Permission)); err != nil {
		e.Phase, e.Result, e.Reason = audit.Done, fault.KindOf(err).String(), err.Error()
		a.note(r, e)
		return err
	}
	ctx, act := audit.Begin(r.Context(), e, shown[rt.Pattern])
	r = r.WithContext(ctx)
	if before := a.snapshot(r, rt); before != nil {
		audit.Before(ctx, before)
	}
	intent := int64(0)
	if !oneTransaction(rt) {
		act.Hold()
		e.Phase = audit.Intent
		s, err := a.Audit.Append(ctx, e)
		if err != nil {
			return err // what cannot be noted is not done
		}
		intent = s.Seq
	}
	err := rt.Handle(w, r)
	a.settle(r, act, intent, err)
	return err
}

// oneTransaction reports whether all that the route does is in the database.
func oneTransaction(rt Route) bool {
	return (rt.Permission == access.WriteDirectory || rt.Permission == access.WriteAccess) && !strings.HasSuffix(rt.Pattern, "/import")
}

// settle writes what came of the act, unless its own transaction said so already.
func (a *API) settle(r *http.Request, act *audit.Act, intent int64, err error) {
	if err == nil {
		err = act.Failed()
	}
	written := act.Seq()
	if err == nil && written != 0 {
		return
	}
	e := act.Entry()
	if of := max(intent, written); of != 0 {
		e.Phase, e.Of = audit.Result, of
	}
	if err != nil {
		e.Result, e.Reason = fault.KindOf(err).String(), err.Error()
	}
	a.note(r, e)
}

// note appends an entry that no transaction waits for. The act is over, so a failure can only be told to the service's own log.
func (a *API) note(r *http.Request, e audit.Entry) {
	e.At = time.Now()
	if _, err := a.Audit.Append(r.Context(), e); err != nil {
		a.Logger.Error("the audit log could not be written", "action", e.Action, "target", e.Target, "subject", e.Subject, "result", e.Result, "error", err)
	}
}

// snapshot returns what the object is before it is replaced, changed or deleted: the answer of GET at the same place. nil when there is
// no such route, or nothing there.
func (a *API) snapshot(r *http.Request, rt Route) json.RawMessage {
	method, path, _ := strings.Cut(rt.Pattern, " ")
	if method == http.MethodPost {
		return nil
	}
	get, ok := a.reads[path]
	if !ok {
		return nil
	}
	ask := r.Clone(audit.Detach(r.Context()))
	ask.Method, ask.Body, ask.ContentLength, ask.URL.RawQuery = http.MethodGet, http.NoBody, 0, ""
	got := &recorder{header: http.Header{}}
	if err := get.Handle(got, ask); err != nil || got.status >= 300 || got.over || !json.Valid(got.body.Bytes()) {
		return nil
	}
	return json.RawMessage(bytes.TrimSpace(got.body.Bytes()))
}

// maxSnapshot bounds what is read of an object for the audit log, in bytes.
const maxSnapshot = 1 << 20

// recorder takes an answer that nobody is sent.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	over   bool // there was more than anybody keeps
}

func (w *recorder) Header() http.Header    { return w.header }
func (w *recorder) WriteHeader(status int) { w.status = status }

func (w *recorder) Write(b []byte) (int, error) {
	if w.body.Len()+len(b) > maxSnapshot {
		w.over = true
		return len(b), nil
	}
	return w.body.Write(b)
}
