package graphapi

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/review"
)

// Reviews makes plans that wait for approval, and has them carried out.
type Reviews interface {
	Create(ctx context.Context, a app.ID, by string, life time.Duration) (review.Plan, error)
	Undo(ctx context.Context, run string, o review.UndoOptions, by string) (review.Plan, error)
	Apply(ctx context.Context, id review.ID, by string) (review.Plan, error)
	Discard(ctx context.Context, id review.ID) (review.Plan, error)
	ReviewReader
}

// ReviewReader shows plans.
type ReviewReader interface {
	Show(ctx context.Context, id review.ID) (review.Summary, error)
	List(ctx context.Context, a app.ID) ([]review.Plan, error)
	Find(ctx context.Context, id review.ID, q review.Query) ([]review.Row, error)
	Diff(ctx context.Context, a, b review.ID) iter.Seq2[review.Difference, error]
	Replay(ctx context.Context, candidate app.App, since, until time.Time) iter.Seq2[review.Replayed, error]
}

func (a *API) reviewRoutes() []Route {
	const (
		plans = ownRoot + "/apps/{app}/plans"
		one   = plans + "/{plan}"
	)
	return []Route{
		{"GET " + ownRoot + "/plans", access.ReadApps, a.listPlans},
		{"GET " + plans, access.ReadApps, a.listPlans},
		{"POST " + plans, access.RunJobs, a.createPlan},
		{"GET " + one, access.ReadApps, a.showPlan},
		{"GET " + one + "/rows", access.ReadApps, a.planRows},
		{"GET " + one + "/diff/{other}", access.ReadApps, a.diffPlans},
		{"POST " + one + "/apply", access.RunJobs, a.applyPlan},
		{"POST " + one + "/discard", access.RunJobs, a.discardPlan},
		{"POST " + ownRoot + "/undo", access.RunJobs, a.undo},
		{"POST " + ownRoot + "/apps/{app}/undo", access.RunJobs, a.undo},
		{"POST " + ownRoot + "/apps/{app}/replay", access.ReadApps, a.replay},
	}
}

// caller is in whose name something is ordered.
func caller(r *http.Request) string { return access.From(r.Context()).Name }

func (a *API) reviewed() (Reviews, error) {
	if a.Reviews == nil {
		return nil, fault.New(fault.Unsupported, "", "this service keeps no plans")
	}
	return a.Reviews, nil
}

// planID reads the plan of a path and makes sure that it belongs to the path's application.
func planID(r *http.Request, name string) (review.ID, error) {
	id, err := review.ParseID(r.PathValue(name))
	if err == nil && string(id.App) != r.PathValue("app") {
		err = fault.New(fault.NotFound, "find plan "+id.String(), "it is not of application %q", r.PathValue("app"))
	}
	return id, err
}

