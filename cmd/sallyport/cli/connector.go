package cli

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/connectortest"
)

func connectorCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "connector", Short: "What connectors there are, how they are set up, and whether one keeps the contract on its target"}
	kinds := &kinds{drivers: wire.Drivers()}
	c.AddCommand(kinds.flags(connectorListCommand(e, kinds)), kinds.flags(connectorDescribeCommand(e, kinds)), kinds.flags(connectorSampleCommand(e, kinds)), connectorTestCommand(e), connectorSQLDeltaCommand(e))
	return c
}

// connectorLine is one kind of connector as 'connector list' shows it.
type connectorLine struct {
	Kind         string                 `json:"kind"`
	Capabilities connector.Capabilities `json:"capabilities"`
	Samples      []string               `json:"samples"`
}

func lineOf(d connector.Driver) connectorLine {
	l := connectorLine{Kind: d.Name(), Capabilities: connector.CapabilitiesOf(d), Samples: []string{}}
	for _, s := range samplesOf(d) {
		l.Samples = append(l.Samples, s.Name)
	}
	return l
}

func samplesOf(d connector.Driver) []connector.Sample {
	if s, ok := d.(connector.Sampler); ok {
		return s.Samples()
	}
	return nil
}

func connectorListCommand(e *env, k *kinds) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the kinds of connectors and what they can do", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			lines := []connectorLine{}
			for _, name := range slices.Sorted(maps.Keys(k.drivers)) {
				lines = append(lines, lineOf(k.drivers[name]))
			}
			return e.print(lines, func() {
				for _, l := range lines {
					e.say("%-8s %s", l.Kind, strings.Join(abilities(l.Capabilities), ", "))
				}
			})
		},
	}
}

func abilities(c connector.Capabilities) []string {
	names := []string{"import"}
	for _, a := range c.Abilities() {
		if a.Has {
			names = append(names, a.Name)
		}
	}
	return names
}

// described is what 'connector describe' prints.
type described struct {
	connectorLine
	Settings   []connector.Setting `json:"settings"`
	Privileges map[string]string   `json:"privileges"` // sample → script of the least privileges
}

func connectorDescribeCommand(e *env, k *kinds) *cobra.Command {
	return &cobra.Command{
		Use: "describe KIND", Short: "Show a connector's settings, capabilities and the least privileges it needs",
		Example: "  sallyport connector describe gsql", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := k.driver(args[0])
			if err != nil {
				return err
			}
			out := described{connectorLine: lineOf(d), Settings: d.Settings(), Privileges: map[string]string{}}
			for _, s := range samplesOf(d) {
				if s.Privileges != "" {
					out.Privileges[s.Name] = s.Privileges
				}
			}
			return e.print(out, func() { e.sayConnector(out) })
		},
	}
}

func (e *env) sayConnector(d described) {
	e.say("%s\n\nCapabilities", d.Kind)
	for _, a := range d.Capabilities.Abilities() {
		mark, why := "yes", ""
		if !a.Has {
			mark, why = "no", d.Capabilities.Excuses[a.Name]
		}
		e.say("  %-12s %-4s %s %s", a.Name, mark, a.For, why)
	}
	e.say("\nSettings (under settings: in the host's configuration)")
	for _, s := range d.Settings {
		name := s.Name
		if s.Type == connector.Password {
			name += "File"
		}
		note := ""
		switch {
		case s.Required:
			note = " (required)"
		case s.Default != "":
			note = " (default " + s.Default + ")"
		}
		e.say("  %s%s\n      %s. %s", name, note, s.Label, s.Help)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Privileges)) {
		e.say("\nLeast privileges, for the sample %s:\n%s", name, strings.TrimRight(d.Privileges[name], "\n"))
	}
	if len(d.Samples) > 0 {
		e.say("\nSamples: %s  (sallyport connector sample %s NAME)", strings.Join(d.Samples, ", "), d.Kind)
	}
}

