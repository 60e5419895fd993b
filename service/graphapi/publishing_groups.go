package graphapi

import (
	"context"
	"net/http"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/agents"
)

const agentGroupsContext = "onPremisesPublishingProfiles('provisioning')/agentGroups"

func (a *API) listAgentGroups(w http.ResponseWriter, r *http.Request) error {
	o, e, err := a.profiled(r, "agents", "publishedResources")
	if err != nil {
		return err
	}
	return filtered(w, r, agentGroupsContext, e.allGroups(o))
}

func (a *API) countAgentGroups(w http.ResponseWriter, r *http.Request) error {
	o, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	return writeCounted(w, o, e.allGroups(o))
}

func (a *API) getAgentGroup(w http.ResponseWriter, r *http.Request) error {
	o, e, err := a.profiled(r, "agents", "publishedResources")
	if err != nil {
		return err
	}
	g, err := e.Group(r.PathValue("group"))
	if err != nil {
		return err
	}
	j := e.oneGroup(g, o)
	j.Context = contextURL(r, agentGroupsContext+"/$entity")
	return writeSelected(w, r, j)
}

type nameBody struct {
	Name     *string `json:"displayName"`
	Resource string  `json:"resourceName"`
}

func (b nameBody) name() (string, error) {
	if b.Name == nil {
		return "", fault.New(fault.Invalid, "read the request", "displayName is missing")
	}
	return *b.Name, nil
}

func (a *API) createAgentGroup(w http.ResponseWriter, r *http.Request) error {
	var b nameBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	name, err := b.name()
	if err != nil {
		return err
	}
	if _, _, err := a.profiled(r); err != nil {
		return err
	}
	var g agents.Group
	_, err = a.Agents.Publish(r.Context(), func(p agents.Publishing) (_ agents.Publishing, err error) {
		g, err = p.AddGroup(name)
		return p, err
	})
	if err != nil {
		return err
	}
	j := agentGroupEntity{Context: contextURL(r, agentGroupsContext+"/$entity"), ID: g.ID, Name: g.Name, Type: publishingType}
	return created(w, here(r)+"/"+g.ID, j)
}

// patchAgentGroup renames a group. Agents and applications name it, so they follow.
func (a *API) patchAgentGroup(w http.ResponseWriter, r *http.Request) error {
	var b nameBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	_, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	g, err := e.Group(r.PathValue("group"))
	if err != nil || b.Name == nil {
		return orNoContent(w, err)
	}
	_, err = a.Agents.Publish(r.Context(), func(p agents.Publishing) (agents.Publishing, error) {
		for _, ag := range e.agents { // those that are in it because they enrolled there stay in it
			if _, set := p.Members[ag.ID]; !set {
				p.Members[ag.ID] = []string{p.Ensure(ag.Group).ID}
			}
		}
		return p, p.RenameGroup(g.ID, *b.Name)
	})
	if err == nil {
		err = a.moveApps(r.Context(), func(group string) (string, bool) { return *b.Name, group == g.Name })
	}
	a.regroup(r.Context())
	return orNoContent(w, err)
}

func orNoContent(w http.ResponseWriter, err error) error {
	if err != nil {
		return err
	}
	return noContent(w)
}

// moveApps gives applications another group and takes their jobs up again there.
func (a *API) moveApps(ctx context.Context, to func(group string) (string, bool)) error {
	apps, err := a.Apps.List(ctx)
	if err != nil {
		return err
	}
	for _, ap := range apps {
		name, moved := to(ap.Target.Group)
		if ap.Target.Group == "" || !moved || name == ap.Target.Group {
			continue
		}
		ap.Target.Group = name
		if err := a.store(ctx, ap); err != nil {
			return err
		}
	}
	return nil
}

func (a *API) deleteAgentGroup(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := a.profiled(r); err != nil {
		return err
	}
	_, err := a.Agents.Publish(r.Context(), func(p agents.Publishing) (agents.Publishing, error) {
		return p, p.RemoveGroup(r.PathValue("group"))
	})
	a.regroup(r.Context())
	return orNoContent(w, err)
}

func (a *API) listAgentsOfGroup(w http.ResponseWriter, r *http.Request) error {
	_, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	g, err := e.Group(r.PathValue("group"))
	if err != nil {
		return err
	}
	return filtered(w, r, "onPremisesPublishingProfiles('provisioning')/agents", e.agentsOf(g.ID))
}

// contradiction answers the path that Graph's documents print for making a group, against their own example.
func (a *API) contradiction(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.Invalid, "", "nothing is made at agentGroups/{id}/agents").
		WithHint(`an agent group is made with POST /beta/onPremisesPublishingProfiles/provisioning/agentGroups {"displayName":"…"}, ` +
			`an agent joins one with POST …/agents/{id}/agentGroups/$ref {"@odata.id":"…/agentGroups/{id}"}`)
}

func (a *API) listResourcesOfGroup(w http.ResponseWriter, r *http.Request) error {
	_, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	g, err := e.Group(r.PathValue("group"))
	if err != nil {
		return err
	}
	return filtered(w, r, resourcesContext, e.resourcesOf(g.ID))
}
