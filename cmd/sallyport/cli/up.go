package cli

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
)

// upReady is what 'sallyport up --json' prints once.
type upReady struct {
	Ready       string `json:"ready"`
	Service     string `json:"service"`
	Certificate string `json:"certificate"`
	AdminSecret string `json:"adminSecret,omitempty"`
	Host        string `json:"host"`
	HostCert    string `json:"hostCertificate"`
	Data        string `json:"data"`
	Application string `json:"application"`
}

func upCommand(e *env) *cobra.Command {
	var r running
	var c wire.UpConfig
	var names string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run service, agent and host in one process, kept in one folder",
		Long: `For trying and for small sites. At the first start the folder is filled: host.yaml with a SQLite target like the documented
CONTOSO Employees, contoso.yaml with an application for it, keys, certificates and an administrator secret that is printed
once. Edit host.yaml and contoso.yaml to provision into your own database, then start it again and apply the application.`,
		Example: "  sallyport up --data ./sallyport-data",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if c.Logger, err = r.logger(e); err != nil {
				return err
			}
			if c.Dir, err = filepath.Abs(c.Dir); err != nil {
				return usageError{err}
			}
			if names != "" {
				c.Names = strings.Split(names, ",")
			}
			c.Version = Version()
			ctx, cancel := r.context(cmd.Context(), e)
			defer cancel()
			u, err := wire.StartUp(ctx, c)
			if err != nil {
				return err
			}
			defer u.Close()
			out := upReady{
				Ready: "up", Service: u.Service.URL, Certificate: u.Service.CertFile, AdminSecret: u.Service.AdminSecret,
				Host: u.Host.URL("CONTOSO"), HostCert: u.Host.CertFile(), Data: c.Dir, Application: filepath.Join(c.Dir, wire.AppFile),
			}
			if err := e.print(out, func() { e.sayUp(out) }); err != nil {
				return err
			}
			return u.Wait(ctx)
		},
	}
	r.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&c.Dir, "data", dataDir("up"), "folder for everything")
	f.StringVar(&c.ServiceListen, "listen", wire.DefaultServiceListen, "address of the service")
	f.StringVar(&c.HostListen, "host-listen", wire.DefaultHostListen, "address of the host; used when host.yaml is made")
	f.StringVar(&names, "names", "", "host names and addresses the self-signed certificate is for, separated by commas")
	return cmd
}

func (e *env) sayUp(u upReady) {
	e.say("Service: %s\nHost:    %s\nData:    %s", u.Service, u.Host, u.Data)
	if u.AdminSecret != "" {
		e.say("Administrator secret, shown this once: %s", u.AdminSecret)
		e.say("Next, in another terminal:\n  sallyport login --service %s --ca %s\n  sallyport directory import people.csv\n  sallyport app apply -f %s --start\n  sallyport job status contoso --wait", u.Service, u.Certificate, u.Application)
	}
	e.say("^C ends it.")
}
