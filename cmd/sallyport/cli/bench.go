package cli

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/people"
	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/cycle"
)

func benchCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "bench", Short: "Measure this machine: whole cycles, planning alone, the SCIM endpoint, the API, and connectors"}
	c.AddCommand(benchCycleCommand(e), benchPlanCommand(e), benchSCIMCommand(e), benchAPICommand(e), benchImportCommand(e), benchExportCommand(e))
	return c
}

// cycleBench is one run of 'bench cycle'.
type cycleBench struct {
	*env
	*throwaway
	users, changes, agents, workers int
}

// phase is one measured part of a cycle benchmark.
type phase struct {
	Name       string           `json:"name"`
	Users      int              `json:"users"`
	Seconds    float64          `json:"seconds"`
	PerSecond  float64          `json:"usersPerSecond"`
	P50        float64          `json:"p50ms,omitempty"`
	P99        float64          `json:"p99ms,omitempty"`
	Max        float64          `json:"maxms,omitempty"`
	RatioToRaw float64          `json:"ratioToRaw,omitempty"`
	Processes  map[string]usage `json:"processes,omitempty"` // CPU spent in this phase, peak memory so far
}

func benchCycleCommand(e *env) *cobra.Command {
	b := cycleBench{env: e}
	var target string
	c := &cobra.Command{
		Use:   "cycle",
		Short: "Measure an initial cycle that creates all, one that matches all, and single changes",
		Long: `Starts service, host and agent as processes of their own, imports made-up people and measures an initial cycle in which
everybody is created, another in which everybody is matched, and single changes from the request to the row. In the same
run it measures the rate of durable one-row inserts on 16 connections of that database, so that the ratio can be compared
between machines.`,
		Example: "  sallyport bench cycle --users 100000 --target postgres://me@localhost/empty",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if target == "sqlite" {
				target = ""
			}
			if b.throwaway, err = newThrowaway(cmd.Context(), target, b.agents, b.workers); err != nil {
				return err
			}
			defer b.close()
			return b.run(cmd.Context())
		},
	}
	f := c.Flags()
	f.IntVar(&b.users, "users", 100_000, "how many people")
	f.IntVar(&b.changes, "changes", 1000, "how many single changes")
	f.IntVar(&b.agents, "agents", 1, "how many agents")
	f.IntVar(&b.workers, "workers", 32, "how many people a cycle works on at once")
	f.StringVar(&target, "target", "sqlite", "sqlite, or an empty database: postgres://user@host/db")
	return c
}

func (b *cycleBench) run(ctx context.Context) error {
	all := people.Company(b.users)
	raw, err := b.raw(ctx)
	if err != nil {
		return err
	}
	steps := []struct {
		name string
		do   func(context.Context) (phase, error)
	}{
		{"import into the directory", func(ctx context.Context) (phase, error) { return phase{}, b.importAll(ctx, all) }},
		{"initial cycle, all created", func(ctx context.Context) (phase, error) { return phase{}, b.create(ctx) }},
		{"initial cycle, all matched", func(ctx context.Context) (phase, error) { return phase{}, b.match(ctx) }},
		{"single changes", func(ctx context.Context) (phase, error) { return b.single(ctx, all) }},
	}
	phases := []phase{raw}
	for _, s := range steps {
		p, err := b.measure(ctx, s.name, s.do)
		if err != nil {
			return err
		}
		if p.Name == "initial cycle, all created" {
			p.RatioToRaw = p.PerSecond / raw.PerSecond
		}
		phases = append(phases, p)
	}
	return b.print(map[string]any{"phases": phases}, func() { b.table(phases) })
}

func (b *cycleBench) measure(ctx context.Context, name string, do func(context.Context) (phase, error)) (phase, error) {
	before := map[string]usage{}
	for _, c := range b.parts {
		before[c.name] = c.usage()
	}
	began := time.Now()
	p, err := do(ctx)
	if err != nil {
		return p, err
	}
	p.Name, p.Seconds, p.Processes = name, time.Since(began).Seconds(), map[string]usage{}
	if p.Users == 0 {
		p.Users = b.users
	}
	p.PerSecond = float64(p.Users) / p.Seconds
	for _, c := range b.parts {
		now := c.usage()
		p.Processes[c.name] = usage{CPU: now.CPU - before[c.name].CPU, RSS: now.RSS}
	}
	return p, nil
}

func (b *cycleBench) importAll(ctx context.Context, all []people.Person) error {
	bar := b.progress("import", int64(len(all)), "lines")
	defer bar.done()
	return b.importPeople(ctx, all, bar.set)
}

