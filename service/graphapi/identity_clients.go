package graphapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/identity"
)

type clientJSON struct {
	ID           identity.ID       `json:"id"`
	Name         string            `json:"name"`
	Created      time.Time         `json:"created"`
	Roles        []access.Role     `json:"roles"`
	Apps         []string          `json:"apps,omitempty"`
	Secrets      []secretJSON      `json:"secrets"`
	Certificates []certificateJSON `json:"certificates"`
}

type secretJSON struct {
	ID      string    `json:"id"`
	Hint    string    `json:"hint"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Expired bool      `json:"expired,omitempty"`
}

type certificateJSON struct {
	Thumbprint string    `json:"thumbprint"`
	Subject    string    `json:"subject"`
	Expires    time.Time `json:"expires"`
}

// newSecretJSON is the one answer that holds a client's secret.
type newSecretJSON struct {
	clientJSON
	Secret string `json:"secret,omitempty"` // shown this once
}

func (a *API) showClient(r *http.Request, c identity.Client) (clientJSON, error) {
	j := clientJSON{ID: c.ID, Name: c.Name, Created: c.Created, Roles: []access.Role{}, Secrets: []secretJSON{}, Certificates: []certificateJSON{}}
	gs, err := a.Identity.Grants.Granted(r.Context(), c.Subject())
	if err != nil {
		return j, err
	}
	who := access.Caller{}.With(gs)
	j.Roles, j.Apps = append(j.Roles, who.Roles...), who.Apps
	for _, s := range c.Secrets {
		j.Secrets = append(j.Secrets, secretJSON{s.ID, s.Hint, s.Created, s.Expires, !time.Now().Before(s.Expires)})
	}
	for _, x := range c.Certificates {
		j.Certificates = append(j.Certificates, certificateJSON{x.Thumbprint(), x.Subject, x.Expires})
	}
	return j, nil
}

func (a *API) listClients(w http.ResponseWriter, r *http.Request) error {
	cs, err := a.Identity.Clients.ListClients(r.Context())
	if err != nil {
		return err
	}
	out := make([]clientJSON, 0, len(cs))
	for _, c := range cs {
		j, err := a.showClient(r, c)
		if err != nil {
			return err
		}
		out = append(out, j)
	}
	writeJSON(w, http.StatusOK, map[string]any{"value": out})
	return nil
}

func (a *API) getClient(w http.ResponseWriter, r *http.Request) error {
	c, err := a.Identity.Clients.Client(r.Context(), identity.ID(r.PathValue("client")))
	if err != nil {
		return err
	}
	return a.answerClient(w, r, http.StatusOK, c, "")
}

func (a *API) answerClient(w http.ResponseWriter, r *http.Request, status int, c identity.Client, secret string) error {
	j, err := a.showClient(r, c)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, status, newSecretJSON{j, secret})
	return nil
}

type addClientBody struct {
	Name        string   `json:"name"`
	Roles       []string `json:"roles"`
	Apps        []string `json:"apps"`        // to own
	Days        int      `json:"days"`        // life of the secret; 0: a year
	Certificate string   `json:"certificate"` // PEM; a client with one gets no secret
}

// addClient registers a client with its roles and its first credential.
func (a *API) addClient(w http.ResponseWriter, r *http.Request) error {
	var b addClientBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	now := time.Now().UTC()
	c, err := identity.NewClient(b.Name, now)
	if err != nil {
		return err
	}
	secret := ""
	if b.Certificate != "" {
		c, err = c.AddCertificate([]byte(b.Certificate), now)
	} else {
		c, secret, err = c.AddSecret(now, days(b.Days))
	}
	if err != nil {
		return err
	}
	grants, err := b.grants(c.Subject())
	if err != nil {
		return err
	}
	if err := a.readyClient(r, c, b.Apps); err != nil {
		return err
	}
	if err := a.Identity.Clients.AddClient(r.Context(), c); err != nil {
		return err
	}
	for _, g := range grants {
		g.At, g.By = now, access.From(r.Context()).Subject
		if err := a.Identity.Grants.Grant(r.Context(), g); err != nil {
			return err
		}
	}
	return a.answerClient(w, r, http.StatusCreated, c, secret)
}

// readyClient makes sure that the name is free and that the applications to own exist.
func (a *API) readyClient(r *http.Request, c identity.Client, apps []string) error {
	const op = "register the client"
	all, err := a.Identity.Clients.ListClients(r.Context())
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(x identity.Client) bool { return strings.EqualFold(x.Name, c.Name) }) {
		return refuse(http.StatusBadRequest, "Request_BadRequest", fault.New(fault.Exists, op, "there is a client of this name").About(c.Name).
			WithHint("choose another; 'sallyport access client list' shows those there are"))
	}
	for _, id := range apps {
		if err := a.ownable(r, id); err != nil {
			return err
		}
	}
	return nil
}

// ownable makes sure that an application that somebody is to own exists, by the name that paths have.
func (a *API) ownable(r *http.Request, id string) error {
	reg, err := a.registration(r.Context(), id)
	if fault.Is(err, fault.NotFound) || err == nil && string(reg.ID) != id {
		return fault.New(fault.Invalid, "make an owner", "there is no application %q", clip(id)).
			WithHint("name it by its handle, as 'sallyport app list' shows it")
	}
	return err
}

// grants reads the roles before anything is stored.
func (b addClientBody) grants(subject string) (gs []access.Grant, err error) {
	for _, name := range b.Roles {
		role, ok := access.ParseRole(name)
		if !ok {
			role = access.Role(name)
		}
		gs = append(gs, access.Grant{Subject: subject, Role: role})
	}
	for _, app := range b.Apps {
		gs = append(gs, access.Grant{Subject: subject, Role: access.Owner, App: app})
	}
	for _, g := range gs {
		if err := g.Validate(); err != nil {
			return nil, err
		}
	}
	return gs, nil
}

func days(n int) time.Duration { return time.Duration(max(-1, min(n, 10_000))) * 24 * time.Hour }

func (a *API) deleteClient(w http.ResponseWriter, r *http.Request) error {
	c := identity.Client{ID: identity.ID(r.PathValue("client"))}
	if err := a.keepAdmin(r, c.Subject()); err != nil {
		return err
	}
	if err := a.Identity.Clients.DeleteClient(r.Context(), c.ID); err != nil {
		return err
	}
	return noContent(w)
}

// addSecret gives a client one more secret. Its newest one before stays valid, older ones end.
func (a *API) addSecret(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Days int `json:"days"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	secret := ""
	return a.changeClient(w, r, http.StatusCreated, &secret, func(c identity.Client) (_ identity.Client, err error) {
		c, secret, err = c.AddSecret(time.Now().UTC(), days(b.Days))
		return c, err
	})
}

