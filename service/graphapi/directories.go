package graphapi

import (
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app/graphschema"
)

// directoryBody is what may be changed of a directoryDefinition; what is missing stays.
type directoryBody struct {
	Name              *string               `json:"name"`
	Version           *string               `json:"version"`
	Discoverabilities *graphschema.Flags    `json:"discoverabilities"`
	Objects           *[]graphschema.Object `json:"objects"`
}

// patchDirectory changes what a job's schema says of one side.
func (a *API) patchDirectory(w http.ResponseWriter, r *http.Request) error {
	var b directoryBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	x, err := a.work(r)
	if err != nil {
		return err
	}
	d, err := directoryOf(r, x.app)
	if err != nil {
		return err
	}
	if b.Name != nil && *b.Name != d.Name {
		return badProperty("name", "a rule knows the directory by its name; change both with PUT …/schema")
	}
	if b.Version != nil {
		d.Version = *b.Version
	}
	if b.Discoverabilities != nil {
		d.Discoverabilities = *b.Discoverabilities
	}
	if b.Objects != nil {
		d.Objects = *b.Objects
	}
	return orNoContent(w, a.keepDirectory(r, x, d))
}

// keepDirectory puts a directory in the place of the one of its name in the job's schema.
func (a *API) keepDirectory(r *http.Request, x work, d graphschema.Directory) error {
	s := graphschema.ToGraph(x.app)
	next := graphschema.Schema{ID: s.ID, Version: s.Version, Rules: s.Rules, Directories: slices.Clone(s.Directories)}
	i := slices.IndexFunc(next.Directories, func(o graphschema.Directory) bool { return o.Name == d.Name })
	if i < 0 {
		return fault.New(fault.NotFound, "", "the schema has no directory %q", clip(d.Name))
	}
	next.Directories[i] = d
	rules, err := graphschema.FromGraph(next, x.app)
	if err != nil {
		return schemaProblems(err)
	}
	return a.save(r.Context(), x.reg, rules, x.live)
}
