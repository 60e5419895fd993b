package agents

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport-id/sallyport/fault"
)

// DefaultGroup is the name of the group that everything belongs to which belongs to no other.
const DefaultGroup = "default"

// Group is an agent group: the agents of one place.
type Group struct {
	ID   string `json:"id"` // GUID
	Name string `json:"name"`
}

// Resource is what one application publishes through agents: bound to exactly one group.
type Resource struct {
	ID       string `json:"id"` // GUID
	Name     string `json:"name"`
	Resource string `json:"resource"` // the application's id, or its name in the agents' configuration
	Group    string `json:"group"`    // id of the group; never empty
}

// Updates says when agents update themselves. Precedence: Override at once; else not before Defer; else only in the window; else at once.
type Updates struct {
	Override bool       `json:"override"`
	Defer    *time.Time `json:"defer,omitempty"`
	From     string     `json:"from,omitempty"` // "15:04:05" in the agent's own zone; "" with To: any time
	To       string     `json:"to,omitempty"`   // may lie before From: the window goes over midnight
}

// Publishing is all that a tenant has set about agents, in one piece, so that its rules hold at every moment: exactly one default
// group, every resource in one group, every agent in one at least.
type Publishing struct {
	Groups    []Group         `json:"groups"`    // the default one first
	Resources []Resource      `json:"resources"` // in the order they were made
	Members   map[ID][]string `json:"members"`   // ids of groups by agent; an agent that is missing is in the group it enrolled in
	Updates   Updates         `json:"updates"`
}

// PublishingStore keeps the Publishing of the tenant in the context.
type PublishingStore interface {
	// Publishing returns it; one with the default group alone when nothing was ever set.
	Publishing(ctx context.Context) (Publishing, error)
	// Publish applies fn in one transaction and returns what was stored; fn may run twice. An error of fn changes nothing.
	Publish(ctx context.Context, fn func(Publishing) (Publishing, error)) (Publishing, error)
}

// NewPublishing returns what a tenant begins with.
func NewPublishing() Publishing {
	return Publishing{Groups: []Group{{ID: uuid.NewString(), Name: DefaultGroup}}, Members: map[ID][]string{}}
}

// Default returns the default group.
func (p Publishing) Default() Group { return p.Groups[0] }

// Clone returns a copy that can be changed.
func (p Publishing) Clone() Publishing {
	p.Groups, p.Resources = slices.Clone(p.Groups), slices.Clone(p.Resources)
	members := make(map[ID][]string, len(p.Members))
	for id, gs := range p.Members {
		members[id] = slices.Clone(gs)
	}
	p.Members = members
	return p
}

// Group returns the group with the id, in any case; fault.NotFound when there is none.
func (p Publishing) Group(id string) (Group, error) {
	for _, g := range p.Groups {
		if strings.EqualFold(g.ID, id) {
			return g, nil
		}
	}
	return Group{}, fault.New(fault.NotFound, "", "there is no agent group %q", id).WithHint("list onPremisesPublishingProfiles/provisioning/agentGroups")
}

// Named returns the group of a name; false when there is none.
func (p Publishing) Named(name string) (Group, bool) {
	i := slices.IndexFunc(p.Groups, func(g Group) bool { return g.Name == name })
	if i < 0 {
		return Group{}, false
	}
	return p.Groups[i], true
}

// Ensure returns the group of a name, made if need be. "" is the default group.
func (p *Publishing) Ensure(name string) Group {
	if name == "" {
		return p.Default()
	}
	g, ok := p.Named(name)
	if !ok {
		g = Group{ID: uuid.NewString(), Name: name}
		p.Groups = append(p.Groups, g)
	}
	return g
}

// AddGroup makes a group; fault.Invalid when the name is no name or taken.
func (p *Publishing) AddGroup(name string) (Group, error) {
	if err := p.free("", name); err != nil {
		return Group{}, err
	}
	return p.Ensure(name), nil
}

// RenameGroup gives a group another name. Agents and resources stay in it.
func (p *Publishing) RenameGroup(id, name string) error {
	g, err := p.Group(id)
	if err == nil {
		err = p.free(g.ID, name)
	}
	if err != nil {
		return err
	}
	p.Groups[slices.Index(p.Groups, g)].Name = name
	return nil
}

func (p *Publishing) free(id, name string) error {
	if err := ValidName("agent group", name); err != nil {
		return err
	}
	if g, taken := p.Named(name); taken && g.ID != id {
		return fault.New(fault.Invalid, "", "there is an agent group %q already", name).WithHint("choose another displayName")
	}
	return nil
}

