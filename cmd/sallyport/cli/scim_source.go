package cli

import (
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

func scimSourceCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "source",
		Short: "Say which systems may fill the directory over SCIM",
		Long: `A source is a system that fills the directory over SCIM: Entra, Okta, Keycloak, an HR system. It gets the URL of the service's
SCIM endpoint and a token that opens nothing else. Up to two tokens of a source are valid at once, so that its secret
can be replaced without an outage: add the source again, give it the new token, then 'revoke NAME --old'.`,
	}
	c.AddCommand(sourceAddCommand(e), sourceListCommand(e), sourceRevokeCommand(e))
	e.linkFlags(c)
	return c
}

type sourceToken struct {
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
	Expired bool       `json:"expired,omitempty"`
}

// life says until when the token is valid.
func (t sourceToken) life() string {
	switch {
	case t.Expires == nil:
		return "never expires"
	case t.Expired:
		return "expired " + t.Expires.Local().Format(time.DateOnly)
	}
	return "valid until " + t.Expires.Local().Format(time.DateOnly)
}

func sourceAddCommand(e *env) *cobra.Command {
	var out string
	var days int
	c := &cobra.Command{
		Use: "add NAME", Short: "Make a token for a source; the one it had before stays valid",
		Example: "  sallyport scim source add entra --days 365 --out entra.token",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var s struct {
				Name  string `json:"name"`
				URL   string `json:"url"`
				Token string `json:"token,omitempty"`
				sourceToken
			}
			body := map[string]any{"name": args[0], "days": days}
			if err := cl.call(cmd.Context(), "POST", "/sallyport/v1/sources", body, &s); err != nil {
				return err
			}
			if out != "" {
				if err := atomicfile.Write(out, []byte(s.Token+"\n"), 0o600); err != nil {
					return fault.Wrap(fault.Invalid, "write the token", err)
				}
				s.Token = ""
			}
			return e.print(s, func() {
				e.say("URL    %s", s.URL)
				if out != "" {
					e.say("Token  in %s, %s", out, s.life())
					return
				}
				e.say("Token  %s", s.Token)
				fmt.Fprintf(e.err, "The token is not shown again; it is %s.\n", s.validity())
			})
		},
	}
	c.Flags().StringVar(&out, "out", "", "write the token to this file (mode 0600) instead of printing it")
	c.Flags().IntVar(&days, "days", 365, "how long the token is valid, up to 1098; 0: it never expires")
	return c
}

func (t sourceToken) validity() string {
	if t.Expires == nil {
		return "valid until it is revoked"
	}
	return t.life()
}

func sourceListCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the sources and how long their tokens are valid", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var out struct {
				Value []struct {
					Name   string        `json:"name"`
					URL    string        `json:"url"`
					Tokens []sourceToken `json:"tokens"`
				} `json:"value"`
			}
			if err := cl.call(cmd.Context(), "GET", "/sallyport/v1/sources", nil, &out); err != nil {
				return err
			}
			return e.print(out.Value, func() {
				for _, s := range out.Value {
					for _, t := range s.Tokens {
						e.say("%-20s made %s, %-22s %s", s.Name, t.Created.Local().Format(time.DateTime), t.life(), s.URL)
					}
				}
				if len(out.Value) == 0 {
					e.say("Nobody fills the directory over SCIM. 'sallyport scim source add NAME' makes a token for a source.")
				}
			})
		},
	}
}

func sourceRevokeCommand(e *env) *cobra.Command {
	var old bool
	c := &cobra.Command{
		Use: "revoke NAME", Short: "End the tokens of a source; what it wrote stays", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			path := "/sallyport/v1/sources/" + url.PathEscape(args[0])
			if old {
				path += "?old=true"
			}
			var out struct {
				Name    string `json:"name"`
				Revoked int    `json:"revoked"`
			}
			if err := cl.call(cmd.Context(), "DELETE", path, nil, &out); err != nil {
				return err
			}
			return e.print(out, func() { e.say("Tokens of %s that ended: %d.", out.Name, out.Revoked) })
		},
	}
	c.Flags().BoolVar(&old, "old", false, "keep the newest token")
	return c
}
