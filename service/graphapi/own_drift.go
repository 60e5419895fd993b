package graphapi

import (
	"context"
	"iter"
	"net/http"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/drift"
	"github.com/sallyport-id/sallyport/service/review"
)

// Drift finds what was changed in targets by hand.
type Drift interface {
	Check(ctx context.Context, id app.ID) (drift.Report, error)
	Last(ctx context.Context, id app.ID) (drift.Report, error)
	Findings(ctx context.Context, id app.ID, q drift.Query) ([]drift.Finding, error)
	Discover(ctx context.Context, a app.App) iter.Seq2[drift.Discovered, error]
	DriftDecider
}

// DriftDecider does something about it.
type DriftDecider interface {
	Repair(ctx context.Context, id app.ID, user, by string) (review.Plan, error)
	Accept(ctx context.Context, id app.ID, user string, all bool, by string) (int, error)
}

func (a *API) driftRoutes() []Route {
	const root = ownRoot + "/apps/{app}"
	return []Route{
		{"GET " + root + "/drift", access.ReadApps, a.lastDrift},
		{"GET " + root + "/drift/findings", access.ReadApps, a.driftFindings},
		{"POST " + root + "/drift/check", access.RunJobs, a.checkDrift},
		{"POST " + root + "/drift/repair", access.RunJobs, a.repairDrift},
		{"POST " + root + "/drift/accept", access.RunJobs, a.acceptDrift},
		{"POST " + root + "/discover", access.ReadApps, a.discoverApp},
	}
}

// drifting returns the watch and the application of the path.
func (a *API) drifting(r *http.Request) (Drift, app.ID, error) {
	if a.Drift == nil {
		return nil, "", fault.New(fault.Unsupported, "", "this service does not look for drift")
	}
	ap, err := a.Apps.Get(r.Context(), app.ID(r.PathValue("app")))
	return a.Drift, ap.ID, err
}

func (a *API) lastDrift(w http.ResponseWriter, r *http.Request) error {
	d, id, err := a.drifting(r)
	if err != nil {
		return err
	}
	rep, err := d.Last(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, rep)
	return nil
}

func (a *API) checkDrift(w http.ResponseWriter, r *http.Request) error {
	d, id, err := a.drifting(r)
	if err != nil {
		return err
	}
	rep, err := d.Check(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, rep)
	return nil
}

// driftFindings answers with a page of findings; type, target and attribute of the last one seen go on after it.
func (a *API) driftFindings(w http.ResponseWriter, r *http.Request) error {
	d, id, err := a.drifting(r)
	if err != nil {
		return err
	}
	v := r.URL.Query()
	limit, err := pageSize(v.Get("limit"))
	if err != nil {
		return err
	}
	fs, err := d.Findings(r.Context(), id, drift.Query{
		What: drift.What(v.Get("what")), State: drift.State(v.Get("state")), User: v.Get("user"), Limit: limit,
		After: drift.Key{Type: v.Get("afterType"), Target: v.Get("afterTarget"), Attr: v.Get("afterAttribute")},
	})
	if err != nil {
		return err
	}
	if fs == nil {
		fs = []drift.Finding{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": fs})
	return nil
}

// decision says whom a repair or an acceptance is about.
type decision struct {
	User string `json:"user"` // empty: everybody
	All  bool   `json:"all"`  // accept removed objects and orphans too
}

func (a *API) repairDrift(w http.ResponseWriter, r *http.Request) error {
	d, id, err := a.drifting(r)
	if err != nil {
		return err
	}
	var b decision
	if err := decode(w, r, &b); err != nil {
		return err
	}
	p, err := d.Repair(r.Context(), id, b.User, caller(r))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, p)
	return nil
}

func (a *API) acceptDrift(w http.ResponseWriter, r *http.Request) error {
	d, id, err := a.drifting(r)
	if err != nil {
		return err
	}
	var b decision
	if err := decode(w, r, &b); err != nil {
		return err
	}
	n, err := d.Accept(r.Context(), id, b.User, b.All, caller(r))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]int{"accepted": n})
	return nil
}

// discoverBody names the rules to look with.
type discoverBody struct {
	File string `json:"file"` // an application file that is not applied; empty: as it stands
	Name string `json:"name"`
}

// discoverApp answers with JSON lines, one for each object of the directory and each orphan of the target.
func (a *API) discoverApp(w http.ResponseWriter, r *http.Request) error {
	d, _, err := a.drifting(r)
	if err != nil {
		return err
	}
	var b discoverBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	c, err := a.candidate(r, b.Name, b.File)
	if err != nil {
		return err
	}
	return streamed(w, d.Discover(r.Context(), c))
}
