package graphapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

// askRefs reads the options of a list of users and groups: they may name what either type has.
func askRefs(r *http.Request) (*options, error) {
	o, err := readOptions(r)
	if err == nil {
		err = o.advanced()
	}
	if err != nil {
		return nil, err
	}
	for option, paths := range o.paths() {
		for _, p := range paths {
			_, ofUser := users.attribute(p)
			_, ofGroup := groups.attribute(p)
			if !ofUser && !ofGroup {
				return nil, fault.New(fault.Invalid, "read "+option, "neither users nor groups have a property %q that can be asked for", clip(p))
			}
		}
	}
	return o, nil
}

// narrows reports whether not everything is wanted.
func (o *options) narrows() bool { return o.filter != nil || o.search != nil }

// chosen leaves the references whose live objects pass, in the order asked for; they stay as they are when nothing of the kind is asked.
func (a *API) chosen(ctx context.Context, o *options, refs []entry.Ref) ([]entry.Ref, error) {
	if !o.narrows() && len(o.order) == 0 {
		return refs, nil
	}
	var found []ranked
	err := a.eachRef(ctx, refs, func(e entry.Entry) {
		if s := shapeOf(e.Type); s.matches(o, e) {
			found = append(found, ranked{s.keys(o, e), entry.Entry{Type: e.Type, ID: e.ID}})
		}
	})
	if len(o.order) > 0 {
		slices.SortFunc(found, o.compare)
	}
	out := make([]entry.Ref, len(found))
	for i, x := range found {
		out[i] = entry.Ref{Type: x.entry.Type, ID: x.entry.ID}
	}
	return out, err
}

// eachRef visits the live objects among references, in their order, some at a time.
func (a *API) eachRef(ctx context.Context, refs []entry.Ref, visit func(entry.Entry)) error {
	for from := 0; from < len(refs); {
		to := from + 1
		for to < len(refs) && to-from < scanBatch && refs[to].Type == refs[from].Type {
			to++
		}
		if refs[from].Type == directory.ServicePrincipal {
			if err := a.principals(ctx, refs[from:to], visit); err != nil {
				return err
			}
			from = to
			continue
		}
		os, err := a.Directory.Load(ctx, refs[from].Type, idsOf(refs[from:to]), false)
		if err != nil {
			return err
		}
		for _, x := range os {
			visit(x.Entry)
		}
		from = to
	}
	return nil
}

func idsOf(refs []entry.Ref) []string {
	ids := make([]string, len(refs))
	for i, ref := range refs {
		ids[i] = ref.ID
	}
	return ids
}

// typedRefs shows the live objects among references, in their order.
func (a *API) typedRefs(ctx context.Context, refs []entry.Ref, selected []string) ([]object, error) {
	out := []object{}
	err := a.eachRef(ctx, refs, func(e entry.Entry) { out = append(out, typed(e, selected)) })
	return out, err
}

// writeRefs answers with the objects that references lead to: filtered, ordered and cut as asked.
func (a *API) writeRefs(w http.ResponseWriter, r *http.Request, refs []entry.Ref) error {
	o, err := askRefs(r)
	if err != nil {
		return err
	}
	if refs, err = a.chosen(r.Context(), o, refs); err != nil {
		return err
	}
	part, next, count, err := cut(r, o, refs)
	if err != nil {
		return err
	}
	items, err := a.typedRefs(r.Context(), part, o.selected)
	if err != nil {
		return err
	}
	return writePage(w, r, "directoryObjects", items, next, count)
}

// edge is where a page of members ended.
type edge struct {
	Edge int64 `json:"e"`
}

// listMembers answers with the direct members: page by page as they are stored, or all looked at when some are asked for.
func (a *API) listMembers(w http.ResponseWriter, r *http.Request) error {
	o, err := askRefs(r)
	if err != nil {
		return err
	}
	g, err := a.find(r.Context(), entry.Group, r.PathValue("id"))
	if err != nil {
		return err
	}
	if o.narrows() || len(o.order) > 0 {
		refs, err := a.membersOf(r.Context(), g.ID)
		if err != nil {
			return err
		}
		return a.writeRefs(w, r, refs)
	}
	return a.pageMembers(w, r, o, g.ID)
}

func (a *API) pageMembers(w http.ResponseWriter, r *http.Request, o *options, group string) error {
	var at edge
	if err := openCursor(o.skip, &at); err != nil {
		return err
	}
	refs, after, err := a.Directory.MembersOf(r.Context(), group, at.Edge, o.top)
	if err != nil {
		return err
	}
	items, err := a.typedRefs(r.Context(), refs, o.selected)
	if err != nil {
		return err
	}
	next := ""
	if at.Edge = after; after > 0 {
		next = o.next(r, at)
	}
	count, err := a.countMembers(r.Context(), o, group)
	if err != nil {
		return err
	}
	return writePage(w, r, "directoryObjects", items, next, count)
}

// countMembers counts for the first page of a request that asked for it.
func (a *API) countMembers(ctx context.Context, o *options, group string) (*int, error) {
	if !o.count || o.skip != "" {
		return nil, nil //nolint:nilnil // nil is: not asked
	}
	refs, err := a.membersOf(ctx, group)
	n := len(refs)
	return &n, err
}

func (a *API) membersOf(ctx context.Context, id string) (out []entry.Ref, err error) {
	for after := int64(0); len(out) < maxTransitive; {
		refs, next, err := a.Directory.MembersOf(ctx, id, after, maxTransitive)
		if out = append(out, refs...); err != nil || next == 0 {
			return out, err
		}
		after = next
	}
	return out, nil
}

func (a *API) reportsOf(ctx context.Context, id string) ([]entry.Ref, error) {
	ids, err := a.Directory.Seek(ctx, entry.User, directory.Manager, id)
	return refsOf(entry.User, ids), err
}

func refsOf(t entry.Type, ids []string) []entry.Ref {
	out := make([]entry.Ref, len(ids))
	for i, id := range ids {
		out[i] = entry.Ref{Type: t, ID: id}
	}
	return out
}
