package graphapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/agents"
)

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }

// find returns an active agent by its id, with or without dashes.
func (e estate) find(id string) (agents.Agent, error) {
	plain := strings.ToLower(strings.ReplaceAll(id, "-", ""))
	for _, ag := range e.agents {
		if string(ag.ID) == plain || strings.EqualFold(string(ag.ID), id) {
			return ag, nil
		}
	}
	return agents.Agent{}, fault.New(fault.NotFound, "", "there is no agent %q", clip(id)).
		WithHint("agents enrol themselves: make a join token with 'sallyport agents token'")
}

func (a *API) listOnPremAgents(w http.ResponseWriter, r *http.Request) error {
	o, e, err := a.profiled(r, "agentGroups")
	if err != nil {
		return err
	}
	return filtered(w, r, "onPremisesPublishingProfiles('provisioning')/agents", e.allAgents(o))
}

func (a *API) countOnPremAgents(w http.ResponseWriter, r *http.Request) error {
	o, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	return writeCounted(w, o, e.allAgents(o))
}

func (a *API) getOnPremAgent(w http.ResponseWriter, r *http.Request) error {
	o, e, err := a.profiled(r, "agentGroups")
	if err != nil {
		return err
	}
	ag, err := e.find(r.PathValue("agent"))
	if err != nil {
		return err
	}
	j := e.agent(ag)
	if o.expands("agentGroups") {
		gs := e.groupsOf(ag)
		j.Groups = &gs
	}
	j.Context = contextURL(r, "onPremisesPublishingProfiles('provisioning')/agents/$entity")
	return writeSelected(w, r, j)
}

// removeOnPremAgent revokes an agent for good. While it is connected somebody may still need it (graph-api §12).
func (a *API) removeOnPremAgent(w http.ResponseWriter, r *http.Request) error {
	_, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	ag, err := e.find(r.PathValue("agent"))
	if err != nil {
		return err
	}
	if _, here := e.here[ag.ID]; here {
		return fault.New(fault.Invalid, "", "the agent %s is connected", ag.Name).
			WithHint("stop it first, or cut it off with 'sallyport agents revoke %s'", ag.ID)
	}
	if err := a.Gate.Revoke(r.Context(), ag.ID); err != nil {
		return err
	}
	return noContent(w)
}

func (a *API) listGroupsOfAgent(w http.ResponseWriter, r *http.Request) error {
	_, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	ag, err := e.find(r.PathValue("agent"))
	if err != nil {
		return err
	}
	return filtered(w, r, "onPremisesPublishingProfiles('provisioning')/agentGroups", e.groupsOf(ag))
}

func (a *API) joinAgentGroup(w http.ResponseWriter, r *http.Request) error {
	group, err := reference(w, r)
	if err != nil {
		return err
	}
	return a.moveAgent(w, r, func(p *agents.Publishing, ag agents.Agent) error { return p.Join(ag, group) })
}

func (a *API) leaveAgentGroup(w http.ResponseWriter, r *http.Request) error {
	group := r.PathValue("group")
	return a.moveAgent(w, r, func(p *agents.Publishing, ag agents.Agent) error { return p.Leave(ag, group) })
}

func (a *API) moveAgent(w http.ResponseWriter, r *http.Request, move func(*agents.Publishing, agents.Agent) error) error {
	_, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	ag, err := e.find(r.PathValue("agent"))
	if err != nil {
		return err
	}
	_, err = a.Agents.Publish(r.Context(), func(p agents.Publishing) (agents.Publishing, error) { return p, move(&p, ag) })
	if err != nil {
		return err
	}
	a.regroup(r.Context())
	return noContent(w)
}

// updaterJSON is hybridAgentUpdaterConfiguration as it goes out.
type updaterJSON struct {
	Override bool        `json:"allowUpdateConfigurationOverride"`
	Defer    *string     `json:"deferUpdateDateTime"`
	Window   *windowJSON `json:"updateWindow"`
}

type windowJSON struct {
	From string `json:"updateWindowStartTime"`
	To   string `json:"updateWindowEndTime"`
}

func updaterOf(u agents.Updates) updaterJSON {
	j := updaterJSON{Override: u.Override}
	if u.Defer != nil {
		s := instantText(*u.Defer)
		j.Defer = &s
	}
	if u.From != "" {
		j.Window = &windowJSON{u.From + ".0000000", u.To + ".0000000"}
	}
	return j
}

func (a *API) getUpdater(w http.ResponseWriter, r *http.Request) error {
	_, e, err := a.profiled(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		Context string `json:"@odata.context"`
		updaterJSON
	}{contextURL(r, "onPremisesPublishingProfiles('provisioning')/hybridAgentUpdaterConfiguration"), updaterOf(e.Updates)})
	return nil
}

// clock reads a TimeOfDay: "23:59", "23:59:00", "23:59:00.0000000".
func clock(s string) (string, error) {
	for _, form := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(form, s); err == nil { // fractions are read without being named
			return t.Format("15:04:05"), nil
		}
	}
	return "", fault.New(fault.Invalid, "read the request", "%q is not a time of day like 23:59:00.0000000", clip(s))
}
