package graphapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
)

// membershipRoutes are the actions that ask in which groups an object is, at any depth.
func (a *API) membershipRoutes() (out []Route) {
	for _, x := range []struct {
		path string
		find finder
	}{{"users", a.finder(entry.User)}, {"groups", a.finder(entry.Group)}, {"directoryObjects", a.findAny}} {
		at := "POST /v1.0/" + x.path + "/{id}/"
		for _, what := range []string{"Groups", "Objects"} {
			out = append(out,
				Route{at + "getMember" + what, access.ReadDirectory, a.getMemberGroups(x.find)},
				Route{at + "checkMember" + what, access.ReadDirectory, a.checkMemberGroups(x.find)},
			)
		}
	}
	return out
}

type finder func(ctx context.Context, id string) (entry.Entry, error)

func (a *API) finder(t entry.Type) finder {
	return func(ctx context.Context, id string) (entry.Entry, error) { return a.find(ctx, t, id) }
}

// getMemberGroups answers with the ids of all groups an object is in.
func (a *API) getMemberGroups(find finder) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		var b struct {
			Security bool `json:"securityEnabledOnly"`
		}
		if err := decode(w, r, &b); err != nil {
			return err
		}
		ids, err := a.groupsOver(r, find)
		if err != nil {
			return err
		}
		if b.Security {
			if ids, err = a.securityGroups(r.Context(), ids); err != nil {
				return err
			}
		}
		return writePage(w, r, "Collection(Edm.String)", ids, "", nil)
	}
}

// maxChecked is how many groups one question names.
const maxChecked = 20

// checkMemberGroups answers with those of the groups named that an object is in.
func (a *API) checkMemberGroups(find finder) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		var b struct {
			Groups  []string `json:"groupIds"`
			Objects []string `json:"ids"`
		}
		if err := decode(w, r, &b); err != nil {
			return err
		}
		asked := append(b.Groups, b.Objects...)
		if len(asked) == 0 || len(asked) > maxChecked {
			return fault.New(fault.Invalid, "read the request", "groupIds names %d groups, not 1 to %d", len(asked), maxChecked)
		}
		for i := range asked {
			asked[i] = lowerGUID(asked[i])
		}
		ids, err := a.groupsOver(r, find)
		if err != nil {
			return err
		}
		ids = slices.DeleteFunc(ids, func(id string) bool { return !slices.Contains(asked, id) })
		return writePage(w, r, "Collection(Edm.String)", ids, "", nil)
	}
}

func (a *API) groupsOver(r *http.Request, find finder) ([]string, error) {
	e, err := find(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return a.groupsAbove(r.Context(), e.ID, false)
}

// securityGroups leaves those whose securityEnabled is not false.
func (a *API) securityGroups(ctx context.Context, ids []string) ([]string, error) {
	os, err := a.Directory.Load(ctx, entry.Group, ids, false)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, o := range os {
		if v := o.Attrs.First("securityEnabled"); v != false {
			out = append(out, o.ID)
		}
	}
	return out, nil
}
