package graphapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/assign"
	"github.com/sallyport-id/sallyport/service/catalog"
	"github.com/sallyport-id/sallyport/service/directory"
)

// assignmentJSON is an appRoleAssignment.
type assignmentJSON struct {
	Context       string `json:"@odata.context,omitempty"`
	ID            string `json:"id"`
	Role          string `json:"appRoleId"`
	Principal     string `json:"principalId"`
	PrincipalType string `json:"principalType"` // User, Group
	PrincipalName string `json:"principalDisplayName"`
	Resource      string `json:"resourceId"`
	ResourceName  string `json:"resourceDisplayName"`
	Created       string `json:"createdDateTime"`
}

func (a *API) assignment(ctx context.Context, x assign.Assignment) (assignmentJSON, error) {
	reg, err := a.registration(ctx, string(x.App))
	if err != nil {
		return assignmentJSON{}, err
	}
	j := assignmentJSON{
		ID: string(x.ID), Role: x.Role, Principal: x.Principal, PrincipalType: string(x.PrincipalType), Resource: reg.Principal,
		ResourceName: reg.Name, Created: instantText(x.At),
	}
	e, err := a.Directory.Get(ctx, x.PrincipalType, x.Principal)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return j, err
	}
	if err == nil {
		j.PrincipalName = e.Attrs.Text(directory.DisplayName)
	}
	return j, nil
}

