package wall

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/gateway"
)

// register is an application that counts the effects of each change, and remembers idempotency keys as our host does.
type register struct {
	mu      sync.Mutex
	effects map[string]int
	keys    map[string]bool
	delay   time.Duration
	served  atomic.Int64
}

func newRegister(delay time.Duration) *register {
	return &register{effects: make(map[string]int), keys: make(map[string]bool), delay: delay}
}

func (g *register) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.served.Add(1)
	if r.Method != http.MethodGet {
		g.mu.Lock()
		if k := r.Header.Get("Idempotency-Key"); k == "" || !g.keys[k] {
			g.keys[k] = k != ""
			g.effects[r.URL.Path]++
		}
		g.mu.Unlock()
	}
	if g.delay > 0 {
		<-time.After(g.delay)
	}
	_, _ = io.WriteString(w, "ok")
}

func (g *register) count(path string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.effects["/scim"+path]
}

func send(c *http.Client, method, path, key string) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://hr"+path, strings.NewReader("{}"))
	if method == http.MethodGet {
		req, err = http.NewRequestWithContext(ctx, method, "http://hr"+path, nil)
	}
	if err != nil {
		return err
	}
	if key != "" {
		req.Header.Set(gateway.KeyHeader, key)
	}
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// TestKilledAgentLosesNothing kills one of two agents under load, again and again, with SIGKILL. Reads and keyed writes must all succeed with
// one effect; a write without key may end as unknown, but never as two effects, and never as done when it was not.
func TestKilledAgentLosesNothing(t *testing.T) {
	s := startService(t, nil)
	reg := newRegister(time.Millisecond)
	app := application(t, reg.ServeHTTP)
	dirs := []string{s.enrol("site", "one", nil), s.enrol("site", "two", nil)}
	agents := []*child{s.spawnIn(dirs[0], app), s.spawnIn(dirs[1], app)}
	s.present(2)
	c := s.client("site")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var reads, keyed, plain, unknown atomic.Int64
	worker := func(n int, once func(i int) error) {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := once(n*1_000_000 + i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range 4 {
		worker(n, func(i int) error { reads.Add(1); return send(c, "GET", fmt.Sprint("/r/", i), "") })
		worker(n, func(i int) error {
			keyed.Add(1)
			path := fmt.Sprint("/k/", i)
			if err := send(c, "POST", path, path); err != nil {
				return fmt.Errorf("keyed: %w", err)
			}
			if n := reg.count(path); n != 1 {
				return fmt.Errorf("keyed write %s had %d effects", path, n)
			}
			return nil
		})
		worker(n, func(i int) error {
			plain.Add(1)
			path := fmt.Sprint("/p/", i)
			err := send(c, "PATCH", path, "")
			switch n := reg.count(path); {
			case err == nil && n == 1:
			case fault.Is(err, fault.Timeout) && n <= 1:
				unknown.Add(1)
			default:
				return fmt.Errorf("plain write %s had %d effects: %w", path, n, err)
			}
			return nil
		})
	}
	for round := range 4 {
		before := reg.served.Load()
		eventually(t, func() bool { return reg.served.Load() > before+int64(300+137*round) }, "load")
		agents[round%2].kill()
		s.present(1)
		agents[round%2] = s.spawnIn(dirs[round%2], app)
		s.present(2)
	}
	close(stop)
	wg.Wait()
	t.Logf("%d reads, %d keyed and %d plain writes; %d plain ones ended as unknown", reads.Load(), keyed.Load(), plain.Load(), unknown.Load())
}

// TestFrozenAgentStartsNothingLater stops one of two agents (SIGSTOP). Reads and writes go to the other; when the first thaws, what it was sent
// has no effect any more.
func TestFrozenAgentStartsNothingLater(t *testing.T) {
	s := startService(t, func(c *gateway.Config) { c.AcceptWithin, c.RequestTimeout = 300*time.Millisecond, 3*time.Second })
	reg := newRegister(0)
	app := application(t, reg.ServeHTTP)
	frozen := s.spawn("site", "frozen", app)
	s.present(1)
	s.spawn("site", "well", app)
	s.present(2)
	frozen.signal(t, syscall.SIGSTOP)
	c := s.client("site")
	for i := range 12 {
		must(t, send(c, "GET", fmt.Sprint("/r/", i), ""))
		must(t, send(c, "PATCH", fmt.Sprint("/p/", i), ""))
	}
	frozen.signal(t, syscall.SIGCONT)
	for i := range 20 {
		must(t, send(c, "PATCH", fmt.Sprint("/q/", i), ""))
	}
	for i := range 12 {
		if n := reg.count(fmt.Sprint("/p/", i)); n != 1 {
			t.Errorf("write %d had %d effects", i, n)
		}
	}
}

func TestStoppingAgentFinishesAndHandsOver(t *testing.T) {
	s := startService(t, nil)
	reg := newRegister(2 * time.Millisecond)
	app := application(t, reg.ServeHTTP)
	first := s.startAgent("site", "one", app)
	s.startAgent("site", "two", app)
	s.present(2)
	c := s.client("site")
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for i := range 100 {
				path := fmt.Sprintf("/p/%d-%d", n, i)
				if err := send(c, "PATCH", path, ""); err != nil || reg.count(path) != 1 {
					t.Errorf("%s: %d effects, %v", path, reg.count(path), err)
				}
			}
		})
	}
	eventually(t, func() bool { return reg.served.Load() > 100 }, "load")
	first()
	wg.Wait()
}

