package cli

import (
	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/endpoint"
)

func hostCommand(e *env) *cobra.Command {
	var r running
	var path string
	cmd := &cobra.Command{
		Use:   "host",
		Short: "Run the connector host: a SCIM 2.0 endpoint over connectors to databases and more",
		Long: `Opens the connectors of the configuration and serves each at https://HOST:8585/ecma2host_{name}/scim with a bearer secret.
At the first start it makes a self-signed certificate and, for connectors without a secretTokenFile, a secret in the data
folder. Until the first import of a connector has finished its endpoint answers 503 with Retry-After.`,
		Example: "  sallyport validate host.yaml\n  sallyport host --config host.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := r.logger(e)
			if err != nil {
				return err
			}
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			ctx, cancel := r.context(cmd.Context(), e)
			defer cancel()
			drivers, end, err := wire.DriversOf(ctx, cfg, log)
			defer end()
			if err != nil {
				return err
			}
			return endpoint.Run(ctx, cfg, drivers, log, func(s endpoint.Started) {
				_ = e.print(ready{Ready: "host", URL: "https://" + s.Addr, Cert: s.Host.CertFile()}, func() { e.sayHost(cfg, s.Host) })
			})
		},
	}
	r.flags(cmd)
	cmd.PersistentFlags().StringVar(&path, "config", "host.yaml", "configuration file")
	cmd.AddCommand(tryCommand(e), releaseCommand(e, &path))
	return cmd
}

func (e *env) sayHost(cfg config.Config, h *endpoint.Host) {
	for _, c := range cfg.Connectors {
		e.say("%-16s %s", c.Name, h.URL(c.Name))
		e.say("%-16s bearer secret in %s", "", c.SecretTokenFile)
	}
	e.say("Certificate: %s", h.CertFile())
}
