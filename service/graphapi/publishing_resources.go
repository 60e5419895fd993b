package graphapi

import (
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/agents"
)

const resourcesContext = "onPremisesPublishingProfiles('provisioning')/publishedResources"

func (a *API) listResources(w http.ResponseWriter, r *http.Request) error {
	o, e, err := a.profiled(r, "agentGroups")
	if err != nil {
		return err
	}
	return filtered(w, r, resourcesContext, e.allResources(o))
}

func (a *API) countResources(w http.ResponseWriter, r *http.Request) error {
	o, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	return writeCounted(w, o, e.allResources(o))
}

func (a *API) getResource(w http.ResponseWriter, r *http.Request) error {
	o, e, err := a.profiled(r, "agentGroups")
	if err != nil {
		return err
	}
	x, err := e.Resource(r.PathValue("resource"))
	if err != nil {
		return err
	}
	j := e.oneResource(x, o)
	j.Context = contextURL(r, resourcesContext+"/$entity")
	return writeSelected(w, r, j)
}

func (a *API) createResource(w http.ResponseWriter, r *http.Request) error {
	var b nameBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	_, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	name := b.Resource
	if b.Name != nil {
		name = *b.Name
	}
	var x agents.Resource
	_, err = a.Agents.Publish(r.Context(), func(p agents.Publishing) (_ agents.Publishing, err error) {
		x, err = p.AddResource(name, b.Resource)
		return p, err
	})
	if err != nil {
		return err
	}
	j := e.resource(x)
	j.Context = contextURL(r, resourcesContext+"/$entity")
	return created(w, here(r)+"/"+x.ID, j)
}

func (a *API) patchResource(w http.ResponseWriter, r *http.Request) error {
	var b nameBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	return a.reviseResource(w, r, func(_ *agents.Publishing, x *agents.Resource) error {
		if b.Name == nil {
			return nil
		}
		x.Name = *b.Name
		return agents.ValidName("displayName", x.Name)
	})
}

// reviseResource changes one resource; when its group changes, so does that of the application it stands for.
func (a *API) reviseResource(w http.ResponseWriter, r *http.Request, fn func(*agents.Publishing, *agents.Resource) error) error {
	_, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	was, err := e.Resource(r.PathValue("resource"))
	if err != nil {
		return err
	}
	now := was
	p, err := a.Agents.Publish(r.Context(), func(p agents.Publishing) (agents.Publishing, error) {
		if now, err = p.Resource(was.ID); err != nil {
			return p, err
		}
		err := fn(&p, &now)
		p.SetResource(now)
		return p, err
	})
	if err != nil || now.Group == was.Group {
		return orNoContent(w, err)
	}
	return orNoContent(w, a.follow(r, p, now))
}

// follow moves the application that the resource stands for to the resource's group.
func (a *API) follow(r *http.Request, p agents.Publishing, x agents.Resource) error {
	g, err := p.Group(x.Group)
	if err != nil {
		return err
	}
	apps, err := a.Apps.List(r.Context())
	if err != nil {
		return err
	}
	for _, ap := range apps {
		if string(ap.ID) == x.Resource && ap.Target.Group != "" && ap.Target.Group != g.Name {
			ap.Target.Group = g.Name
			return a.store(r.Context(), ap)
		}
	}
	return nil
}

// deleteResource takes a resource away; one that an application still goes through stays.
func (a *API) deleteResource(w http.ResponseWriter, r *http.Request) error {
	_, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	x, err := e.Resource(r.PathValue("resource"))
	if err != nil {
		return err
	}
	apps, err := a.Apps.List(r.Context())
	if err != nil {
		return err
	}
	for _, ap := range apps {
		if string(ap.ID) == x.Resource && ap.Target.Group != "" {
			return fault.New(fault.Invalid, "", "the application %q is provisioned through it", ap.Name).
				WithHint("delete the application's service principal, or give it an address of its own, first")
		}
	}
	_, err = a.Agents.Publish(r.Context(), func(p agents.Publishing) (agents.Publishing, error) {
		p.RemoveResource(x.ID)
		return p, nil
	})
	return orNoContent(w, err)
}

func (a *API) listGroupsOfResource(w http.ResponseWriter, r *http.Request) error {
	_, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	x, err := e.Resource(r.PathValue("resource"))
	if err != nil {
		return err
	}
	return filtered(w, r, agentGroupsContext, e.groupOf(x))
}

// assignResource binds a resource to another group; the binding it had goes in the same transaction.
func (a *API) assignResource(w http.ResponseWriter, r *http.Request) error {
	group, err := reference(w, r)
	if err != nil {
		return err
	}
	return a.reviseResource(w, r, func(p *agents.Publishing, x *agents.Resource) error {
		g, err := p.Group(group)
		x.Group = g.ID
		return err
	})
}

// unassignResource puts a resource back into the default group.
func (a *API) unassignResource(w http.ResponseWriter, r *http.Request) error {
	group := r.PathValue("group")
	return a.reviseResource(w, r, func(p *agents.Publishing, x *agents.Resource) error {
		if !strings.EqualFold(x.Group, group) {
			return fault.New(fault.NotFound, "", "the published resource %q is not in the agent group %q", x.Name, clip(group))
		}
		x.Group = p.Default().ID
		return nil
	})
}
