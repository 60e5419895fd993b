package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing/synctest"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

// Report is what came of one seed.
type Report struct {
	Seed       uint64
	Steps      int
	Violations []string       // each begins with the invariant it breaks: "I2: …"
	Reached    map[string]int // how often something rare happened
	History    []string       // every step, in order; equal for equal seeds
}

// Play plays the seed. It must be called inside a bubble of testing/synctest, where time stands still while somebody works. The
// database is made in dir, which should be in memory.
func Play(ctx context.Context, seed uint64, dir string) (r Report, err error) {
	p := &play{seed: seed, rand: rand.New(rand.NewPCG(seed, 0x5a11_9047)), stage: &stage{}, part: 1, reached: map[string]int{}}
	p.ctx = tenant.With(ctx, "acme")
	if err := p.open(dir); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err = p.live(); err == nil {
		p.act()
		p.settle()
	}
	return Report{Seed: seed, Steps: p.steps, Violations: p.violations, Reached: p.reached, History: p.history}, err
}

// Unreached returns what a sweep of many seeds should have met and did not: a rare branch that no seed reaches is not tested.
func Unreached(reached map[string]int) []string {
	var out []string
	for _, what := range []string{
		"answer lost", "deleted by hand", "deletions held", "delivered twice", "everybody left", "garbage answered", "killed after a store write",
		"killed before a store write", "killed before a target call", "killed between effect and answer", "killed between steps",
		"made by hand", "paused", "provisioned on demand", "put aside", "request lost", "restarted", "target away", "throttled",
	} {
		if reached[what] == 0 {
			out = append(out, what)
		}
	}
	return out
}

// play is one history in the making.
type play struct {
	seed  uint64
	rand  *rand.Rand
	ctx   context.Context
	db    *sqlite.DB
	app   app.App
	cast  *cast
	d     *double
	stage *stage
	part  float64 // share of the objects that listings show
	away  time.Time

	life   *life
	jobs   *cycle.Jobs
	orders int  // under way
	calm   bool // no more faults
	paused bool // nothing may be written until the job is started again

	steps      int
	history    []string
	violations []string
	reached    map[string]int
	plain      bool // the directory cannot do more than it must: groups come with all their members
}

const job = "hr"

func (p *play) open(dir string) error {
	a, err := app.Parse("sim.yaml", []byte(p.appText()))
	if err != nil {
		return err
	}
	p.app = a
	p.d = newDouble(p.chance(70))
	p.plain = p.chance(25)
	p.db, err = sqlite.Open(p.ctx, filepath.Join(dir, fmt.Sprintf("sim-%d.db", p.seed)))
	if err != nil {
		return err
	}
	p.cast = newCast(p)
	if p.app, err = p.db.Apps().Put(p.ctx, a); err != nil {
		return err
	}
	_, err = p.db.Ledger().SetState(p.ctx, job, func(s cycle.State) (cycle.State, error) {
		s.Mode = cycle.Running
		return s, nil
	})
	return err
}

func (p *play) close() error {
	if p.life != nil {
		p.die()
	}
	return p.db.Close()
}

func (p *play) appText() string {
	limit := []int{2, 4, 500, 500}[p.rand.IntN(4)]
	return fmt.Sprintf(`
id: hr
name: HR
target: {url: "https://target.invalid/scim", secretFile: hr.secret}
schedule: {interval: 40m, workers: %d}
deprovision: {deleteLimit: %d, skipOutOfScope: %v, noDelete: %v}
objects:
  - source: User
    match: [{precedence: 1, target: userName}, {precedence: 2, target: badge}]
    scope:
      - {name: staff, clauses: [{attribute: department, operator: NOT EQUALS, values: [Temp]}]}
    mappings:
      - {target: userName, source: userPrincipalName}
      - {target: badge, source: employeeId}
      - {target: title, source: jobTitle}
      - {target: active, expression: "Not([IsSoftDeleted])"}
      - {target: manager, source: manager}
      - {target: alias, expression: 'SelectUniqueValue("sam", "sam2", "sam" & [employeeId])', flow: ObjectAddOnly}
  - source: Group
    match: [{precedence: 1, target: displayName}]
    mappings:
      - {target: displayName, source: displayName}
      - {target: members, source: members}
`, 1+p.rand.IntN(4), limit, p.chance(20), p.chance(15))
}

func (p *play) chance(percent int) bool { return p.rand.IntN(100) < percent }

func (p *play) note(format string, args ...any) {
	p.history = append(p.history, fmt.Sprintf("%04d ", p.steps)+fmt.Sprintf(format, args...))
}

func (p *play) wrong(format string, args ...any) {
	v := fmt.Sprintf(format, args...)
	p.violations = append(p.violations, v)
	p.note("VIOLATION %s", v)
}

func (p *play) reach(what string) { p.reached[what]++ }

