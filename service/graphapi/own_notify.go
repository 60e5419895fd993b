package graphapi

import (
	"context"
	"net/http"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/app"
	notices "github.com/sallyport-id/sallyport/service/notify"
)

// Notifier tells people what they must know.
type Notifier interface {
	Try(ctx context.Context, a app.App) ([]notices.Trial, error)
	Messages(ctx context.Context, before string, limit int) ([]notices.Message, error)
}

func (a *API) notifyRoutes() []Route {
	return []Route{
		{"POST " + ownRoot + "/notify/test", access.WriteApps, a.testNotify},
		{"GET " + ownRoot + "/notify/messages", access.ReadLogs, a.listMessages},
	}
}

func (a *API) notifier() (Notifier, error) {
	if a.Notify == nil {
		return nil, fault.New(fault.Unsupported, "", "this service sends no messages")
	}
	return a.Notify, nil
}

// testBody names the application whose readers get the message; none: everybody who gets any.
type testBody struct {
	App app.ID `json:"app"`
}

// testNotify sends a test message to everybody who is told about an application, or about all, and says what came of each.
func (a *API) testNotify(w http.ResponseWriter, r *http.Request) error {
	n, err := a.notifier()
	if err != nil {
		return err
	}
	var b testBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	var ap app.App
	if b.App != "" {
		if ap, err = a.Apps.Get(r.Context(), b.App); err != nil {
			return err
		}
	}
	trials, err := n.Try(r.Context(), ap)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": trials})
	return nil
}

func (a *API) listMessages(w http.ResponseWriter, r *http.Request) error {
	n, err := a.notifier()
	if err != nil {
		return err
	}
	limit, err := pageSize(r.URL.Query().Get("limit"))
	if err != nil {
		return err
	}
	ms, err := n.Messages(r.Context(), r.URL.Query().Get("before"), limit)
	if err != nil {
		return err
	}
	if ms == nil {
		ms = []notices.Message{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": ms})
	return nil
}
