package notify_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/notify"
	"github.com/sallyport-id/sallyport/service/storage/sqlite"
)

const appText = `
id: hr
name: Human Resources
target: {url: "https://target.invalid/scim", secretFile: hr.secret}
objects:
  - source: User
    match: [{precedence: 1, target: userName}]
    mappings:
      - {target: userName, source: userPrincipalName}
`

// bench is a notifier over a real store, with a webhook that it tells.
type bench struct {
	t   *testing.T
	ctx context.Context
	db  *sqlite.DB
	n   *notify.Notifier

	mu     sync.Mutex
	refuse int // so many requests are refused from now on
	got    []string
}

func newBench(t *testing.T, extra string) *bench {
	t.Helper()
	b := &bench{t: t, ctx: tenant.With(t.Context(), "acme")}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"notify.yaml": "link: https://x.example/{app}\nwebhooks: [{name: chat, urlFile: hook.url}]\n" + extra, "hook.url": server.URL,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config, err := notify.Load(filepath.Join(dir, "notify.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if b.db, err = sqlite.Open(b.ctx, filepath.Join(t.TempDir(), "s.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.db.Close() })
	a, err := app.Parse("hr.yaml", []byte(appText))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.Apps().Put(b.ctx, a); err != nil {
		t.Fatal(err)
	}
	b.n = notify.New(notify.Parts{Config: config, Outbox: b.db.Messages(), Apps: b.db.Apps(), States: b.db.Ledger()})
	return b
}

func (b *bench) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse > 0 {
		b.refuse--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	b.got = append(b.got, r.Header.Get(notify.EventHeader))
}

func (b *bench) received() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.got, " ")
}

func (b *bench) state(st cycle.State) {
	b.t.Helper()
	_, err := b.db.Ledger().SetState(b.ctx, "hr", func(cycle.State) (cycle.State, error) { return st, nil })
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) turn(at time.Time) {
	b.t.Helper()
	if err := b.n.Turn(b.ctx, at); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) equal(got, want any) {
	b.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.t.Errorf("got %v, want %v", got, want)
	}
}

var began = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func quarantined() cycle.State {
	return cycle.State{Mode: cycle.Running, Quarantine: &cycle.Quarantine{
		Reason: cycle.ReasonException, Detail: "the target answers 401", Hint: "renew the secret", Since: began, Next: began.Add(time.Hour), Series: 1,
	}}
}

func TestToldOnceADay(t *testing.T) {
	b := newBench(t, "")
	b.state(quarantined())
	for range 3 {
		b.turn(began.Add(time.Minute))
	}
	b.equal(b.received(), "quarantine")
	b.turn(began.Add(23 * time.Hour))
	b.equal(b.received(), "quarantine")
	b.turn(began.Add(25 * time.Hour)) // a reminder
	b.equal(b.received(), "quarantine quarantine")
}

func TestPausedJobsTellNobody(t *testing.T) {
	b := newBench(t, "")
	st := quarantined()
	st.Mode = cycle.Paused
	b.state(st)
	b.turn(began.Add(time.Minute))
	b.equal(b.received(), "")
}

