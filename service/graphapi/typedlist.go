package graphapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/graphapi/odata"
)

// writeSelected answers with an entity, cut down to what $select names.
func writeSelected(w http.ResponseWriter, r *http.Request, v any) error {
	o, err := readOptions(r)
	if err != nil {
		return err
	}
	if o.selected == nil && len(o.expand) == 0 {
		writeJSON(w, http.StatusOK, v)
		return nil
	}
	out, err := plainJSON(v)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, o.dress(out))
	return nil
}

// plainJSON turns a typed answer into an object, for $select and $filter over short lists.
func plainJSON(v any) (object, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "write the answer", err)
	}
	out := object{}
	return out, fault.Wrap(fault.Internal, "write the answer", json.Unmarshal(b, &out))
}

// pick leaves id, annotations and the selected properties; all of them when nothing is selected.
func pick(o object, selected []string) object {
	if selected == nil || slices.Contains(selected, "*") {
		return o
	}
	for name := range o {
		if name != "id" && !strings.Contains(name, "@") && !slices.ContainsFunc(selected, func(s string) bool { return strings.EqualFold(s, name) }) {
			delete(o, name)
		}
	}
	return o
}

// lookup gives a filter the values of a typed answer.
func lookup(o object) odata.Object {
	return func(path string) []any {
		var at any = o
		for part := range strings.SplitSeq(path, "/") {
			m, ok := at.(object)
			if !ok {
				if m, ok = at.(map[string]any); !ok {
					return nil
				}
			}
			at = nil
			for name, v := range m {
				if strings.EqualFold(name, part) {
					at = v
				}
			}
		}
		return filterValues(at)
	}
}

func filterValues(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			if out[i] = x; isObject(x) {
				out[i] = lookup(x.(map[string]any))
			}
		}
		return out
	case float64:
		return []any{int64(v)}
	case string:
		if t, err := odata.ParseTime(v); err == nil && len(v) > 10 {
			return []any{t, v}
		}
	}
	return []any{v}
}

func isObject(v any) bool { _, ok := v.(map[string]any); return ok }

// passing returns the items of a short list that pass $filter and $search. Properties that the items' type does not have are refused.
func passing[T any](o *options, all []T) ([]object, error) {
	if err := o.about(propertiesOf[T]()); err != nil {
		return nil, err
	}
	items := []object{}
	for _, x := range all {
		j, err := plainJSON(x)
		if err != nil {
			return nil, err
		}
		if values := lookup(j); o.filter.Match(values, true) && o.search.Match(values, []string{shownName}) {
			items = append(items, j)
		}
	}
	return items, nil
}

// filtered answers with a short list, filtered, ordered and cut as asked.
func filtered[T any](w http.ResponseWriter, r *http.Request, what string, all []T) error {
	o, err := readOptions(r)
	if err != nil {
		return err
	}
	items, err := passing(o, all)
	if err != nil {
		return err
	}
	if len(o.order) > 0 {
		sortObjects(items, o.order)
	}
	for i := range items {
		items[i] = o.dress(items[i])
	}
	return writeList(w, r, o, what, items)
}

// writeCounted answers how many of a short list pass.
func writeCounted[T any](w http.ResponseWriter, o *options, all []T) error {
	items, err := passing(o, all)
	if err != nil {
		return err
	}
	return writeCount(w, len(items))
}

func sortObjects(items []object, order []odata.Order) {
	key := func(o object, path string) string {
		if vs := lookup(o)(path); len(vs) > 0 {
			return sortKey(vs[0])
		}
		return ""
	}
	slices.SortStableFunc(items, func(x, y object) int {
		for _, k := range order {
			if n := strings.Compare(key(x, k.Path), key(y, k.Path)); n != 0 {
				if k.Desc {
					return -n
				}
				return n
			}
		}
		return 0
	})
}

func (a *API) listApplications(w http.ResponseWriter, r *http.Request) error {
	all, err := a.registrations(r.Context())
	if err != nil {
		return err
	}
	out := make([]applicationJSON, len(all))
	for i, reg := range all {
		out[i] = applicationOf(reg)
	}
	return filtered(w, r, "applications", out)
}

func (a *API) listPrincipals(w http.ResponseWriter, r *http.Request) error {
	all, err := a.registrations(r.Context())
	if err != nil {
		return err
	}
	out := make([]principalJSON, 0, len(all))
	for _, reg := range all {
		out = append(out, principalOf(reg, tenant.From(r.Context())))
	}
	if o, err := readOptions(r); err == nil && o.filter != nil {
		if ids, ok := o.filter.Equal("appId"); ok && len(ids) == 1 {
			if j, ok := a.clientPrincipal(r, ids[0]); ok {
				out = append(out, j)
			}
		}
	}
	return filtered(w, r, "servicePrincipals", out)
}
