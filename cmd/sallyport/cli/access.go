package cli

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

func accessCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "access", Short: "Say who may do what: roles, clients, tokens",
		Long: `Roles: administrator (admin), operator, reader, and owner of an application; beside them Graph's permissions by their names, such as
Synchronization.ReadWrite.All. 'sallyport access roles' says what each allows. They are granted to person:NAME (as the identity
provider names somebody), group:NAME (everybody whose sign-in names the group), client:ID and token:NAME.`,
	}
	c.AddCommand(accessListCommand(e), rolesCommand(e), grantCommand(e), revokeGrantCommand(e), accessClientCommand(e), accessTokenCommand(e), accessAdminCommand(e))
	return c
}

type grantAnswer struct {
	Subject string    `json:"subject"`
	Role    string    `json:"role"`
	App     string    `json:"app,omitempty"`
	At      time.Time `json:"at"`
	By      string    `json:"by,omitempty"`
}

// accessListCommand shows tokens, clients and grants in one table.
func accessListCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List who has which role: tokens, clients, people and groups", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var tokens struct{ Value []tokenRow }
			var grants struct{ Value []grantAnswer }
			var clients struct{ Value []clientRow }
			for path, into := range map[string]any{"tokens": &tokens, "grants": &grants, "clients": &clients} {
				if err := cl.call(cmd.Context(), "GET", own("access", path), nil, into); err != nil {
					return err
				}
			}
			return e.print(map[string]any{"tokens": tokens.Value, "clients": clients.Value, "grants": grants.Value}, func() {
				names := map[string]string{}
				for _, t := range tokens.Value {
					e.say("%-45s %-42s %s", "token:"+t.Name, t.Role, t.life())
				}
				for _, c := range clients.Value {
					names["client:"+c.ID] = c.Name
				}
				for _, g := range grants.Value {
					e.say("%-45s %-42s %s", g.Subject, strings.TrimSpace(g.Role+" "+g.App), names[g.Subject])
				}
			})
		},
	}
}

func rolesCommand(e *env) *cobra.Command {
	type role struct {
		Role        string   `json:"role"`
		Permissions []string `json:"permissions"`
		Owned       []string `json:"ownedPermissions,omitempty"`
	}
	return &cobra.Command{
		Use: "roles", Short: "List the roles and what each allows", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list(e, cmd, own("access", "roles"), func(rs []role) {
				for _, r := range rs {
					allows := strings.Join(r.Permissions, " ")
					if len(r.Owned) > 0 {
						allows = "for its applications: " + strings.Join(r.Owned, " ")
					}
					e.say("%-44s %s", r.Role, allows)
				}
			})
		},
	}
}

func grantCommand(e *env) *cobra.Command {
	var app string
	c := &cobra.Command{
		Use: "grant SUBJECT ROLE", Short: "Give somebody a role", Args: cobra.ExactArgs(2),
		Example: `  sallyport access grant person:ann@example.org operator
  sallyport access grant group:idm-team admin
  sallyport access grant person:bo@example.org owner --app hr
  sallyport access grant client:6a9f… Synchronization.ReadWrite.All`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(e, cmd, "POST", own("access", "grants"), grantAnswer{Subject: args[0], Role: args[1], App: app}, func(g grantAnswer) {
				e.say("%s is %s now.", g.Subject, strings.TrimSpace(g.Role+" "+g.App))
			})
		},
	}
	c.Flags().StringVar(&app, "app", "", "the application to own")
	return c
}

func revokeGrantCommand(e *env) *cobra.Command {
	var app string
	c := &cobra.Command{
		Use: "revoke SUBJECT ROLE", Short: "Take a role away; it ends with the next request", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := own("access", "grants", args[0], args[1])
			if app != "" {
				path += "?app=" + url.QueryEscape(app)
			}
			done := map[string]string{"subject": args[0], "role": args[1], "app": app}
			return order(e, cmd, "DELETE", path, nil, done, "%s is no longer %s.", args[0], strings.TrimSpace(args[1]+" "+app))
		},
	}
	c.Flags().StringVar(&app, "app", "", "the application that was owned")
	return c
}

