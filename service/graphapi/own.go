package graphapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/audit"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/secrets"
)

// whoAmI is how a caller sees itself.
type whoAmI struct {
	Name    string        `json:"name"`
	Subject string        `json:"subject"`
	Tenant  tenant.ID     `json:"tenant"`
	Roles   []access.Role `json:"roles"`
	Apps    []string      `json:"apps,omitempty"` // applications it owns
}

func (a *API) whoami(w http.ResponseWriter, r *http.Request) error {
	c := access.From(r.Context())
	writeJSON(w, http.StatusOK, whoAmI{c.Name, c.Subject, c.Tenant, c.Roles, c.Apps})
	return nil
}

// importPeople reads people.csv from the body and answers with JSON lines: {"lines","bytes"} while it works, then {"report"} or
// {"error"}. The status is 200 as soon as work has begun; what went wrong is in the last line.
func (a *API) importPeople(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Connection", "close") // net/http loses count of a connection whose body was read while it was answered
	lines := newLines(w)
	_ = lines.ctrl.EnableFullDuplex() // progress is written while the body is still being read
	report, err := directory.Import(r.Context(), a.Directory, http.MaxBytesReader(w, r.Body, a.MaxImport), func(n int, bytes int64) {
		lines.write(map[string]any{"lines": n, "bytes": bytes})
	})
	last := map[string]any{"report": report}
	if err != nil {
		audit.Fail(r.Context(), err)
		last["error"] = err.Error()
		last["kind"] = fault.KindOf(err).String()
	}
	lines.write(last)
	return nil
}

// lines writes JSON lines and flushes each.
type lines struct {
	enc  *json.Encoder
	ctrl *http.ResponseController
}

func newLines(w http.ResponseWriter) *lines {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &lines{enc: enc, ctrl: http.NewResponseController(w)}
}

func (l *lines) write(v any) {
	_ = l.enc.Encode(v) // a client that has gone is noticed by the request's context
	_ = l.ctrl.Flush()
}

func (a *API) listApps(w http.ResponseWriter, r *http.Request) error {
	apps, err := a.Apps.List(r.Context())
	if err != nil {
		return err
	}
	out := make([]map[string]any, 0, len(apps))
	for _, ap := range apps {
		st, err := a.Jobs.Status(r.Context(), ap.ID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		out = append(out, map[string]any{"id": ap.ID, "name": ap.Name, "version": ap.Version, "status": ownCode(st)})
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": out})
	return nil
}

func (a *API) getApp(w http.ResponseWriter, r *http.Request) error {
	ap, err := a.Apps.Get(r.Context(), app.ID(r.PathValue("app")))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"id": ap.ID, "version": ap.Version, "file": string(ap.Format())})
	return nil
}

type putApp struct {
	File   string `json:"file"`   // the application file's text
	Name   string `json:"name"`   // its name, for messages
	Bearer string `json:"bearer"` // the target's bearer secret; "" keeps the one stored
	CA     string `json:"ca"`     // PEM to trust; "" keeps the one stored
}

func (a *API) putApp(w http.ResponseWriter, r *http.Request) error {
	var b putApp
	if err := decodeUnseen(w, r, &b); err != nil {
		return err
	}
	ap, err := app.Parse(b.Name, []byte(b.File))
	if err != nil {
		return err
	}
	if string(ap.ID) != r.PathValue("app") {
		return fault.New(fault.Invalid, "apply", "the file is of application %q, the path names %q", ap.ID, r.PathValue("app"))
	}
	if _, err := plan.Compile(ap); err != nil {
		return err
	}
	audit.After(r.Context(), b)
	if err := a.keepSecrets(r, ap.ID, b); err != nil {
		return err
	}
	if err := a.refreshPairs(r.Context(), ap); err != nil {
		return err
	}
	ap, err = a.Apps.Put(r.Context(), ap)
	if err != nil {
		return err
	}
	if err := a.Jobs.Put(r.Context(), ap); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"id": ap.ID, "version": ap.Version})
	return nil
}

func (a *API) keepSecrets(r *http.Request, id app.ID, b putApp) error {
	for name, value := range map[string]string{secrets.Bearer: b.Bearer, secrets.CA: b.CA} {
		if value == "" {
			continue
		}
		if err := a.Secrets.Put(r.Context(), string(id), name, []byte(value)); err != nil {
			return err
		}
	}
	return nil
}

func (a *API) deleteApp(w http.ResponseWriter, r *http.Request) error {
	id := app.ID(r.PathValue("app"))
	if _, err := a.Apps.Get(r.Context(), id); err != nil {
		return err
	}
	reg, err := a.registration(r.Context(), string(id))
	if err != nil {
		return err
	}
	if err := a.remove(r.Context(), reg); err != nil {
		return err
	}
	return noContent(w)
}

func (a *API) jobStatus(w http.ResponseWriter, r *http.Request) error {
	st, err := a.Jobs.Status(r.Context(), cycle.JobID(r.PathValue("app")))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, st)
	return nil
}

