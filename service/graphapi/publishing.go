package graphapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/service/app"
)

// publishingType is the only onPremisesPublishingType served (graph-api §2.1).
const publishingType = "provisioning"

type profileJSON struct {
	Context   string                   `json:"@odata.context,omitempty"`
	ID        string                   `json:"id"`
	Enabled   bool                     `json:"isEnabled"`
	Default   bool                     `json:"isDefaultAccessEnabled"`
	Updater   updaterJSON              `json:"hybridAgentUpdaterConfiguration"`
	Agents    *[]agentEntity           `json:"agents,omitempty"`
	Groups    *[]agentGroupEntity      `json:"agentGroups,omitempty"`
	Resources *[]publishedResourceJSON `json:"publishedResources,omitempty"`
}

type agentEntity struct {
	Context string              `json:"@odata.context,omitempty"`
	ID      string              `json:"id"`
	Machine string              `json:"machineName"`
	IP      string              `json:"externalIp"`
	Status  string              `json:"status"` // active, inactive
	Types   []string            `json:"supportedPublishingTypes"`
	Groups  *[]agentGroupEntity `json:"agentGroups,omitempty"`
}

type agentGroupEntity struct {
	Context   string                   `json:"@odata.context,omitempty"`
	ID        string                   `json:"id"`
	Name      string                   `json:"displayName"`
	Default   bool                     `json:"isDefault"`
	Type      string                   `json:"publishingType"`
	Agents    *[]agentEntity           `json:"agents,omitempty"`
	Resources *[]publishedResourceJSON `json:"publishedResources,omitempty"`
}

type publishedResourceJSON struct {
	Context  string              `json:"@odata.context,omitempty"`
	ID       string              `json:"id"`
	Name     string              `json:"displayName"`
	Resource string              `json:"resourceName"`
	Type     string              `json:"publishingType"`
	Groups   *[]agentGroupEntity `json:"agentGroups,omitempty"`
}

// estate is all that is known of a tenant's agents at one moment.
type estate struct {
	agents.Publishing
	agents []agents.Agent
	here   map[agents.ID]string
}

// estate reads it, first publishing every application that is reached through agents and has no resource yet.
func (a *API) estate(ctx context.Context) (e estate, err error) {
	if e.Publishing, err = a.published(ctx); err != nil {
		return e, err
	}
	all, err := a.Agents.List(ctx)
	for _, ag := range all {
		if ag.Active() {
			e.agents = append(e.agents, ag)
		}
	}
	e.here = a.Gate.Connected(ctx)
	return e, err
}

// published brings groups and resources in line with applications and agents that name groups by themselves: an application file says
// in which group it is, an agent enrols in one.
func (a *API) published(ctx context.Context) (agents.Publishing, error) {
	p, err := a.Agents.Publishing(ctx)
	if err != nil {
		return p, err
	}
	apps, err := a.Apps.List(ctx)
	if err != nil {
		return p, err
	}
	all, err := a.Agents.List(ctx)
	if err != nil || !align(&p, apps, all) {
		return p, err
	}
	return a.Agents.Publish(ctx, func(p agents.Publishing) (agents.Publishing, error) {
		align(&p, apps, all)
		return p, nil
	})
}

// align reports whether it had anything to do. p is changed as a copy of it is.
func align(p *agents.Publishing, apps []app.App, all []agents.Agent) bool {
	*p = p.Clone()
	before := len(p.Groups)
	changed := false
	for _, ag := range all {
		if ag.Active() {
			p.Ensure(ag.Group)
		}
	}
	for _, ap := range apps {
		if ap.Target.Group == "" {
			continue
		}
		g := p.Ensure(ap.Target.Group)
		i := slices.IndexFunc(p.Resources, func(r agents.Resource) bool { return r.Resource == string(ap.ID) })
		if i < 0 {
			if _, err := p.AddResource(ap.Name, string(ap.ID)); err != nil {
				continue // a name no resource can have: the application works all the same
			}
			i, changed = len(p.Resources)-1, true
		}
		if p.Resources[i].Group != g.ID {
			p.Resources[i].Group, changed = g.ID, true
		}
	}
	return changed || len(p.Groups) != before
}

