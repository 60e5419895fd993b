package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/config"
)

// checkCommands check and measure.
func checkCommands(e *env) []*cobra.Command {
	return []*cobra.Command{validateCommand(e), scimCommand(e), benchCommand(e), versionCommand(e)}
}

func validateCommand(e *env) *cobra.Command {
	var offline bool
	c := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check configuration files of host, agent and applications before they are used",
		Long: `Finds out what each file is by its keys: connectors (a host), applications (an agent), or target and objects (an application).
Every mistake is reported with file, line, what is wrong and what to do. A host's targets are opened, their tables and columns
compared with the file; an agent's and an application's endpoints are tried. --offline leaves that out.`,
		Example: "  sallyport validate host.yaml agent.yaml contoso.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var failed error
			for _, file := range args {
				err := validateFile(cmd.Context(), file, offline)
				if err != nil {
					failed = err
				}
				if perr := e.print(verdict(file, err), func() {
					if err != nil {
						fmt.Fprintf(e.err, "%v\n", err)
					} else {
						e.say("%s: good", file)
					}
				}); perr != nil {
					return perr
				}
			}
			if failed != nil {
				return silent{failed}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&offline, "offline", false, "check the files only, open and try nothing")
	return c
}

func verdict(file string, err error) map[string]any {
	v := map[string]any{"file": file, "valid": err == nil}
	if err != nil {
		v["error"] = err.Error()
	}
	return v
}

func validateFile(ctx context.Context, file string, offline bool) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fault.Wrap(fault.Invalid, "read", err)
	}
	var keys map[string]any
	if err := yaml.Unmarshal(text, &keys); err != nil {
		return fault.New(fault.Invalid, "read", "%s", yaml.FormatError(err, false, true)).About(file)
	}
	switch {
	case has(keys, "connectors"):
		return validateHost(ctx, file, offline)
	case has(keys, "applications"):
		return validateAgent(ctx, file, offline)
	case has(keys, "objects") || has(keys, "target"):
		return validateApp(ctx, file, offline)
	}
	return fault.New(fault.Invalid, "check", "it is no configuration of Sallyport").About(file).
		WithHint("a host has connectors:, an agent has applications:, an application has target: and objects:")
}

func has(keys map[string]any, key string) bool { _, ok := keys[key]; return ok }

func validateHost(ctx context.Context, file string, offline bool) error {
	c, err := config.Load(file)
	if err != nil {
		return err
	}
	if err := c.Validate(wire.Drivers()); err != nil || offline {
		return err
	}
	return c.Check(ctx, wire.Drivers())
}

func validateAgent(ctx context.Context, file string, offline bool) error {
	c, err := loadAgent(file)
	if err != nil || offline {
		return err
	}
	for name, a := range c.Applications {
		if err := tryEndpoint(ctx, a.URL, a.CAFile, ""); err != nil {
			return fault.New(fault.KindOf(err), "try application "+name, "%w", err).About(file)
		}
	}
	return nil
}

func validateApp(ctx context.Context, file string, offline bool) error {
	a, text, err := readApp(file)
	if err != nil {
		return err
	}
	body, err := withSecrets(a, file, text)
	if err != nil || offline || a.Target.URL == "" {
		return err
	}
	if err := tryEndpoint(ctx, a.Target.URL, a.Target.CAFile, body["bearer"]); err != nil {
		return fault.New(fault.KindOf(err), "try the target", "%w", err).About(file)
	}
	return nil
}
