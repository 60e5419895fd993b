package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
)

// apiBench measures the API of a service whose directory is large, next to a bare server, each as a process of its own.
type apiBench struct {
	*env
	users, members int
	rate, rounds   int
	span           time.Duration

	dir     string
	service *child
	bare    *apiLoad
	api     *apiLoad
	filled  *filled
}

// apiRow is one line of the table. Of a request, times are what a client that asks at a steady rate waits, from the moment the request was
// due: the median over the rounds.
type apiRow struct {
	Operation string  `json:"operation"`
	PerSecond float64 `json:"perSecond"`
	P50       float64 `json:"p50ms,omitempty"`
	P99       float64 `json:"p99ms,omitempty"`
	BareP50   float64 `json:"bareP50ms,omitempty"`
	BareP99   float64 `json:"bareP99ms,omitempty"`
	BareRate  float64 `json:"barePerSecond,omitempty"`
	Ratio     float64 `json:"ratio"` // of the median times, or of the rates, to the bare server's
	CPU       float64 `json:"serviceCPUmsPerRequest"`
}

func benchAPICommand(e *env) *cobra.Command {
	b := apiBench{env: e}
	c := &cobra.Command{
		Use:   "api",
		Short: "Measure the Graph-compatible API over a large directory, against a bare server",
		Long: `Fills a throwaway directory with made-up people, starts the service over it, and asks it for pages at every depth, for what an
index finds, for what changed, and to create people. A server that answers with one fixed page over TLS and does nothing else is asked in turn, so that
the ratio can be compared between machines. Each is a process of its own. The promises are made for 1,000,000 users.`,
		Example: "  sallyport bench api --users 1000000",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	f := c.Flags()
	f.IntVar(&b.users, "users", 100_000, "how many users there are")
	f.IntVar(&b.rate, "rate", 100, "requests a second")
	f.IntVar(&b.rounds, "rounds", 3, "rounds of baseline and operation")
	f.DurationVar(&b.span, "span", 2*time.Second, "how long one round asks")
	c.AddCommand(benchBareCommand(e))
	return c
}

func (b *apiBench) run(ctx context.Context) error {
	if b.users < 1 || b.rate < 1 || b.rounds < 1 || b.span <= 0 {
		return usageError{errors.New("--users, --rate, --rounds and --span must be above 0")}
	}
	dir, err := os.MkdirTemp("", "sallyport-bench-")
	if err != nil {
		return fault.Wrap(fault.Internal, "make a temporary folder", err)
	}
	defer os.RemoveAll(dir)
	b.dir, b.members = dir, min(b.users, groupSize)
	if err := b.fill(ctx); err != nil {
		return err
	}
	if err := b.start(ctx); err != nil {
		return err
	}
	defer b.service.stop()
	bare, err := startPart(ctx, dir, "bare", "bench", "api", "bare")
	if err != nil {
		return err
	}
	defer bare.stop()
	b.bare = newAPILoad(bare.ready.URL, "none")
	rows, err := b.measure(ctx)
	if err != nil {
		return err
	}
	return b.report(rows)
}

// start starts the service over the directory that was filled.
func (b *apiBench) start(ctx context.Context) (err error) {
	b.service, err = startPart(ctx, b.dir, "service", "service", "--data", filepath.Join(b.dir, "service"), "--listen", "127.0.0.1:0", "--log", "warn")
	if err != nil {
		return err
	}
	b.api = newAPILoad(b.service.ready.URL, b.service.ready.AdminSecret)
	return nil
}

func (b *apiBench) measure(ctx context.Context) ([]apiRow, error) {
	walk, places, err := b.walk(ctx)
	if err != nil {
		return nil, err
	}
	rows := []apiRow{walk}
	for _, op := range b.reads(places) {
		r, err := b.steady(ctx, op)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op.name, err)
		}
		rows = append(rows, r)
	}
	for _, do := range []func(context.Context) (apiRow, error){b.delta, b.batch, b.bulk} {
		r, err := do(ctx)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (b *apiBench) report(rows []apiRow) error {
	used := b.service.usage()
	kept := apiPromises(b.users, rows)
	busy := loadAverage()
	v := map[string]any{"users": b.users, "fillSeconds": b.filled.seconds, "databaseBytes": b.filled.bytes, "rows": rows, "promises": kept, "serviceRSSBytes": used.RSS, "loadAverage": busy}
	return b.print(v, func() {
		b.say("%d users, filled in %.1f s (%.0f a second), database %d MB", b.users, b.filled.seconds, float64(b.users)/b.filled.seconds, b.filled.bytes/1e6)
		b.say("%-46s %9s %8s %8s %9s %8s %7s %8s", "", "per s", "p50 ms", "p99 ms", "bare p50", "bare p99", "ratio", "CPU ms")
		for _, r := range rows {
			b.say("%-46s %9.0f %8s %8s %9s %8s %7.2f %8.3f", r.Operation, r.PerSecond, figureText(r.P50), figureText(r.P99), figureText(r.BareP50), figureText(r.BareP99), r.Ratio, r.CPU)
		}
		b.say("\nservice: %d MB at most; load average %s, %d processors", used.RSS/1e6, busy, runtime.NumCPU())
		for _, p := range kept {
			b.say("%-7s %-66s %s", p.verdict(), p.Text, p.Measured)
		}
	})
}

func figureText(ms float64) string {
	if ms == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", ms)
}
