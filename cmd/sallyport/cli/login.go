package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

// loginWays are the ways to sign in beside a bearer secret.
type loginWays struct {
	browser, device, noOpen bool
	clientID, secretFile    string
}

func loginCommand(e *env) *cobra.Command {
	var ways loginWays
	c := &cobra.Command{
		Use:   "login",
		Short: "Sign in to a service and remember it",
		Long: `Tries the credential, and keeps it with the service's URL and certificate in a profile file that only you can read.

Without flags it asks for a bearer secret (or reads it from --token-file, or from a pipe); the administrator secret is printed once,
at the service's first start. --browser signs you in at the organisation's identity provider, --device does so with the browser of
another machine. --client-id with --client-secret-file is for programs: a new token is asked for whenever the last one has expired.`,
		Example: `  sallyport login --service https://127.0.0.1:8443 --ca /var/lib/sallyport/service/tls.crt
  sallyport login --service https://idm.example.org --browser
  sallyport login --service https://idm.example.org --client-id 6a9f… --client-secret-file pipeline.secret`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if e.link.service == "" {
				return usageError{fmt.Errorf("--service is missing: the URL the service printed, like https://127.0.0.1:8443")}
			}
			p, err := e.override(profile{})
			if err != nil {
				return err
			}
			if p, err = e.signIn(cmd.Context(), p, ways); err != nil {
				return err
			}
			return e.remember(cmd.Context(), p)
		},
	}
	f := c.Flags()
	f.BoolVar(&ways.browser, "browser", false, "sign in at the identity provider, in the browser of this machine")
	f.BoolVar(&ways.device, "device", false, "sign in at the identity provider, in the browser of any machine")
	f.BoolVar(&ways.noOpen, "no-open", false, "with --browser: print the address instead of opening it")
	f.StringVar(&ways.clientID, "client-id", "", "sign in as a registered client")
	f.StringVar(&ways.secretFile, "client-secret-file", "", "file with the client's secret")
	c.MarkFlagsMutuallyExclusive("browser", "device", "client-id")
	c.MarkFlagsRequiredTogether("client-id", "client-secret-file")
	return c
}

// signIn gets a credential in the way that was chosen.
func (e *env) signIn(ctx context.Context, p profile, ways loginWays) (profile, error) {
	c, err := newClient(p)
	if err != nil {
		return p, err
	}
	switch {
	case ways.browser:
		return e.browserLogin(ctx, c, ways.noOpen)
	case ways.device:
		return e.deviceLogin(ctx, c)
	case ways.clientID != "":
		secret, err := os.ReadFile(ways.secretFile)
		if err != nil {
			return p, fault.Wrap(fault.Invalid, "read the client's secret", err)
		}
		p.ClientID, p.ClientSecret = ways.clientID, strings.TrimSpace(string(secret))
		return p.renew(ctx)
	case p.Token == "":
		p.Token, err = e.askSecret("Bearer secret: ")
	}
	return p, err
}

// remember tries the credential and keeps the profile.
func (e *env) remember(ctx context.Context, p profile) error {
	c, err := newClient(p)
	if err != nil {
		return err
	}
	who, err := c.whoami(ctx)
	if err != nil {
		return err
	}
	path, err := e.save(p)
	if err != nil {
		return err
	}
	return e.print(map[string]any{"profile": path, "name": who.Name, "roles": who.Roles}, func() {
		e.say("You are %s (%s) at %s. Kept in %s.", who.Name, who.rights(), p.Service, path)
	})
}

type identityAnswer struct {
	Name    string   `json:"name"`
	Subject string   `json:"subject"`
	Tenant  string   `json:"tenant"`
	Roles   []string `json:"roles"`
	Apps    []string `json:"apps,omitempty"`
}

func (w identityAnswer) rights() string {
	rights := strings.Join(w.Roles, ", ")
	if len(w.Apps) > 0 {
		rights += " of " + strings.Join(w.Apps, ", ")
	}
	if rights == "" {
		return "no role"
	}
	return rights
}

func (c *client) whoami(ctx context.Context) (who identityAnswer, err error) {
	return who, c.call(ctx, "GET", own("whoami"), nil, &who)
}

func whoamiCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "whoami", Short: "Say as whom the service knows you, and what you may do", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(e, cmd, "GET", own("whoami"), nil, func(w identityAnswer) {
				e.say("%s (%s) in tenant %s: %s.", w.Name, w.Subject, w.Tenant, w.rights())
			})
		},
	}
}

func logoutCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "End the session and forget the credential", Args: cobra.NoArgs,
		Long: "Ends the access token at the service, when it is one, and removes the profile file. A bearer secret stays valid: revoke it with\n'sallyport access token revoke'.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := e.profilePath()
			if err != nil {
				return err
			}
			cl, err := e.client()
			if err != nil {
				return err
			}
			ended := cl.call(cmd.Context(), "POST", own("signout"), nil, nil)
			if ended != nil && !fault.Is(ended, fault.Unauthenticated) { // an expired token is at its end anyway
				fmt.Fprintln(e.err, "The service could not be told:", ended)
			}
			if err := atomicfile.Remove(path); err != nil {
				return fault.Wrap(fault.Internal, "forget the credential", err)
			}
			return e.print(map[string]string{"removed": path}, func() { e.say("Signed out; %s is removed.", path) })
		},
	}
}

// tokenAnswer is what the token endpoint answers (RFC 6749 §5).
type tokenAnswer struct {
	Token       string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	Error       string `json:"error"`
	Description string `json:"error_description"`

	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	Verify     string `json:"verification_uri"`
	Interval   int    `json:"interval"`
}

// post sends a form to the authorization server. An error it names is in the answer.
func (c *client) post(ctx context.Context, path string, form url.Values) (out tokenAnswer, err error) {
	req, err := http.NewRequestWithContext(ctx, "POST", c.Service+path, strings.NewReader(form.Encode()))
	if err != nil {
		return out, fault.Wrap(fault.Invalid, "write the request", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.http.Do(req)
	if err != nil {
		return out, unreachable(c.Service, err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&out); err != nil {
		return out, fault.New(fault.OfStatus(resp.StatusCode), "sign in", "the service answered %s", resp.Status)
	}
	return out, nil
}

// taken keeps the token of an answer; what the service refused is fault.Unauthenticated.
func (p profile) taken(a tokenAnswer) (profile, error) {
	if a.Error != "" || a.Token == "" {
		text, _, _ := strings.Cut(a.Description, " Trace ID:")
		return p, fault.New(fault.Unauthenticated, "sign in", "%s", text)
	}
	p.Token, p.Expires = a.Token, time.Now().Add(time.Duration(a.ExpiresIn)*time.Second)
	return p, nil
}

// stale reports whether the token is about to expire and the profile can get a new one.
func (p profile) stale() bool {
	return p.ClientID != "" && time.Until(p.Expires) < time.Minute
}

// renew gets a token with the client's secret.
func (p profile) renew(ctx context.Context) (profile, error) {
	c, err := newClient(p)
	if err != nil {
		return p, err
	}
	a, err := c.post(ctx, "/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {p.ClientID}, "client_secret": {p.ClientSecret}, "scope": {".default"},
	})
	if err != nil {
		return p, err
	}
	return p.taken(a)
}