// live starts a process of the engine.
func (p *play) live() error {
	n := 1
	if p.life != nil {
		n = p.life.number + 1
	}
	l := &life{number: n}
	l.ctx, l.kill = context.WithCancel(p.ctx)
	p.life = l
	parts := cycle.Parts{
		Source: p.source(l),
		Ledger: ledger{p.db.Ledger(), l, p.stage},
		Log:    log{p.db.Journal(), l, p.stage},
		Jitter: func(time.Duration) time.Duration { return 0 },
	}
	p.jobs = cycle.NewJobs(parts, p.db.Apps(), func(context.Context, app.App) (cycle.Target, error) {
		return port{l, p.stage, p.d, &p.part}, nil
	})
	p.note("process %d starts", n)
	return p.jobs.Start(l.ctx)
}

// die kills the process: whatever it waits for never happens, and what it has in hand is never answered.
func (p *play) die(inHand ...*call) {
	p.life.die()
	for _, c := range inHand {
		c.answer <- errDead
	}
	for {
		p.stage.bury(p.life)
		synctest.Wait()
		if len(p.stage.calls()) == 0 {
			break
		}
	}
	p.jobs.Wait()
	synctest.Wait()
	p.paused = false // the order may not have been written down
}

// act plays the first phase: load with faults.
func (p *play) act() {
	for range 60 + p.rand.IntN(200) {
		synctest.Wait()
		p.tick()
		calls := p.stage.calls()
		switch {
		case len(calls) > 0 && p.chance(78):
			p.serve(calls[p.rand.IntN(len(calls))])
		case p.chance(60):
			p.cast.change(p)
		default:
			p.accident()
		}
	}
}

func (p *play) tick() {
	p.steps++
	p.d.step = p.steps
}

// accident is something that happens beside the calls.
func (p *play) accident() {
	switch n := p.rand.IntN(100); {
	case n < 12:
		p.note("kill")
		p.reach("killed between steps")
		p.restart()
	case n < 22:
		p.order()
	case n < 28:
		p.away = time.Now().Add([]time.Duration{3 * time.Second, 2 * time.Minute, 30 * time.Minute}[p.rand.IntN(3)])
		p.note("the target goes away")
	case n < 34:
		p.part = []float64{0, 0.4, 1, 1}[p.rand.IntN(4)]
		p.note("listings show %v", p.part)
	case n < 44:
		p.cast.byHand(p)
	case n < 54:
		p.hurry()
	default:
		d := []time.Duration{10 * time.Millisecond, time.Second, 20 * time.Second, 10 * time.Minute, time.Hour, 26 * time.Hour}[p.rand.IntN(6)]
		p.note("%v pass", d)
		time.Sleep(d)
	}
}

func (p *play) restart(inHand ...*call) {
	p.die(inHand...)
	if err := p.live(); err != nil {
		p.wrong("start: %v", err)
	}
}

// serve lets a call happen, or an accident with it.
func (p *play) serve(c *call) {
	p.stage.take(c)
	n := p.rand.IntN(100)
	if p.calm {
		n = 99
	}
	switch {
	case c.target:
		p.serveTarget(c, n)
	case n < 2:
		p.note("%s: killed before", c.name)
		p.reach("killed before a store write")
		p.restart(c)
	case n < 4:
		err := c.do()
		p.note("%s: killed after (%v)", c.name, err)
		p.reach("killed after a store write")
		p.restart(c)
	default:
		err := c.do()
		p.note("%s: %v", c.name, short(err))
		c.answer <- err
	}
}

func (p *play) serveTarget(c *call, n int) {
	if c.write && p.paused {
		p.wrong("I13: %s after the job was paused", c.name)
	}
	if time.Now().Before(p.away) && !p.calm {
		p.note("%s: away", c.name)
		p.reach("target away")
		c.answer <- fault.New(fault.Unavailable, "ask", "the target is away")
		return
	}
	switch {
	case n < 3:
		p.note("%s: killed before", c.name)
		p.reach("killed before a target call")
		p.restart(c)
	case n < 6:
		err := c.do()
		p.note("%s: killed after (%v)", c.name, short(err))
		p.reach("killed between effect and answer")
		p.restart(c)
	case n < 9:
		err := c.do()
		p.note("%s: answer lost (%v)", c.name, short(err))
		p.reach("answer lost")
		c.answer <- fault.New(fault.Timeout, "ask", "no answer")
	case n < 11:
		p.note("%s: request lost", c.name)
		p.reach("request lost")
		c.answer <- fault.New(fault.Timeout, "ask", "no answer")
	case n < 13:
		p.note("%s: throttled", c.name)
		p.reach("throttled")
		c.answer <- &fault.Error{Kind: fault.Throttled, RetryAfter: 7 * time.Second, Err: errors.New("slow down")}
	case n < 15:
		p.note("%s: garbage", c.name)
		p.reach("garbage answered")
		c.answer <- fault.New(fault.Internal, "ask", "the target answered with a page of HTML")
	case n < 19 && p.d.careful:
		first := c.do()
		_ = c.do() // delivered twice: what the second one is told reaches nobody, or is what both are told
		p.note("%s: doubled (%v)", c.name, short(first))
		p.reach("delivered twice")
		c.answer <- first
	default:
		err := c.do()
		p.note("%s: %v", c.name, short(err))
		c.answer <- err
	}
}

