package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/people"
	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/fault"
)

// demo is one run of the demonstration.
type demo struct {
	*env
	*throwaway
	users, agents int
	people        []people.Person
}

// demoStep is one line of the demonstration, and one JSON line with --json.
type demoStep struct {
	Step   string  `json:"step"`
	Who    string  `json:"who,omitempty"`
	What   string  `json:"what,omitempty"`
	Millis float64 `json:"ms"`
	Count  int     `json:"count,omitempty"`
}

func demoCommand(e *env) *cobra.Command {
	var target string
	var keep bool
	d := demo{env: e}
	c := &cobra.Command{
		Use:   "demo",
		Short: "See all of it at work: people made up on the spot, provisioned through agent and host into a database",
		Long: `Starts service, agent and host as processes of their own on this machine, with data in a temporary folder, imports made-up
people and groups, and provisions them into a table like the documented CONTOSO Employees. Then people are hired,
renamed, given another manager, disabled and deleted, and for each it prints how long the row took to follow, from
the request to the service on. Everything is removed at the end, also on ^C.`,
		Example: "  sallyport demo\n  sallyport demo --users 10000 --agents 2\n  sallyport demo --target postgres://me@localhost/empty --keep",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if d.users < 20 || d.agents < 1 {
				return usageError{fmt.Errorf("--users must be at least 20 and --agents at least 1")}
			}
			return d.run(cmd.Context(), target, keep)
		},
	}
	f := c.Flags()
	f.IntVar(&d.users, "users", 1000, "how many people to make up")
	f.IntVar(&d.agents, "agents", 1, "how many agents to run")
	f.StringVar(&target, "target", "", "an empty database to provision into, postgres://user@host/db; default a SQLite file")
	f.BoolVar(&keep, "keep", false, "leave everything running at the end, until ^C, so that commands can be tried on it")
	return c
}

func (d *demo) run(ctx context.Context, target string, keep bool) (err error) {
	began := time.Now()
	if !d.json {
		d.say("Starting service, host and %d agent(s) …", d.agents)
	}
	if d.throwaway, err = newThrowaway(ctx, target, d.agents, 0); err != nil {
		return err
	}
	defer d.close()
	if err := d.tell(demoStep{Step: "start", What: "service, host and agents are up", Millis: millis(time.Since(began))}); err != nil {
		return err
	}
	for _, act := range []func(context.Context) error{d.fill, d.initial, d.changes} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	if keep {
		return d.linger(ctx)
	}
	if !d.json {
		d.say("\nTry next:\n  sallyport demo --keep                 leave it running and look around\n" +
			"  sallyport up --data ./sallyport-data  keep a small installation in one folder\n  sallyport --help")
	}
	return nil
}

func (d *demo) tell(s demoStep) error {
	return d.print(s, func() {
		if s.Who == "" {
			d.say("%-10s %8.0f ms  %s", s.Step, s.Millis, s.What)
		} else {
			d.say("%-10s %8.1f ms  %s %s", s.Step, s.Millis, s.Who, s.What)
		}
	})
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// fill imports the people.
func (d *demo) fill(ctx context.Context) error {
	began := time.Now()
	d.people = people.Company(d.users)
	lines := len(d.people) + len(people.GroupNames())
	bar := d.progress("import", int64(lines), "lines")
	err := d.importPeople(ctx, d.people, bar.set)
	bar.done()
	if err != nil {
		return err
	}
	return d.tell(demoStep{
		Step: "import", What: fmt.Sprintf("%d people and %d groups are in the directory", len(d.people), len(people.GroupNames())),
		Millis: millis(time.Since(began)), Count: lines,
	})
}

// initial applies the application and runs its initial cycle.
func (d *demo) initial(ctx context.Context) error {
	began := time.Now()
	if err := d.apply(ctx); err != nil {
		return err
	}
	if err := d.watchInitial(ctx, d.api, wire.AppID); err != nil {
		return err
	}
	took := time.Since(began)
	n, err := d.target.count(ctx, "Employees")
	if err != nil {
		return fault.Wrap(fault.Unavailable, "look into the target", err)
	}
	if n != d.users {
		return fault.New(fault.Partial, "initial cycle", "%d of %d people are in the target; see 'sallyport journal --status failure'", n, d.users)
	}
	return d.tell(demoStep{
		Step: "initial", What: fmt.Sprintf("%d people are in the target's table, %.0f a second", n, float64(n)/took.Seconds()), Millis: millis(took), Count: n,
	})
}

// linger keeps everything up until somebody interrupts.
func (d *demo) linger(ctx context.Context) error {
	path := d.dir + "/profile.json"
	keeper := env{profile: path}
	if _, err := keeper.save(d.api.profile); err != nil {
		return err
	}
	if !d.json {
		who := d.people[len(d.people)-1].UPN
		d.say("\nEverything keeps running until ^C. Try in another terminal:\n  export SALLYPORT_PROFILE=%s\n  sallyport job status contoso\n  sallyport explain %s contoso\n"+
			"  sallyport directory set %s jobTitle=Director\n  sallyport journal --user %s --steps\n  sallyport journal --follow", path, who, who, who)
	}
	<-ctx.Done()
	return nil
}
