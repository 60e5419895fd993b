package cycle_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/cycle/targettest"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

// move is one thing that happens to a job.
type move struct {
	what string
	who  int
	d    time.Duration
}

var moves = rapid.Custom(func(t *rapid.T) move {
	return move{
		what: rapid.SampledFrom([]string{"change", "change", "pass", "pass", "pass", "poison", "heal", "refuse", "accept", "pause", "start", "restart"}).Draw(t, "what"),
		who:  rapid.IntRange(0, 3).Draw(t, "who"),
		d: rapid.SampledFrom([]time.Duration{
			time.Second, 31 * time.Second, 10 * time.Minute, time.Hour, 7 * time.Hour, 13 * time.Hour, 25 * time.Hour, 8 * 24 * time.Hour,
		}).Draw(t, "d"),
	}
})

// TestSchedule is a state machine of a job's time: changes, poison, a target that refuses everybody, pause, start, restart, and hours that
// pass, in any order, in virtual time. It holds that a paused job asks nothing of the target, that a quarantined one waits as long as it says,
// that failures are tried again no sooner than the table of provisioning semantics §8 allows, that 28 days of quarantine switch the job off, and
// that, once all is well, everybody has what they should have.
func TestSchedule(t *testing.T) {
	dir := inMemory(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		script := rapid.SliceOfN(moves, 5, 20).Draw(rt, "script")
		n++
		var wrong string
		synctest.Test(t, func(t *testing.T) { wrong = playSchedule(t, filepath.Join(dir, fmt.Sprintf("%d.db", n)), script) })
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

// inMemory returns a folder in memory where the machine has such a thing.
func inMemory(t *testing.T) string {
	t.Helper()
	if dir, err := os.MkdirTemp("/dev/shm", "schedule-*"); err == nil {
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

// clockwork is a job in virtual time, with what its target was asked.
type clockwork struct {
	ctx    context.Context
	db     *sqlite.DB
	jobs   *cycle.Jobs
	target *targettest.Memory

	refusing bool
	poison   map[string]bool        // target ids
	tries    map[string][]time.Time // refused writes, by target id, since anything else happened to the person
	asked    []time.Time
	titles   [4]string
	version  int
}

func playSchedule(t *testing.T, path string, script []move) string {
	ctx, stop := context.WithCancel(tenant.With(context.Background(), "acme"))
	defer stop()
	db, err := sqlite.Open(ctx, path)
	if err != nil {
		return err.Error()
	}
	c := &clockwork{ctx: ctx, db: db, target: &targettest.Memory{}, poison: map[string]bool{}, tries: map[string][]time.Time{}}
	c.target.Before = c.before
	defer func() { _ = db.Close() }()
	if err := c.open(); err != nil {
		return err.Error()
	}
	defer func() { stop(); c.jobs.Wait() }()
	for i, m := range script {
		if wrong := c.play(m); wrong != "" {
			return fmt.Sprintf("%d %+v: %s", i, m, wrong)
		}
	}
	return c.settle()
}

func (c *clockwork) open() error {
	a, err := app.Parse("hr.yaml", []byte(appText))
	if err != nil {
		return err
	}
	if _, err := c.db.Apps().Put(c.ctx, a); err != nil {
		return err
	}
	parts := cycle.Parts{Source: c.db.Directory(), Ledger: c.db.Ledger(), Log: c.db.Journal(), Jitter: func(time.Duration) time.Duration { return 0 }}
	c.jobs = cycle.NewJobs(parts, c.db.Apps(), func(context.Context, app.App) (cycle.Target, error) { return c.target, nil })
	for i := range c.titles {
		if err := c.change(i); err != nil {
			return err
		}
	}
	if err := c.jobs.Start(c.ctx); err != nil {
		return err
	}
	_, err = c.jobs.Run(c.ctx, "hr")
	synctest.Wait()
	return err
}

// before is asked by the target; the job has one worker at a time for an object, and everything happens in one bubble.
func (c *clockwork) before(verb string, e entry.Entry) error {
	c.asked = append(c.asked, time.Now())
	if c.refusing {
		return fault.New(fault.Unauthenticated, verb, "bad credential")
	}
	if verb == "update" && c.poison[e.ID] {
		c.tries[e.ID] = append(c.tries[e.ID], time.Now())
		return fault.New(fault.Invalid, verb, "poison")
	}
	return nil
}

func (c *clockwork) change(who int) error {
	c.version++
	c.titles[who] = fmt.Sprintf("v%d", c.version)
	_, err := c.db.Directory().Put(c.ctx, entry.User, fmt.Sprintf("u%d", who), func(e entry.Entry) (entry.Entry, error) {
		if e.Attrs == nil {
			e.Attrs = entry.Attrs{}
		}
		e.Attrs.Set("userPrincipalName", fmt.Sprintf("p%d@x", who))
		e.Attrs.Set("employeeId", fmt.Sprint(who))
		e.Attrs.Set("jobTitle", c.titles[who])
		return e, nil
	})
	return err
}

func (c *clockwork) account(who int) entry.Entry {
	for _, e := range c.target.All(entry.User) {
		if e.Attrs.Text("badge") == fmt.Sprint(who) {
			return e
		}
	}
	return entry.Entry{}
}

// play makes a move and says what is wrong afterwards.
func (c *clockwork) play(m move) (wrong string) {
	var err error
	switch m.what {
	case "change":
		clear(c.tries)
		err = c.change(m.who)
	case "poison":
		if id := c.account(m.who).ID; id != "" {
			c.poison[id] = true
		}
	case "heal":
		clear(c.poison)
		clear(c.tries)
	case "refuse", "accept":
		c.refusing = m.what == "refuse"
	case "pause":
		_, err = c.jobs.Pause(c.ctx, "hr")
		time.Sleep(2 * time.Second)
	case "start":
		clear(c.tries)
		_, err = c.jobs.Run(c.ctx, "hr")
	case "restart":
		clear(c.tries)
		_, err = c.jobs.Restart(c.ctx, "hr", cycle.Reset{Watermark: true, Escrows: m.who%2 == 0, Quarantine: true}, false)
	case "pass":
		return c.pass(m.d)
	}
	synctest.Wait()
	if err != nil {
		return err.Error()
	}
	return c.check()
}

// pass lets time pass and checks that nothing was asked that should not be.
func (c *clockwork) pass(d time.Duration) string {
	st, err := c.db.Ledger().State(c.ctx, "hr")
	if err != nil {
		return err.Error()
	}
	from, before := time.Now(), len(c.asked)
	time.Sleep(d)
	synctest.Wait()
	for _, at := range c.asked[before:] {
		switch q := st.Quarantine; {
		case st.Mode != cycle.Running:
			return fmt.Sprintf("the target was asked %v after the job was %s", at.Sub(from), st.Mode)
		case q != nil && at.Before(q.Next):
			return fmt.Sprintf("the target was asked %v before the quarantine's next try", q.Next.Sub(at))
		}
	}
	return c.check()
}

func (c *clockwork) check() string {
	least := []time.Duration{30 * time.Second, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}
	for id, tries := range c.tries {
		for i := 1; i < len(tries); i++ {
			if gap := tries[i].Sub(tries[i-1]); gap < least[min(i, len(least))-1] {
				return fmt.Sprintf("try %d of %s came %v after the one before", i+1, id, gap)
			}
		}
	}
	st, err := c.db.Ledger().State(c.ctx, "hr")
	if err != nil {
		return err.Error()
	}
	q := st.Quarantine
	switch {
	case q == nil || q.Next.IsZero():
	case st.Mode == cycle.Running && time.Since(q.Since) > 30*24*time.Hour:
		return fmt.Sprintf("quarantined since %v and still running", time.Since(q.Since))
	case !c.refusing && st.Mode == cycle.Running && time.Since(q.Next) > time.Minute:
		return "a quarantine whose time is over goes on"
	}
	return ""
}

// settle ends all trouble and checks that everybody gets what they should have.
func (c *clockwork) settle() string {
	c.refusing = false
	clear(c.poison)
	clear(c.tries)
	if _, err := c.jobs.Run(c.ctx, "hr"); err != nil {
		return err.Error()
	}
	time.Sleep(25 * time.Hour) // the longest back-off
	synctest.Wait()
	for i, want := range c.titles {
		if got := c.account(i).Attrs.Text("title"); got != want {
			st, err := c.db.Ledger().State(c.ctx, "hr")
			return fmt.Sprintf("in the end %d has the title %q, want %q (%+v %v)", i, got, want, st, err)
		}
	}
	return ""
}
