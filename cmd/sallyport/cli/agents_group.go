package cli

import (
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
)

// publishing is where Graph has agents and their groups.
const publishing = "/beta/onPremisesPublishingProfiles/provisioning"

type agentGroupRow struct {
	ID      string `json:"id"`
	Name    string `json:"displayName"`
	Default bool   `json:"isDefault"`
	Agents  []struct {
		ID      string `json:"id"`
		Machine string `json:"machineName"`
		Status  string `json:"status"`
	} `json:"agents,omitempty"`
}

func agentGroupCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "group", Aliases: []string{"groups"}, Short: "List, make, fill, empty and delete agent groups",
		Long: `An application's requests go to any connected agent of its group. A group and an agent are named by name or id.`,
	}
	c.AddCommand(agentGroupListCommand(e), agentGroupCreateCommand(e), agentGroupMoveCommand(e, "add", "Let an agent serve a group, too"),
		agentGroupMoveCommand(e, "remove", "Let an agent serve a group no longer"), agentGroupDeleteCommand(e))
	return c
}

func agentGroupListCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the agent groups and who belongs to them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list(e, cmd, publishing+"/agentGroups?$expand=agents", func(gs []agentGroupRow) {
				for _, g := range gs {
					var agents []string
					for _, a := range g.Agents {
						agents = append(agents, a.Machine+" ("+a.Status+")")
					}
					name := g.Name
					if g.Default {
						name += " (default)"
					}
					e.say("%-36s  %-24s %s", g.ID, name, strings.Join(agents, ", "))
				}
			})
		},
	}
}

func agentGroupCreateCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "create NAME", Short: "Make an agent group", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(e, cmd, "POST", publishing+"/agentGroups", map[string]string{"displayName": args[0]}, func(g agentGroupRow) {
				e.say("Agent group %s, id %s. Next: sallyport agents token --group %q", g.Name, g.ID, g.Name)
			})
		},
	}
}

func agentGroupDeleteCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "delete GROUP", Short: "Delete an agent group that no application uses", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := e.agentGroup(cmd, args[0])
			if err != nil {
				return err
			}
			return order(e, cmd, "DELETE", publishing+"/agentGroups/"+url.PathEscape(g.ID), nil, map[string]string{"deleted": g.ID}, "%s is deleted.", g.Name)
		},
	}
}

func agentGroupMoveCommand(e *env, verb, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " GROUP AGENT", Short: short, Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := e.agentGroup(cmd, args[0])
			if err != nil {
				return err
			}
			agent, err := e.agentID(cmd, args[1])
			if err != nil {
				return err
			}
			groups, done := publishing+"/agents/"+url.PathEscape(agent)+"/agentGroups/", map[string]string{"group": g.ID, "agent": agent}
			if verb == "add" {
				body := map[string]string{"@odata.id": publishing + "/agentGroups/" + g.ID}
				return order(e, cmd, "POST", groups+"$ref", body, done, "%s serves %s, too.", args[1], g.Name)
			}
			return order(e, cmd, "DELETE", groups+url.PathEscape(g.ID)+"/$ref", nil, done, "%s serves %s no longer.", args[1], g.Name)
		},
	}
}

// agentGroup finds a group by its id, or by its name without regard to case.
func (e *env) agentGroup(cmd *cobra.Command, name string) (agentGroupRow, error) {
	cl, err := e.client()
	if err != nil {
		return agentGroupRow{}, err
	}
	var all struct{ Value []agentGroupRow }
	if err := cl.call(cmd.Context(), "GET", publishing+"/agentGroups", nil, &all); err != nil {
		return agentGroupRow{}, err
	}
	for _, g := range all.Value {
		if g.ID == name || strings.EqualFold(g.Name, name) {
			return g, nil
		}
	}
	return agentGroupRow{}, fault.New(fault.NotFound, "", "there is no agent group %q", name).WithHint("'sallyport agents group list' names them all")
}

// agentID finds an agent by its id, or by its name when only one has it.
func (e *env) agentID(cmd *cobra.Command, name string) (string, error) {
	cl, err := e.client()
	if err != nil {
		return "", err
	}
	var all struct {
		Value []struct{ ID, MachineName string }
	}
	if err := cl.call(cmd.Context(), "GET", publishing+"/agents", nil, &all); err != nil {
		return "", err
	}
	found := ""
	for _, a := range all.Value {
		switch {
		case a.ID == name:
			return a.ID, nil
		case strings.EqualFold(a.MachineName, name) && found != "":
			return "", fault.New(fault.Ambiguous, "", "there are several agents %q", name).WithHint("name it by its id: 'sallyport agents list'")
		case strings.EqualFold(a.MachineName, name):
			found = a.ID
		}
	}
	if found == "" {
		return "", fault.New(fault.NotFound, "", "there is no agent %q", name).WithHint("'sallyport agents list' names them all")
	}
	return found, nil
}