func (a *API) listEscrows(w http.ResponseWriter, r *http.Request) error {
	id := cycle.JobID(r.PathValue("app"))
	if _, err := a.Apps.Get(r.Context(), id); err != nil {
		return err
	}
	out := []cycle.Escrow{}
	for e, err := range a.Escrows.Escrows(r.Context(), id, time.Time{}) {
		if err != nil {
			return err
		}
		out = append(out, e)
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": out})
	return nil
}

// Explanation is what explain answers: the plan for one object, in words and in edits.
type Explanation struct {
	Source  journal.Identity `json:"source"`
	Target  journal.Identity `json:"target"`
	Verb    plan.Verb        `json:"verb"`
	Code    string           `json:"code"`
	Reason  string           `json:"reason"`
	Hint    string           `json:"hint,omitempty"`
	Steps   []plan.Step      `json:"steps"`
	Changes []journal.Change `json:"changes"`
	Failed  bool             `json:"failed"`
	Escrow  *cycle.Escrow    `json:"escrow,omitempty"`
}

func (a *API) explain(w http.ResponseWriter, r *http.Request) error {
	t := entry.User
	if strings.EqualFold(r.URL.Query().Get("type"), string(entry.Group)) {
		t = entry.Group
	}
	id, job := r.PathValue("id"), cycle.JobID(r.PathValue("app"))
	if e, err := a.find(r.Context(), t, id); err == nil {
		id = e.ID
	} else if d, derr := a.deleted(r); derr == nil {
		id = d.ID
	} else {
		return err
	}
	p, perr := a.Jobs.Explain(r.Context(), job, t, id)
	if perr != nil && p.Source.ID == "" {
		return perr
	}
	x := Explanation{
		Source: journal.Identity{ID: id, Type: string(t), Name: cycle.NameOf(p)},
		Target: journal.Identity{ID: p.Link.Target, Type: string(p.Type)},
		Verb:   p.Verb, Code: p.Code, Reason: p.Reason, Hint: fault.AdviceOf(perr), Steps: p.Steps,
		Changes: cycle.ChangesOf(p), Failed: perr != nil,
	}
	if perr != nil {
		x.Code = plan.CodeOf(perr)
	}
	for e, err := range a.Escrows.Escrows(r.Context(), job, time.Time{}) {
		if err != nil {
			return err
		}
		if e.Source == id {
			x.Escrow = &e
			break
		}
	}
	writeJSON(w, http.StatusOK, x)
	return nil
}

// readJournal answers with JSON lines, one record each; with follow=true it goes on until the client leaves.
func (a *API) readJournal(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	limit, err := number(q.Get("limit"), 100, 10_000)
	if err != nil {
		return err
	}
	jq := journal.Query{Job: q.Get("job"), User: q.Get("user"), Status: q.Get("status"), After: q.Get("after"), Limit: limit, Newest: q.Get("newest") == "true"}
	if s := q.Get("since"); s != "" {
		if jq.Since, err = time.Parse(time.RFC3339, s); err != nil {
			return fault.New(fault.Invalid, "read the journal", "since %q is not a time like 2026-01-31T08:00:00Z", s)
		}
	}
	if q.Get("follow") != "true" {
		rs, err := a.Journal.Find(r.Context(), jq)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		l := newLines(w)
		for _, rec := range rs {
			_ = l.enc.Encode(rec)
		}
		return nil
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	l := newLines(w)
	_ = l.ctrl.Flush()
	for rec, err := range a.Journal.Follow(r.Context(), jq) {
		if err != nil {
			if r.Context().Err() == nil {
				a.Logger.Error("follow the journal", "error", err)
			}
			return nil
		}
		l.write(rec)
	}
	return nil
}

type agentJSON struct {
	ID       agents.ID `json:"id"`
	Name     string    `json:"machineName"`
	Group    string    `json:"group"`
	Status   string    `json:"status"` // active, inactive, revoked
	Version  string    `json:"version"`
	Enrolled time.Time `json:"enrolled"`
}

func (a *API) listAgents(w http.ResponseWriter, r *http.Request) error {
	all, err := a.Agents.List(r.Context())
	if err != nil {
		return err
	}
	here := a.Gate.Connected(r.Context())
	out := make([]agentJSON, 0, len(all))
	for _, ag := range all {
		j := agentJSON{ID: ag.ID, Name: ag.Name, Group: ag.Group, Status: "inactive", Version: ag.Version, Enrolled: ag.Enrolled}
		if v, ok := here[ag.ID]; ok {
			j.Status, j.Version = "active", v
		}
		if !ag.Revoked.IsZero() {
			j.Status = "revoked"
		}
		out = append(out, j)
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": out})
	return nil
}

type tokenBody struct {
	Group   string `json:"group"`
	Minutes int    `json:"minutes"` // life, 1 to 15; 0 means the longest
}

func (a *API) makeJoinToken(w http.ResponseWriter, r *http.Request) error {
	var b tokenBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	text, expires, err := a.Gate.MakeToken(r.Context(), b.Group, time.Duration(b.Minutes)*time.Minute)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, map[string]any{"token": text, "group": b.Group, "expires": expires})
	return nil
}

func (a *API) revokeAgent(w http.ResponseWriter, r *http.Request) error {
	id := agents.ID(r.PathValue("id"))
	_, err := a.Agents.Get(r.Context(), id)
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "", "there is no agent %q", clip(string(id))).WithHint("list them with 'sallyport agents list'")
	}
	if err == nil {
		err = a.Gate.Revoke(r.Context(), id)
	}
	return orNoContent(w, err)
}