func TestObservedEvents(t *testing.T) {
	q := quarantined().Quarantine
	held := &cycle.Quarantine{Reason: cycle.ReasonDeletes, Since: began, Detail: "7 of 10"}
	for name, tt := range map[string]struct {
		event cycle.Event
		want  string
	}{
		"QuarantineBegan":    {cycle.Event{Kind: cycle.QuarantineBegan, Quarantine: q}, "quarantine"},
		"QuarantineEnded":    {cycle.Event{Kind: cycle.QuarantineEnded, Quarantine: q}, "recovered"},
		"DeletionsHeld":      {cycle.Event{Kind: cycle.DeletionsHeld, Quarantine: held, Held: 7}, "held"},
		"CycleFailed":        {cycle.Event{Kind: cycle.CycleFailed, Detail: "the target is away"}, "failure"},
		"FailedInQuarantine": {cycle.Event{Kind: cycle.CycleFailed, Quarantine: q}, ""},
		"JobDisabled":        {cycle.Event{Kind: cycle.JobDisabled, Detail: "28 days"}, "failure"},
		"CycleEnded":         {cycle.Event{Kind: cycle.CycleEnded}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "")
			tt.event.Job, tt.event.At = "hr", began.Add(time.Minute)
			b.n.Observe(b.ctx, tt.event)
			b.n.Observe(b.ctx, tt.event)
			b.turn(began.Add(time.Minute))
			b.equal(b.received(), tt.want)
			ms, err := b.n.Messages(b.ctx, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range ms {
				e := m.Event
				if e.Title == "" || e.What == "" || e.Means == "" || e.Next == "" || e.Link != "https://x.example/hr" || !strings.Contains(e.Title, "Human Resources") {
					t.Errorf("the event lacks something: %+v", e)
				}
			}
		})
	}
}

func TestRefusedMessagesAreTriedAgainLater(t *testing.T) {
	b := newBench(t, "")
	b.refuse = 2
	b.state(quarantined())
	now := began.Add(time.Minute)
	b.turn(now)
	ms, err := b.n.Messages(b.ctx, "", 10)
	if err != nil || len(ms) != 1 || ms[0].State != notify.Waiting || ms[0].Attempts != 1 || !strings.Contains(ms[0].Error, "503") {
		t.Fatalf("messages %+v (%v)", ms, err)
	}
	b.turn(now) // not due yet: the pause counts from the attempt
	b.equal(b.received(), "")
	b.turn(now.Add(2 * time.Minute))
	b.turn(now.Add(10 * time.Minute))
	b.equal(b.received(), "quarantine")
	ms, err = b.n.Messages(b.ctx, "", 10)
	if err != nil || len(ms) != 1 || ms[0].State != notify.Sent || ms[0].Attempts != 3 || ms[0].Error != "" {
		t.Errorf("messages %+v (%v)", ms, err)
	}
}

func TestNobodyTakesItForThreeDays(t *testing.T) {
	b := newBench(t, "")
	b.refuse = 1000
	b.state(quarantined())
	first := began.Add(time.Minute)
	for at := first; at.Before(first.Add(80 * time.Hour)); at = at.Add(time.Hour) {
		b.turn(at)
	}
	ms, err := b.n.Messages(b.ctx, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	oldest := ms[len(ms)-1]
	b.equal(oldest.State, notify.Dropped)
	if oldest.Attempts < 40 || oldest.Attempts > 80 {
		t.Errorf("%d attempts in three days", oldest.Attempts)
	}
}

func TestKindsNobodyWantsAreLeftOut(t *testing.T) {
	b := newBench(t, "kinds: [held]\n")
	b.state(quarantined())
	b.turn(began.Add(time.Minute))
	b.equal(b.received(), "")
	a, err := b.db.Apps().Get(b.ctx, "hr")
	if err != nil {
		t.Fatal(err)
	}
	trials, err := b.n.Try(b.ctx, a) // a test always goes out
	if err != nil || len(trials) != 1 || trials[0].Error != "" {
		t.Errorf("trials %+v (%v)", trials, err)
	}
	b.equal(b.received(), "test")
}

func TestDriftIsTold(t *testing.T) {
	b := newBench(t, "")
	a, err := b.db.Apps().Get(b.ctx, "hr")
	if err != nil {
		t.Fatal(err)
	}
	b.n.Drifted(b.ctx, a.WithDefaults(), 3, 2, 1)
	b.turn(time.Now().Add(time.Second))
	b.equal(b.received(), "drift")
}

func TestRunEndsWithItsContext(t *testing.T) {
	b := newBench(t, "")
	b.state(quarantined())
	ctx, stop := context.WithCancel(b.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.n.Run(ctx)
	}()
	for deadline := time.Now().Add(time.Minute); b.received() == ""; <-time.After(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was sent")
		}
	}
	stop()
	<-done
}