func (a *API) changeClient(w http.ResponseWriter, r *http.Request, status int, secret *string, change func(identity.Client) (identity.Client, error)) error {
	c, err := a.Identity.Clients.ChangeClient(r.Context(), identity.ID(r.PathValue("client")), change)
	if err != nil {
		return err
	}
	return a.answerClient(w, r, status, c, *secret)
}

func (a *API) deleteSecret(w http.ResponseWriter, r *http.Request) error {
	return a.changeClient(w, r, http.StatusOK, new(string), func(c identity.Client) (identity.Client, error) {
		return c.DropSecrets(r.PathValue("secret"))
	})
}

func (a *API) addCertificate(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Certificate string `json:"certificate"` // PEM
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	if b.Certificate == "" {
		return fault.New(fault.Invalid, "add the certificate", "there is none").WithHint("send its PEM text as certificate")
	}
	return a.changeClient(w, r, http.StatusCreated, new(string), func(c identity.Client) (identity.Client, error) {
		return c.AddCertificate([]byte(b.Certificate), time.Now().UTC())
	})
}

func (a *API) deleteCertificate(w http.ResponseWriter, r *http.Request) error {
	return a.changeClient(w, r, http.StatusOK, new(string), func(c identity.Client) (identity.Client, error) {
		return c.DropCertificate(r.PathValue("thumbprint"))
	})
}
