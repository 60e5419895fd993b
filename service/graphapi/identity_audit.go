package graphapi

import (
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/audit"
)

// auditRoutes read the log of administrative acts. Nothing writes it but the acts themselves.
func (a *API) auditRoutes() []Route {
	if a.Audit == nil {
		return nil
	}
	const at = ownRoot + "/audit"
	return []Route{
		{"GET " + at, access.ReadAudit, a.listAudit},
		{"GET " + at + "/export", access.ReadAudit, a.exportAudit},
		{"GET " + at + "/key", access.ReadAudit, a.auditKey},
	}
}

// listAudit answers with the newest entries: ?subject= exactly, ?text= within action or target, ?since=, ?before=, ?limit=.
func (a *API) listAudit(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	limit, err := number(v.Get("limit"), 100, 1000)
	if err != nil {
		return err
	}
	before, err := number(v.Get("before"), 0, 1<<53)
	if err != nil {
		return err
	}
	q := audit.Query{Subject: v.Get("subject"), Text: v.Get("text"), Before: int64(before), Limit: limit}
	if s := v.Get("since"); s != "" {
		if q.Since, err = time.Parse(time.RFC3339, s); err != nil {
			return fault.New(fault.Invalid, "read the audit log", "since %q is not a time like 2026-01-31T08:00:00Z", clip(s))
		}
	}
	es, err := a.Audit.Find(r.Context(), q)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": append([]audit.Entry{}, es...)})
	return nil
}

// exportAudit answers with the log as JSON lines that 'sallyport audit verify' checks without the service; ?after= leaves out what an
// older export holds.
func (a *API) exportAudit(w http.ResponseWriter, r *http.Request) error {
	after, err := number(r.URL.Query().Get("after"), 0, 1<<53)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	if err := a.Audit.Export(r.Context(), w, int64(after)); err != nil {
		a.Logger.Error("the audit log could not be exported", "error", err) // the verifier sees that the end is missing
	}
	return nil
}

func (a *API) auditKey(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, map[string]string{"key": audit.KeyText(a.Audit.Signer.Public())})
	return nil
}
