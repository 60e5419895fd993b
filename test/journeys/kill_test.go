package journeys

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/people"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
)

// Rounds of TestKillAtRandomMoments, and the seed that repeats a run's choices.
const (
	roundsEnv     = "SALLYPORT_KILL_ROUNDS"
	seedEnv       = "SALLYPORT_KILL_SEED"
	defaultRounds = 20
)

func envNumber(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	must(t, err)
	return n
}

// TestKillAtRandomMoments kills service, host or agent with SIGKILL at a random moment of a cycle over PostgreSQL, starts it again and
// waits until the job has caught up. Then nobody may be lost (I1), nobody be there twice (I2, in a table without a unique login), a
// second full cycle must write nothing (I6), and what the target's own list says was written must be in the journal (I7).
func TestKillAtRandomMoments(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute or two")
	}
	rounds, seed := envNumber(t, roundsEnv, defaultRounds), envNumber(t, seedEnv, int(time.Now().UnixNano()%1e9))
	t.Logf("%d rounds; repeat with %s=%d", rounds, seedEnv, seed)
	g := newTarget(t, gsql.PostgreSQL, "")
	g.exec(`ALTER TABLE "Employees" DROP CONSTRAINT "Employees_ContosoLogin_key"`)
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	s := newProcesses(t, g, files{}, true)
	w := &world{t: t, rand: r, api: s.call(), target: g, people: map[string]*somebody{}, groups: map[string]*team{}, company: people.Company(120 + 40*rounds)}
	s.apply("deprovision: {deleteLimit: 1000000}") // disables are many, and not what is tested here
	for round := range rounds {
		victim := []part{service, host, agent}[r.IntN(3)]
		moment := time.Duration(r.IntN(400)) * time.Millisecond
		full := round%4 == 0
		began := time.Now()
		done := make(chan error, 1)
		work := w.initial
		if !full {
			work = w.incremental
		}
		run := work(round)
		go func() { done <- run() }()
		<-time.After(moment)
		s.kill(victim)
		s.start(victim)
		must(t, <-done)
		w.settle()
		w.check()
		t.Logf("round %d: killed the %s after %v; settled and checked in %v", round, victim, moment, time.Since(began).Round(time.Millisecond))
		if t.Failed() {
			return
		}
	}
	w.checkJournal(rounds)
}

// batch takes the next people of the company into the model, and returns them as a people file. Managers are named as they are called
// now; whose manager has gone has none.
func (w *world) batch(n int) []byte {
	n = min(n, len(w.company))
	next := slices.Clone(w.company[:n])
	w.company = w.company[n:]
	w.expectBatch(next)
	for i, p := range next {
		next[i].Manager = ""
		if boss := w.people[p.Manager]; boss != nil {
			next[i].Manager = boss.login
		}
	}
	var text bytes.Buffer
	must(w.t, people.WriteCSV(&text, next))
	return text.Bytes()
}

// initial imports people and starts an initial cycle over everybody.
func (w *world) initial(round int) func() error {
	n := 40
	if round == 0 {
		n = 120
	}
	file := w.batch(n)
	return func() error {
		if err := w.until(func() error {
			report, err := w.api.importPeople(bytes.NewReader(file))
			return cmp.Or(err, report.Err())
		}); err != nil {
			return err
		}
		return w.until(func() error { return w.api.order("Watermark") })
	}
}

// hostBudget is how many deletions the host's configuration allows in an hour, with some left over for those that are repeated.
const hostBudget = 450

// incremental makes some dozens of changes of every kind.
func (w *world) incremental(round int) func() error {
	var changes []func() error
	for range 12 {
		changes = append(changes, w.hire(round), w.rename(round), w.move(), w.toggle(round), w.join(), w.retitle())
	}
	for range 3 {
		if w.purged++; w.purged <= hostBudget {
			changes = append(changes, w.purge())
		}
	}
	return func() error {
		for _, c := range changes {
			if c == nil {
				continue
			}
			if err := w.until(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// until repeats a change until the service has taken it; each may be repeated without harm.
func (w *world) until(change func() error) (err error) {
	why := soon(time.Minute, func() string {
		if err = change(); err != nil {
			return cmp.Or(err.Error(), "failed")
		}
		return ""
	})
	if why == "" {
		return nil
	}
	return err
}
