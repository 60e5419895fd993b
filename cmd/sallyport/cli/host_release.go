package cli

import (
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host"
	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/endpoint"
)

func releaseCommand(e *env, config *string) *cobra.Command {
	var r host.Release
	c := &cobra.Command{
		Use:   "release CONNECTOR deletes|import",
		Short: "Let through what the host holds: deletions beyond its budget, or an import that shrank",
		Long: `Run it on the host's machine, as an account that may write the host's data folder: a release never comes over the wire, so
whoever floods the endpoint with deletions cannot release them too. It is used once, within an hour, and kept in releases.jsonl.`,
		Example: "  sallyport host release CONTOSO deletes --count 250 --reason 'Berlin office closed'\n  sallyport host release CONTOSO import --reason 'table was cleaned up'",
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := connectorDir(*config, args[0])
			if err != nil {
				return err
			}
			r.Matter = host.Matter(args[1])
			if r.By == "" {
				r.By = whoRuns()
			}
			if err := host.WriteRelease(dir, r); err != nil {
				return err
			}
			return e.print(map[string]any{"connector": args[0], "matter": r.Matter, "count": r.Count, "by": r.By}, func() {
				e.say("Released for an hour: %s of %s. The host takes it up by itself.", args[1], args[0])
			})
		},
	}
	c.Flags().IntVar(&r.Count, "count", 0, "how many deletions are let through")
	c.Flags().StringVar(&r.Reason, "reason", "", "why; kept with the release")
	c.Flags().StringVar(&r.By, "by", "", "who releases; default the account that runs this")
	return c
}

// connectorDir returns the data folder of a connector that the configuration has.
func connectorDir(path, name string) (string, error) {
	cfg, err := config.Load(path)
	if err != nil {
		return "", err
	}
	if _, ok := cfg.Connector(name); !ok {
		return "", fault.New(fault.NotFound, "release", "there is no connector %q", name).About(path).WithHint("names are case sensitive")
	}
	dir := endpoint.ReleaseDir(cfg, name)
	if _, err := os.Stat(dir); err != nil {
		return "", fault.New(fault.NotFound, "release", "the host has not run here yet: %w", err).WithHint("run this on the host's machine, with the host's own --config")
	}
	return dir, nil
}

func whoRuns() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "somebody"
}
