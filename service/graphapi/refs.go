package graphapi

import (
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

type refBody struct {
	ID string `json:"@odata.id"`
}

// target reads the object URL of a $ref request and returns its last segment.
func target(w http.ResponseWriter, r *http.Request) (string, error) {
	var b refBody
	if err := decode(w, r, &b); err != nil {
		return "", err
	}
	id := lastSegment(b.ID)
	if id == "" {
		return "", fault.New(fault.Invalid, "read the request", `"@odata.id" is missing`).
			WithHint(`send {"@odata.id": "https://…/v1.0/users/{id}"}`)
	}
	return id, nil
}

func (a *API) getManager(w http.ResponseWriter, r *http.Request) error {
	e, err := a.find(r.Context(), entry.User, r.PathValue("id"))
	if err != nil {
		return err
	}
	ref, ok := e.Attrs.First(directory.Manager).(entry.Ref)
	if !ok {
		return fault.New(fault.NotFound, "", "%s has no manager", e.Attrs.Text(directory.UserPrincipalName))
	}
	m, err := a.find(r.Context(), entry.User, ref.ID)
	if err != nil {
		return err
	}
	out := toJSON(m, selection(r.URL.Query().Get("$select"), defaultUser))
	out["@odata.type"] = "#microsoft.graph.user"
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) putManager(w http.ResponseWriter, r *http.Request) error {
	id, err := target(w, r)
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
	_, err = a.Directory.Put(r.Context(), entry.User, e.ID, func(e entry.Entry) (entry.Entry, error) {
		e.Attrs.Set(directory.Manager, m...)
		return e, directory.Validate(e)
	})
	if err != nil {
		return err
	}
	return noContent(w)
}

func (a *API) listMembers(w http.ResponseWriter, r *http.Request) error {
	g, err := a.find(r.Context(), entry.Group, r.PathValue("id"))
	if err != nil {
		return err
	}
	top, err := number(r.URL.Query().Get("$top"), 100, 999)
	if err != nil {
		return err
	}
	out, next := []any{}, ""
	after := r.URL.Query().Get("$skiptoken")
	skipping := after != ""
	for _, v := range g.Attrs[directory.Members] {
		ref, _ := v.(entry.Ref)
		if skipping {
			skipping = ref.ID != after
			continue
		}
		if len(out) == top {
			next = out[top-1].(map[string]any)["id"].(string)
			break
		}
		m, err := a.member(r, ref)
		if err != nil {
			return err
		}
		out = append(out, m)
	}
	return collection(w, r, "member", out, next)
}

func (a *API) member(r *http.Request, ref entry.Ref) (map[string]any, error) {
	t := ref.Type
	if t == "" {
		t = entry.User
	}
	m, err := a.Directory.Get(r.Context(), t, ref.ID)
	if fault.Is(err, fault.NotFound) {
		return map[string]any{"id": ref.ID}, nil
	}
	if err != nil {
		return nil, err
	}
	def := defaultUser
	if t == entry.Group {
		def = defaultGroup
	}
	out := toJSON(m, def)
	out["@odata.type"] = "#microsoft.graph." + strings.ToLower(string(t))
	return out, nil
}

func (a *API) addMember(w http.ResponseWriter, r *http.Request) error {
	id, err := target(w, r)
	if err != nil {
		return err
	}
	g, err := a.find(r.Context(), entry.Group, r.PathValue("id"))
	if err != nil {
		return err
	}
	m, err := a.find(r.Context(), entry.User, id)
	if fault.Is(err, fault.NotFound) {
		m, err = a.find(r.Context(), entry.Group, id)
	}
	if err != nil {
		return err
	}
	if hasRef(g, m.ID) {
		return fault.New(fault.Invalid, "", "one or more added object references already exist for 'members'")
	}
	if err := a.Directory.Link(r.Context(), entry.Group, g.ID, directory.Members, []entry.Ref{{Type: m.Type, ID: m.ID}}, nil); err != nil {
		return err
	}
	return noContent(w)
}

func hasRef(g entry.Entry, id string) bool {
	for _, v := range g.Attrs[directory.Members] {
		if ref, ok := v.(entry.Ref); ok && ref.ID == id {
			return true
		}
	}
	return false
}

func (a *API) removeMember(w http.ResponseWriter, r *http.Request) error {
	g, err := a.find(r.Context(), entry.Group, r.PathValue("id"))
	if err != nil {
		return err
	}
	id := r.PathValue("member")
	if !hasRef(g, id) {
		return fault.New(fault.NotFound, "", "%s is not a member of this group", id)
	}
	if err := a.Directory.Link(r.Context(), entry.Group, g.ID, directory.Members, nil, []entry.Ref{{ID: id}}); err != nil {
		return err
	}
	return noContent(w)
}

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
	return a.deletedByName(r, id)
}

func (a *API) deletedByName(r *http.Request, name string) (entry.Entry, error) {
	for after := ""; ; {
		es, err := a.Directory.List(r.Context(), entry.User, true, after, 500)
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
			return entry.Entry{}, fault.New(fault.NotFound, "", "there is no deleted object %q", name)
		}
	}
}

func (a *API) getDeleted(w http.ResponseWriter, r *http.Request) error {
	e, err := a.deleted(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, typed(e))
	return nil
}

func typed(e entry.Entry) map[string]any {
	def := defaultUser
	if e.Type == entry.Group {
		def = defaultGroup
	}
	out := toJSON(e, append([]string{directory.DeletedDateTime}, def...))
	out["@odata.type"] = "#microsoft.graph." + strings.ToLower(string(e.Type))
	return out
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
	writeJSON(w, http.StatusOK, typed(e))
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
