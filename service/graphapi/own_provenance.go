package graphapi

import (
	"net/http"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/journal"
)

func (a *API) provenanceRoutes() []Route {
	return []Route{{"GET " + ownRoot + "/apps/{app}/provenance", access.ReadLogs, a.provenance}}
}

// provenance answers where the attributes of one object come from: source values, mapping, run and time.
func (a *API) provenance(w http.ResponseWriter, r *http.Request) error {
	ap, err := a.Apps.Get(r.Context(), app.ID(r.PathValue("app")))
	if err != nil {
		return err
	}
	user := r.URL.Query().Get("user")
	if user == "" {
		return fault.New(fault.Invalid, "find where attributes come from", "user is missing").WithHint("give user=ID or user=NAME in the query")
	}
	s, err := journal.Provenance(r.Context(), a.Journal, string(ap.ID), user)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, s)
	return nil
}
