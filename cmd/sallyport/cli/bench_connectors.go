package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
)

// connectorBench measures connectors on the targets of some URL schemes, next to the barest client of the same target in the same run.
type connectorBench struct {
	kind    string   // of the connector
	schemes []string // of the targets it knows
	// imports reads users from a place of its own in the target, once bare and once through the connector.
	imports func(ctx context.Context, w work) ([]figure, error)
	// exports creates users there, once bare and once in batches of the connector.
	exports func(ctx context.Context, w work) ([]figure, error)
}

// connectorBenches are the kinds that can be measured.
var connectorBenches = []connectorBench{
	{kind: "gsql", schemes: []string{"postgres", "postgresql"}, imports: benchPostgresImport, exports: benchPostgresExport},
	{kind: "gldap", schemes: []string{"ldap"}, imports: benchLDAPImport, exports: benchLDAPExport},
}

// work is what one measurement is to do.
type work struct {
	target      string
	users       int
	connections int
	rounds      int
}

// figure is one measured way of doing the work; the first is the bare one.
type figure struct {
	Name      string  `json:"name"`
	Users     int     `json:"users"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"perSecond"`
	Ratio     float64 `json:"ratio,omitempty"`    // to the bare one
	Goal      float64 `json:"goal,omitempty"`     // least ratio promised
	HeapMB    float64 `json:"heapMB,omitempty"`   // most heap in use above what was in use before
	Kept      *bool   `json:"promised,omitempty"` // whether the goal was reached
}

func benchImportCommand(e *env) *cobra.Command {
	return benchConnectorCommand(e, "import", "Measure a connector's full import next to a bare client's read", 100_000, func(b connectorBench) func(context.Context, work) ([]figure, error) { return b.imports })
}

func benchExportCommand(e *env) *cobra.Command {
	return benchConnectorCommand(e, "export", "Measure a connector's batches of creates next to a bare client's", 10_000, func(b connectorBench) func(context.Context, work) ([]figure, error) { return b.exports })
}

func benchConnectorCommand(e *env, name, short string, users int, pick func(connectorBench) func(context.Context, work) ([]figure, error)) *cobra.Command {
	var w work
	c := &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		Long:    short + ".\n\nThe users are made up, in a place of their own in the target that is removed at the end. Each way is measured several\ntimes in turn, and the median counts, so that the ratio means something on a machine that does other things too.",
		Example: "  sallyport bench " + name + " --target postgres://me@localhost/scratch",
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := benchFor(w.target)
			if err != nil {
				return err
			}
			figures, err := pick(b)(cmd.Context(), w)
			if err != nil {
				return err
			}
			return e.print(map[string]any{"connector": b.kind, "figures": figures}, func() { e.sayFigures(figures) })
		},
	}
	f := c.Flags()
	f.StringVar(&w.target, "target", "", "the target, with rights to make tables or entries in it: postgres://user@host/db, or ldap://host/dc=example,dc=org????bindname=DN,x-passwordfile=/path")
	f.IntVar(&w.users, "users", users, "how many users")
	f.IntVar(&w.connections, "connections", 2, "how many connections write at once")
	f.IntVar(&w.rounds, "rounds", 5, "how often each way is measured")
	_ = c.MarkFlagRequired("target")
	return c
}

func benchFor(target string) (connectorBench, error) {
	scheme, _, _ := strings.Cut(target, ":")
	var known []string
	for _, b := range connectorBenches {
		if slices.Contains(b.schemes, scheme) {
			return b, nil
		}
		known = append(known, b.schemes...)
	}
	return connectorBench{}, fault.New(fault.Invalid, "measure", "no measurement is known for targets of %q", scheme).About("--target").
		WithHint("known are %s", strings.Join(known, ", "))
}

func (e *env) sayFigures(figures []figure) {
	for _, f := range figures {
		e.say("%-38s %8d users  %8.3f s  %9.0f/s", f.Name, f.Users, f.Seconds, f.PerSecond)
		if f.Kept != nil {
			verdict := map[bool]string{true: "kept", false: "MISSED"}[*f.Kept]
			e.say("  %.0f %% of the bare client (promised: %.0f %%, %s), heap +%.0f MB", 100*f.Ratio, 100*f.Goal, verdict, f.HeapMB)
		}
	}
}

// alternate measures the ways in turn and returns the median of each; the first is what the others are compared with.
func alternate(ctx context.Context, w work, goal float64, names []string, ways ...func(context.Context) (heap float64, err error)) ([]figure, error) {
	return alternateCleared(ctx, w, goal, func() error { return nil }, names, ways...)
}

// alternateCleared is alternate with something to be done after each way, which is not measured.
func alternateCleared(ctx context.Context, w work, goal float64, clear func() error, names []string, ways ...func(context.Context) (heap float64, err error)) ([]figure, error) {
	took := make([][]float64, len(ways))
	heaps := make([]float64, len(ways))
	for range max(w.rounds, 1) {
		for i, way := range ways {
			var heap float64
			seconds, err := timed(func() (err error) { heap, err = way(ctx); return err })
			if err != nil {
				return nil, err
			}
			if err := clear(); err != nil {
				return nil, err
			}
			took[i] = append(took[i], seconds)
			heaps[i] = max(heaps[i], heap)
		}
	}
	out := make([]figure, len(ways))
	for i := range ways {
		slices.Sort(took[i])
		median := took[i][len(took[i])/2]
		out[i] = figure{Name: names[i], Users: w.users, Seconds: median, PerSecond: float64(w.users) / median}
		if i > 0 {
			out[i].Ratio, out[i].Goal, out[i].HeapMB = out[i].PerSecond/out[0].PerSecond, goal, heaps[i]
			kept := out[i].Ratio >= goal
			out[i].Kept = &kept
		}
	}
	return out, nil
}
