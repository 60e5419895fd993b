package graphapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
)

type tokenJSON struct {
	Name    string      `json:"name"`
	Role    access.Role `json:"role"`
	Created time.Time   `json:"created"`
	Expires *time.Time  `json:"expires,omitempty"` // absent: never
	Expired bool        `json:"expired,omitempty"`
	Secret  string      `json:"secret,omitempty"` // in the answer that made it, and never again
}

func showToken(t access.Token, secret string) tokenJSON {
	j := tokenJSON{Name: t.Name, Role: t.Role, Created: t.Created, Expired: t.Expired(time.Now()), Secret: secret}
	if !t.Expires.IsZero() {
		j.Expires = &t.Expires
	}
	return j
}

// listTokens shows the bearer secrets of people and tools; those of sources have a path of their own.
func (a *API) listTokens(w http.ResponseWriter, r *http.Request) error {
	all, err := a.Access.List(r.Context())
	if err != nil {
		return err
	}
	out := []tokenJSON{}
	for _, t := range all {
		if t.Role != access.Source {
			out = append(out, showToken(t, ""))
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": out})
	return nil
}

type addTokenBody struct {
	Name string `json:"name"`
	Role string `json:"role"`
	Days int    `json:"days"` // up to 1,096; 0: it never expires
}

func (a *API) addToken(w http.ResponseWriter, r *http.Request) error {
	const op = "make the token"
	var b addTokenBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	role, ok := access.ParseRole(b.Role)
	if !ok {
		role = access.Role(b.Role) // Validate says what is wrong with it
	}
	if role == access.Source {
		return fault.New(fault.Invalid, op, "a source's token is made with the source").WithHint("sallyport scim source add NAME")
	}
	life, err := bearerLife(b.Days)
	if err != nil {
		return err
	}
	all, err := a.Access.List(r.Context())
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(t access.Token) bool { return t.Name == b.Name }) {
		return refuse(http.StatusBadRequest, "Request_BadRequest", fault.New(fault.Exists, op, "there is a token of this name").About(b.Name).
			WithHint("'sallyport access token rotate' gives it a new secret"))
	}
	return a.putToken(w, r, http.StatusCreated, strings.TrimSpace(b.Name), role, life)
}

func bearerLife(n int) (time.Duration, error) {
	if n < 0 || n > 3*366 {
		return 0, fault.New(fault.Invalid, "make the token", "days must be from 0 (never expires) to %d, not %d", 3*366, n)
	}
	return days(n), nil
}

func (a *API) putToken(w http.ResponseWriter, r *http.Request, status int, name string, role access.Role, life time.Duration) error {
	t, secret := access.New(name, role, time.Now().UTC(), life)
	if err := a.Access.Put(r.Context(), t); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, status, showToken(t, secret))
	return nil
}

// rotateToken replaces a token's secret; the old one ends at once. The new one lives for as long as the old one was made for, unless days
// says otherwise.
func (a *API) rotateToken(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Days *int `json:"days"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	t, err := a.tokenNamed(r)
	if err != nil {
		return err
	}
	life := t.Life()
	if b.Days != nil {
		if life, err = bearerLife(*b.Days); err != nil {
			return err
		}
	}
	return a.putToken(w, r, http.StatusOK, t.Name, t.Role, life)
}

func (a *API) tokenNamed(r *http.Request) (access.Token, error) {
	all, err := a.Access.List(r.Context())
	if err != nil {
		return access.Token{}, err
	}
	for _, t := range all {
		if t.Name == r.PathValue("token") && t.Role != access.Source {
			return t, nil
		}
	}
	return access.Token{}, fault.New(fault.NotFound, "find the token", "there is no token of this name").About(r.PathValue("token")).
		WithHint("'sallyport access list' names them all")
}

func (a *API) deleteToken(w http.ResponseWriter, r *http.Request) error {
	t, err := a.tokenNamed(r)
	if err != nil {
		return err
	}
	if t.Role == access.Admin {
		if err := a.keepAdmin(r, t.Subject()); err != nil {
			return err
		}
	}
	if err := a.Access.Delete(r.Context(), t.Name); err != nil {
		return err
	}
	return noContent(w)
}
