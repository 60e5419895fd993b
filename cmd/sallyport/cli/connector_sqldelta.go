package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
)

// sqlDelta is what 'connector sql-delta' is asked for.
type sqlDelta struct {
	config      string
	drop, apply bool
}

func connectorSQLDeltaCommand(e *env) *cobra.Command {
	var d sqlDelta
	c := &cobra.Command{
		Use: "sql-delta NAME", Short: "Write the history tables and triggers of a gsql connector with delta: history, as SQL to review",
		Long: `NAME is a gsql connector of the host's configuration. The script is printed and not run, unless --apply says so; the account of the
configuration then has to own the tables. The triggers write the anchors of what changes into one table for each object type, and
the connector reads only those objects. It needs SELECT on the history tables and no more.

To cut a history: delete what is old but not the row with seq 1, then give that row another epoch; a full import follows.`,
		Example: "  sallyport connector sql-delta HR --config host.yaml > history.sql", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return e.sqlDelta(cmd.Context(), args[0], d) },
	}
	f := c.Flags()
	f.StringVar(&d.config, "config", "host.yaml", "the host's configuration")
	f.BoolVar(&d.drop, "drop", false, "the script that takes them away again")
	f.BoolVar(&d.apply, "apply", false, "run the script with the configured account, too")
	return c
}

func (e *env) sqlDelta(ctx context.Context, name string, d sqlDelta) error {
	settings, err := gsqlSettings(ctx, d.config, name)
	if err != nil {
		return err
	}
	script, err := gsql.DeltaScript(ctx, settings, d.drop)
	if err != nil {
		return err
	}
	if d.apply {
		if err := gsql.RunScript(ctx, settings, script); err != nil {
			return err
		}
	}
	return e.print(map[string]any{"statements": script, "applied": d.apply}, func() { e.say("%s", scriptText(settings, script)) })
}

// scriptText ends each statement as the database's own client wants it.
func scriptText(settings connector.Config, script []string) string {
	switch gsql.DialectOf(settings.Values["url"]) {
	case gsql.MariaDB:
		return "DELIMITER //\n" + strings.Join(script, "//\n") + "//\nDELIMITER ;"
	case gsql.SQLServer:
		return strings.Join(script, "\nGO\n") + "\nGO"
	}
	return strings.Join(script, ";\n") + ";"
}

// gsqlSettings opens a host's configuration and returns the settings of a gsql connector in it.
func gsqlSettings(ctx context.Context, file, name string) (connector.Config, error) {
	const op = "write the triggers"
	cfg, err := config.Load(file)
	if err != nil {
		return connector.Config{}, err
	}
	drivers, end, err := wire.DriversOf(ctx, cfg, nil)
	defer end()
	if err != nil {
		return connector.Config{}, err
	}
	if err := cfg.Validate(drivers); err != nil {
		return connector.Config{}, err
	}
	x, ok := cfg.Connector(name)
	if !ok {
		return connector.Config{}, fault.New(fault.NotFound, op, "there is no connector %q", name).About(file).WithHint("names are case sensitive")
	}
	if x.Kind != "gsql" {
		return connector.Config{}, fault.New(fault.Unsupported, op, "%s is a %s connector", name, x.Kind).WithHint("only gsql has history tables")
	}
	return cfg.Open(x, drivers[x.Kind])
}
