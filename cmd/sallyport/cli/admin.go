package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sallyport-id/sallyport/fault"
)

// adminCommands are the ones that speak to a running service.
func adminCommands(e *env) []*cobra.Command {
	cmds := []*cobra.Command{
		loginCommand(e), directoryCommand(e), appCommand(e), jobCommand(e),
		journalCommand(e), explainCommand(e), agentsCommand(e),
	}
	for _, c := range cmds {
		e.linkFlags(c)
	}
	return cmds
}

func loginCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "login",
		Short: "Remember a service and the bearer secret for it",
		Long: `Asks for the bearer secret (or reads it from --token-file), tries it, and keeps service, secret and
certificate in a profile file that only you can read. The administrator secret is printed once, at the
service's first start.`,
		Example: "  sallyport login --service https://127.0.0.1:8443 --ca /var/lib/sallyport/service/tls.crt",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if e.link.service == "" {
				return usageError{fmt.Errorf("--service is missing: the URL the service printed, like https://127.0.0.1:8443")}
			}
			p, err := e.override(profile{})
			if err != nil {
				return err
			}
			if p.Token == "" {
				if p.Token, err = e.askSecret("Bearer secret: "); err != nil {
					return err
				}
			}
			c, err := newClient(p)
			if err != nil {
				return err
			}
			var who struct {
				Name  string
				Roles []string
			}
			if err := c.call(cmd.Context(), "GET", "/sallyport/v1/whoami", nil, &who); err != nil {
				return err
			}
			path, err := e.save(p)
			if err != nil {
				return err
			}
			return e.print(map[string]any{"profile": path, "name": who.Name, "roles": who.Roles}, func() {
				e.say("You are %s (%s) at %s. Kept in %s.", who.Name, strings.Join(who.Roles, ", "), p.Service, path)
			})
		},
	}
}

// askSecret reads a secret without showing it; from a pipe it reads one line.
func (e *env) askSecret(prompt string) (string, error) {
	if f, ok := e.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(e.err, prompt)
		text, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(e.err)
		return strings.TrimSpace(string(text)), fault.Wrap(fault.Invalid, "read the secret", err)
	}
	line, err := bufio.NewReader(e.in).ReadString('\n')
	if line = strings.TrimSpace(line); line == "" {
		return "", fault.New(fault.Invalid, "read the secret", "there is none: %w", err).WithHint("pipe it in, or name a file with --token-file")
	}
	return line, nil
}