func short(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.KindOf(err).String()
}

// hurry changes somebody and provisions them at once, as administrators do, whatever a cycle has in hand of them.
func (p *play) hurry() {
	who := p.cast.choose(p, p.cast.people, there)
	if who == nil || p.orders > 0 || p.paused {
		return
	}
	p.cast.alter(p, who)
	p.provision(who)
}

func (p *play) provision(who *person) {
	p.note("order: provision %s", who.id)
	p.reach("provisioned on demand")
	p.send(func(ctx context.Context, jobs *cycle.Jobs) error {
		_, err := jobs.Provision(ctx, job, who.typ, who.id)
		return err
	})
}

// order lets an administrator do something while the job works.
func (p *play) order() {
	if p.orders > 0 {
		return
	}
	switch p.rand.IntN(6) {
	case 0:
		p.pause()
	case 1:
		p.note("order: start")
		p.send(func(ctx context.Context, jobs *cycle.Jobs) error { _, err := jobs.Run(ctx, job); return err })
		p.paused = false
	case 2:
		p.note("order: restart from the watermark")
		p.reach("restarted")
		p.paused = false
		p.send(func(ctx context.Context, jobs *cycle.Jobs) error {
			_, err := jobs.Restart(ctx, job, cycle.Reset{Watermark: true}, false)
			return err
		})
	case 3:
		p.note("order: release deletions")
		p.paused = false
		p.cast.released = true
		p.send(func(ctx context.Context, jobs *cycle.Jobs) error {
			_, err := jobs.Restart(ctx, job, cycle.Reset{}, true)
			return err
		})
	default:
		who := p.cast.anybody(p)
		if who == nil || p.paused {
			return
		}
		p.provision(who)
	}
}

func (p *play) send(order func(context.Context, *cycle.Jobs) error) {
	l, jobs := p.life, p.jobs
	p.orders++
	go func() {
		defer func() { p.orders-- }() // the play sleeps in synctest.Wait or runs alone: nobody reads this meanwhile
		_ = order(l.ctx, jobs)        // what an order is refused is the administrator's to see
	}()
	synctest.Wait()
}

// pause orders a pause, lets what is in hand end, and from then on no write may be begun.
func (p *play) pause() {
	p.note("order: pause")
	p.send(func(ctx context.Context, jobs *cycle.Jobs) error { _, err := jobs.Pause(ctx, job); return err })
	life := p.life
	for p.life == life {
		calls := p.stage.calls()
		if len(calls) == 0 {
			break
		}
		p.tick()
		p.serve(calls[0])
		synctest.Wait()
	}
	if p.life != life {
		return // killed before the order was written down, or after: nobody knows
	}
	time.Sleep(2 * time.Second)
	synctest.Wait()
	st, err := p.db.Ledger().State(p.ctx, job)
	if p.paused = err == nil && st.Mode == cycle.Paused; p.paused {
		p.reach("paused")
	}
	if calls := p.stage.calls(); p.paused && len(calls) > 0 {
		p.wrong("F34: two seconds after the pause the job still wants to %s", calls[0].name)
	}
}

// settle plays the second and third phase: faults stop, the job catches up, and everything is checked. Then a second full cycle
// must write nothing.
func (p *play) settle() {
	p.calm, p.part, p.away = true, 1, time.Time{}
	p.note("faults stop")
	p.check("the job begins again", p.again(cycle.Reset{Watermark: true, Escrows: true, Quarantine: true}))
	p.verify()
	before := len(p.d.log)
	p.check("a second full cycle", p.again(cycle.Reset{Watermark: true}))
	for _, w := range p.d.log[before:] {
		p.wrong("I6: the second full cycle wrote: %s %s %s %v", w.verb, w.typ, w.id, w.edits)
	}
}

func (p *play) check(what string, err error) {
	if err != nil {
		p.wrong("I1: %s: %v", what, err)
	}
}

// again restarts the job and waits until a full cycle has ended and nothing is left to do.
func (p *play) again(r cycle.Reset) error {
	p.paused = false
	p.quiet()
	began := time.Now()
	p.send(func(ctx context.Context, jobs *cycle.Jobs) error {
		_, err := jobs.Restart(ctx, job, r, false)
		return err
	})
	for range 200 {
		p.quiet()
		st, err := p.db.Ledger().State(p.ctx, job)
		if err != nil {
			return err
		}
		if st.Initial && st.Last != nil && !st.Last.Began.Before(began) && p.orders == 0 {
			return nil
		}
		time.Sleep(30 * time.Second)
	}
	st, err := p.db.Ledger().State(p.ctx, job)
	if err != nil {
		return err
	}
	return fmt.Errorf("the job does not come to rest within %v of virtual time: %+v", time.Since(began), st)
}

// quiet serves calls until none waits.
func (p *play) quiet() {
	for {
		synctest.Wait()
		calls := p.stage.calls()
		if len(calls) == 0 {
			return
		}
		p.tick()
		p.serve(calls[p.rand.IntN(len(calls))])
	}
}
