package graphapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/catalog"
)

// validateCredentials tries to reach the target with the credentials given, or with those that are kept. 400 carries its reason.
func (a *API) validateCredentials(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Saved       json.RawMessage `json:"useSavedCredentials"` // some clients send it as text
		Credentials []pair          `json:"credentials"`
		Template    string          `json:"templateId"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	reg, err := a.application(r)
	if err != nil {
		return err
	}
	ap, live, err := a.rules(r.Context(), reg)
	if err != nil {
		return err
	}
	ps, err := a.pairs(r.Context(), reg, ap, live)
	if err != nil {
		return err
	}
	saved := strings.EqualFold(string(bytes.Trim(b.Saved, `" `)), "true")
	if !saved {
		if len(b.Credentials) == 0 {
			return fault.New(fault.Invalid, "", "credentials are missing").WithHint(`send {"credentials":[{"key":"BaseAddress","value":"…"}]} or {"useSavedCredentials":true}`)
		}
		if ps, err = merge(ps, b.Credentials); err != nil {
			return err
		}
	}
	if valueOf(ps, baseAddress) == "" && ap.Target.Group == "" {
		return fault.New(fault.Invalid, "", "there is no %s", baseAddress)
	}
	if ap, err = configure(ap, ps); err != nil {
		return err
	}
	if t, _ := catalog.FindTemplate(reg.Template); t.Agents && ap.Target.Group == "" {
		if ap.Target.Group, err = a.groupFor(r.Context(), reg); err != nil {
			return err
		}
		ap.Target.Resource, ap.Target.URL = string(reg.ID), ""
	}
	t, err := a.dial(r.Context(), ap, []byte(bearerOf(ps)))
	if err != nil {
		return err
	}
	return orNoContent(w, firstFailure(t.TestConnection(r.Context())))
}

// acquireToken takes credentials as PUT secrets does, beside those that are there.
func (a *API) acquireToken(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.application(r); err != nil {
		return err
	}
	return fault.New(fault.Unsupported, "", "no application here hands out tokens by itself").
		WithHint("PUT the token as %s to …/synchronization/secrets", secretToken)
}
