package cli

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tlsx"
)

// runCommands are the ones that run a part of Sallyport.
func runCommands(e *env) []*cobra.Command {
	cmds := []*cobra.Command{demoCommand(e), upCommand(e), serviceCommand(e), agentCommand(e), hostCommand(e)}
	return cmds
}

// running are the flags of everything that stays up.
type running struct {
	logLevel   string
	withParent bool
}

func (r *running) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.logLevel, "log", "info", "least level to log, to standard error: debug, info, warn, error")
	f.BoolVar(&r.withParent, "exit-with-parent", false, "end when standard input is closed")
	_ = f.MarkHidden("exit-with-parent") // for processes that demo and bench start
}

// logger writes to standard error: JSON with --json, plain text otherwise.
func (r *running) logger(e *env) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(r.logLevel)); err != nil {
		return nil, usageError{fault.New(fault.Invalid, "", "--log %q is not debug, info, warn or error", r.logLevel)}
	}
	opts := &slog.HandlerOptions{Level: level}
	if e.json {
		return slog.New(slog.NewJSONHandler(e.err, opts)), nil
	}
	return slog.New(slog.NewTextHandler(e.err, opts)), nil
}

// context ends when ctx ends or, with --exit-with-parent, when the parent is gone.
func (r *running) context(ctx context.Context, e *env) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if r.withParent {
		go func() {
			_, _ = io.Copy(io.Discard, e.in)
			cancel()
		}()
	}
	return ctx, cancel
}

// dataDir is where a part keeps its files unless told otherwise: the system's place for a privileged account on Linux,
// the user's own otherwise.
func dataDir(part string) string {
	if runtime.GOOS == "linux" && os.Getuid() == 0 {
		return filepath.Join("/var/lib/sallyport", part)
	}
	if dir, err := os.UserConfigDir(); err == nil {
		return filepath.Join(dir, "sallyport", part)
	}
	return filepath.Join("sallyport-data", part)
}

// ready is the one line of JSON a part prints when it can be used.
type ready struct {
	Ready       string `json:"ready"` // service, agent, host, up
	URL         string `json:"url,omitempty"`
	Cert        string `json:"certificate,omitempty"`
	AdminSecret string `json:"adminSecret,omitempty"`
}

func serviceCommand(e *env) *cobra.Command {
	var r running
	var c wire.ServiceConfig
	var names string
	cmd := &cobra.Command{
		Use:   "service",
		Short: "Run the service: directory, applications, engine, API and the door for agents",
		Long: `Serves the API and the agents' tunnel on one TLS port. At the first start it makes its database, its keys, a self-signed
certificate unless --cert and --key name one, and an administrator secret that is printed once.`,
		Example: "  sallyport service --data /var/lib/sallyport/service --listen 0.0.0.0:8443 --names sallyport.example.org",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if c.Logger, err = r.logger(e); err != nil {
				return err
			}
			ctx, cancel := r.context(cmd.Context(), e)
			defer cancel()
			if names != "" {
				c.Names = strings.Split(names, ",")
			}
			s, err := wire.StartService(ctx, c)
			if err != nil {
				return err
			}
			defer s.Close()
			if err := e.print(ready{"service", s.URL, s.CertFile, s.AdminSecret}, func() { e.sayService(s) }); err != nil {
				return err
			}
			return s.Wait(ctx)
		},
	}
	r.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&c.Data, "data", dataDir("service"), "folder for database, keys and secrets")
	f.StringVar(&c.Listen, "listen", wire.DefaultServiceListen, "address to serve on")
	f.StringVar(&names, "names", "", "host names and addresses the self-signed certificate is for, separated by commas")
	f.DurationVar(&c.Retain, "retain", wire.DefaultRetain, "how long the journal is kept, such as 720h")
	certFlags(cmd, &c.Cert)
	signInFlags(cmd, &c)
	return cmd
}

// signInFlags say where people sign in, and under which name the service is known.
func signInFlags(cmd *cobra.Command, c *wire.ServiceConfig) {
	f, o := cmd.Flags(), &c.SignIn
	f.StringVar(&c.PublicURL, "public-url", "", "address clients know the service by, like https://idm.example.org, when it is behind a proxy")
	f.VarP((*networks)(&c.TrustedProxies), "trusted-proxy", "", "address or network of a proxy whose X-Forwarded-* headers count; may be given several times")
	f.StringVar(&o.Issuer, "oidc-issuer", "", "issuer of the OpenID Connect provider where people sign in")
	f.StringVar(&o.ClientID, "oidc-client-id", "", "id under which Sallyport is registered there")
	f.StringVar(&o.SecretFile, "oidc-secret-file", "", "file with Sallyport's secret there")
	f.StringVar(&o.NameClaim, "oidc-name-claim", "preferred_username", "claim that names people in grants; one they cannot change themselves")
	f.StringVar(&o.GroupsClaim, "oidc-groups-claim", "groups", "claim that lists people's groups")
	f.StringSliceVar(&o.Scopes, "oidc-scopes", nil, "what to ask the provider for beside openid and profile")
	f.StringVar(&o.CAFile, "oidc-ca", "", "PEM file with the provider's authority, when the system does not know it")
	cmd.MarkFlagsRequiredTogether("oidc-issuer", "oidc-client-id")
}

func certFlags(cmd *cobra.Command, files *tlsx.Files) {
	cmd.Flags().StringVar(&files.Cert, "cert", "", "PEM file with the certificate and its chain; taken up again when it changes")
	cmd.Flags().StringVar(&files.Key, "key", "", "PEM file with the certificate's key")
	cmd.MarkFlagsRequiredTogether("cert", "key")
}

func (e *env) sayService(s *wire.Service) {
	e.say("Service at %s", s.URL)
	if s.AdminSecret != "" {
		e.say("Administrator secret, shown this once: %s", s.AdminSecret)
		e.say("Next: sallyport login --service %s --ca %s", s.URL, s.CertFile)
	}
}
