package graphapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/catalog"
	"github.com/sallyport-id/sallyport/service/identity"
)

// applicationJSON is the application object.
type applicationJSON struct {
	Context   string            `json:"@odata.context,omitempty"`
	ID        string            `json:"id"`
	Client    string            `json:"appId"`
	Name      string            `json:"displayName"`
	Template  *string           `json:"applicationTemplateId"`
	Created   string            `json:"createdDateTime"`
	Roles     []catalog.AppRole `json:"appRoles"`
	URIs      []string          `json:"identifierUris"`
	Tags      []string          `json:"tags"`
	Notes     *string           `json:"notes"`
	Audience  string            `json:"signInAudience"`
	Publisher *string           `json:"publisherDomain"`
}

// principalJSON is the service principal.
type principalJSON struct {
	Context  string            `json:"@odata.context,omitempty"`
	ID       string            `json:"id"`
	Client   string            `json:"appId"`
	Name     string            `json:"displayName"`
	AppName  string            `json:"appDisplayName"`
	Template *string           `json:"applicationTemplateId"`
	Enabled  bool              `json:"accountEnabled"`
	Required bool              `json:"appRoleAssignmentRequired"`
	Created  string            `json:"createdDateTime"`
	Roles    []catalog.AppRole `json:"appRoles"`
	Names    []string          `json:"servicePrincipalNames"`
	Kind     string            `json:"servicePrincipalType"`
	Tags     []string          `json:"tags"`
	Notes    *string           `json:"notes"`
	Homepage *string           `json:"homepage"`
	Owner    string            `json:"appOwnerOrganizationId"`
}

func applicationOf(r catalog.Registration) applicationJSON {
	return applicationJSON{
		ID: r.Object, Client: r.Client, Name: r.Name, Template: orNil(r.Template), Created: instantText(r.Created), Roles: rolesOf(r), URIs: []string{},
		Tags: extra[[]string](r, "tags", []string{}), Notes: extra[*string](r, "notes", nil), Audience: "AzureADMyOrg",
	}
}

func principalOf(r catalog.Registration, tenant tenant.ID) principalJSON {
	return principalJSON{
		ID: r.Principal, Client: r.Client, Name: r.Name, AppName: r.Name, Template: orNil(r.Template), Created: instantText(r.Created),
		Enabled: extra(r, "accountEnabled", true), Required: extra(r, "appRoleAssignmentRequired", true), Roles: rolesOf(r), Kind: "Application",
		Names: []string{r.Client}, Tags: extra(r, "tags", []string{"WindowsAzureActiveDirectoryIntegratedApp"}),
		Notes: extra[*string](r, "notes", nil), Homepage: extra[*string](r, "homepage", nil), Owner: tenantGUID(tenant),
	}
}

// tenantGUID returns the tenant as a GUID, the one that stands for it in the token endpoint's paths.
func tenantGUID(t tenant.ID) string {
	if g, err := uuid.Parse(string(t)); err == nil {
		return g.String()
	}
	return identity.TenantGUID(t)
}

func rolesOf(r catalog.Registration) []catalog.AppRole {
	if r.Roles == nil {
		return []catalog.AppRole{}
	}
	return r.Roles
}