func (e estate) agent(ag agents.Agent) agentEntity {
	j := agentEntity{ID: agentID(ag.ID), Machine: ag.Name, Status: "inactive", Types: []string{publishingType}}
	if _, ok := e.here[ag.ID]; ok {
		j.Status = "active"
	}
	return j
}

// agentID writes an agent's id as a GUID; within the service it is one without dashes.
func agentID(id agents.ID) string {
	s := string(id)
	if len(s) != 32 {
		return s
	}
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func (e estate) group(g agents.Group) agentGroupEntity {
	return agentGroupEntity{ID: g.ID, Name: g.Name, Default: g == e.Default(), Type: publishingType}
}

func (e estate) resource(r agents.Resource) publishedResourceJSON {
	return publishedResourceJSON{ID: r.ID, Name: r.Name, Resource: r.Resource, Type: publishingType}
}

func (e estate) agentsOf(group string) []agentEntity {
	out := []agentEntity{}
	for _, ag := range e.agents {
		if slices.ContainsFunc(e.GroupsOf(ag), func(g agents.Group) bool { return g.ID == group }) {
			out = append(out, e.agent(ag))
		}
	}
	return out
}

func (e estate) groupsOf(ag agents.Agent) []agentGroupEntity {
	out := []agentGroupEntity{}
	for _, g := range e.GroupsOf(ag) {
		out = append(out, e.group(g))
	}
	return out
}

func (e estate) resourcesOf(group string) []publishedResourceJSON {
	out := []publishedResourceJSON{}
	for _, r := range e.ResourcesOf(group) {
		out = append(out, e.resource(r))
	}
	return out
}

func (e estate) groupOf(r agents.Resource) []agentGroupEntity {
	g, err := e.Group(r.Group)
	if err != nil {
		g = e.Default() // its group went without it; it counts as unassigned
	}
	return []agentGroupEntity{e.group(g)}
}

// allAgents, allGroups and allResources show everything, expanded as asked.
func (e estate) allAgents(o *options) []agentEntity {
	out := []agentEntity{}
	for _, ag := range e.agents {
		j := e.agent(ag)
		if o.expands("agentGroups") {
			gs := e.groupsOf(ag)
			j.Groups = &gs
		}
		out = append(out, j)
	}
	return out
}

func (e estate) oneGroup(g agents.Group, o *options) agentGroupEntity {
	j := e.group(g)
	if o.expands("agents") {
		as := e.agentsOf(g.ID)
		j.Agents = &as
	}
	if o.expands("publishedResources") {
		rs := e.resourcesOf(g.ID)
		j.Resources = &rs
	}
	return j
}

func (e estate) allGroups(o *options) []agentGroupEntity {
	out := []agentGroupEntity{}
	for _, g := range e.Groups {
		out = append(out, e.oneGroup(g, o))
	}
	return out
}

func (e estate) oneResource(r agents.Resource, o *options) publishedResourceJSON {
	j := e.resource(r)
	if o.expands("agentGroups") {
		gs := e.groupOf(r)
		j.Groups = &gs
	}
	return j
}

func (e estate) allResources(o *options) []publishedResourceJSON {
	out := []publishedResourceJSON{}
	for _, r := range e.Resources {
		out = append(out, e.oneResource(r, o))
	}
	return out
}

// profiled reads options and estate for a path below a profile; fault.NotFound for another publishing type.
func (a *API) profiled(r *http.Request, expand ...string) (*options, estate, error) {
	if t := r.PathValue("type"); !equalFold(t, publishingType) {
		return nil, estate{}, fault.New(fault.NotFound, "", "there is no publishing profile %q", clip(t)).WithHint("the profile served is %s", publishingType)
	}
	o, err := readOptions(r)
	if err == nil {
		err = o.only(expand...)
	}
	if err != nil {
		return nil, estate{}, err
	}
	e, err := a.estate(r.Context())
	return o, e, err
}

func (a *API) getProfile(w http.ResponseWriter, r *http.Request) error {
	o, e, err := a.profiled(r, "agents", "agentGroups", "publishedResources")
	if err != nil {
		return err
	}
	j := profileJSON{
		Context: contextURL(r, "onPremisesPublishingProfiles/$entity"), ID: publishingType, Enabled: true, Default: true, Updater: updaterOf(e.Updates),
	}
	none := &options{}
	if o.expands("agents") {
		as := e.allAgents(none)
		j.Agents = &as
	}
	if o.expands("agentGroups") {
		gs := e.allGroups(none)
		j.Groups = &gs
	}
	if o.expands("publishedResources") {
		rs := e.allResources(none)
		j.Resources = &rs
	}
	return writeSelected(w, r, j)
}

func (a *API) listProfiles(w http.ResponseWriter, r *http.Request) error {
	e, err := a.estate(r.Context())
	if err != nil {
		return err
	}
	return filtered(w, r, "onPremisesPublishingProfiles", []profileJSON{{ID: publishingType, Enabled: true, Default: true, Updater: updaterOf(e.Updates)}})
}

func (a *API) publishingRoutes() []Route {
	const (
		all       = "/v1.0/onPremisesPublishingProfiles"
		p         = all + "/{type}"
		agentsAt  = p + "/agents"
		groupsAt  = p + "/agentGroups"
		published = p + "/publishedResources"
	)
	return []Route{
		{"GET " + all, access.ReadAgents, a.listProfiles},
		{"GET " + p, access.ReadAgents, a.getProfile},
		{"PATCH " + p, access.WriteAgents, a.patchProfile},
		{"GET " + p + "/hybridAgentUpdaterConfiguration", access.ReadAgents, a.getUpdater},
		{"PATCH " + p + "/hybridAgentUpdaterConfiguration", access.WriteAgents, a.patchUpdater},
		{"GET " + agentsAt, access.ReadAgents, a.listOnPremAgents},
		{"GET " + agentsAt + "/$count", access.ReadAgents, a.countOnPremAgents},
		{"GET " + agentsAt + "/{agent}", access.ReadAgents, a.getOnPremAgent},
		{"DELETE " + agentsAt + "/{agent}", access.WriteAgents, a.removeOnPremAgent},
		{"GET " + agentsAt + "/{agent}/agentGroups", access.ReadAgents, a.listGroupsOfAgent},
		{"POST " + agentsAt + "/{agent}/agentGroups/$ref", access.WriteAgents, a.joinAgentGroup},
		{"DELETE " + agentsAt + "/{agent}/agentGroups/{group}/$ref", access.WriteAgents, a.leaveAgentGroup},
		{"GET " + groupsAt, access.ReadAgents, a.listAgentGroups},
		{"POST " + groupsAt, access.WriteAgents, a.createAgentGroup},
		{"GET " + groupsAt + "/$count", access.ReadAgents, a.countAgentGroups},
		{"GET " + groupsAt + "/{group}", access.ReadAgents, a.getAgentGroup},
		{"PATCH " + groupsAt + "/{group}", access.WriteAgents, a.patchAgentGroup},
		{"DELETE " + groupsAt + "/{group}", access.WriteAgents, a.deleteAgentGroup},
		{"GET " + groupsAt + "/{group}/agents", access.ReadAgents, a.listAgentsOfGroup},
		{"POST " + groupsAt + "/{group}/agents", access.WriteAgents, a.contradiction},
		{"GET " + groupsAt + "/{group}/publishedResources", access.ReadAgents, a.listResourcesOfGroup},
		{"GET " + published, access.ReadAgents, a.listResources},
		{"POST " + published, access.WriteAgents, a.createResource},
		{"GET " + published + "/$count", access.ReadAgents, a.countResources},
		{"GET " + published + "/{resource}", access.ReadAgents, a.getResource},
		{"PATCH " + published + "/{resource}", access.WriteAgents, a.patchResource},
		{"DELETE " + published + "/{resource}", access.WriteAgents, a.deleteResource},
		{"GET " + published + "/{resource}/agentGroups", access.ReadAgents, a.listGroupsOfResource},
		{"POST " + published + "/{resource}/agentGroups/$ref", access.WriteAgents, a.assignResource},
		{"DELETE " + published + "/{resource}/agentGroups/{group}/$ref", access.WriteAgents, a.unassignResource},
	}
}

// regroup tells the gateway that agents changed groups, so that requests go the new way at once.
func (a *API) regroup(ctx context.Context) {
	if g, ok := a.Gate.(interface{ Regroup(ctx context.Context) }); ok {
		g.Regroup(ctx)
	}
}