// RemoveGroup takes a group away. Its agents fall back to the default group unless they are in another; fault.Invalid for the default
// group and for one with resources.
func (p *Publishing) RemoveGroup(id string) error {
	g, err := p.Group(id)
	if err != nil {
		return err
	}
	if g == p.Default() {
		return fault.New(fault.Invalid, "", "the default agent group cannot be deleted")
	}
	if n := len(p.ResourcesOf(g.ID)); n > 0 {
		return fault.New(fault.Invalid, "", "the agent group %q has %d published resources", g.Name, n).
			WithHint("assign them to another group first")
	}
	for agent, groups := range p.Members {
		p.Members[agent] = p.atLeastOne(slices.DeleteFunc(groups, func(x string) bool { return x == g.ID }))
	}
	p.Groups = slices.DeleteFunc(p.Groups, func(x Group) bool { return x == g })
	return nil
}

func (p Publishing) atLeastOne(groups []string) []string {
	if len(groups) == 0 {
		return []string{p.Default().ID}
	}
	return groups
}

// GroupsOf returns the groups of an agent, in the order of the groups.
func (p Publishing) GroupsOf(a Agent) []Group {
	ids, set := p.Members[a.ID]
	var out []Group
	for _, g := range p.Groups {
		if set && slices.Contains(ids, g.ID) || !set && g.Name == cmp.Or(a.Group, DefaultGroup) {
			out = append(out, g)
		}
	}
	return out
}

// Join puts an agent into a group, beside those it is in. One that is in it already stays so.
func (p *Publishing) Join(a Agent, group string) error {
	g, err := p.Group(group)
	if err != nil {
		return err
	}
	ids := p.idsOf(a)
	if !slices.Contains(ids, g.ID) {
		ids = append(ids, g.ID)
	}
	p.Members[a.ID] = ids
	return nil
}

// Leave takes an agent out of a group; out of its last one it falls back to the default group. fault.NotFound when it is not in it,
// fault.Invalid when that is the default group and its only one.
func (p *Publishing) Leave(a Agent, group string) error {
	ids := p.idsOf(a)
	i := slices.IndexFunc(ids, func(id string) bool { return strings.EqualFold(id, group) })
	if i < 0 {
		return fault.New(fault.NotFound, "", "the agent %s is not in the agent group %q", a.Name, group)
	}
	if len(ids) == 1 && ids[0] == p.Default().ID {
		return fault.New(fault.Invalid, "", "the agent %s is in the default group alone", a.Name).
			WithHint("an agent belongs to one group at least: put it into another one first, or revoke it")
	}
	p.Members[a.ID] = p.atLeastOne(slices.Delete(ids, i, i+1))
	return nil
}

func (p *Publishing) idsOf(a Agent) []string {
	if p.Members == nil {
		p.Members = map[ID][]string{}
	}
	if ids, set := p.Members[a.ID]; set {
		return ids
	}
	return []string{p.Ensure(a.Group).ID}
}

// Resource returns the resource with the id; fault.NotFound when there is none.
func (p Publishing) Resource(id string) (Resource, error) {
	for _, r := range p.Resources {
		if strings.EqualFold(r.ID, id) {
			return r, nil
		}
	}
	return Resource{}, fault.New(fault.NotFound, "", "there is no published resource %q", id).
		WithHint("list onPremisesPublishingProfiles/provisioning/publishedResources")
}

// ResourcesOf returns the resources bound to a group.
func (p Publishing) ResourcesOf(group string) (out []Resource) {
	for _, r := range p.Resources {
		if r.Group == group {
			out = append(out, r)
		}
	}
	return out
}

// AddResource publishes something in the default group; fault.Invalid when there is a resource of the name.
func (p *Publishing) AddResource(name, resource string) (Resource, error) {
	for what, s := range map[string]string{"displayName": name, "resourceName": resource} {
		if err := ValidName(what, s); err != nil {
			return Resource{}, err
		}
	}
	if slices.ContainsFunc(p.Resources, func(r Resource) bool { return r.Resource == resource }) {
		return Resource{}, fault.New(fault.Invalid, "", "%q is published already", resource).WithHint("one published resource stands for one application")
	}
	r := Resource{ID: uuid.NewString(), Name: name, Resource: resource, Group: p.Default().ID}
	p.Resources = append(p.Resources, r)
	return r, nil
}

// SetResource replaces the resource that has the id of r.
func (p *Publishing) SetResource(r Resource) {
	for i := range p.Resources {
		if p.Resources[i].ID == r.ID {
			p.Resources[i] = r
		}
	}
}

// RemoveResource takes a resource away.
func (p *Publishing) RemoveResource(id string) {
	p.Resources = slices.DeleteFunc(p.Resources, func(r Resource) bool { return r.ID == id })
}
