package graphapi

import (
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
)

// inboundPath is where sources fill a tenant's directory; the inbound room answers there.
const inboundPath = "/scim/v2/"

type sourceJSON struct {
	Name   string            `json:"name"`
	URL    string            `json:"url"`
	Tokens []sourceTokenJSON `json:"tokens"`
}

type sourceTokenJSON struct {
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"` // absent: never
	Expired bool       `json:"expired,omitempty"`
}

func sourceToken(t access.Token) sourceTokenJSON {
	j := sourceTokenJSON{Created: t.Created, Expired: t.Expired(time.Now())}
	if !t.Expires.IsZero() {
		j.Expires = &t.Expires
	}
	return j
}

func (a *API) listSources(w http.ResponseWriter, r *http.Request) error {
	all, err := access.Sources(r.Context(), a.Access)
	if err != nil {
		return err
	}
	out := make([]sourceJSON, 0, len(all))
	for _, s := range all {
		j := sourceJSON{Name: s.Name, URL: a.inboundURL(r)}
		for _, t := range s.Tokens {
			j.Tokens = append(j.Tokens, sourceToken(t))
		}
		out = append(out, j)
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": out})
	return nil
}

func (a *API) inboundURL(r *http.Request) string { return base(r) + inboundPath + string(a.Tenant) }

type addSourceBody struct {
	Name string `json:"name"`
	Days int    `json:"days"` // life of the token, up to 1,096; 0: it never expires
}

type newSourceJSON struct {
	Name  string `json:"name"`
	URL   string `json:"url"`
	Token string `json:"token"` // shown this once
	sourceTokenJSON
}

// addSource makes a token for a source. The source's newest token before this one stays valid, older ones end.
func (a *API) addSource(w http.ResponseWriter, r *http.Request) error {
	var b addSourceBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	if b.Days < 0 || b.Days > 3*366 {
		return fault.New(fault.Invalid, "add the source", "days must be from 0 (never expires) to %d, not %d", 3*366, b.Days)
	}
	life := time.Duration(b.Days) * 24 * time.Hour
	t, secret, err := access.AddSource(r.Context(), a.Access, b.Name, time.Now().UTC(), life)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, newSourceJSON{b.Name, a.inboundURL(r), secret, sourceToken(t)})
	return nil
}

// revokeSource ends the tokens of a source; with old=true all but its newest.
func (a *API) revokeSource(w http.ResponseWriter, r *http.Request) error {
	n, err := access.RevokeSource(r.Context(), a.Access, r.PathValue("name"), r.URL.Query().Get("old") == "true")
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"name": r.PathValue("name"), "revoked": n})
	return nil
}
