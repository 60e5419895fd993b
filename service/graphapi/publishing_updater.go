package graphapi

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/service/graphapi/odata"
)

// updaterBody is any subset of a hybridAgentUpdaterConfiguration; the documents' sample calls the date deferUpdate.
type updaterBody struct {
	Override *bool           `json:"allowUpdateConfigurationOverride"`
	Defer    json.RawMessage `json:"deferUpdateDateTime"`
	Sample   json.RawMessage `json:"deferUpdate"`
	Window   json.RawMessage `json:"updateWindow"`
}

func (a *API) patchUpdater(w http.ResponseWriter, r *http.Request) error {
	var b updaterBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	return a.applyUpdater(w, r, b)
}

func (a *API) patchProfile(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Updater updaterBody `json:"hybridAgentUpdaterConfiguration"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	return a.applyUpdater(w, r, b.Updater)
}

func (a *API) applyUpdater(w http.ResponseWriter, r *http.Request, b updaterBody) error {
	if _, _, err := a.profiled(r); err != nil {
		return err
	}
	_, err := a.Agents.Publish(r.Context(), func(p agents.Publishing) (agents.Publishing, error) {
		return p, b.apply(&p.Updates)
	})
	if err != nil {
		return err
	}
	return noContent(w)
}

func (b updaterBody) apply(u *agents.Updates) error {
	if b.Override != nil {
		u.Override = *b.Override
	}
	date := b.Defer
	if date == nil {
		date = b.Sample
	}
	if err := applyDate(date, u); err != nil {
		return err
	}
	if b.Window == nil {
		return nil
	}
	if isNull(b.Window) {
		u.From, u.To = "", ""
		return nil
	}
	var x windowJSON
	err := json.Unmarshal(b.Window, &x)
	if err != nil {
		return fault.New(fault.Invalid, "read updateWindow", "%w", err)
	}
	from, err := clock(x.From)
	if err != nil {
		return err
	}
	to, err := clock(x.To)
	if err != nil {
		return err
	}
	u.From, u.To = from, to
	return nil
}

func applyDate(date json.RawMessage, u *agents.Updates) error {
	if date == nil {
		return nil
	}
	if isNull(date) {
		u.Defer = nil
		return nil
	}
	var s string
	if err := json.Unmarshal(date, &s); err != nil {
		return fault.New(fault.Invalid, "read deferUpdateDateTime", "it takes a time")
	}
	t, err := odata.ParseTime(s)
	if err != nil {
		return fault.New(fault.Invalid, "read deferUpdateDateTime", "%q is not a time like 2026-01-31T12:00:00Z", clip(s))
	}
	u.Defer = &t
	return nil
}

func isNull(b json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(b), []byte("null")) }
