package graphapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/graphapi/odata"
)

// managerOf returns a user's live manager; fault.NotFound when it has none.
func (a *API) managerOf(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	ref, ok := e.Attrs.First(directory.Manager).(entry.Ref)
	if ok {
		os, err := a.Directory.Load(ctx, entry.User, []string{ref.ID}, false)
		if err != nil {
			return entry.Entry{}, err
		}
		if len(os) == 1 {
			return os[0].Entry, nil
		}
	}
	return entry.Entry{}, fault.New(fault.NotFound, "", "resource 'manager' does not exist: %s has none", e.Attrs.Text(directory.UserPrincipalName))
}

func (a *API) getManager(w http.ResponseWriter, r *http.Request) error {
	o, err := readOptions(r)
	if err != nil {
		return err
	}
	e, err := a.find(r.Context(), entry.User, r.PathValue("id"))
	if err != nil {
		return err
	}
	m, err := a.managerOf(r.Context(), e)
	if err != nil {
		return err
	}
	out := typed(m, o.selected)
	out["@odata.context"] = contextURL(r, "directoryObjects/$entity")
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) putManager(w http.ResponseWriter, r *http.Request) error {
	id, err := reference(w, r)
	if err != nil {
		return err
	}
	m, err := a.find(r.Context(), entry.User, id)
	if err != nil {
		return err
	}
	return a.setManager(w, r, entry.Ref{Type: entry.User, ID: m.ID})
}

func (a *API) deleteManager(w http.ResponseWriter, r *http.Request) error {
	return a.setManager(w, r)
}

func (a *API) setManager(w http.ResponseWriter, r *http.Request, m ...entry.Value) error {
	e, err := a.find(r.Context(), entry.User, r.PathValue("id"))
	if err != nil {
		return err
	}
	_, err = a.Directory.Revise(r.Context(), entry.User, e.ID, directory.Revision{Change: func(e entry.Entry) (entry.Entry, error) {
		e.Attrs.Set(directory.Manager, m...)
		return e, directory.Validate(e)
	}})
	if err != nil {
		return err
	}
	return noContent(w)
}

func (a *API) listReports(w http.ResponseWriter, r *http.Request) error {
	e, err := a.find(r.Context(), entry.User, r.PathValue("id"))
	if err != nil {
		return err
	}
	refs, err := a.reportsOf(r.Context(), e.ID)
	if err != nil {
		return err
	}
	return a.writeRefs(w, r, refs)
}

// expandNavigations adds what $expand asks for; the first twenty of many.
func (a *API) expandNavigations(ctx context.Context, out object, e entry.Entry, o *options) error {
	const most = 20
	for _, x := range o.expand {
		switch {
		case e.Type == entry.User && named(x.Name, directory.Manager):
			if err := a.expandManager(ctx, out, e, x); err != nil {
				return err
			}
		case e.Type == entry.Group && named(x.Name, directory.Members):
			refs, _, err := a.Directory.MembersOf(ctx, e.ID, 0, atMost(x, most))
			if err != nil {
				return err
			}
			if out[directory.Members], err = a.typedRefs(ctx, refs, x.Select); err != nil {
				return err
			}
		case named(x.Name, "memberOf"):
			ids, err := a.groupsAbove(ctx, e.ID, true)
			if err != nil {
				return err
			}
			var refs []entry.Ref
			for _, id := range ids[:min(atMost(x, most), len(ids))] {
				refs = append(refs, entry.Ref{Type: entry.Group, ID: id})
			}
			if out["memberOf"], err = a.typedRefs(ctx, refs, x.Select); err != nil {
				return err
			}
		}
	}
	return nil
}

// expandManager adds the manager, and theirs inside of it as often as $levels says; none who stands in it already.
func (a *API) expandManager(ctx context.Context, out object, e entry.Entry, x odata.Expansion) error {
	seen := map[string]bool{e.ID: true}
	for range max(x.Levels, 1) {
		m, err := a.managerOf(ctx, e)
		if fault.Is(err, fault.NotFound) || seen[m.ID] {
			return nil
		}
		if err != nil {
			return err
		}
		above := typed(m, x.Select)
		out[directory.Manager] = above
		out, e, seen[m.ID] = above, m, true
	}
	return nil
}

// atMost is how many objects an expansion shows.
func atMost(x odata.Expansion, most int) int {
	if x.Top > 0 {
		return min(x.Top, most)
	}
	return most
}

func named(name, want string) bool { return name == "*" || strings.EqualFold(name, want) }
