package graphapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

func (a *API) listUsers(w http.ResponseWriter, r *http.Request) error {
	return a.list(w, r, entry.User, defaultUser, directory.UserPrincipalName)
}

func (a *API) listGroups(w http.ResponseWriter, r *http.Request) error {
	return a.list(w, r, entry.Group, defaultGroup, directory.DisplayName)
}

// list pages through live objects by id, or answers the one filter that identifies an object.
func (a *API) list(w http.ResponseWriter, r *http.Request, t entry.Type, def []string, unique string) error {
	q := r.URL.Query()
	props := selection(q.Get("$select"), def)
	if f := q.Get("$filter"); f != "" {
		v, ok := filterEq(f, unique)
		if !ok {
			return fault.New(fault.Unsupported, "list", "this filter is not understood: %s", f).
				WithHint("use %s eq 'value'", unique)
		}
		e, err := a.Directory.Lookup(r.Context(), t, unique, v)
		if fault.Is(err, fault.NotFound) {
			return collection(w, r, t, []any{}, "")
		}
		if err != nil {
			return err
		}
		return collection(w, r, t, []any{toJSON(e, props)}, "")
	}
	top, err := number(q.Get("$top"), 100, 999)
	if err != nil {
		return err
	}
	es, err := a.Directory.List(r.Context(), t, false, q.Get("$skiptoken"), top)
	if err != nil {
		return err
	}
	out := make([]any, len(es))
	for i, e := range es {
		out[i] = toJSON(e, props)
	}
	next := ""
	if len(es) == top {
		next = es[len(es)-1].ID
	}
	return collection(w, r, t, out, next)
}

// filterEq reads "name eq 'value'", quotes doubled inside.
func filterEq(f, name string) (string, bool) {
	n, rest, ok := strings.Cut(strings.TrimSpace(f), " ")
	if !ok || !strings.EqualFold(n, name) {
		return "", false
	}
	rest, ok = strings.CutPrefix(strings.TrimSpace(rest), "eq ")
	rest = strings.TrimSpace(rest)
	if !ok || len(rest) < 2 || rest[0] != '\'' || rest[len(rest)-1] != '\'' {
		return "", false
	}
	return strings.ReplaceAll(rest[1:len(rest)-1], "''", "'"), true
}

func number(text string, def, most int) (int, error) {
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fault.New(fault.Invalid, "read the request", "%q is not a number from 1 to %d", text, most)
	}
	return min(n, most), nil
}