// extra reads a property that means nothing here; def when a client never set it.
func extra[T any](r catalog.Registration, name string, def T) T {
	data, ok := r.Extra[name]
	if !ok {
		return def
	}
	v := def
	if json.Unmarshal(data, &v) != nil {
		return def
	}
	return v
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// appProperties are what a client may set of an application or a service principal, with the type each must have.
var appProperties = map[string]any{
	"displayName": new(string), "appRoles": new([]catalog.AppRole), "tags": new([]string), "notes": new(*string), "homepage": new(*string),
	"accountEnabled": new(bool), "appRoleAssignmentRequired": new(bool),
}

// amend applies a body to a registration. Properties that Graph has and Sallyport does not know are read over.
func amend(r catalog.Registration, raw map[string]json.RawMessage) (catalog.Registration, error) {
	kept := map[string]json.RawMessage{}
	for k, v := range r.Extra {
		kept[k] = v
	}
	for name, data := range raw {
		sample, known := appProperties[name]
		if !known {
			continue
		}
		if err := json.Unmarshal(data, sampleOf(sample)); err != nil {
			return r, badProperty(name, "%w", err)
		}
		switch name {
		case "displayName":
			r.Name = ""
			_ = json.Unmarshal(data, &r.Name) // was read just now
			if strings.TrimSpace(r.Name) == "" || len(r.Name) > 256 {
				return r, badProperty(name, "it takes 1 to 256 characters")
			}
		case "appRoles":
			var err error
			if r.Roles, err = readRoles(data); err != nil {
				return r, err
			}
		default:
			kept[name] = data
		}
	}
	r.Extra = kept
	return r, nil
}

// sampleOf returns a fresh pointer of the sample's type, so that requests do not write to one place.
func sampleOf(sample any) any {
	switch sample.(type) {
	case *string:
		return new(string)
	case *bool:
		return new(bool)
	case *[]string:
		return new([]string)
	case **string:
		return new(*string)
	}
	return new([]catalog.AppRole)
}

func readRoles(data json.RawMessage) ([]catalog.AppRole, error) {
	var roles []catalog.AppRole
	if err := json.Unmarshal(data, &roles); err != nil {
		return nil, badProperty("appRoles", "%w", err)
	}
	seen := map[string]bool{}
	for i, role := range roles {
		id, err := uuid.Parse(role.ID)
		if err != nil || seen[id.String()] {
			return nil, badProperty("appRoles", "the id %q is no GUID, or stands there twice", clip(role.ID))
		}
		seen[id.String()] = true
		if roles[i].ID = id.String(); roles[i].MemberTypes == nil {
			roles[i].MemberTypes = []string{"User"}
		}
	}
	return roles, nil
}

// register makes an application with what the body says.
func (a *API) register(r *http.Request, raw map[string]json.RawMessage, template string) (catalog.Registration, error) {
	reg, err := amend(catalog.Registration{}, raw)
	if err != nil {
		return reg, err
	}
	if reg.Name == "" {
		return reg, badProperty("displayName", "it is missing")
	}
	now := time.Now().UTC().Truncate(time.Second)
	fresh := catalog.New(catalog.Slug(reg.Name, ""), reg.Name, template, now)
	fresh.Roles, fresh.Extra = reg.Roles, reg.Extra
	_, taken := a.registration(r.Context(), string(fresh.ID))
	if taken == nil {
		fresh.ID = catalog.Slug(reg.Name, fresh.Principal[:8])
	}
	return fresh, a.Catalog.Register(r.Context(), fresh)
}

func (a *API) createApplication(w http.ResponseWriter, r *http.Request) error {
	raw := map[string]json.RawMessage{}
	if err := decode(w, r, &raw); err != nil {
		return err
	}
	reg, err := a.register(r, raw, "")
	if err != nil {
		return err
	}
	j := applicationOf(reg)
	j.Context = contextURL(r, "applications/$entity")
	return created(w, root(r)+"/applications/"+reg.Object, j)
}

func (a *API) getApplication(w http.ResponseWriter, r *http.Request) error {
	reg, err := a.application(r)
	if err != nil {
		return err
	}
	j := applicationOf(reg)
	j.Context = contextURL(r, "applications/$entity")
	return writeSelected(w, r, j)
}

// patchApp changes an application or its service principal, which are one thing here.
func (a *API) patchApp(w http.ResponseWriter, r *http.Request) error {
	raw := map[string]json.RawMessage{}
	if err := decode(w, r, &raw); err != nil {
		return err
	}
	reg, err := a.application(r)
	if err != nil {
		return err
	}
	_, err = a.Catalog.Amend(r.Context(), reg.ID, func(reg catalog.Registration) (catalog.Registration, error) { return amend(reg, raw) })
	return orNoContent(w, err)
}

func (a *API) deleteRegistered(w http.ResponseWriter, r *http.Request) error {
	reg, err := a.application(r)
	if err != nil {
		return err
	}
	return orNoContent(w, a.remove(r.Context(), reg))
}

func (a *API) listNoOwners(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.application(r); err != nil {
		return err
	}
	return a.writeRefs(w, r, nil)
}

// createPrincipal makes the service principal of an application that has one already from its birth: it answers with that.
func (a *API) createPrincipal(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Client string `json:"appId"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	reg, err := a.registration(r.Context(), "appId="+b.Client)
	if fault.Is(err, fault.NotFound) || b.Client == "" {
		return fault.New(fault.Invalid, "", "there is no application with the appId %q", clip(b.Client)).WithHint("make it with POST /applications first")
	}
	if err != nil {
		return err
	}
	j := principalOf(reg, tenant.From(r.Context()))
	j.Context = contextURL(r, "servicePrincipals/$entity")
	return created(w, root(r)+"/servicePrincipals/"+reg.Principal, j)
}

func (a *API) getPrincipal(w http.ResponseWriter, r *http.Request) error {
	reg, err := a.application(r)
	if fault.Is(err, fault.NotFound) {
		if j, ok := a.clientPrincipal(r, r.PathValue("app")); ok {
			j.Context = contextURL(r, "servicePrincipals/$entity")
			return writeSelected(w, r, j)
		}
	}
	if err != nil {
		return err
	}
	j := principalOf(reg, tenant.From(r.Context()))
	j.Context = contextURL(r, "servicePrincipals/$entity")
	return writeSelected(w, r, j)
}

// clientPrincipal shows an API client as a service principal: clients read oid of their token and look for it (graph-api §6).
func (a *API) clientPrincipal(r *http.Request, key string) (principalJSON, bool) {
	id, _ := cutFold(key, "appId=")
	if a.Identity.Clients == nil {
		return principalJSON{}, false
	}
	c, err := a.Identity.Clients.Client(r.Context(), identity.ID(lowerGUID(id)))
	if err != nil {
		return principalJSON{}, false
	}
	return principalJSON{
		ID: string(c.ID), Client: string(c.ID), Name: c.Name, AppName: c.Name, Enabled: true, Created: instantText(c.Created), Roles: []catalog.AppRole{},
		Names: []string{string(c.ID)}, Kind: "Application", Tags: []string{}, Owner: tenantGUID(tenant.From(r.Context())),
	}, true
}

func (a *API) applicationRoutes() []Route {
	const apps, principals, templates = "/v1.0/applications", "/v1.0/servicePrincipals", "/v1.0/applicationTemplates"
	return []Route{
		{"GET " + apps, access.ReadApps, a.listApplications},
		{"POST " + apps, access.WriteApps, a.createApplication},
		{"GET " + apps + "/{app}", access.ReadApps, a.getApplication},
		{"PATCH " + apps + "/{app}", access.WriteApps, a.patchApp},
		{"DELETE " + apps + "/{app}", access.WriteApps, a.deleteRegistered},
		{"GET " + apps + "/{app}/owners", access.ReadApps, a.listNoOwners},
		{"GET " + principals, access.ReadApps, a.listPrincipals},
		{"POST " + principals, access.WriteApps, a.createPrincipal},
		{"GET " + principals + "/{app}", access.ReadApps, a.getPrincipal},
		{"PATCH " + principals + "/{app}", access.WriteApps, a.patchApp},
		{"DELETE " + principals + "/{app}", access.WriteApps, a.deleteRegistered},
		{"GET " + principals + "/{app}/owners", access.ReadApps, a.listNoOwners},
		{"GET " + principals + "/{app}/appRoleAssignedTo", access.ReadApps, a.listAssignedTo},
		{"POST " + principals + "/{app}/appRoleAssignedTo", access.WriteApps, a.assign},
		{"GET " + principals + "/{app}/appRoleAssignedTo/{assignment}", access.ReadApps, a.getAssignedTo},
		{"DELETE " + principals + "/{app}/appRoleAssignedTo/{assignment}", access.WriteApps, a.unassign},
		{"GET /v1.0/users/{id}/appRoleAssignments", access.ReadApps, a.people().listAssignments},
		{"POST /v1.0/users/{id}/appRoleAssignments", access.WriteApps, a.assign},
		{"GET /v1.0/users/{id}/appRoleAssignments/{assignment}", access.ReadApps, a.getAssignedTo},
		{"DELETE /v1.0/users/{id}/appRoleAssignments/{assignment}", access.WriteApps, a.unassign},
		{"GET /v1.0/groups/{id}/appRoleAssignments", access.ReadApps, a.teams().listAssignments},
		{"POST /v1.0/groups/{id}/appRoleAssignments", access.WriteApps, a.assign},
		{"GET /v1.0/groups/{id}/appRoleAssignments/{assignment}", access.ReadApps, a.getAssignedTo},
		{"DELETE /v1.0/groups/{id}/appRoleAssignments/{assignment}", access.WriteApps, a.unassign},
		{"GET " + templates, access.SignedIn, a.listTemplates},
		{"GET " + templates + "/{template}", access.SignedIn, a.getTemplate},
		{"POST " + templates + "/{template}/instantiate", access.WriteApps, a.instantiate},
	}
}
