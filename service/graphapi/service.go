package graphapi

import (
	"net/http"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
)

type organizationJSON struct {
	ID      string       `json:"id"`
	Name    string       `json:"displayName"`
	Created *string      `json:"createdDateTime"`
	Domains []domainName `json:"verifiedDomains"`
}

type domainName struct {
	Name    string `json:"name"`
	Default bool   `json:"isDefault"`
	Initial bool   `json:"isInitial"`
	Type    string `json:"type"`
}

type domainJSON struct {
	ID             string   `json:"id"`
	Authentication string   `json:"authenticationType"`
	Default        bool     `json:"isDefault"`
	Initial        bool     `json:"isInitial"`
	Verified       bool     `json:"isVerified"`
	Services       []string `json:"supportedServices"`
}

// domain is the one a tenant has by its name; Sallyport does not verify domains, and takes users of any.
func domain(t tenant.ID) string { return string(t) + ".sallyport.invalid" }

func (a *API) listOrganization(w http.ResponseWriter, r *http.Request) error {
	t := tenant.From(r.Context())
	return filtered(w, r, "organization", []organizationJSON{{
		ID: tenantGUID(t), Name: string(t), Domains: []domainName{{domain(t), true, true, "Managed"}},
	}})
}

func (a *API) listDomains(w http.ResponseWriter, r *http.Request) error {
	d := domain(tenant.From(r.Context()))
	return filtered(w, r, "domains", []domainJSON{{d, "Managed", true, true, true, []string{}}})
}

// me is refused: who calls with a token of a client or a bearer secret is no user of the directory.
func (a *API) me(http.ResponseWriter, *http.Request) error {
	return refuse(http.StatusBadRequest, "BadRequest", fault.New(fault.Invalid, "", "/me is only valid with delegated authentication").
		WithHint("ask for /users/{id}, or for /sallyport/v1/whoami"))
}

func (a *API) serviceRoutes() []Route {
	return []Route{
		{"GET /v1.0/organization", access.SignedIn, a.listOrganization},
		{"GET /v1.0/domains", access.SignedIn, a.listDomains},
		{"GET /v1.0/", access.SignedIn, a.serviceDocument},
		{"GET /v1.0/$metadata", access.SignedIn, metadata},
		{"GET /v1.0/me", access.SignedIn, a.me},
	}
}
