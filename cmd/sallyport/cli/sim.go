package cli

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"testing/synctest"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/sim"
)

// simRun is what the command says with --json.
type simRun struct {
	First      uint64         `json:"firstSeed"`
	Seeds      int            `json:"seeds"`
	Failed     []simFailure   `json:"failed"`
	Reached    map[string]int `json:"reached"` // how often something rare happened, over all seeds
	Unreached  []string       `json:"unreached,omitempty"`
	Violations int            `json:"violations"`
}

type simFailure struct {
	Seed       uint64   `json:"seed"`
	Violations []string `json:"violations"`
}

func simCommand(e *env) *cobra.Command {
	var seeds int
	var first uint64
	var trace bool
	c := &cobra.Command{
		Use:   "sim",
		Short: "Play the engine against faults in virtual time and check its promises",
		Long: `Plays whole histories of directory, engine and target in virtual time: people come, change and leave while answers are lost,
doubled and delayed, targets go away, refuse or list only a part, and the engine is killed before and after every step. The same
seed gives the same history. When the faults stop, the invariants are checked: no lost change (I1), no duplicate account (I2), no
deletion beyond the budget (I3), no write that nobody asked for (I4), order for each object (I5), a second full cycle writes
nothing (I6), the journal tells the truth (I7), nothing is written after a pause (I13).`,
		Example: "  sallyport sim --seeds 1000\n  sallyport sim --seed 27 --seeds 1 --trace",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if seeds < 1 {
				return usageError{fmt.Errorf("--seeds must be at least 1")}
			}
			return e.sim(cmd.Context(), first, seeds, trace)
		},
	}
	c.Flags().IntVar(&seeds, "seeds", 100, "how many histories to play")
	c.Flags().Uint64Var(&first, "seed", 1, "the first seed; the others follow it")
	c.Flags().BoolVar(&trace, "trace", false, "print every step")
	return c
}

func (e *env) sim(ctx context.Context, first uint64, seeds int, trace bool) error {
	dir, err := volatileFolder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	run, err := e.playSeeds(ctx, first, seeds, trace, dir)
	if err != nil {
		return err
	}
	return e.simResult(run)
}

func (e *env) playSeeds(ctx context.Context, first uint64, seeds int, trace bool, dir string) (simRun, error) {
	run := simRun{First: first, Seeds: seeds, Reached: map[string]int{}}
	b, err := newBubble()
	if err != nil {
		return run, err
	}
	bar := e.progress("play", int64(seeds), "seeds")
	defer bar.done()
	for seed := first; seed < first+uint64(seeds); seed++ {
		r, err := b.play(ctx, seed, dir)
		if err != nil {
			return run, err
		}
		if trace {
			for _, step := range r.History {
				fmt.Fprintln(e.err, step)
			}
		}
		run.add(r)
		bar.set(int64(seed-first) + 1)
	}
	return run, nil
}

func (s *simRun) add(r sim.Report) {
	for what, n := range r.Reached {
		s.Reached[what] += n
	}
	if len(r.Violations) > 0 {
		s.Failed = append(s.Failed, simFailure{r.Seed, r.Violations})
		s.Violations += len(r.Violations)
	}
}

// enough is from how many seeds on everything rare must have happened at least once.
const enough = 500

func (e *env) simResult(run simRun) error {
	if run.Seeds >= enough {
		run.Unreached = sim.Unreached(run.Reached)
	}
	if err := e.print(run, func() { e.saySim(run) }); err != nil {
		return err
	}
	switch {
	case run.Violations > 0:
		return fault.New(fault.Internal, "sim", "%d histories broke a promise", len(run.Failed)).
			WithHint("'sallyport sim --seed %d --seeds 1 --trace' shows every step of the first; please report it", run.Failed[0].Seed)
	case len(run.Unreached) > 0:
		return fault.New(fault.Internal, "sim", "no history reached: %v", run.Unreached)
	}
	return nil
}

func (e *env) saySim(run simRun) {
	for _, f := range run.Failed {
		e.say("seed %d", f.Seed)
		for _, v := range f.Violations {
			e.say("  %s", v)
		}
	}
	for _, what := range sortedKeys(run.Reached) {
		e.say("%8d  %s", run.Reached[what], what)
	}
	e.say("%d seeds from %d, %d violations in %d of them", run.Seeds, run.First, run.Violations, len(run.Failed))
}

// bubble runs functions in bubbles of virtual time. Bubbles belong to package testing, so a test that never ends lends them:
// testing.Main is kept for programs that stand in for 'go test'.
type bubble struct{ work chan func(*testing.T) }

func newBubble() (bubble, error) {
	b := bubble{make(chan func(*testing.T))}
	testing.Init()
	if err := flag.CommandLine.Parse(nil); err != nil { // or it would read our command line
		return b, err
	}
	go testing.Main(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "sim", F: func(t *testing.T) {
		for fn := range b.work {
			fn(t)
		}
	}}}, nil, nil)
	return b, nil
}

func (b bubble) play(ctx context.Context, seed uint64, dir string) (r sim.Report, err error) {
	done := make(chan struct{})
	b.work <- func(t *testing.T) {
		defer close(done)
		synctest.Test(t, func(*testing.T) { r, err = sim.Play(context.WithoutCancel(ctx), seed, dir) })
	}
	<-done
	return r, cmp.Or(err, ctx.Err())
}

// volatileFolder makes a folder in memory where the machine has such a thing: what is simulated need not survive.
func volatileFolder() (string, error) {
	if dir, err := os.MkdirTemp("/dev/shm", "sallyport-sim-"); err == nil {
		return dir, nil
	}
	return os.MkdirTemp("", "sallyport-sim-")
}