type tokenRow struct {
	Name    string     `json:"name"`
	Role    string     `json:"role"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
	Expired bool       `json:"expired,omitempty"`
	Secret  string     `json:"secret,omitempty"`
}

func (t tokenRow) life() string { return sourceToken{t.Created, t.Expires, t.Expired}.life() }

func accessTokenCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "Make, rotate and revoke bearer secrets"}
	c.AddCommand(tokenAddCommand(e), tokenRotateCommand(e, "rotate NAME", "Replace a token's secret; the old one ends at once", ""), tokenRevokeCommand(e))
	return c
}

func tokenAddCommand(e *env) *cobra.Command {
	var role, out string
	var days int
	c := &cobra.Command{
		Use: "add NAME", Short: "Make a bearer secret with a role", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{"name": args[0], "role": role, "days": days}
			return e.showSecret(cmd, own("access", "tokens"), body, out)
		},
	}
	c.Flags().StringVar(&role, "role", "reader", "what its holder may do: admin, operator, reader, or one of Graph's permissions")
	c.Flags().IntVar(&days, "days", 90, "how long it is valid, up to 1098; 0: it never expires")
	c.Flags().StringVar(&out, "out", "", "write the secret to this file (mode 0600) instead of printing it")
	return c
}

// tokenRotateCommand gives a token a new secret; name "" takes it from the command line.
func tokenRotateCommand(e *env, use, short, name string) *cobra.Command {
	var out string
	var days int
	args := cobra.ExactArgs(1)
	if name != "" {
		args = cobra.NoArgs
	}
	c := &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			at, body := append(args, name)[0], map[string]any{}
			if cmd.Flags().Changed("days") {
				body["days"] = days
			}
			return e.showSecret(cmd, own("access", "tokens", at, "rotate"), body, out)
		},
	}
	c.Flags().IntVar(&days, "days", 0, "how long it is valid, up to 1098, 0: it never expires; not given: as long as the old one was made for")
	c.Flags().StringVar(&out, "out", "", "write the secret to this file (mode 0600) instead of printing it")
	return c
}

// showSecret makes a secret and shows it once.
func (e *env) showSecret(cmd *cobra.Command, path string, body any, out string) error {
	cl, err := e.client()
	if err != nil {
		return err
	}
	var t tokenRow
	if err := cl.call(cmd.Context(), "POST", path, body, &t); err != nil {
		return err
	}
	secret := t.Secret
	if t.Secret, err = e.keepSecret(secret, out); err != nil {
		return err
	}
	return e.print(t, func() { e.saySecret("token:"+t.Name+" ("+t.Role+", "+t.life()+")", secret, out) })
}

// keepSecret writes a secret to a file, if one is named, and returns what is left to show.
func (e *env) keepSecret(secret, out string) (string, error) {
	if out == "" {
		return secret, nil
	}
	return "", fault.Wrap(fault.Invalid, "write the secret", atomicfile.Write(out, []byte(secret+"\n"), 0o600))
}

func (e *env) saySecret(what, secret, out string) {
	if out != "" {
		e.say("The secret of %s is in %s.", what, out)
		return
	}
	e.say("%s", secret)
	fmt.Fprintf(e.err, "This is the secret of %s. It is not shown again.\n", what)
}

func tokenRevokeCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "revoke NAME", Short: "End a bearer secret", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return order(e, cmd, "DELETE", own("access", "tokens", args[0]), nil, map[string]string{"revoked": args[0]}, "%s has ended.", args[0])
		},
	}
}

func accessAdminCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "admin", Short: "Look after the built-in administrator"}
	rotate := tokenRotateCommand(e, "rotate", "Replace the secret that was printed at the first start; the old one ends at once", "administrator")
	keep := false
	run := rotate.RunE
	rotate.Flags().BoolVar(&keep, "keep", false, "put the new secret into the profile instead of printing it")
	rotate.RunE = func(cmd *cobra.Command, args []string) error {
		if !keep {
			return run(cmd, args)
		}
		if cmd.Flags().Changed("out") {
			return usageError{errors.New("--keep and --out exclude each other")}
		}
		return e.rotateKept(cmd)
	}
	c.AddCommand(rotate)
	return c
}

// rotateKept replaces the administrator's secret in the service and in the profile.
func (e *env) rotateKept(cmd *cobra.Command) error {
	cl, err := e.client()
	if err != nil {
		return err
	}
	who, err := cl.whoami(cmd.Context())
	if err != nil {
		return err
	}
	if who.Subject != "token:administrator" {
		return fault.New(fault.Invalid, "rotate", "the profile is of %s, not of the built-in administrator", who.Subject).WithHint("leave --keep away")
	}
	var t tokenRow
	if err := cl.call(cmd.Context(), "POST", own("access", "tokens", "administrator", "rotate"), map[string]any{}, &t); err != nil {
		return err
	}
	p := cl.profile
	p.Token = t.Secret
	path, err := e.save(p)
	if err != nil {
		fmt.Fprintf(e.err, "The profile could not be written; the new secret is: %s\n", t.Secret)
		return err
	}
	return e.print(map[string]string{"profile": path}, func() { e.say("The administrator's new secret is in %s.", path) })
}
