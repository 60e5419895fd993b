package cli

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/plan"
)

func appCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "app", Aliases: []string{"apps"}, Short: "Apply, list, show, export, test and delete applications"}
	c.AddCommand(applyCommand(e), appListCommand(e), appShowCommand(e), appExportCommand(e), appTestCommand(e), appDiscoverCommand(e), appDeleteCommand(e), appHostCommand(e))
	return c
}

func applyCommand(e *env) *cobra.Command {
	var file string
	var start, keep bool
	c := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Create an application or change it to what a file says",
		Long: `Checks the file as 'sallyport validate' does, then hands it to the service. The bearer secret and the certificates that the
file names (secretFile, caFile) are read here, relative to the file, and kept by the service. Each apply makes the next cycle an
initial one, which looks at everybody again. A new application's job does not run until 'sallyport job start', or --start.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usageError{errors.New("-f FILE is missing")}
			}
			a, text, err := readApp(file)
			if err != nil {
				return err
			}
			if keep {
				a.Target.SecretFile, a.Target.CAFile = "", ""
			}
			body, err := withSecrets(a, file, text)
			if err != nil {
				return err
			}
			cl, err := e.client()
			if err != nil {
				return err
			}
			var out struct {
				ID      string `json:"id"`
				Version int    `json:"version"`
			}
			if err := cl.call(cmd.Context(), "PUT", "/sallyport/v1/apps/"+string(a.ID), body, &out); err != nil {
				return err
			}
			if start {
				if err := cl.call(cmd.Context(), "POST", jobPath(string(a.ID))+"/start", nil, nil); err != nil {
					return err
				}
			}
			return e.print(out, func() {
				e.warn(file)
				e.say("Application %s applied (version %d).", out.ID, out.Version)
				if !start {
					e.say("Next: sallyport job start %s", out.ID)
				}
			})
		},
	}
	c.Flags().StringVarP(&file, "file", "f", "", "the application file (YAML)")
	c.Flags().BoolVar(&keep, "keep-secret", false, "do not read secretFile and caFile; the service keeps what it has")
	c.Flags().BoolVar(&start, "start", false, "start the job at once")
	return c
}

// readApp reads and checks an application file as far as that is possible without a service.
func readApp(file string) (app.App, string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return app.App{}, "", fault.Wrap(fault.Invalid, "read the application", err)
	}
	a, err := app.Parse(file, text)
	if err != nil {
		return a, "", err
	}
	if _, err := plan.Compile(a); err != nil {
		return a, "", placed(file, text, a, err)
	}
	return a, string(text), nil
}

// withSecrets makes the request that applies an application, with the secrets its file points to.
func withSecrets(a app.App, file, text string) (map[string]string, error) {
	body := map[string]string{"name": filepath.Base(file), "file": text}
	for _, n := range []struct{ key, at, path string }{
		{"bearer", "target.secretFile", a.Target.SecretFile}, {"ca", "target.caFile", a.Target.CAFile},
	} {
		if n.path == "" {
			continue
		}
		content, err := readNamed(file, n.path)
		if err != nil {
			return nil, err.About(appPlace(file, text, n.at))
		}
		body[n.key] = content
	}
	if ca := body["ca"]; ca != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(ca)) {
		return nil, fault.New(fault.Invalid, "read what the application names", "%s holds no PEM certificate", a.Target.CAFile).
			About(appPlace(file, text, "target.caFile")).WithHint("it begins with -----BEGIN CERTIFICATE-----; convert another form with openssl x509")
	}
	return body, nil
}

// readNamed reads a file that an application's file names.
func readNamed(file, path string) (string, *fault.Error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(file), path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fault.New(fault.Invalid, "read what the application names", "%w", err).
			WithHint("secretFile and caFile are read on this machine, relative to the application file")
	}
	content := strings.TrimSpace(string(text))
	if content == "" {
		return "", fault.New(fault.Invalid, "read what the application names", "%s is empty", path).
			WithHint("write the secret, or the certificate, alone into the file")
	}
	return content, nil
}

// appPlace is file:line of a setting in an application's file, or the file.
func appPlace(file, text, path string) string {
	if line, _ := app.At([]byte(text), path); line > 0 {
		return fmt.Sprintf("%s:%d", file, line)
	}
	return file
}

func appListCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the applications", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var out struct {
				Value []struct {
					ID      string `json:"id"`
					Name    string `json:"name"`
					Status  string `json:"status"`
					Version int    `json:"version"`
				} `json:"value"`
			}
			if err := cl.call(cmd.Context(), "GET", "/sallyport/v1/apps", nil, &out); err != nil {
				return err
			}
			return e.print(out.Value, func() {
				for _, a := range out.Value {
					e.say("%-20s %-12s %s", a.ID, a.Status, a.Name)
				}
			})
		},
	}
}

func appShowCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "show APP", Short: "Print an application as a file that can be applied", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var out struct {
				ID      string `json:"id"`
				Version int    `json:"version"`
				File    string `json:"file"`
			}
			if err := cl.call(cmd.Context(), "GET", "/sallyport/v1/apps/"+args[0], nil, &out); err != nil {
				return err
			}
			return e.print(out, func() { e.say("%s", strings.TrimSuffix(out.File, "\n")) })
		},
	}
}

func appDeleteCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "delete APP", Short: "Forget an application and its job; the accounts in the target stay", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			if err := cl.call(cmd.Context(), "DELETE", "/sallyport/v1/apps/"+args[0], nil, nil); err != nil {
				return err
			}
			return e.print(map[string]string{"deleted": args[0]}, func() { e.say("Application %s forgotten; its accounts stay.", args[0]) })
		},
	}
}
