package cli

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/people"
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/plan"
)

// benchApp has twenty mappings and a filter of two clauses, as a large application has them.
//
//go:embed bench_plan.yaml
var benchApp []byte

// leastPlans is how many objects one core must plan a second.
const leastPlans = 20_000

// planBench measures planning alone: scope, match in memory and mapping, without a directory, a network or a target.
type planBench struct {
	*env
	users, rounds int
	span          time.Duration

	rules  *plan.Rules
	people []directory.Change
	full   *planTarget // holds everybody
	empty  *planTarget
	links  []plan.Link
}

// planRow is one line of the table.
type planRow struct {
	Operation string  `json:"operation"`
	PerSecond float64 `json:"objectsPerSecond"`  // of processor time, median over the rounds
	Baseline  float64 `json:"baselinePerSecond"` // copies of one person's attributes
	Ratio     float64 `json:"ratio"`             // median over the rounds of operation / baseline
}

func benchPlanCommand(e *env) *cobra.Command {
	b := planBench{env: e}
	c := &cobra.Command{
		Use:   "plan",
		Short: "Measure planning on one core: scope, match in memory and twenty mappings, against a bare copy of a map",
		Long: `Plans for made-up people on one core, without a directory, a network or a target: people who have no account yet, people who
are found and hold all of it already, and people who were exported before and did not change. Between the rounds it copies
the attributes of one person after the other, so that the ratio can be compared between machines.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	f := c.Flags()
	f.IntVar(&b.users, "users", 10_000, "how many people there are")
	f.IntVar(&b.rounds, "rounds", 3, "rounds of baseline and operation")
	f.DurationVar(&b.span, "span", time.Second, "how long one round takes")
	return c
}

func (b *planBench) run(ctx context.Context) error {
	if b.users < 1 || b.rounds < 1 || b.span <= 0 {
		return usageError{errors.New("--users, --rounds and --span must be above 0")}
	}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var rows []planRow
	for _, op := range []struct {
		name string
		do   func(i int) error
	}{
		{"create", func(i int) error { return b.plan(ctx, b.empty, i, plan.Link{}, plan.Create) }},
		{"match, nothing to change", func(i int) error { return b.plan(ctx, b.full, i, plan.Link{}, plan.Skip) }},
		{"unchanged since the last export", func(i int) error { return b.plan(ctx, b.full, i, b.links[i], plan.Skip) }},
	} {
		r, err := b.measure(ctx, op.name, op.do)
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	return b.result(rows)
}

func (b *planBench) result(rows []planRow) error {
	var kept []promise
	for _, r := range rows {
		kept = append(kept, promise{fmt.Sprintf("%s: at least %d a second and core", r.Operation, leastPlans), fmt.Sprintf("%.0f", r.PerSecond), r.PerSecond >= leastPlans})
	}
	busy := loadAverage()
	return b.print(map[string]any{"users": b.users, "rows": rows, "promises": kept, "loadAverage": busy}, func() {
		b.say("%-34s %12s %14s %8s", "planning, one core", "objects/s", "map copies/s", "ratio")
		for _, r := range rows {
			b.say("%-34s %12.0f %14.0f %8.4f", r.Operation, r.PerSecond, r.Baseline, r.Ratio)
		}
		b.say("\nload average %s, %d processors", busy, runtime.NumCPU())
		for _, p := range kept {
			b.say("%-7s %-62s %s", p.verdict(), p.Text, p.Measured)
		}
	})
}

// prepare makes the people, and a target that holds all of them.
func (b *planBench) prepare(ctx context.Context) error {
	a, err := app.Parse("bench_plan.yaml", benchApp)
	if err != nil {
		return err
	}
	if b.rules, err = plan.Compile(a); err != nil {
		return err
	}
	b.empty, b.full = &planTarget{}, &planTarget{byName: map[entry.Value]entry.Entry{}, byID: map[string]entry.Entry{}}
	for i, p := range people.Company(b.users) {
		c := personOf(i, p)
		made, err := b.rules.Make(ctx, b.empty, b.input(c, plan.Link{}))
		if err != nil {
			return err
		}
		account := entry.Entry{Type: made.Type, ID: "t" + c.Entry.ID, Attrs: made.Want.Attrs}
		for _, r := range made.Refs {
			for _, id := range r.Targets {
				account.Attrs[r.Attr] = append(account.Attrs[r.Attr], entry.Ref{ID: id})
			}
		}
		b.full.byName[account.Attrs.First("userName")], b.full.byID[account.ID] = account, account
		b.people = append(b.people, c)
		b.links = append(b.links, plan.Link{Source: c.Entry.ID, Type: entry.User, Target: account.ID, Active: true, Digest: made.Digest})
	}
	return nil
}

func personOf(i int, p people.Person) directory.Change {
	n := fmt.Sprint(i)
	return directory.Change{Entry: entry.Entry{Type: entry.User, ID: "u" + n, Attrs: entry.Attrs{
		"userPrincipalName": {p.UPN}, "displayName": {p.Display()}, "givenName": {p.Given}, "surname": {p.Surname}, "jobTitle": {"Engineer"}, "mail": {p.UPN},
		"telephoneNumber": {"+49 30 5550-" + n}, "mobile": {"+49 170 " + n}, "city": {"Berlin"}, "country": {"DE"}, "userType": {"Member"}, "accountEnabled": {true},
		"preferredLanguage": {"de-DE"}, "employeeId": {n}, "department": {"Sales"}, "costCenter": {"4711"}, "manager": {entry.Ref{Type: entry.User, ID: "u0"}},
	}}}
}

func (b *planBench) input(c directory.Change, l plan.Link) plan.Input {
	return plan.Input{Change: c, Link: l, Now: time.Unix(0, 0)}
}

func (b *planBench) plan(ctx context.Context, t *planTarget, i int, l plan.Link, want plan.Verb) error {
	p, err := b.rules.Make(ctx, t, b.input(b.people[i], l))
	if err == nil && p.Verb != want {
		err = fault.New(fault.Internal, "plan", "the plan says %s (%s), not %s", p.Verb, p.Reason, want)
	}
	return err
}

// measure alternates baseline and operation.
func (b *planBench) measure(ctx context.Context, name string, do func(i int) error) (planRow, error) {
	var rates, bases, ratios []float64
	for range b.rounds {
		base, err := b.rate(ctx, b.copy)
		if err != nil {
			return planRow{}, err
		}
		rate, err := b.rate(ctx, do)
		if err != nil {
			return planRow{}, err
		}
		rates, bases, ratios = append(rates, rate), append(bases, base), append(ratios, rate/base)
	}
	return planRow{name, median(rates), median(bases), median(ratios)}, nil
}

// copy is the baseline.
func (b *planBench) copy(i int) error {
	if len(maps.Clone(b.people[i].Entry.Attrs)) == 0 {
		return fault.New(fault.Internal, "copy", "nothing was copied")
	}
	return nil
}

// rate runs over the people, again and again, for the span, and returns how many a second of processor time took care of: what others do on the machine
// meanwhile does not count. Where that time is not known, it is the clock's.
func (b *planBench) rate(ctx context.Context, do func(i int) error) (float64, error) {
	began, done, before := time.Now(), 0, usageOf(os.Getpid()).CPU
	for time.Since(began) < b.span {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		for range 100 { // the clock and the context are asked now and then only
			if err := do(done % len(b.people)); err != nil {
				return 0, err
			}
			done++
		}
	}
	if spent := usageOf(os.Getpid()).CPU - before; spent > 0.1 {
		return float64(done) / spent, nil
	}
	return float64(done) / time.Since(began).Seconds(), nil
}

// planTarget is a target in memory, found by name or id at once. The zero planTarget holds nothing.
type planTarget struct {
	byName map[entry.Value]entry.Entry
	byID   map[string]entry.Entry
}

// Find looks the value up among the names.
func (t *planTarget) Find(_ context.Context, _ entry.Type, _ string, v entry.Value) ([]entry.Entry, error) {
	if e, ok := t.byName[v]; ok {
		return []entry.Entry{e}, nil
	}
	return nil, nil
}

// Get looks the id up.
func (t *planTarget) Get(_ context.Context, _ entry.Type, id string) (entry.Entry, error) {
	if e, ok := t.byID[id]; ok {
		return e, nil
	}
	return entry.Entry{}, fault.New(fault.NotFound, "get", "there is no %s", id)
}

// Resolve knows a target id for everybody.
func (t *planTarget) Resolve(_ context.Context, sources []string) (map[string]string, error) {
	out := make(map[string]string, len(sources))
	for _, id := range sources {
		out[id] = "t" + id
	}
	return out, nil
}
