package cycle

import (
	"errors"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
)

// TestThresholds are the worked examples of provisioning semantics §8.1, and lowered limits.
func TestThresholds(t *testing.T) {
	for name, c := range map[string]struct {
		limits                     app.Quarantine
		failed, references, others int
		want                       string
	}{
		"4,000 failures are few":                 {failed: 4_000, want: ""},
		"45,000 users failed":                    {failed: 45_000, others: 1_000_000, want: ReasonBase},
		"30,000 failed and 5,000 did not":        {failed: 30_000, others: 5_000, want: ReasonProportion},
		"20,000 failed and 100,000 did not":      {failed: 20_000, others: 100_000, want: ""},
		"40,000 users and 21,000 managers":       {failed: 61_000, references: 21_000, others: 1_000_000, want: ReasonTotal},
		"references alone are no proportion":     {failed: 50_000, references: 50_000, want: ""},
		"60,000 references are not too many":     {failed: 60_000, references: 60_000, want: ""},
		"a shop of fifty with limits of its own": {limits: app.Quarantine{Failures: 5, Percent: 20}, failed: 15, others: 35, want: ReasonProportion},
		"lowered base":                           {limits: app.Quarantine{Base: 3}, failed: 4, others: 100, want: ReasonBase},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tooMany(c.limits, Progress{Done: c.failed + c.others, Failed: c.failed, References: c.references}); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestQuarantineSlowsDownAndEnds (§8.1): 6, 12, 24 hours, then daily; the series goes on when the reason changes; after 28 days the job is
// switched off; a start gives it four weeks anew.
func TestQuarantineSlowsDownAndEnds(t *testing.T) {
	bad := fault.New(fault.Unauthenticated, "ask", "bad credential")
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now, st := start, State{Mode: Running}
	for i, want := range []time.Duration{6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 24 * time.Hour} {
		st.Quarantine = quarantineAfter(st.Quarantine, bad, now)
		if got := st.Quarantine.Next.Sub(now); got != want || st.Quarantine.Series != i+1 {
			t.Errorf("try %d is followed by %v, want %v", st.Quarantine.Series, got, want)
		}
		now = st.Quarantine.Next
	}
	st.Quarantine = quarantineOf(app.Quarantine{Failures: 1, Percent: 1}, 0, Progress{Done: 10, Failed: 9}, st.Quarantine, now)
	if q := st.Quarantine; q.Reason != ReasonProportion || !q.Since.Equal(start) || !q.Began.Equal(now) || q.Series != 5 {
		t.Errorf("another reason: %+v", q)
	}
	if st.tired(start.Add(quarantineLife)) || !st.tired(start.Add(quarantineLife+time.Second)) || st.Mode != Paused || st.Disabled == "" {
		t.Errorf("after four weeks: %+v", st)
	}
	st = st.started(now)
	if st.Mode != Running || st.Disabled != "" || !st.Quarantine.Next.IsZero() || st.tired(now.Add(quarantineLife)) {
		t.Errorf("started again: %+v", st)
	}
	if q := quarantineOf(app.Quarantine{}, 0, Progress{Done: 1}, st.Quarantine, now); q != nil {
		t.Errorf("a cycle that works does not lift it: %+v", q)
	}
	if q := quarantineAfter(nil, fault.New(fault.Unavailable, "ask", "away"), now); q.Next.Sub(now) != awayAfter {
		t.Errorf("a target that is away is asked again after %v", q.Next.Sub(now))
	}
	if q := quarantineAfter(nil, critical{fault.New(fault.Unavailable, "ask", "a web page")}, now); q.Next.Sub(now) != 6*time.Hour {
		t.Errorf("a target that speaks no SCIM is asked again after %v", q.Next.Sub(now))
	}
}

// TestHeldDeletionsAreNoSeries: they neither slow the job nor tire it, and what fails later begins a series of its own.
func TestHeldDeletionsAreNoSeries(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	st := State{Mode: Running}
	for range 5 {
		st.Quarantine = quarantineOf(app.Quarantine{}, 3, Progress{}, st.Quarantine, now)
	}
	later := now.Add(60 * 24 * time.Hour)
	if !st.Quarantine.Next.IsZero() || st.tired(later) {
		t.Errorf("held deletions slow the job: %+v", st.Quarantine)
	}
	st.Quarantine = quarantineAfter(st.Quarantine, errors.New("bad"), later)
	if q := st.Quarantine; q.Series != 1 || !q.Since.Equal(later) {
		t.Errorf("the first failure: %+v", q)
	}
	if s := (State{Quarantine: quarantineOf(app.Quarantine{}, 3, Progress{}, nil, now)}).renewed(2); s.Quarantine == nil {
		t.Error("new rules release held deletions")
	}
}

// TestEscrowBackOff (§8): in the next cycle once, then after 6, 12 and 24 hours, then daily, and after 28 days no more. While the way to the
// target is at fault, soon and often.
func TestEscrowBackOff(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	first, e := now, Escrow{}
	tired, tries := false, 0
	for _, want := range []time.Duration{30 * time.Second, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 24 * time.Hour, 24 * time.Hour} {
		if e, tired = nextEscrow(e, fault.New(fault.Conflict, "write", "taken"), now); tired || e.Next.Sub(now) != want {
			t.Errorf("try %d is followed by %v, want %v", e.Attempts, e.Next.Sub(now), want)
		}
		now = e.Next
	}
	for ; !tired && tries < 100; tries++ {
		e, tired = nextEscrow(e, fault.New(fault.Conflict, "write", "taken"), now)
		now = e.Next
	}
	if days := now.Sub(first).Hours() / 24; days < 28 || days > 31 {
		t.Errorf("given up after %v days", days)
	}
	e, _ = nextEscrow(Escrow{}, fault.New(fault.Timeout, "write", "no answer"), now)
	if e.Next.Sub(now) > time.Minute {
		t.Errorf("an answer that got lost is asked for after %v", e.Next.Sub(now))
	}
}
