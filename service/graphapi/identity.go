package graphapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/identity"
)

// Identity is what the API changes of who may come in.
type Identity struct {
	Clients identity.Clients
	Grants  access.Grants
	// SignOut ends the token that the caller holds; a bearer secret is left alone.
	SignOut func(ctx context.Context, credential string) error
}

// accessRoutes are the clients, grants and bearer secrets of the tenant.
func (a *API) accessRoutes() []Route {
	const at = ownRoot + "/access"
	routes := []Route{
		{"GET " + at + "/roles", access.SignedIn, a.listRoles},
		{"GET " + at + "/tokens", access.ReadAccess, a.listTokens},
		{"POST " + at + "/tokens", access.WriteAccess, a.addToken},
		{"POST " + at + "/tokens/{token}/rotate", access.WriteAccess, a.rotateToken},
		{"DELETE " + at + "/tokens/{token}", access.WriteAccess, a.deleteToken},
	}
	if a.Identity.Clients == nil {
		return routes
	}
	return append(routes, []Route{
		{"POST " + ownRoot + "/signout", access.SignedIn, a.signOut},
		{"GET " + at + "/grants", access.ReadAccess, a.listGrants},
		{"POST " + at + "/grants", access.WriteAccess, a.addGrant},
		{"DELETE " + at + "/grants/{subject}/{role}", access.WriteAccess, a.deleteGrant},
		{"GET " + at + "/clients", access.ReadAccess, a.listClients},
		{"POST " + at + "/clients", access.WriteAccess, a.addClient},
		{"GET " + at + "/clients/{client}", access.ReadAccess, a.getClient},
		{"DELETE " + at + "/clients/{client}", access.WriteAccess, a.deleteClient},
		{"POST " + at + "/clients/{client}/secrets", access.WriteAccess, a.addSecret},
		{"DELETE " + at + "/clients/{client}/secrets/{secret}", access.WriteAccess, a.deleteSecret},
		{"POST " + at + "/clients/{client}/certificates", access.WriteAccess, a.addCertificate},
		{"DELETE " + at + "/clients/{client}/certificates/{thumbprint}", access.WriteAccess, a.deleteCertificate},
	}...)
}

type roleJSON struct {
	Role        access.Role         `json:"role"`
	Permissions []access.Permission `json:"permissions"`
	Owned       []access.Permission `json:"ownedPermissions,omitempty"` // for the applications that are owned
}

func (a *API) listRoles(w http.ResponseWriter, _ *http.Request) error {
	out := []roleJSON{}
	for _, r := range access.Roles() {
		j := roleJSON{Role: r, Permissions: r.Allows()}
		if r == access.Owner {
			j.Owned = slices.DeleteFunc(access.Permissions(), func(p access.Permission) bool { return !p.Owned() })
		}
		out = append(out, j)
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": out})
	return nil
}

func (a *API) signOut(w http.ResponseWriter, r *http.Request) error {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if err := a.Identity.SignOut(r.Context(), strings.TrimSpace(credential)); err != nil {
		return err
	}
	return noContent(w)
}

func (a *API) listGrants(w http.ResponseWriter, r *http.Request) error {
	gs, err := a.Identity.Grants.Granted(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": append([]access.Grant{}, gs...)})
	return nil
}

func (a *API) addGrant(w http.ResponseWriter, r *http.Request) error {
	var g access.Grant
	if err := decode(w, r, &g); err != nil {
		return err
	}
	g, err := a.readyGrant(r, g)
	if err != nil {
		return err
	}
	if err := a.Identity.Grants.Grant(r.Context(), g); err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, g)
	return nil
}

// readyGrant spells subject and role as they are kept, and makes sure that both the client and the application exist.
func (a *API) readyGrant(r *http.Request, g access.Grant) (access.Grant, error) {
	if role, ok := access.ParseRole(string(g.Role)); ok {
		g.Role = role
	}
	g.At, g.By = time.Now().UTC(), access.From(r.Context()).Subject
	g.Subject = spelt(g.Subject)
	if err := g.Validate(); err != nil {
		return g, err
	}
	if g.App != "" {
		if err := a.ownable(r, g.App); err != nil {
			return g, err
		}
	}
	if id, ok := strings.CutPrefix(g.Subject, access.ClientSubject); ok {
		if _, err := a.Identity.Clients.Client(r.Context(), identity.ID(id)); err != nil {
			return g, err
		}
	}
	return g, nil
}

// spelt is a subject as grants keep it: people and clients without regard to case.
func spelt(subject string) string {
	if strings.HasPrefix(subject, access.PersonSubject) || strings.HasPrefix(subject, access.ClientSubject) {
		return strings.ToLower(subject)
	}
	return subject
}

func (a *API) deleteGrant(w http.ResponseWriter, r *http.Request) error {
	subject, role := spelt(r.PathValue("subject")), access.Role(r.PathValue("role"))
	if known, ok := access.ParseRole(string(role)); ok {
		role = known
	}
	if role == access.Admin {
		if err := a.keepAdmin(r, subject); err != nil {
			return err
		}
	}
	if err := a.Identity.Grants.Revoke(r.Context(), subject, role, r.URL.Query().Get("app")); err != nil {
		return err
	}
	return noContent(w)
}

// keepAdmin refuses to take the right away from the last one who is an administrator, since nobody could give it back.
func (a *API) keepAdmin(r *http.Request, leaving string) error {
	tokens, err := a.Access.List(r.Context())
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if t.Role == access.Admin && !t.Expired(time.Now()) && t.Subject() != leaving {
			return nil
		}
	}
	if a.Identity.Grants != nil {
		gs, err := a.Identity.Grants.Granted(r.Context())
		if err != nil {
			return err
		}
		if slices.ContainsFunc(gs, func(g access.Grant) bool { return g.Role == access.Admin && g.Subject != leaving }) {
			return nil
		}
	}
	return fault.New(fault.Invalid, "take the right away", "%s is the last administrator", leaving).
		WithHint("make another administrator first: sallyport access grant")
}
