package graphapi

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/identity"
)

// principalKind is the @odata.type of a client of the API.
const principalKind = "#microsoft.graph.servicePrincipal"

// clientObject is a client of the API as an object: it may own groups (graph-api §6, §8.4). fault.NotFound when there is none.
func (a *API) clientObject(ctx context.Context, id string) (entry.Entry, error) {
	absent := fault.New(fault.NotFound, "", "there is no user, group or service principal with the id %q", clip(id))
	if a.Identity.Clients == nil {
		return entry.Entry{}, absent
	}
	c, err := a.Identity.Clients.Client(ctx, identity.ID(lowerGUID(id)))
	if fault.Is(err, fault.NotFound) {
		return entry.Entry{}, absent
	}
	return entry.Entry{Type: directory.ServicePrincipal, ID: string(c.ID), Attrs: entry.Attrs{
		"appId": {string(c.ID)}, directory.DisplayName: {c.Name}, "servicePrincipalType": {"Application"}, "accountEnabled": {true},
	}}, err
}

// findObject gets a user, a group or a service principal by its id.
func (a *API) findObject(ctx context.Context, id string) (entry.Entry, error) {
	e, err := a.findAny(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return a.clientObject(ctx, id)
	}
	return e, err
}

// findOwner gets who may own a group: a user, by its name too, or a service principal. Groups own nothing.
func (a *API) findOwner(ctx context.Context, id string) (entry.Entry, error) {
	e, err := a.find(ctx, entry.User, id)
	if fault.Is(err, fault.NotFound) {
		return a.clientObject(ctx, id)
	}
	return e, err
}

// principals visits those among references that are there still.
func (a *API) principals(ctx context.Context, refs []entry.Ref, visit func(entry.Entry)) error {
	for _, ref := range refs {
		e, err := a.clientObject(ctx, ref.ID)
		switch {
		case err == nil:
			visit(e)
		case !fault.Is(err, fault.NotFound):
			return err
		}
	}
	return nil
}

// showPrincipal shows a service principal among other objects.
func showPrincipal(e entry.Entry, selected []string) object {
	out := object{"@odata.type": principalKind, "id": e.ID}
	for name, vs := range e.Attrs {
		if len(selected) == 0 || slices.ContainsFunc(selected, func(s string) bool { return strings.EqualFold(s, name) }) {
			out[name] = vs[0]
		}
	}
	return out
}
