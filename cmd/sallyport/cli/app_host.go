package cli

import (
	"encoding/json"

	"github.com/spf13/cobra"
)

func appHostCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "host APP", Short: "Ask the connector host behind an application how it is: cache, imports, what is held", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(e, cmd, "GET", own("apps", args[0], "host"), nil, func(says map[string]json.RawMessage) {
				for _, name := range sortedKeys(says) {
					text := string(says[name])
					var plain string
					if json.Unmarshal(says[name], &plain) == nil {
						text = plain
					}
					e.say("%-16s %s", name, text)
				}
			})
		},
	}
}
