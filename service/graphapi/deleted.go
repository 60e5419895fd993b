package graphapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

// deleted finds a soft-deleted object of either type by its id, a user also by the userPrincipalName it had.
func (a *API) deleted(r *http.Request) (entry.Entry, error) {
	id := r.PathValue("id")
	for _, t := range []entry.Type{entry.User, entry.Group} {
		e, err := a.Directory.Get(r.Context(), t, id)
		if err == nil && e.Attrs.First(directory.DeletedDateTime) != nil {
			return e, nil
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return e, err
		}
	}
	if !strings.Contains(id, "@") {
		return entry.Entry{}, fault.New(fault.NotFound, "", "there is no deleted object %q", clip(id))
	}
	return a.deletedByName(r.Context(), id)
}

func (a *API) deletedByName(ctx context.Context, name string) (entry.Entry, error) {
	for after := ""; ; {
		es, err := a.Directory.List(ctx, entry.User, true, after, 500)
		if err != nil {
			return entry.Entry{}, err
		}
		for _, e := range es {
			if strings.EqualFold(e.Attrs.Text(directory.UserPrincipalName), name) {
				return e, nil
			}
			after = e.ID
		}
		if len(es) < 500 {
			return entry.Entry{}, fault.New(fault.NotFound, "", "there is no deleted object %q", clip(name))
		}
	}
}

// withDeleted adds to the standard properties when an object was deleted.
func withDeleted(e entry.Entry, selected []string) object {
	out := typed(e, selected)
	if selected == nil {
		out[directory.DeletedDateTime] = one(e.Attrs[directory.DeletedDateTime], nil)
	}
	return out
}

func (a *API) getDeleted(w http.ResponseWriter, r *http.Request) error {
	o, err := readOptions(r)
	if err != nil {
		return err
	}
	e, err := a.deleted(r)
	if err != nil {
		return err
	}
	out := withDeleted(e, o.selected)
	out["@odata.context"] = contextURL(r, "directoryObjects/$entity")
	writeJSON(w, http.StatusOK, out)
	return nil
}

// listDeleted makes the handler of deletedItems/microsoft.graph.user, or of …group.
func (c collection) listDeleted(w http.ResponseWriter, r *http.Request) error {
	o, err := readOptions(r)
	if err == nil {
		err = c.readSet(o)
	}
	if err != nil {
		return err
	}
	if o.count || len(o.order) > 0 {
		return c.allDeleted(w, r, o)
	}
	var from place
	if err := openCursor(o.skip, &from); err != nil {
		return err
	}
	items, next := []object{}, ""
	for {
		es, err := c.Directory.List(r.Context(), c.typ, true, from.ID, o.top)
		if err != nil {
			return err
		}
		for _, e := range es {
			if from.ID = e.ID; c.matches(o, e) {
				items = append(items, withDeleted(e, o.selected))
			}
		}
		if len(es) < o.top {
			break
		}
		if len(items) > 0 {
			next = o.next(r, from)
			break
		}
	}
	return writePage(w, r, c.deletedContext(), items, next, nil)
}

func (c collection) deletedContext() string {
	return "directoryObjects/" + graphPrefix + strings.ToLower(string(c.typ))
}

// allDeleted looks at everything that is deleted, to count or order it; what is kept for thirty days is not much.
func (c collection) allDeleted(w http.ResponseWriter, r *http.Request, o *options) error {
	var found []ranked
	for after := ""; ; {
		es, err := c.Directory.List(r.Context(), c.typ, true, after, scanBatch)
		if err != nil {
			return err
		}
		for _, e := range es {
			if after = e.ID; c.matches(o, e) {
				found = append(found, ranked{c.keys(o, e), e})
			}
		}
		if len(es) < scanBatch {
			break
		}
	}
	slices.SortFunc(found, o.compare)
	part, next, count, err := cut(r, o, found)
	if err != nil {
		return err
	}
	items := make([]object, len(part))
	for i, x := range part {
		items[i] = withDeleted(x.entry, o.selected)
	}
	return writePage(w, r, c.deletedContext(), items, next, count)
}

func (a *API) restore(w http.ResponseWriter, r *http.Request) error {
	e, err := a.deleted(r)
	if err != nil {
		return err
	}
	if err := a.Directory.Restore(r.Context(), e.Type, e.ID); err != nil {
		return err
	}
	delete(e.Attrs, directory.DeletedDateTime)
	out := typed(e, nil)
	out["@odata.context"] = contextURL(r, "directoryObjects/$entity")
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) purge(w http.ResponseWriter, r *http.Request) error {
	e, err := a.deleted(r)
	if err != nil {
		return err
	}
	if err := a.Directory.HardDelete(r.Context(), e.Type, e.ID); err != nil {
		return err
	}
	return noContent(w)
}

// getObject answers /directoryObjects/{id}.
func (a *API) getObject(w http.ResponseWriter, r *http.Request) error {
	o, err := readOptions(r)
	if err != nil {
		return err
	}
	e, err := a.findObject(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	out := typed(e, o.selected)
	out["@odata.context"] = contextURL(r, "directoryObjects/$entity")
	writeJSON(w, http.StatusOK, out)
	return nil
}

// getByIDs answers /directoryObjects/getByIds: those that exist, of the types asked for.
func (a *API) getByIDs(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		IDs   []string `json:"ids"`
		Types []string `json:"types"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	if len(b.IDs) > 1000 {
		return fault.New(fault.Invalid, "read the request", "ids names %d objects, more than 1000", len(b.IDs))
	}
	items := []object{}
	for _, t := range []entry.Type{entry.User, entry.Group} {
		if len(b.Types) > 0 && !slices.ContainsFunc(b.Types, func(s string) bool {
			return strings.EqualFold(s, string(t)) || strings.EqualFold(s, "directoryObject")
		}) {
			continue
		}
		ids := make([]string, len(b.IDs))
		for i, id := range b.IDs {
			ids[i] = lowerGUID(id)
		}
		os, err := a.Directory.Load(r.Context(), t, ids, false)
		if err != nil {
			return err
		}
		for _, x := range os {
			items = append(items, typed(x.Entry, nil))
		}
	}
	return writePage(w, r, "directoryObjects", items, "", nil)
}
