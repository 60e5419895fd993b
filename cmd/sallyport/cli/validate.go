package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/config"
)

// checkCommands check and measure.
func checkCommands(e *env) []*cobra.Command {
	return []*cobra.Command{validateCommand(e), connectorCommand(e), scimCommand(e), benchCommand(e), simCommand(e), versionCommand(e)}
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
			ids := map[string]string{} // of applications, and where each stands
			for _, file := range args {
				err := validateFile(cmd.Context(), file, offline, ids)
				if err != nil {
					failed = err
				}
				if perr := e.print(verdict(file, err), func() {
					if err != nil {
						fmt.Fprintf(e.err, "%v\n", err)
					} else {
						e.say("%s: good", file)
						e.warn(file)
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
	if ws := warnings(file); len(ws) > 0 {
		v["warnings"] = ws
	}
	return v
}

func validateFile(ctx context.Context, file string, offline bool, ids map[string]string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fault.Wrap(fault.Invalid, "read", err)
	}
	var keys map[string]any
	if err := yaml.Unmarshal(text, &keys); err != nil {
		return syntax(file, err)
	}
	switch {
	case has(keys, "connectors"):
		return validateHost(ctx, file, offline)
	case has(keys, "applications"):
		return validateAgent(ctx, file, offline)
	case has(keys, "objects") || has(keys, "target"):
		if err := onlyOne(file, text, keys["id"], ids); err != nil {
			return err
		}
		return validateApp(ctx, file, offline)
	}
	return fault.New(fault.Invalid, "check", "it is no configuration of Sallyport").About(file).
		WithHint("a host has connectors:, an agent has applications:, an application has target: and objects:")
}

// syntax is the YAML reader's error with file and line.
func syntax(file string, err error) error {
	at, what := file, err.Error()
	if y, ok := errors.AsType[yaml.Error](err); ok {
		what = y.GetMessage()
		if t := y.GetToken(); t != nil && t.Position != nil {
			at = fmt.Sprintf("%s:%d", file, t.Position.Line)
		}
	}
	f := fault.New(fault.Invalid, "read", "%s", what).About(at)
	switch {
	case strings.Contains(what, "already defined"):
		return f.WithHint("keep only one of the two")
	case strings.Contains(what, "'\t'"):
		return f.WithHint("indent with spaces, not with tabs")
	}
	return f.WithHint("check indentation, quotes and brackets around this place")
}

// onlyOne refuses an application whose id another file of this call has.
func onlyOne(file string, text []byte, id any, ids map[string]string) error {
	name, _ := id.(string)
	if name == "" {
		return nil // what is wrong with it is said elsewhere
	}
	at := appPlace(file, string(text), "id")
	if other, taken := ids[name]; taken {
		return fault.New(fault.Invalid, "check the application", "the id %q is also in %s", name, other).About(at).
			WithHint("give each application an id of its own: applying the second would change the first")
	}
	ids[name] = at
	return nil
}

func has(keys map[string]any, key string) bool { _, ok := keys[key]; return ok }

func validateHost(ctx context.Context, file string, offline bool) error {
	c, err := config.Load(file)
	if err != nil {
		return err
	}
	drivers, end, err := wire.DriversOf(ctx, c, nil)
	defer end()
	if err != nil {
		return err
	}
	if err := c.Validate(drivers); err != nil || offline {
		return err
	}
	return c.Check(ctx, drivers)
}

func validateAgent(ctx context.Context, file string, offline bool) error {
	c, err := loadAgent(file)
	if err != nil || offline {
		return err
	}
	var all []error
	for _, name := range slices.Sorted(maps.Keys(c.Applications)) {
		a := c.Applications[name]
		if err := tryEndpoint(ctx, a.URL, a.CAFile, ""); err != nil {
			all = append(all, fault.New(fault.KindOf(err), "try application "+name, "%w", err).About(agentPlace(file, name, "url")))
		}
	}
	return errors.Join(all...)
}

// agentPlace is file:line of an application's setting in an agent's configuration, or the file.
func agentPlace(file, application, key string) string {
	f, err := parser.ParseFile(file, 0)
	if err != nil {
		return file
	}
	p, err := yaml.PathString(fmt.Sprintf("$.applications.'%s'.%s", strings.ReplaceAll(application, "'", "\\'"), key))
	if err != nil {
		return file
	}
	node, err := p.FilterFile(f)
	if err != nil || node == nil {
		return file
	}
	return fmt.Sprintf("%s:%d", file, node.GetToken().Position.Line)
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
		return fault.New(fault.KindOf(err), "try the target", "%w", err).About(appPlace(file, text, "target.url"))
	}
	return nil
}