func collection(w http.ResponseWriter, r *http.Request, t entry.Type, value []any, next string) error {
	out := map[string]any{"@odata.context": base(r) + "/v1.0/$metadata#" + strings.ToLower(string(t)) + "s", "value": value}
	if next != "" {
		q := r.URL.Query()
		q.Set("$skiptoken", next)
		out["@odata.nextLink"] = base(r) + r.URL.Path + "?" + q.Encode()
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func base(r *http.Request) string {
	u := url.URL{Scheme: "https", Host: r.Host}
	return u.String()
}

func (a *API) createUser(w http.ResponseWriter, r *http.Request) error {
	return a.create(w, r, entry.User, defaultUser)
}

func (a *API) createGroup(w http.ResponseWriter, r *http.Request) error {
	return a.create(w, r, entry.Group, defaultGroup)
}

func (a *API) create(w http.ResponseWriter, r *http.Request, t entry.Type, def []string) error {
	raw := map[string]json.RawMessage{}
	if err := decode(w, r, &raw); err != nil {
		return err
	}
	members, err := a.bound(raw, "members@odata.bind")
	if err != nil {
		return err
	}
	props, err := fromJSON(raw)
	if err != nil {
		return err
	}
	e, err := a.Directory.Put(r.Context(), t, "", func(e entry.Entry) (entry.Entry, error) {
		e = directory.Merge(e, props)
		e.Attrs.Set(directory.CreatedDateTime, time.Now().UTC().Truncate(time.Second))
		if len(members) > 0 {
			e.Attrs[directory.Members] = members
		}
		return e, directory.Validate(e)
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", base(r)+r.URL.Path+"/"+e.ID)
	writeJSON(w, http.StatusCreated, toJSON(e, def))
	return nil
}

// bound reads a list of object URLs.
func (a *API) bound(raw map[string]json.RawMessage, name string) ([]entry.Value, error) {
	text, ok := raw[name]
	if !ok {
		return nil, nil
	}
	var urls []string
	if err := json.Unmarshal(text, &urls); err != nil {
		return nil, fault.New(fault.Invalid, "read the request", "%s: %w", name, err)
	}
	out := make([]entry.Value, 0, len(urls))
	for _, u := range urls {
		out = append(out, entry.Ref{ID: lastSegment(u)})
	}
	return out, nil
}

func lastSegment(u string) string {
	u = strings.TrimSuffix(u, "/")
	return u[strings.LastIndexByte(u, '/')+1:]
}

// find gets an object by its id, a user also by userPrincipalName and a group by displayName. Soft-deleted ones count as absent.
func (a *API) find(ctx context.Context, t entry.Type, id string) (entry.Entry, error) {
	e, err := a.Directory.Get(ctx, t, id)
	if err == nil && e.Attrs.First(directory.DeletedDateTime) == nil {
		return e, nil
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return e, err
	}
	unique := directory.UserPrincipalName
	if t == entry.Group {
		unique = directory.DisplayName
	}
	e, err = a.Directory.Lookup(ctx, t, unique, id)
	if fault.Is(err, fault.NotFound) {
		return e, fault.New(fault.NotFound, "", "there is no %s %q", strings.ToLower(string(t)), id)
	}
	return e, err
}

func (a *API) getUser(w http.ResponseWriter, r *http.Request) error {
	return a.get(w, r, entry.User, defaultUser)
}

func (a *API) getGroup(w http.ResponseWriter, r *http.Request) error {
	return a.get(w, r, entry.Group, defaultGroup)
}

func (a *API) get(w http.ResponseWriter, r *http.Request, t entry.Type, def []string) error {
	e, err := a.find(r.Context(), t, r.PathValue("id"))
	if err != nil {
		return err
	}
	props := selection(r.URL.Query().Get("$select"), def)
	if r.URL.Query().Get("$select") == "*" {
		props = nil
	}
	writeJSON(w, http.StatusOK, toJSON(e, props))
	return nil
}

func (a *API) patchUser(w http.ResponseWriter, r *http.Request) error {
	return a.patch(w, r, entry.User)
}

func (a *API) patchGroup(w http.ResponseWriter, r *http.Request) error {
	return a.patch(w, r, entry.Group)
}

func (a *API) patch(w http.ResponseWriter, r *http.Request, t entry.Type) error {
	raw := map[string]json.RawMessage{}
	if err := decode(w, r, &raw); err != nil {
		return err
	}
	members, err := a.bound(raw, "members@odata.bind")
	if err != nil {
		return err
	}
	props, err := fromJSON(raw)
	if err != nil {
		return err
	}
	e, err := a.find(r.Context(), t, r.PathValue("id"))
	if err != nil {
		return err
	}
	_, err = a.Directory.Put(r.Context(), t, e.ID, func(e entry.Entry) (entry.Entry, error) {
		e = directory.Merge(e, props)
		return e, directory.Validate(e)
	})
	if err == nil && len(members) > 0 {
		err = a.Directory.Link(r.Context(), t, e.ID, directory.Members, refsOf(members), nil)
	}
	if err != nil {
		return err
	}
	return noContent(w)
}

func refsOf(vs []entry.Value) []entry.Ref {
	out := make([]entry.Ref, 0, len(vs))
	for _, v := range vs {
		if r, ok := v.(entry.Ref); ok {
			out = append(out, r)
		}
	}
	return out
}

func (a *API) deleteUser(w http.ResponseWriter, r *http.Request) error {
	return a.delete(w, r, entry.User)
}

func (a *API) deleteGroup(w http.ResponseWriter, r *http.Request) error {
	return a.delete(w, r, entry.Group)
}

func (a *API) delete(w http.ResponseWriter, r *http.Request, t entry.Type) error {
	e, err := a.find(r.Context(), t, r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := a.Directory.SoftDelete(r.Context(), t, e.ID, time.Now().UTC()); err != nil {
		return err
	}
	return noContent(w)
}