func (a *API) listPlans(w http.ResponseWriter, r *http.Request) error {
	v, err := a.reviewed()
	if err != nil {
		return err
	}
	if id := r.PathValue("app"); id != "" {
		if _, err := a.Apps.Get(r.Context(), app.ID(id)); err != nil {
			return err
		}
	}
	all, err := v.List(r.Context(), app.ID(r.PathValue("app")))
	if err != nil {
		return err
	}
	if all == nil {
		all = []review.Plan{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": all})
	return nil
}

// planBody is what a new plan is made with.
type planBody struct {
	Life app.Duration `json:"life"` // how long it waits for approval, such as 24h; default 7 days
}

func (a *API) createPlan(w http.ResponseWriter, r *http.Request) error {
	v, err := a.reviewed()
	if err != nil {
		return err
	}
	var b planBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	p, err := v.Create(r.Context(), app.ID(r.PathValue("app")), caller(r), time.Duration(b.Life))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, p)
	return nil
}

func (a *API) showPlan(w http.ResponseWriter, r *http.Request) error {
	v, err := a.reviewed()
	if err != nil {
		return err
	}
	id, err := planID(r, "plan")
	if err != nil {
		return err
	}
	s, err := v.Show(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, s)
	return nil
}

// planRows answers with a page of rows; after is the seq of the last one seen.
func (a *API) planRows(w http.ResponseWriter, r *http.Request) error {
	v, err := a.reviewed()
	if err != nil {
		return err
	}
	id, err := planID(r, "plan")
	if err != nil {
		return err
	}
	q, err := rowQuery(r.URL.Query())
	if err != nil {
		return err
	}
	rows, err := v.Find(r.Context(), id, q)
	if err != nil {
		return err
	}
	if rows == nil {
		rows = []review.Row{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": rows})
	return nil
}

func rowQuery(v url.Values) (review.Query, error) {
	q := review.Query{Verb: plan.Verb(v.Get("verb")), Outcome: review.Outcome(v.Get("outcome")), User: v.Get("user")}
	var err error
	if q.Limit, err = pageSize(v.Get("limit")); err != nil {
		return q, err
	}
	if s := v.Get("after"); s != "" {
		if q.After, err = strconv.ParseInt(s, 10, 64); err != nil {
			return q, fault.New(fault.Invalid, "read a plan", "after %q is not the number of a row", s)
		}
	}
	return q, nil
}

// pageSize reads a limit of 1 to 1000; 100 unless given.
func pageSize(s string) (int, error) {
	if s == "" {
		return 100, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1000 {
		return 0, fault.New(fault.Invalid, "read a page", "limit %q is not a number from 1 to 1000", s)
	}
	return n, nil
}

// diffPlans answers with JSON lines, one for each object that the two plans treat differently.
func (a *API) diffPlans(w http.ResponseWriter, r *http.Request) error {
	v, err := a.reviewed()
	if err != nil {
		return err
	}
	ids := [2]review.ID{}
	for i, name := range []string{"plan", "other"} {
		if ids[i], err = planID(r, name); err != nil {
			return err
		}
		if _, err := v.Show(r.Context(), ids[i]); err != nil {
			return err
		}
	}
	return streamed(w, v.Diff(r.Context(), ids[0], ids[1]))
}

func (a *API) applyPlan(w http.ResponseWriter, r *http.Request) error {
	v, err := a.reviewed()
	if err != nil {
		return err
	}
	id, err := planID(r, "plan")
	if err != nil {
		return err
	}
	p, err := v.Apply(r.Context(), id, caller(r))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, p)
	return nil
}

func (a *API) discardPlan(w http.ResponseWriter, r *http.Request) error {
	v, err := a.reviewed()
	if err != nil {
		return err
	}
	id, err := planID(r, "plan")
	if err != nil {
		return err
	}
	p, err := v.Discard(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, p)
	return nil
}

// undoBody says what is to be taken back.
type undoBody struct {
	Run     string         `json:"run"` // id of a cycle, of a record, or of a plan
	Created review.Created `json:"created"`
	Force   bool           `json:"force"`
}

func (a *API) undo(w http.ResponseWriter, r *http.Request) error {
	v, err := a.reviewed()
	if err != nil {
		return err
	}
	var b undoBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	if b.Run == "" {
		return fault.New(fault.Invalid, "undo", "run is missing").WithHint("give the id of a cycle, of a record of the journal, or of an applied plan")
	}
	p, err := v.Undo(r.Context(), b.Run, review.UndoOptions{Created: b.Created, Force: b.Force, App: app.ID(r.PathValue("app"))}, caller(r))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, p)
	return nil
}

// replayBody names the other rules, and the span of time.
type replayBody struct {
	File  string    `json:"file"` // the application file with the other rules
	Name  string    `json:"name"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until"` // default now
}

// replay answers with JSON lines, one for each object looked at in the span.
func (a *API) replay(w http.ResponseWriter, r *http.Request) error {
	v, err := a.reviewed()
	if err != nil {
		return err
	}
	var b replayBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	c, err := a.candidate(r, b.Name, b.File)
	if err != nil {
		return err
	}
	if b.Since.IsZero() {
		return fault.New(fault.Invalid, "replay", "since is missing").WithHint("give the time from which on changes are replayed")
	}
	if b.Until.IsZero() {
		b.Until = time.Now()
	}
	return streamed(w, v.Replay(r.Context(), c, b.Since, b.Until))
}

// candidate reads an application file that is not applied; without one it is the application as it stands.
func (a *API) candidate(r *http.Request, name, file string) (app.App, error) {
	id := app.ID(r.PathValue("app"))
	have, err := a.Apps.Get(r.Context(), id)
	if err != nil || file == "" {
		return have, err
	}
	c, err := app.Parse(name, []byte(file))
	if err != nil {
		return c, err
	}
	if c.ID != id {
		return c, fault.New(fault.Invalid, "read the application", "the file is of application %q, the path names %q", c.ID, id)
	}
	_, err = plan.Compile(c)
	c.Target = have.Target // whoever may only look must not send what the service knows to a place of his own
	return c, err
}

// streamed answers with JSON lines. What goes wrong before the first line is an answer of its own; later it is the last line, {"error": …}.
func streamed[T any](w http.ResponseWriter, seq iter.Seq2[T, error]) error {
	var l *lines
	begin := func() {
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.WriteHeader(http.StatusOK)
		l = newLines(w)
	}
	n := 0
	for v, err := range seq {
		if err != nil && l == nil {
			return err
		}
		if err != nil {
			l.write(map[string]string{"error": err.Error(), "kind": fault.KindOf(err).String()})
			return nil
		}
		if l == nil {
			begin()
		}
		if n++; n%256 == 0 {
			l.write(v)
			continue
		}
		_ = l.enc.Encode(v) // a client that has gone is noticed by the request's context
	}
	if l == nil {
		begin()
	}
	_ = l.ctrl.Flush()
	return nil
}
