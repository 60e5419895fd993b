package graphapi

import (
	"bytes"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/app/graphschema"
	"github.com/sallyport-id/sallyport/service/catalog"
	"github.com/sallyport-id/sallyport/service/plan"
)

func (a *API) getSchema(w http.ResponseWriter, r *http.Request) error {
	x, err := a.work(r)
	if err != nil {
		return err
	}
	return writeSchema(w, r, graphschema.ToGraph(x.app))
}

// writeSchema answers with a schema as it stands; the context is put in front, since a schema a client wrote goes back byte for byte.
func writeSchema(w http.ResponseWriter, r *http.Request, s graphschema.Schema) error {
	data, err := s.MarshalJSON()
	if err != nil {
		return fault.Wrap(fault.Internal, "write the schema", err)
	}
	data = bytes.TrimSpace(data)
	head := []byte(`{"@odata.context":"` + contextURL(r, "synchronizationSchema") + `"`)
	if !bytes.Equal(data, []byte("{}")) {
		head = append(head, ',')
	}
	w.Header().Set("Content-Type", jsonContent)
	_, err = w.Write(append(head, data[1:]...))
	return ignoreGone(err)
}

// contextHead is the annotation as writeSchema puts it.
var contextHead = regexp.MustCompile(`^\s*\{\s*"@odata\.context"\s*:\s*"[^"]*"\s*,?`)

// putSchema replaces the whole schema; PUT and PATCH are the same (graph-api §11). A schema with mistakes changes nothing.
func (a *API) putSchema(w http.ResponseWriter, r *http.Request) error {
	b, err := body(w, r)
	if err != nil {
		return err
	}
	if err := jsonType(r); err != nil {
		return err
	}
	var s graphschema.Schema
	if err := unmarshal(contextHead.ReplaceAll(b, []byte("{")), &s); err != nil {
		return err
	}
	x, err := a.work(r)
	if err != nil {
		return err
	}
	next, err := graphschema.FromGraph(s, x.app)
	if err == nil {
		_, err = plan.Compile(next)
	}
	if err != nil {
		return schemaProblems(err)
	}
	return orNoContent(w, a.save(r.Context(), x.reg, next, x.live))
}

// schemaProblems tells every mistake with its JSON path.
func schemaProblems(err error) error {
	out := &refusal{error: fault.New(fault.Invalid, "read the schema", "%w", err), status: http.StatusBadRequest, code: "Request_BadRequest"}
	if ps, ok := errors.AsType[graphschema.Problems](err); ok {
		for _, p := range ps {
			out.details = append(out.details, errorDetail{Code: "InvalidSchema", Message: p.Message, Target: p.Target})
		}
	} else {
		out.details = []errorDetail{{Code: "InvalidSchema", Message: err.Error()}}
	}
	return out
}

// deleteSchema puts the template's rules back.
func (a *API) deleteSchema(w http.ResponseWriter, r *http.Request) error {
	x, err := a.work(r)
	if err != nil {
		return err
	}
	next := x.app
	next.Objects, next.GraphSchema = defaultRules(x.reg).Objects, ""
	return orNoContent(w, a.save(r.Context(), x.reg, next, x.live))
}

// jobTemplateJSON is a synchronizationTemplate.
type jobTemplateJSON struct {
	Context      string              `json:"@odata.context,omitempty"`
	ID           string              `json:"id"`
	Application  string              `json:"applicationId"`
	Default      bool                `json:"default"`
	Description  string              `json:"description"`
	Discoverable bool                `json:"discoverable"`
	Factory      string              `json:"factoryTag"`
	Metadata     []graphschema.Pair  `json:"metadata"`
	Schema       *graphschema.Schema `json:"schema,omitempty"`
}

func jobTemplateOf(reg catalog.Registration, t catalog.Template) jobTemplateJSON {
	j := jobTemplateJSON{
		ID: t.Job, Application: reg.Client, Default: t.ID == reg.Template || reg.Template == "" && t.ID == catalog.Generic, Description: t.Description,
		Discoverable: true, Factory: t.Job, Metadata: []graphschema.Pair{},
	}
	if t.Agents {
		j.Metadata = []graphschema.Pair{{Key: "IsSynchronizationAgentRequired", Value: "true"}, {Key: "IsSynchronizationAgentAssignmentRequired", Value: "true"}}
	}
	s := templateSchema(reg)
	j.Schema = &s
	return j
}

func templateSchema(reg catalog.Registration) graphschema.Schema {
	return graphschema.ToGraph(defaultRules(reg))
}

// offered returns the templates an application may make a job of: its own, or all when it was registered without one.
func offered(reg catalog.Registration) (out []catalog.Template) {
	for _, t := range catalog.Templates() {
		if reg.Template == "" || t.ID == reg.Template {
			out = append(out, t)
		}
	}
	return out
}

func (a *API) listJobTemplates(w http.ResponseWriter, r *http.Request) error {
	reg, err := a.application(r)
	if err != nil {
		return err
	}
	out := []jobTemplateJSON{}
	for _, t := range offered(reg) {
		out = append(out, jobTemplateOf(reg, t))
	}
	return filtered(w, r, "servicePrincipals('"+reg.Principal+"')/synchronization/templates", out)
}

func (a *API) jobTemplate(r *http.Request) (catalog.Registration, catalog.Template, error) {
	reg, err := a.application(r)
	if err != nil {
		return reg, catalog.Template{}, err
	}
	t, ok := catalog.FindJobTemplate(r.PathValue("template"))
	if !ok {
		return reg, t, fault.New(fault.NotFound, "", "there is no synchronization template %q", clip(r.PathValue("template")))
	}
	return reg, t, nil
}

func (a *API) getJobTemplate(w http.ResponseWriter, r *http.Request) error {
	reg, t, err := a.jobTemplate(r)
	if err != nil {
		return err
	}
	j := jobTemplateOf(reg, t)
	j.Context = contextURL(r, "servicePrincipals('"+reg.Principal+"')/synchronization/templates/$entity")
	return writeSelected(w, r, j)
}

func (a *API) getTemplateSchema(w http.ResponseWriter, r *http.Request) error {
	reg, _, err := a.jobTemplate(r)
	if err != nil {
		return err
	}
	return writeSchema(w, r, templateSchema(reg))
}

// directories returns the two sides of a job's schema.
func directories(a app.App) []graphschema.Directory { return graphschema.ToGraph(a).Directories }

func directoryOf(r *http.Request, a app.App) (graphschema.Directory, error) {
	key := r.PathValue("directory")
	for _, d := range directories(a) {
		if strings.EqualFold(d.ID, key) || strings.EqualFold(d.Name, key) {
			return d, nil
		}
	}
	return graphschema.Directory{}, fault.New(fault.NotFound, "", "the schema has no directory %q", clip(key))
}

func (a *API) listDirectories(w http.ResponseWriter, r *http.Request) error {
	x, err := a.work(r)
	if err != nil {
		return err
	}
	return filtered(w, r, "directoryDefinition", directories(x.app))
}

func (a *API) getDirectory(w http.ResponseWriter, r *http.Request) error {
	x, err := a.work(r)
	if err != nil {
		return err
	}
	d, err := directoryOf(r, x.app)
	if err != nil {
		return err
	}
	return writeDirectory(w, r, d)
}

func writeDirectory(w http.ResponseWriter, r *http.Request, d graphschema.Directory) error {
	writeJSON(w, http.StatusOK, struct {
		Context string `json:"@odata.context"`
		graphschema.Directory
	}{contextURL(r, "directoryDefinition/$entity"), d})
	return nil
}