func connectorSampleCommand(e *env, k *kinds) *cobra.Command {
	var setup, privileges bool
	c := &cobra.Command{
		Use: "sample KIND [NAME]", Short: "Print a host configuration that works as it stands, or the scripts that prepare a target for it",
		Long: `Without NAME the first sample is printed. --setup prints the script that makes the tables or entries that it is written for, and
--privileges the one that grants the least privileges. The tests of this program run them.`,
		Example: "  sallyport connector sample gsql > host.yaml", Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := k.sampleOf(args)
			if err != nil {
				return err
			}
			text := s.Config
			switch {
			case setup:
				text = s.Setup
			case privileges:
				text = s.Privileges
			}
			return e.print(s, func() { e.say("%s", strings.TrimRight(text, "\n")) })
		},
	}
	c.Flags().BoolVar(&setup, "setup", false, "print the script that makes what it is written for")
	c.Flags().BoolVar(&privileges, "privileges", false, "print the script that grants the least privileges")
	c.MarkFlagsMutuallyExclusive("setup", "privileges")
	return c
}

func (k *kinds) sampleOf(args []string) (connector.Sample, error) {
	d, err := k.driver(args[0])
	if err != nil {
		return connector.Sample{}, err
	}
	var names []string
	for _, s := range samplesOf(d) {
		if len(args) == 1 || s.Name == args[1] {
			return s, nil
		}
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return connector.Sample{}, fault.New(fault.NotFound, "find the sample", "%s has no samples", args[0])
	}
	return connector.Sample{}, fault.New(fault.NotFound, "find the sample", "%s has no sample %q", args[0], args[1]).WithHint("it has: %s", strings.Join(names, ", "))
}

// trialOf is how a connector is tried.
type trialOf struct {
	config, object string
	kit, write     bool
	tiers, samples []string
}

// stageLine is one step of the test, or one check of the kit.
type stageLine struct {
	Step   string `json:"step"`
	Good   bool   `json:"good"`
	Detail string `json:"detail,omitempty"`
	Error  string `json:"error,omitempty"`
}

func connectorTestCommand(e *env) *cobra.Command {
	var t trialOf
	c := &cobra.Command{
		Use: "test NAME", Short: "Test a configured connector step by step, and judge it by the contract",
		Long: `NAME is a connector of the host's configuration. The steps show how far it comes: name, port, certificate, credential, schema.
--kit then makes the checks of the conformance kit that only read. --write makes all of them: objects are made, changed and
deleted in the target; what is there already is left alone, and what was made is deleted at the end.

--sample gives new objects their values, where made-up ones do not do: {n} becomes a number of its own in each object.
Objects of another type, such as groups, are meant by TYPE.ATTRIBUTE=TEXT. Which attributes take many values, point to other objects or
can be renamed is found out on an object of the kit's own; a check that is skipped says what was tried.`,
		Example: "  sallyport connector test HR --config host.yaml\n  sallyport connector test LDAP --kit --write --sample 'dn=uid=kit{n},ou=people,dc=example,dc=org'",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return e.testConnector(cmd.Context(), args[0], t) },
	}
	f := c.Flags()
	f.StringVar(&t.config, "config", "host.yaml", "the host's configuration")
	f.BoolVar(&t.kit, "kit", false, "make the checks of the conformance kit that only read")
	f.BoolVar(&t.write, "write", false, "make the checks that write, too")
	f.StringVar(&t.object, "object", "", "the target's object type; default that of the configured users")
	f.StringSliceVar(&t.tiers, "tier", nil, "only these tiers of the kit")
	f.StringArrayVar(&t.samples, "sample", nil, "ATTRIBUTE=TEXT of new objects, with {n}; may be repeated")
	return c
}

func (e *env) testConnector(ctx context.Context, name string, t trialOf) error {
	cfg, err := config.Load(t.config)
	if err != nil {
		return err
	}
	drivers, end, err := wire.DriversOf(ctx, cfg, nil)
	defer end()
	if err != nil {
		return err
	}
	if err := cfg.Validate(drivers); err != nil {
		return err
	}
	x, ok := cfg.Connector(name)
	if !ok {
		return fault.New(fault.NotFound, "test", "there is no connector %q", name).About(t.config).WithHint("names are case sensitive")
	}
	settings, err := cfg.Open(x, drivers[x.Kind])
	if err != nil {
		return err
	}
	failed, err := e.sayConnectorStages(stages(ctx, drivers[x.Kind], settings))
	if err != nil || !t.kit && !t.write || failed != nil {
		return asSilent(failed, err)
	}
	open := func(ctx context.Context) (connector.Session, error) { return drivers[x.Kind].Open(ctx, settings) }
	return e.judgeConnector(ctx, open, t, x)
}