// assign makes an assignment, from the side of the application or of the principal.
func (a *API) assign(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Principal string `json:"principalId"`
		Resource  string `json:"resourceId"`
		Role      string `json:"appRoleId"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	key := r.PathValue("app")
	if key == "" {
		key = b.Resource
	}
	reg, err := a.registration(r.Context(), key)
	if fault.Is(err, fault.NotFound) && r.PathValue("app") == "" {
		return fault.New(fault.Invalid, "", "resourceId %q is no service principal", clip(b.Resource))
	}
	if err != nil {
		return err
	}
	if b.Resource != "" && !strings.EqualFold(b.Resource, reg.Principal) && b.Resource != string(reg.ID) {
		return fault.New(fault.Invalid, "", "resourceId is another service principal than the path's")
	}
	e, err := a.principal(r, b.Principal)
	if err != nil {
		return err
	}
	role, err := roleOf(reg, b.Role)
	if err != nil {
		return err
	}
	x, err := a.Assign.Add(r.Context(), assign.Assignment{App: reg.ID, Principal: e.ID, PrincipalType: e.Type, Role: role})
	if fault.Is(err, fault.Exists) { // 409 would be taken for "not replicated yet" (graph-api §1.1)
		return fault.New(fault.Invalid, "", "permission being assigned already exists on the object")
	}
	if err != nil {
		return err
	}
	j, err := a.assignment(r.Context(), x)
	if err != nil {
		return err
	}
	j.Context = contextURL(r, "appRoleAssignments/$entity")
	return created(w, root(r)+"/servicePrincipals/"+reg.Principal+"/appRoleAssignedTo/"+j.ID, j)
}

// principal returns who an assignment is for: the body names it, and the path, when that is its own, the same.
func (a *API) principal(r *http.Request, named string) (entry.Entry, error) {
	e, err := a.findAny(r.Context(), lowerGUID(named))
	if fault.Is(err, fault.NotFound) {
		return e, fault.New(fault.Invalid, "", "principalId %q is no user or group", clip(named))
	}
	id := r.PathValue("id")
	if err != nil || id == "" || id == e.ID {
		return e, err
	}
	own, err := a.find(r.Context(), e.Type, id)
	if err == nil && own.ID != e.ID {
		err = fault.New(fault.Invalid, "", "principalId is another than the path's")
	}
	return e, err
}

// roleOf checks a role: the default access when the application has none, else one of its own or the default.
func roleOf(reg catalog.Registration, id string) (string, error) {
	id = lowerGUID(id)
	if id == "" || id == assign.DefaultRole {
		return assign.DefaultRole, nil
	}
	for _, role := range reg.Roles {
		if role.ID == id && role.IsEnabled {
			return id, nil
		}
	}
	return "", fault.New(fault.Invalid, "", "%q is no enabled role of %s", clip(id), reg.Name).
		WithHint("use one of its appRoles, or %s for the default access", assign.DefaultRole)
}

// assigned reads an assignment of the path and refuses one of another application or principal.
func (a *API) assigned(r *http.Request) (assign.Assignment, error) {
	id := r.PathValue("assignment")
	x, err := a.Assign.Get(r.Context(), assign.ID(id))
	gone := fault.New(fault.NotFound, "", "there is no assignment %q", clip(id))
	if fault.Is(err, fault.NotFound) {
		return x, gone
	}
	if err != nil {
		return x, err
	}
	if owner := r.PathValue("app"); owner != "" && string(x.App) != owner {
		return x, gone
	}
	if who := r.PathValue("id"); who != "" && x.Principal != who {
		e, err := a.find(r.Context(), entry.User, who) // by its name
		if err != nil || e.ID != x.Principal {
			return x, gone
		}
	}
	return x, nil
}

func (a *API) getAssignedTo(w http.ResponseWriter, r *http.Request) error {
	x, err := a.assigned(r)
	if err != nil {
		return err
	}
	j, err := a.assignment(r.Context(), x)
	if err != nil {
		return err
	}
	j.Context = contextURL(r, "appRoleAssignments/$entity")
	return writeSelected(w, r, j)
}

func (a *API) unassign(w http.ResponseWriter, r *http.Request) error {
	x, err := a.assigned(r)
	if err != nil {
		return err
	}
	return orNoContent(w, a.Assign.Remove(r.Context(), x.ID))
}

func (a *API) listAssignedTo(w http.ResponseWriter, r *http.Request) error {
	reg, err := a.application(r)
	if err != nil {
		return err
	}
	return a.listAssign(w, r, assign.Query{App: reg.ID})
}

func (c collection) listAssignments(w http.ResponseWriter, r *http.Request) error {
	e, err := c.find(r.Context(), c.typ, r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.listAssign(w, r, assign.Query{Principal: e.ID})
}

// listAssign answers page by page as assignments are stored, in the order of their ids alone.
func (a *API) listAssign(w http.ResponseWriter, r *http.Request, q assign.Query) error {
	o, err := readOptions(r)
	if err == nil {
		err = o.about(propertiesOf[assignmentJSON]())
	}
	if err == nil && len(o.order) > 0 {
		err = unserved("$orderby")
	}
	if err != nil {
		return err
	}
	count, err := a.countAssigned(r.Context(), o, q)
	if err != nil {
		return err
	}
	if err := openCursor(o.skip, &q.After); err != nil {
		return err
	}
	q.Limit = o.top + 1
	all, err := a.Assign.List(r.Context(), q)
	if err != nil {
		return err
	}
	next := ""
	if len(all) > o.top {
		all = all[:o.top]
		next = o.next(r, all[o.top-1].ID)
	}
	items, err := a.assignmentsPassing(r.Context(), o, all)
	if err != nil {
		return err
	}
	for i := range items {
		items[i] = pick(items[i], o.shown())
	}
	return writePage(w, r, "appRoleAssignments", items, next, count)
}

func (a *API) assignmentsPassing(ctx context.Context, o *options, all []assign.Assignment) ([]object, error) {
	shown := make([]assignmentJSON, 0, len(all))
	for _, x := range all {
		j, err := a.assignment(ctx, x)
		if err != nil {
			return nil, err
		}
		shown = append(shown, j)
	}
	return passing(o, shown)
}

// countAssigned counts what passes, for the first page of a request that asked for it.
func (a *API) countAssigned(ctx context.Context, o *options, q assign.Query) (*int, error) {
	if !o.count || o.skip != "" {
		return nil, nil //nolint:nilnil // nil is: not asked
	}
	n := 0
	for q.Limit = scanBatch; ; {
		all, err := a.Assign.List(ctx, q)
		if err != nil {
			return nil, err
		}
		items, err := a.assignmentsPassing(ctx, o, all)
		if err != nil {
			return nil, err
		}
		if n += len(items); len(all) < q.Limit {
			return &n, nil
		}
		q.After = all[len(all)-1].ID
	}
}

// dropAssignments takes back everything that was assigned to an application that goes.
func (a *API) dropAssignments(ctx context.Context, id app.ID) error {
	if a.Assign == nil {
		return nil
	}
	for {
		all, err := a.Assign.List(ctx, assign.Query{App: id})
		if err != nil || len(all) == 0 {
			return err
		}
		for _, x := range all {
			if err := a.Assign.Remove(ctx, x.ID); err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
		}
	}
}
