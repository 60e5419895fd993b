package graphapi

import (
	"encoding/json"
	"net/http"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/catalog"
)

// templateJSON is an applicationTemplate.
type templateJSON struct {
	Context     string   `json:"@odata.context,omitempty"`
	ID          string   `json:"id"`
	Name        string   `json:"displayName"`
	Description string   `json:"description"`
	Publisher   string   `json:"publisher"`
	Categories  []string `json:"categories"`
	SignOn      []string `json:"supportedSingleSignOnModes"`
	Kinds       []string `json:"supportedProvisioningTypes"`
	Homepage    *string  `json:"homePageUrl"`
	Logo        *string  `json:"logoUrl"`
}

func templateOf(t catalog.Template) templateJSON {
	return templateJSON{
		ID: t.ID, Name: t.Name, Description: t.Description, Publisher: "Sallyport", Categories: []string{}, SignOn: []string{}, Kinds: []string{"sync"},
	}
}

func (a *API) listTemplates(w http.ResponseWriter, r *http.Request) error {
	var out []templateJSON
	for _, t := range catalog.Templates() {
		out = append(out, templateOf(t))
	}
	return filtered(w, r, "applicationTemplates", out)
}

func template(r *http.Request) (catalog.Template, error) {
	t, ok := catalog.FindTemplate(r.PathValue("template"))
	if !ok {
		return t, fault.New(fault.NotFound, "", "there is no application template %q", clip(r.PathValue("template"))).
			WithHint("the template %s fits any application", catalog.Generic)
	}
	return t, nil
}

func (a *API) getTemplate(w http.ResponseWriter, r *http.Request) error {
	t, err := template(r)
	if err != nil {
		return err
	}
	j := templateOf(t)
	j.Context = contextURL(r, "applicationTemplates/$entity")
	return writeSelected(w, r, j)
}

// instantiate makes an application with its service principal.
func (a *API) instantiate(w http.ResponseWriter, r *http.Request) error {
	t, err := template(r)
	if err != nil {
		return err
	}
	raw := map[string]json.RawMessage{}
	if err := decode(w, r, &raw); err != nil {
		return err
	}
	reg, err := a.register(r, raw, t.ID)
	if err != nil {
		return err
	}
	if t.Agents {
		if err := a.publishApp(r, reg); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusCreated, map[string]any{
		"@odata.context": contextURL(r, graphPrefix+"applicationServicePrincipal"),
		"application":    applicationOf(reg), "servicePrincipal": principalOf(reg, tenant.From(r.Context())),
	})
	return nil
}
