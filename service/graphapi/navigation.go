package graphapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/access"
)

// navigation is a list of objects that another one leads to, as it is counted, named by reference, and narrowed to one type.
type navigation struct {
	*API
	path string
	refs func(r *http.Request) ([]entry.Ref, error)
}

// allNavigations are those of users and groups.
func (a *API) allNavigations() []navigation {
	var out []navigation
	for _, c := range []collection{a.people(), a.teams()} {
		at := "/v1.0/" + c.path + "/{id}/"
		out = append(out, navigation{a, at + "memberOf", c.groupsOf(true)}, navigation{a, at + "transitiveMemberOf", c.groupsOf(false)})
	}
	of := func(t entry.Type, path string, refs func(ctx context.Context, id string) ([]entry.Ref, error)) {
		out = append(out, navigation{a, "/v1.0/" + path, func(r *http.Request) ([]entry.Ref, error) {
			e, err := a.find(r.Context(), t, r.PathValue("id"))
			if err != nil {
				return nil, err
			}
			return refs(r.Context(), e.ID)
		}})
	}
	of(entry.User, "users/{id}/directReports", a.reportsOf)
	of(entry.Group, "groups/{id}/members", a.membersOf)
	of(entry.Group, "groups/{id}/transitiveMembers", a.below)
	of(entry.Group, "groups/{id}/owners", a.ownersOf)
	return out
}

func (c collection) groupsOf(direct bool) func(r *http.Request) ([]entry.Ref, error) {
	return func(r *http.Request) ([]entry.Ref, error) {
		e, err := c.find(r.Context(), c.typ, r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		ids, err := c.groupsAbove(r.Context(), e.ID, direct)
		return refsOf(entry.Group, ids), err
	}
}

// navigationRoutes are the segments that may stand behind each navigation.
func (a *API) navigationRoutes() (out []Route) {
	for _, n := range a.allNavigations() {
		out = append(out,
			Route{"GET " + n.path + "/$count", access.ReadDirectory, n.count},
			Route{"GET " + n.path + "/$ref", access.ReadDirectory, n.listRefs},
			Route{"GET " + n.path + "/microsoft.graph.user", access.ReadDirectory, n.narrowed(entry.User)},
			Route{"GET " + n.path + "/microsoft.graph.group", access.ReadDirectory, n.narrowed(entry.Group)},
		)
	}
	return append(out, Route{"GET /v1.0/users/{id}/manager/$ref", access.ReadDirectory, a.getManagerRef})
}

func (n navigation) count(w http.ResponseWriter, r *http.Request) error {
	_, refs, err := n.chosenRefs(r)
	if err != nil {
		return err
	}
	return writeCount(w, len(refs))
}

// chosenRefs returns what the navigation leads to of that which is asked for.
func (n navigation) chosenRefs(r *http.Request) (*options, []entry.Ref, error) {
	o, err := askRefs(r)
	if err != nil {
		return nil, nil, err
	}
	refs, err := n.refs(r)
	if err != nil {
		return nil, nil, err
	}
	refs, err = n.chosen(r.Context(), o, refs)
	return o, refs, err
}

type refJSON struct {
	Context string `json:"@odata.context,omitempty"`
	ID      string `json:"@odata.id"`
}

func refOf(r *http.Request, ref entry.Ref) refJSON {
	return refJSON{ID: root(r) + "/directoryObjects/" + ref.ID}
}

func (n navigation) listRefs(w http.ResponseWriter, r *http.Request) error {
	o, refs, err := n.chosenRefs(r)
	if err != nil {
		return err
	}
	out := make([]refJSON, len(refs))
	for i, ref := range refs {
		out[i] = refOf(r, ref)
	}
	return writeList(w, r, o, "Collection($ref)", out)
}

// narrowed makes the handler of the objects of one type among those the navigation leads to.
func (n navigation) narrowed(t entry.Type) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		refs, err := n.refs(r)
		if err != nil {
			return err
		}
		return n.writeRefs(w, r, slices.DeleteFunc(refs, func(ref entry.Ref) bool { return ref.Type != t }))
	}
}

func (a *API) getManagerRef(w http.ResponseWriter, r *http.Request) error {
	e, err := a.find(r.Context(), entry.User, r.PathValue("id"))
	if err != nil {
		return err
	}
	m, err := a.managerOf(r.Context(), e)
	if err != nil {
		return err
	}
	out := refOf(r, entry.Ref{Type: m.Type, ID: m.ID})
	out.Context = contextURL(r, "$ref")
	writeJSON(w, http.StatusOK, out)
	return nil
}

// entitySets are the collections a client finds at the root.
func (a *API) entitySets() (names []string) {
	for _, r := range a.Routes() {
		rest, ok := strings.CutPrefix(r.Pattern, "GET /v1.0/")
		if ok && rest != "" && !strings.ContainsAny(rest, "/$") && rest != "me" {
			names = append(names, rest)
		}
	}
	return names
}

type entitySet struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	URL  string `json:"url"`
}

// serviceDocument lists the collections (OData JSON §5).
func (a *API) serviceDocument(w http.ResponseWriter, r *http.Request) error {
	out := []entitySet{}
	for _, name := range a.entitySets() {
		out = append(out, entitySet{name, "EntitySet", name})
	}
	writeJSON(w, http.StatusOK, page[entitySet]{Context: root(r) + "/$metadata", Value: out})
	return nil
}
