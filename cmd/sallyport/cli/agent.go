package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/agent"
	"github.com/sallyport-id/sallyport/agent/dial"
	"github.com/sallyport-id/sallyport/agent/enrol"
	"github.com/sallyport-id/sallyport/fault"
)

func agentCommand(e *env) *cobra.Command {
	var r running
	var config string
	var j joining
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Run an agent: dial out to the service and relay its requests to the applications configured here",
		Long: `Connects to the service through its one HTTPS port, or through an HTTP proxy, and waits for requests. Only the applications
named in the configuration can be reached, whatever the service says. An agent enrols once, with a join token made by
'sallyport agents token': give the token's file with --token-file at the first start, or run 'sallyport agent enrol'.`,
		Example: "  sallyport agent --config /etc/sallyport/agent.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := r.logger(e)
			if err != nil {
				return err
			}
			c, err := loadAgent(config)
			if err != nil {
				return err
			}
			ctx, cancel := r.context(cmd.Context(), e)
			defer cancel()
			if _, err := enrol.Load(c.DataDir); err != nil && j.tokenFile != "" {
				if _, err := e.enrol(ctx, c, j); err != nil {
					return err
				}
			}
			if err := e.print(ready{Ready: "agent"}, func() { e.say("Agent running; ^C ends it.") }); err != nil {
				return err
			}
			return agent.Run(ctx, c, log)
		},
	}
	r.flags(cmd)
	cmd.PersistentFlags().StringVar(&config, "config", "agent.yaml", "configuration file")
	j.flags(cmd)
	cmd.AddCommand(enrolCommand(e, &config))
	return cmd
}

func loadAgent(path string) (agent.Config, error) {
	c, err := agent.LoadConfig(path)
	c.Version = Version()
	return c, err
}

// joining is what an enrolment needs beside the configuration.
type joining struct {
	service, tokenFile, caFile string
	force                      bool
}

func (j *joining) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&j.tokenFile, "token-file", "", "file with the join token; '-' reads standard input")
	f.StringVar(&j.service, "service", "", "URL of the service, instead of the configuration's")
	f.StringVar(&j.caFile, "ca", "", "PEM file that proves the service; not needed when the token carries a pin")
}

func enrolCommand(e *env, config *string) *cobra.Command {
	var j joining
	c := &cobra.Command{
		Use: "enrol", Short: "Trade a join token for an identity", Args: cobra.NoArgs,
		Example: "  sallyport agent enrol --config agent.yaml --service https://sallyport.example.org:8443 --token-file join.token",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if j.tokenFile == "" {
				return usageError{errors.New("--token-file is missing: the file 'sallyport agents token --out' wrote, or '-'")}
			}
			c, err := loadAgent(*config)
			if err != nil {
				return err
			}
			id, err := e.enrol(cmd.Context(), c, j)
			if err != nil {
				return err
			}
			return e.print(map[string]string{"agent": id.Agent, "group": id.Group}, func() {
				e.say("Enrolled as agent %s of group %s. Next: sallyport agent --config %s", id.Agent, id.Group, *config)
			})
		},
	}
	j.flags(c)
	c.Flags().BoolVar(&j.force, "force", false, "replace the identity that is there")
	return c
}

func (e *env) enrol(ctx context.Context, c agent.Config, j joining) (enrol.Identity, error) {
	if j.service == "" {
		j.service = c.Service
	}
	if j.service == "" {
		return enrol.Identity{}, usageError{fmt.Errorf("--service is missing, and the configuration names no service")}
	}
	u, err := dial.ParseURL(j.service)
	if err != nil {
		return enrol.Identity{}, err
	}
	d, err := c.Dialer(u)
	if err != nil {
		return enrol.Identity{}, err
	}
	token, err := enrol.ReadToken(j.tokenFile, e.in)
	if err != nil {
		return enrol.Identity{}, err
	}
	req := enrol.Request{Service: j.service, Token: token, Name: c.Name, Dir: c.DataDir, Dialer: d, Version: c.Version, Force: j.force}
	if j.caFile != "" {
		if req.CA, err = os.ReadFile(j.caFile); err != nil {
			return enrol.Identity{}, fault.Wrap(fault.Invalid, "read the certificates to trust", err)
		}
	}
	return enrol.Enrol(ctx, req)
}
