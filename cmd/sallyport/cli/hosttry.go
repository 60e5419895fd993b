package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/host/endpoint"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

// trial is a host endpoint that leaves no trace.
type trial struct {
	connector, listen, token, target string
	users                            int
}

// tryReady is what 'host try' prints once.
type tryReady struct {
	Ready       string `json:"ready"`
	URL         string `json:"url"`
	Token       string `json:"token"`
	Certificate string `json:"certificate"`
	Users       int    `json:"users"`
}

func tryCommand(e *env) *cobra.Command {
	var r running
	var t trial
	c := &cobra.Command{
		Use:   "try",
		Short: "Run a throwaway endpoint to try SCIM clients on",
		Long: `Serves every attribute of SCIM's core User and Group and of the enterprise user, over process memory or a SQLite file in a
temporary folder. Prints base URL and token, and leaves nothing behind when it ends.`,
		Example: "  sallyport host try --connector mem --users 1000\n  sallyport host try --connector sqlite --listen 127.0.0.1:8585",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := r.context(cmd.Context(), e)
			defer cancel()
			return e.try(ctx, &r, t)
		},
	}
	r.flags(c)
	f := c.Flags()
	f.StringVar(&t.connector, "connector", "mem", "where the users are kept: mem, sqlite or postgres")
	f.StringVar(&t.target, "target", "", "with postgres: an empty database, postgres://user@host/db")
	f.IntVar(&t.users, "users", 0, "how many made-up users there are at the start")
	f.StringVar(&t.listen, "listen", "127.0.0.1:0", "address to serve on")
	f.StringVar(&t.token, "token", "", "bearer secret, at least 12 characters; default a random one. For trying only: other users of this machine can see it")
	return c
}

func (e *env) try(ctx context.Context, r *running, t trial) error {
	log, err := r.logger(e)
	if err != nil {
		return err
	}
	defer insist()()
	dir, err := os.MkdirTemp("", "sallyport-try-")
	if err != nil {
		return fault.Wrap(fault.Internal, "make a temporary folder", err)
	}
	defer os.RemoveAll(dir)
	undo, err := t.prepare(ctx, dir)
	defer undo()
	if err != nil {
		return err
	}
	cfg, err := config.Load(filepath.Join(dir, "host.yaml"))
	if err != nil {
		return err
	}
	host, err := endpoint.Open(cfg, wire.Drivers(), log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- host.Run(ctx) }()
	if err := host.Ready(ctx); err != nil {
		cancel()
		return errors.Join(err, <-ended)
	}
	token, _ := host.Token("Try")
	out := tryReady{"try", host.URL("Try"), token, host.CertFile(), t.users}
	if err := e.print(out, func() {
		e.say("Base URL:    %s\nToken:       %s\nCertificate: %s\nUsers:       %d", out.URL, out.Token, out.Certificate, out.Users)
		e.say("\nTry:  curl --cacert %s -H 'Authorization: Bearer %s' '%s/Users?count=2'\n^C ends it and removes everything.", out.Certificate, out.Token, out.URL)
	}); err != nil {
		return err
	}
	return <-ended
}

// insist keeps a second signal, as impatient people and supervisors send it, from ending the process before it has cleaned up.
func insist() (stop func()) {
	more := make(chan os.Signal, 1) // nobody reads it; that it is registered is enough
	signal.Notify(more, os.Interrupt, syscall.SIGTERM)
	return func() { signal.Stop(more) }
}

// prepare fills the folder with a configuration and, for a database, with tables and people. undo is never nil.
func (t *trial) prepare(ctx context.Context, dir string) (undo func(), err error) {
	undo = func() {}
	kind, settings := "gsql", ""
	switch t.connector {
	case "mem":
		kind, settings = "mem", fmt.Sprintf("      users: %d\n", t.users)
	case "sqlite":
		t.target = "sqlite:" + filepath.Join(dir, "target.db")
		fallthrough
	case "postgres":
		if t.target == "" {
			return undo, usageError{errors.New("--connector postgres needs --target postgres://user@host/db")}
		}
		if undo, err = t.makeTables(ctx); err == nil && t.users > 0 {
			err = t.putPeople(ctx)
		}
		settings = t.sqlSettings()
	default:
		return undo, usageError{fmt.Errorf("--connector %s is not known; use mem, sqlite or postgres", t.connector)}
	}
	if err != nil {
		return undo, err
	}
	return undo, t.configure(dir, kind, settings)
}

func (t *trial) sqlSettings() string {
	var settings strings.Builder
	fmt.Fprintf(&settings, "      url: %q\n", t.target)
	for name, value := range gsql.FullSCIM(gsql.DialectOf(t.target)).Settings {
		fmt.Fprintf(&settings, "      %s: %q\n", name, value)
	}
	return settings.String()
}

// configure writes the configuration and the token.
func (t *trial) configure(dir, kind, settings string) error {
	secret := ""
	if t.token != "" {
		secret = "    secretTokenFile: token\n"
		if err := atomicfile.Write(filepath.Join(dir, "token"), []byte(t.token), 0o600); err != nil {
			return fault.Wrap(fault.Internal, "write the token", err)
		}
	}
	text := fmt.Sprintf(`listen: %q
data: data
connectors:
  - name: Try
    kind: %s
%s    settings:
%s    objects: {User: {}, Group: {}}
    deprovision: {disable: none, delete: delete}
    deleteBudget: {count: -1}
`, t.listen, kind, secret, settings)
	return fault.Wrap(fault.Internal, "write the configuration", atomicfile.Write(filepath.Join(dir, "host.yaml"), []byte(text), 0o600))
}
