package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim/scimclient"
	"github.com/sallyport-id/sallyport/scim/scimtest"
)

func scimCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "scim", Short: "Test SCIM endpoints, and let others fill the directory over SCIM"}
	c.AddCommand(scimTestCommand(e), scimTryCommand(e), scimSourceCommand(e))
	return c
}

// endpointFlags say how to reach somebody's SCIM endpoint.
type endpointFlags struct {
	token, tokenFile, ca string
	insecure             bool
}

func (x *endpointFlags) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&x.token, "token", "", "bearer token; --token-file keeps it from other users of this machine")
	f.StringVar(&x.tokenFile, "token-file", "", "file with the bearer token")
	f.StringVar(&x.ca, "ca", "", "PEM file with the endpoint's certificate or its authority")
	f.BoolVar(&x.insecure, "insecure", false, "accept any certificate (for tests on this machine)")
	c.MarkFlagsMutuallyExclusive("token", "token-file")
}

func (x *endpointFlags) bearer() (string, error) {
	if x.tokenFile == "" {
		return x.token, nil
	}
	text, err := os.ReadFile(x.tokenFile)
	return strings.TrimSpace(string(text)), fault.Wrap(fault.Invalid, "read the token", err)
}

func (x *endpointFlags) transport() (*http.Transport, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: x.insecure} //nolint:gosec // asked for by name
	if x.ca != "" {
		text, err := os.ReadFile(x.ca)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, "read the certificates to trust", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(text) {
			return nil, fault.New(fault.Invalid, "read the certificates to trust", "there is no PEM certificate in it").About(x.ca)
		}
	}
	return &http.Transport{TLSClientConfig: cfg, Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 16}, nil
}

func scimTestCommand(e *env) *cobra.Command {
	var x endpointFlags
	var levels []string
	var strict bool
	c := &cobra.Command{
		Use:   "test URL",
		Short: "Run the conformance suite against any SCIM endpoint",
		Long: `Creates random users and groups at the endpoint, checks every rule of the suite and removes what it created. The exit code is
0 when every MUST holds, 1 when one does not, 6 when nothing could be decided.`,
		Example: "  sallyport scim test https://127.0.0.1:8585/ecma2host_Try/scim --token-file token --ca tls.crt",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			token, err := x.bearer()
			if err != nil {
				return err
			}
			tr, err := x.transport()
			if err != nil {
				return err
			}
			o := scimtest.Options{BaseURL: args[0], Token: token, Strict: strict, Client: &http.Client{
				Transport: tr, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			}}
			for _, l := range levels {
				o.Levels = append(o.Levels, scimtest.Level(strings.ToUpper(l)))
			}
			return e.report(scimtest.Run(cmd.Context(), o))
		},
	}
	x.flags(c)
	c.Flags().StringSliceVar(&levels, "level", nil, "only checks of these levels: MUST, SHOULD, MAY")
	c.Flags().BoolVar(&strict, "strict", false, "leave out what only the dialects of Entra and Okta need")
	return c
}

func (e *env) report(r scimtest.Report) error {
	write := r.WriteText
	if e.json {
		write = r.WriteJSON
	}
	if err := write(e.out); err != nil {
		return fault.Wrap(fault.Internal, "print the report", err)
	}
	switch {
	case r.Fatal != "":
		return silent{fault.New(fault.Unavailable, "test", "%s", r.Fatal)}
	case !r.OK("MUST"):
		return silent{fmt.Errorf("a MUST does not hold")}
	}
	return nil
}

func scimTryCommand(e *env) *cobra.Command {
	var x endpointFlags
	c := &cobra.Command{
		Use: "connect URL", Short: "Try the connection to a SCIM endpoint stage by stage: DNS, TCP, TLS, authentication, schemas, filter",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			token, err := x.bearer()
			if err != nil {
				return err
			}
			stages, err := stagesOf(cmd.Context(), args[0], &x, token)
			if err != nil {
				return err
			}
			return e.sayStages(stages)
		},
	}
	x.flags(c)
	return c
}

func stagesOf(ctx context.Context, base string, x *endpointFlags, token string) ([]scimclient.Stage, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, usageError{err}
	}
	tr, err := x.transport()
	if err != nil {
		return nil, err
	}
	c, err := scimclient.New(scimclient.Config{Base: u, Transport: tr, Token: scimclient.Static(token), Timeout: 20 * time.Second})
	if err != nil {
		return nil, err
	}
	return c.TestConnection(ctx), nil
}

// tryEndpoint fails with the first stage that does.
func tryEndpoint(ctx context.Context, base, ca, token string) error {
	stages, err := stagesOf(ctx, base, &endpointFlags{ca: ca}, token)
	if err != nil {
		return err
	}
	for _, s := range stages {
		if s.Status != scimclient.Failed {
			continue
		}
		if k := fault.KindOf(s.Err); token == "" && s.Name == scimclient.StageAuth && (k == fault.Unauthenticated || k == fault.Denied) {
			return nil // an agent has no token of its own: an endpoint that asks for one is there
		}
		return stageFault(s)
	}
	return nil
}

// stageFault is a stage's failure as an error.
func stageFault(s scimclient.Stage) error {
	kind := fault.Unavailable
	switch s.Name {
	case scimclient.StageAuth:
		kind = fault.Unauthenticated
		if fault.Is(s.Err, fault.Invalid) {
			kind = fault.Invalid // the request was refused before the credential was looked at
		}
	case scimclient.StageTLS, scimclient.StageSchemas, scimclient.StageFilter:
		kind = fault.Invalid
	}
	return fault.New(kind, s.Name, "%s", s.Detail).WithHint("%s", s.Hint)
}

func (e *env) sayStages(stages []scimclient.Stage) error {
	var failed error
	for _, s := range stages {
		if s.Status == scimclient.Failed {
			failed = stageFault(s)
		}
		line := map[string]any{"stage": s.Name, "status": s.Status, "detail": s.Detail, "hint": s.Hint, "ms": millis(s.Took)}
		if err := e.print(line, func() {
			e.say("%-16s %-8s %s", s.Name, s.Status, s.Detail)
			if s.Hint != "" {
				e.say("%16s try: %s", "", s.Hint)
			}
		}); err != nil {
			return err
		}
	}
	if failed != nil {
		return silent{failed}
	}
	return nil
}