func TestNoAgentSaysWhichGroupAndHowToEnrol(t *testing.T) {
	s := startService(t, nil)
	err := send(s.client("site"), "GET", "/Users", "")
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), `"site"`) || !strings.Contains(fault.HintOf(err), "enrol") || strings.Count(err.Error(), fault.HintOf(err)) != 1 {
		t.Fatal(err)
	}
}

func TestGroupsAndTenantsAreApart(t *testing.T) {
	t.Parallel()
	s := startService(t, nil)
	s.startAgent("site", "one", application(t, newRegister(0).ServeHTTP))
	s.present(1)
	for name, g := range map[string]*gateway.Group{
		"another tenant":   s.gw.Group("other", "site", "hr"),
		"another group":    s.gw.Group(tenant.Default, "elsewhere", "hr"),
		"another resource": s.gw.Group(tenant.Default, "site", "payroll"),
	} {
		if err := send(&http.Client{Transport: g}, "GET", "/Users", ""); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, s.store.Move(ctx, s.gw.Agents()[0].Agent, "elsewhere"))
	eventually(t, func() bool { return send(s.client("elsewhere"), "GET", "/Users", "") == nil }, "the agent in its new group")
}

func TestRevokedAgentIsCutOff(t *testing.T) {
	t.Parallel()
	for name, revoke := range map[string]func(*service){
		"through the gateway": func(s *service) { must(s.t, s.gw.Revoke(ctx, s.gw.Agents()[0].Agent)) },
		"in the store":        func(s *service) { must(s.t, s.store.Revoke(ctx, s.gw.Agents()[0].Agent, time.Now())) },
	} {
		t.Run(name, func(t *testing.T) {
			s := startService(t, func(c *gateway.Config) { c.Grace = time.Millisecond })
			s.startAgent("site", "one", application(t, newRegister(0).ServeHTTP))
			s.present(1)
			id := s.gw.Agents()[0].Agent
			revoke(s)
			s.present(0)
			if err := send(s.client("site"), "GET", "/Users", ""); !fault.Is(err, fault.Unavailable) {
				t.Fatal(err)
			}
			s.startAgent("site", "two", application(t, newRegister(0).ServeHTTP))
			s.present(1)
			if s.gw.Agents()[0].Agent == id {
				t.Fatal("the revoked agent came back")
			}
		})
	}
}

// TestRenewalUnderLoadFailsNothing lets identities live for six seconds; writes that must not be repeated go on meanwhile.
func TestRenewalUnderLoadFailsNothing(t *testing.T) {
	t.Parallel()
	s := startService(t, func(c *gateway.Config) { c.Identity = 6 * time.Second })
	reg := newRegister(time.Millisecond)
	s.startAgent("site", "one", application(t, reg.ServeHTTP))
	s.present(1)
	c := s.client("site")
	end := time.After(8 * time.Second)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for n := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				path := fmt.Sprintf("/p/%d-%d", n, i)
				if err := send(c, "PATCH", path, ""); err != nil || reg.count(path) != 1 {
					t.Errorf("%s: %d effects, %v", path, reg.count(path), err)
					return
				}
			}
		})
	}
	<-end
	close(stop)
	wg.Wait()
}
