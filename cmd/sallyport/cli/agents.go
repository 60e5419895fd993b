package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

func agentsCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "agents", Short: "Invite, list, group and revoke agents"}
	c.AddCommand(tokenCommand(e), agentListCommand(e), agentGroupCommand(e), revokeCommand(e))
	return c
}

func tokenCommand(e *env) *cobra.Command {
	var group, out string
	var life time.Duration
	c := &cobra.Command{
		Use: "token", Short: "Make a join token: one agent can enrol with it, once, within 15 minutes", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var tok struct {
				Token   string    `json:"token,omitempty"`
				Group   string    `json:"group"`
				Expires time.Time `json:"expires"`
			}
			body := map[string]any{"group": group, "minutes": int(life.Minutes())}
			if err := cl.call(cmd.Context(), "POST", "/sallyport/v1/agents/tokens", body, &tok); err != nil {
				return err
			}
			if out != "" {
				if err := atomicfile.Write(out, []byte(tok.Token+"\n"), 0o600); err != nil {
					return fault.Wrap(fault.Invalid, "write the token", err)
				}
				tok.Token = ""
			}
			return e.print(tok, func() {
				if out != "" {
					e.say("Join token for group %s in %s, until %s.", tok.Group, out, tok.Expires.Local().Format(time.TimeOnly))
					return
				}
				e.say("%s", tok.Token)
				e.err.Write([]byte("It is for one agent of group " + tok.Group + ", until " + tok.Expires.Local().Format(time.TimeOnly) + ", and is not shown again.\n"))
			})
		},
	}
	c.Flags().StringVar(&group, "group", "default", "agent group the agent will belong to")
	c.Flags().StringVar(&out, "out", "", "write the token to this file (mode 0600) instead of printing it")
	c.Flags().DurationVar(&life, "life", 15*time.Minute, "how long it may be used, at most 15m")
	return c
}

func agentListCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the agents and whether they are connected", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var out struct {
				Value []struct {
					ID          string `json:"id"`
					MachineName string `json:"machineName"`
					Group       string `json:"group"`
					Status      string `json:"status"`
					Version     string `json:"version"`
				} `json:"value"`
			}
			if err := cl.call(cmd.Context(), "GET", "/sallyport/v1/agents", nil, &out); err != nil {
				return err
			}
			return e.print(out.Value, func() {
				for _, a := range out.Value {
					e.say("%-34s %-20s %-12s %-9s %s", a.ID, a.MachineName, a.Group, a.Status, a.Version)
				}
				if len(out.Value) == 0 {
					e.say("No agent has enrolled. 'sallyport agents token' makes a join token.")
				}
			})
		},
	}
}

func revokeCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Cut an agent off for good", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			if err := cl.call(cmd.Context(), "DELETE", "/sallyport/v1/agents/"+args[0], nil, nil); err != nil {
				return err
			}
			return e.print(map[string]string{"revoked": args[0]}, func() { e.say("Agent %s is cut off.", args[0]) })
		},
	}
}