func (b *cycleBench) create(ctx context.Context) error {
	if err := b.apply(ctx); err != nil {
		return err
	}
	if err := b.watchInitial(ctx, b.api, wire.AppID); err != nil {
		return err
	}
	return b.check(ctx, func(p *cycle.Progress) bool { return p.Created >= b.users && p.Failed == 0 })
}

// match forgets everything but the target, so that each person has to be found there again.
func (b *cycleBench) match(ctx context.Context) error {
	body := map[string]any{"criteria": map[string]string{"resetScope": "Full"}}
	if err := b.api.call(ctx, "POST", jobPath(wire.AppID)+"/restart", body, nil); err != nil {
		return err
	}
	if err := b.watchInitial(ctx, b.api, wire.AppID); err != nil {
		return err
	}
	return b.check(ctx, func(p *cycle.Progress) bool {
		return p.Created+p.Updated+p.Disabled+p.Deleted+p.Failed == 0 && p.Skipped >= b.users
	})
}

// check makes sure that what was measured is what was meant.
func (b *cycleBench) check(ctx context.Context, good func(*cycle.Progress) bool) error {
	st, err := b.api.status(ctx, wire.AppID)
	if err != nil {
		return err
	}
	if st.Last == nil || !good(st.Last) {
		return fault.New(fault.Internal, "measure", "the cycle did something else: %+v", st.Last)
	}
	n, err := b.target.count(ctx, "Employees")
	if err != nil || n != b.users {
		return fault.New(fault.Internal, "measure", "%d rows in the target, want %d: %v", n, b.users, err)
	}
	return nil
}

// single changes one person at a time, and waits for the row each time.
func (b *cycleBench) single(ctx context.Context, all []people.Person) (phase, error) {
	took := make([]float64, 0, b.changes)
	for i := range b.changes {
		p := all[(i*7919)%len(all)]
		title := fmt.Sprintf("Title %d", i)
		began := time.Now()
		if err := b.api.call(ctx, "PATCH", userPath(p.UPN), object{"jobTitle": title}, nil); err != nil {
			return phase{}, err
		}
		d, err := b.target.until(ctx, began, func(ctx context.Context) (bool, error) { return b.target.hasTitle(ctx, p.UPN, title) })
		if err != nil {
			return phase{}, err
		}
		took = append(took, millis(d))
	}
	slices.Sort(took)
	return phase{Users: len(took), P50: took[len(took)/2], P99: took[len(took)*99/100], Max: took[len(took)-1]}, nil
}

func (r *rows) hasTitle(ctx context.Context, login, title string) (bool, error) {
	var got sql.NullString
	err := r.db.QueryRowContext(ctx, `SELECT "JobTitle" FROM "Employees" WHERE "ContosoLogin" = $1`, login).Scan(&got)
	return got.String == title, err
}

// rawConns is how many connections the raw rate is measured with.
const rawConns = 16

// raw measures durable one-row inserts into a table shaped like the target's.
func (b *cycleBench) raw(ctx context.Context) (phase, error) {
	if err := b.target.rawTable(ctx); err != nil {
		return phase{}, fault.Wrap(fault.Unavailable, "measure the raw rate", err)
	}
	defer b.target.dropRaw()
	var n atomic.Int64
	var failed atomic.Pointer[error]
	began := time.Now()
	var wg sync.WaitGroup
	for range rawConns {
		wg.Go(func() {
			for time.Since(began) < 5*time.Second && failed.Load() == nil {
				if err := b.target.rawInsert(ctx, n.Add(1)); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return phase{}, fault.Wrap(fault.Unavailable, "measure the raw rate", *err)
	}
	s := time.Since(began).Seconds()
	return phase{Name: "raw durable inserts, 16 connections", Users: int(n.Load()), Seconds: s, PerSecond: float64(n.Load()) / s}, nil
}

func (b *cycleBench) table(phases []phase) {
	b.say("%-36s %9s %9s %9s %9s %9s", "", "objects", "seconds", "per s", "p50 ms", "p99 ms")
	for _, p := range phases {
		b.say("%-36s %9d %9.1f %9.0f %9s %9s", p.Name, p.Users, p.Seconds, p.PerSecond, blank(p.P50), blank(p.P99))
		if p.RatioToRaw > 0 {
			b.say("%-36s %38.2f of the raw rate", "", p.RatioToRaw)
		}
		for _, name := range sortedKeys(p.Processes) {
			u := p.Processes[name]
			b.say("    %-10s %8.3f ms CPU per object, %6.1f MB peak", name, u.CPU*1000/float64(p.Users), float64(u.RSS)/1e6)
		}
	}
}

func blank(f float64) string {
	if f == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", f)
}