func asSilent(failed, err error) error {
	if err == nil && failed != nil {
		return silent{failed}
	}
	return err
}

// sayConnectorStages prints the steps and returns the failure of the one that failed.
func (e *env) sayConnectorStages(all iter.Seq[connector.Stage]) (failed, err error) {
	for s := range all {
		line := stageLine{Step: s.Name, Good: s.Err == nil, Detail: s.Detail}
		if s.Err != nil {
			failed, line.Error = s.Err, s.Err.Error()
		}
		if err := e.print(line, func() { e.sayConnectorStage(line) }); err != nil {
			return failed, err
		}
	}
	return failed, nil
}

func (e *env) sayConnectorStage(s stageLine) {
	word := "good"
	if !s.Good {
		word = "FAILED"
	}
	e.say("%-8s %-24s %s%s", word, s.Step, s.Detail, s.Error)
}

// stages are the driver's own steps up to a session, then the session's.
func stages(ctx context.Context, d connector.Driver, settings connector.Config) iter.Seq[connector.Stage] {
	return func(yield func(connector.Stage) bool) {
		if sd, ok := d.(connector.StagedDriver); ok {
			for s := range sd.OpenStages(ctx, settings) {
				if !yield(s) || s.Err != nil {
					return
				}
			}
		}
		session, err := d.Open(ctx, settings)
		if !yield(connector.Stage{Name: "Open", Err: err}) || err != nil {
			return
		}
		defer session.Close()
		if st, ok := session.(connector.StagedTester); ok {
			for s := range st.TestStages(ctx) {
				if !yield(s) || s.Err != nil {
					return
				}
			}
		} else if tester, ok := session.(connector.Tester); ok {
			if err := tester.Test(ctx); !yield(connector.Stage{Name: "Test", Err: err}) || err != nil {
				return
			}
		}
		schema, err := session.Schema(ctx)
		yield(connector.Stage{Name: "Schema", Detail: typesOf(schema), Err: err})
	}
}

func typesOf(s connector.Schema) string {
	var out []string
	for _, o := range s.Types {
		out = append(out, fmt.Sprintf("%s (%d attributes)", o.Name, len(o.Attributes)))
	}
	return strings.Join(out, ", ")
}

// judgeConnector makes the kit's checks and prints each verdict.
func (e *env) judgeConnector(ctx context.Context, open func(context.Context) (connector.Session, error), t trialOf, x config.Connector) error {
	o := connectortest.Options{Write: t.write}
	for _, name := range t.tiers {
		if !slices.Contains(connectortest.Tiers(), connectortest.Tier(name)) {
			return usageError{fmt.Errorf("--tier %s is none; the tiers are %v", name, connectortest.Tiers())}
		}
		o.Tiers = append(o.Tiers, connectortest.Tier(name))
	}
	patterns := map[string]string{}
	for _, s := range t.samples {
		name, text, ok := strings.Cut(s, "=")
		if !ok {
			return usageError{fmt.Errorf("--sample %s is not ATTRIBUTE=TEXT", s)}
		}
		patterns[name] = text
	}
	object := entry.Type(t.object)
	if object == "" {
		object = x.Objects[0].Object
	}
	h, err := connectortest.Discover(ctx, open, object, patterns)
	if err != nil {
		return err
	}
	count := map[connectortest.Outcome]int{}
	for v := range connectortest.Judge(ctx, h, o) {
		count[v.Outcome]++
		if err := e.print(v, func() { e.sayVerdict(v) }); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !e.json {
		e.say("\n%d passed, %d failed, %d skipped", count[connectortest.Passed], count[connectortest.Failed], count[connectortest.Skipped])
	}
	if n := count[connectortest.Failed]; n > 0 {
		return silent{fault.New(fault.Partial, "test", "%d checks failed", n)}
	}
	return nil
}

func (e *env) sayVerdict(v connectortest.Verdict) {
	e.say("%-8s %-12s %s", v.Outcome, v.Tier, strings.TrimSpace(v.Check+"  "+v.Detail))
	for _, f := range v.Failures {
		e.say("%22s%s", "", f)
	}
}
