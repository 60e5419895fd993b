package graphapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/cycle"
)

// Holder is an engine whose held deletions can be looked at and released one by one; *cycle.Jobs is one.
type Holder interface {
	Held(ctx context.Context, id cycle.JobID, after string, limit int) ([]cycle.HeldEntry, error)
	Release(ctx context.Context, id cycle.JobID, sources []string) (int, error)
}

func (a *API) heldRoutes() []Route {
	const held = ownRoot + "/apps/{app}/held"
	return []Route{
		{"GET " + held, access.ReadApps, a.listHeld},
		{"POST " + held + "/release", access.RunJobs, a.releaseHeld},
	}
}

func (a *API) holder() (Holder, error) {
	h, ok := a.Jobs.(Holder)
	if !ok {
		return nil, fault.New(fault.Unsupported, "", "this service does not hold deletions one by one")
	}
	return h, nil
}

// pageOfHeld is how many held entries one answer shows at most.
const pageOfHeld = 1000

func (a *API) listHeld(w http.ResponseWriter, r *http.Request) error {
	h, err := a.holder()
	if err != nil {
		return err
	}
	limit := pageOfHeld
	if s := r.URL.Query().Get("limit"); s != "" {
		if limit, err = strconv.Atoi(s); err != nil || limit < 1 || limit > pageOfHeld {
			return fault.New(fault.Invalid, "list what is held", "limit %q is not a number from 1 to %d", s, pageOfHeld)
		}
	}
	es, err := h.Held(r.Context(), cycle.JobID(r.PathValue("app")), r.URL.Query().Get("after"), limit)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": append([]cycle.HeldEntry{}, es...)})
	return nil
}

// releaseBody names whom to release: sources, or everybody when all is set.
type releaseBody struct {
	Sources []string `json:"sources"`
	All     bool     `json:"all"`
}

func (a *API) releaseHeld(w http.ResponseWriter, r *http.Request) error {
	h, err := a.holder()
	if err != nil {
		return err
	}
	var b releaseBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	if b.All == (len(b.Sources) > 0) {
		return fault.New(fault.Invalid, "release", "nobody is named, or both some and all").WithHint("give sources, or all: true")
	}
	n, err := h.Release(r.Context(), cycle.JobID(r.PathValue("app")), b.Sources)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]int{"released": n})
	return nil
}
