package graphapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/app"
)

// HostStatus asks the connector host behind an application how it is: JSON as the host writes it. fault.Unsupported when the target is
// no connector host of Sallyport's.
type HostStatus func(ctx context.Context, a app.App) (json.RawMessage, error)

// hostRoutes say how it is on the premises.
func (a *API) hostRoutes() []Route {
	return []Route{{"GET " + ownRoot + "/apps/{app}/host", access.ReadApps, a.hostStatus}}
}

func (a *API) hostStatus(w http.ResponseWriter, r *http.Request) error {
	ap, err := a.Apps.Get(r.Context(), app.ID(r.PathValue("app")))
	if err != nil {
		return err
	}
	if a.Host == nil {
		return fault.New(fault.Unsupported, "ask the host", "this service does not ask hosts")
	}
	says, err := a.Host(r.Context(), ap)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, says)
	return nil
}
