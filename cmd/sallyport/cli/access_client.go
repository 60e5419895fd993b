package cli

import (
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
)

type clientRow struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Roles   []string  `json:"roles"`
	Apps    []string  `json:"apps,omitempty"`
	Secrets []struct {
		ID      string    `json:"id"`
		Hint    string    `json:"hint"`
		Expires time.Time `json:"expires"`
		Expired bool      `json:"expired,omitempty"`
	} `json:"secrets"`
	Certificates []struct {
		Thumbprint string    `json:"thumbprint"`
		Subject    string    `json:"subject"`
		Expires    time.Time `json:"expires"`
	} `json:"certificates"`
	Secret string `json:"secret,omitempty"`
}

func accessClientCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "client", Short: "Register programs that call the service, and look after their credentials",
		Long: `A client is a program that asks for access tokens with OAuth 2.0 client credentials, as the Azure identity libraries do. It proves
itself by a secret, of which two are valid at once so that it can be replaced without an outage, or by a certificate.`,
	}
	c.AddCommand(clientAddCommand(e), clientListCommand(e), clientShowCommand(e), clientRotateCommand(e), clientCertificateCommand(e), clientDeleteCommand(e))
	return c
}

func clientAddCommand(e *env) *cobra.Command {
	var roles, apps []string
	var out, certificate string
	var days int
	c := &cobra.Command{
		Use: "add NAME", Short: "Register a client and make its first secret", Args: cobra.ExactArgs(1),
		Example: `  sallyport access client add pipeline --role Synchronization.ReadWrite.All --out pipeline.secret
  sallyport access client add hr-sync --owns hr --certificate hr-sync.crt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{"name": args[0], "roles": roles, "apps": apps, "days": days}
			if certificate != "" {
				text, err := os.ReadFile(certificate)
				if err != nil {
					return fault.Wrap(fault.Invalid, "read the certificate", err)
				}
				body["certificate"] = string(text)
			}
			return e.clientSecret(cmd, own("access", "clients"), body, out)
		},
	}
	f := c.Flags()
	f.StringSliceVar(&roles, "role", nil, "what it may do; see 'sallyport access roles'")
	f.StringSliceVar(&apps, "owns", nil, "applications it owns")
	f.StringVar(&certificate, "certificate", "", "PEM file with its certificate, instead of a secret")
	f.IntVar(&days, "days", 365, "how long the secret is valid, up to 1098")
	f.StringVar(&out, "out", "", "write the secret to this file (mode 0600) instead of printing it")
	c.MarkFlagsMutuallyExclusive("certificate", "out")
	return c
}

// clientSecret changes a client and shows the secret that came of it, if one did.
func (e *env) clientSecret(cmd *cobra.Command, path string, body any, out string) error {
	cl, err := e.client()
	if err != nil {
		return err
	}
	var c clientRow
	if err := cl.call(cmd.Context(), "POST", path, body, &c); err != nil {
		return err
	}
	secret := c.Secret
	if c.Secret, err = e.keepSecret(secret, out); err != nil {
		return err
	}
	return e.print(c, func() {
		e.say("Client %s, id %s.", c.Name, c.ID)
		if secret != "" {
			e.saySecret("client "+c.Name, secret, out)
		}
	})
}

// clientID accepts a client's id or its name.
func (e *env) clientID(cmd *cobra.Command, name string) (string, error) {
	cl, err := e.client()
	if err != nil {
		return "", err
	}
	var all struct{ Value []clientRow }
	if err := cl.call(cmd.Context(), "GET", own("access", "clients"), nil, &all); err != nil {
		return "", err
	}
	for _, c := range all.Value {
		if strings.EqualFold(c.ID, name) || strings.EqualFold(c.Name, name) {
			return c.ID, nil
		}
	}
	return "", fault.New(fault.NotFound, "find the client", "there is no client of this name or id").About(name).
		WithHint("'sallyport access client list' names them all")
}

func clientListCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the registered clients", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list(e, cmd, own("access", "clients"), func(cs []clientRow) {
				for _, c := range cs {
					e.say("%s  %-24s %s", c.ID, c.Name, identityAnswer{Roles: c.Roles, Apps: c.Apps}.rights())
				}
				if len(cs) == 0 {
					e.say("No client is registered. 'sallyport access client add NAME' registers one.")
				}
			})
		},
	}
}

func clientShowCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "show CLIENT", Short: "Show a client (by name or id) with its credentials", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := e.clientID(cmd, args[0])
			if err != nil {
				return err
			}
			return ask(e, cmd, "GET", own("access", "clients", id), nil, func(c clientRow) {
				e.say("%s  %s: %s", c.ID, c.Name, identityAnswer{Roles: c.Roles, Apps: c.Apps}.rights())
				for _, s := range c.Secrets {
					e.say("  secret %s… (%s), %s", s.Hint, s.ID, sourceToken{Expires: &s.Expires, Expired: s.Expired}.life())
				}
				for _, x := range c.Certificates {
					e.say("  certificate %s of %s, until %s", x.Thumbprint, x.Subject, x.Expires.Format(time.DateOnly))
				}
			})
		},
	}
}

func clientRotateCommand(e *env) *cobra.Command {
	var out string
	var days int
	var end bool
	c := &cobra.Command{
		Use: "rotate CLIENT", Short: "Give a client one more secret; --end-old ends the one before",
		Long: `First 'rotate CLIENT': the new secret and the one before are valid. Give the client the new one, then 'rotate CLIENT --end-old'.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := e.clientID(cmd, args[0])
			if err != nil {
				return err
			}
			if end {
				return ask(e, cmd, "DELETE", own("access", "clients", id, "secrets", "old"), nil, func(c clientRow) {
					e.say("Client %s has its newest secret only.", c.Name)
				})
			}
			return e.clientSecret(cmd, own("access", "clients", id, "secrets"), map[string]any{"days": days}, out)
		},
	}
	c.Flags().IntVar(&days, "days", 365, "how long the secret is valid, up to 1098")
	c.Flags().StringVar(&out, "out", "", "write the secret to this file (mode 0600) instead of printing it")
	c.Flags().BoolVar(&end, "end-old", false, "end every secret but the newest, and make none")
	c.MarkFlagsMutuallyExclusive("end-old", "out")
	return c
}

func clientCertificateCommand(e *env) *cobra.Command {
	var remove bool
	c := &cobra.Command{
		Use: "certificate CLIENT FILE", Short: "Let a client prove itself with a certificate (PEM); --remove takes a thumbprint instead",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := e.clientID(cmd, args[0])
			if err != nil {
				return err
			}
			if remove {
				return ask(e, cmd, "DELETE", own("access", "clients", id, "certificates", args[1]), nil, func(c clientRow) { e.say("Removed from client %s.", c.Name) })
			}
			text, err := os.ReadFile(args[1])
			if err != nil {
				return fault.Wrap(fault.Invalid, "read the certificate", err)
			}
			return e.clientSecret(cmd, own("access", "clients", id, "certificates"), map[string]string{"certificate": string(text)}, "")
		},
	}
	c.Flags().BoolVar(&remove, "remove", false, "remove the certificate with this thumbprint")
	return c
}

func clientDeleteCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "delete CLIENT", Short: "Forget a client; its tokens end at once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := e.clientID(cmd, args[0])
			if err != nil {
				return err
			}
			return order(e, cmd, "DELETE", own("access", "clients", id), nil, map[string]string{"deleted": id}, "Client %s is forgotten.", args[0])
		},
	}
}
