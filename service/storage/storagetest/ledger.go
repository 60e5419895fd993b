package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

var ledgerCases = []testCase{
	{"LinkComesBack", ledgerLink},
	{"Intents", ledgerIntents},
	{"Escrows", ledgerEscrows},
	{"EscrowPages", ledgerEscrowPages},
	{"Waiting", ledgerWaiting},
	{"State", ledgerState},
	{"Reset", ledgerReset},
	{"NoUpdateLost", ledgerNoUpdateLost},
	{"ManyAtOnce", ledgerManyAtOnce},
	{"RecordComesWithItsOutcome", ledgerRecords},
	{"Machine", ledgerMachine},
}

const job cycle.JobID = "hr"

func link(source, target string) plan.Link {
	return plan.Link{Source: source, Type: entry.User, Target: target, Active: true, Digest: []byte{0, 1, 255}}
}

func settle(t testing.TB, ctx context.Context, s Stores, job cycle.JobID, source string, o cycle.Outcome) {
	t.Helper()
	must(t, s.Ledger.Settle(ctx, cycle.Receipt{Job: job, Intent: cycle.Intent{Source: source, Type: entry.User}}, o))
}

func setMode(t testing.TB, ctx context.Context, s Stores, job cycle.JobID, m cycle.Mode) {
	t.Helper()
	got(s.Ledger.SetState(ctx, job, func(st cycle.State) (cycle.State, error) { st.Mode = m; return st, nil }))(t)
}

func ledgerLink(t *testing.T, ctx context.Context, s Stores) {
	equal(t, got(s.Ledger.Link(ctx, job, "1"))(t), plan.Link{})
	equal(t, got(s.Ledger.LinkOf(ctx, job, entry.User, "t1"))(t), plan.Link{})
	settle(t, ctx, s, job, "1", cycle.Outcome{Link: link("1", "t1")})
	settle(t, ctx, s, job, "2", cycle.Outcome{Link: link("2", "t2")})
	settle(t, ctx, s, "it", "1", cycle.Outcome{Link: link("1", "other")})
	equal(t, got(s.Ledger.Link(ctx, job, "1"))(t), link("1", "t1"))
	equal(t, got(s.Ledger.LinkOf(ctx, job, entry.User, "t2"))(t), link("2", "t2"))
	equal(t, got(s.Ledger.LinkOf(ctx, job, entry.Group, "t2"))(t), plan.Link{})
	equal(t, got(s.Ledger.Links(ctx, job, []string{"1", "2", "3"}))(t), map[string]plan.Link{"1": link("1", "t1"), "2": link("2", "t2")})

	off := plan.Link{Source: "1", Type: entry.User, Target: "t1-renamed", Left: true}
	settle(t, ctx, s, job, "1", cycle.Outcome{Link: off})
	equal(t, got(s.Ledger.Link(ctx, job, "1"))(t), off)
	equal(t, got(s.Ledger.LinkOf(ctx, job, entry.User, "t1"))(t), plan.Link{})
	settle(t, ctx, s, job, "2", cycle.Outcome{}) // nothing to remember: the pair stays
	settle(t, ctx, s, job, "1", cycle.Outcome{Unlink: true})
	equal(t, got(s.Ledger.Links(ctx, job, []string{"1", "2"}))(t), map[string]plan.Link{"2": link("2", "t2")})
	equal(t, got(s.Ledger.Link(ctx, "it", "1"))(t).Target, "other")
}

func ledgerIntents(t *testing.T, ctx context.Context, s Stores) {
	var rs []cycle.Receipt
	for i := range 300 { // more than a page
		r := got(s.Ledger.Intend(ctx, job, cycle.Intent{Source: fmt.Sprint(i), Type: entry.User, Verb: plan.Update, Target: "t"}))(t)
		if r.Key == "" || r.Job != job {
			t.Fatalf("got %+v", r)
		}
		rs = append(rs, r)
	}
	equal(t, all(t, s.Ledger.Intents(ctx, job)), rs)
	must(t, s.Ledger.Settle(ctx, rs[0], cycle.Outcome{Link: link("0", "t")}))
	must(t, s.Ledger.Settle(ctx, rs[0], cycle.Outcome{Link: link("0", "t")})) // twice is once
	must(t, s.Ledger.Settle(ctx, rs[1], cycle.Outcome{Escrow: &cycle.Escrow{Source: "1", First: at0}}))
	equal(t, all(t, s.Ledger.Intents(ctx, job)), rs[2:])
	n := 2
	for r, err := range s.Ledger.Intents(ctx, job) { // settling while reading
		must(t, err)
		equal(t, r, rs[n])
		n++
		must(t, s.Ledger.Settle(ctx, r, cycle.Outcome{}))
	}
	equal(t, n, 300)
	equal(t, len(all(t, s.Ledger.Intents(ctx, job))), 0)
}

func escrow(source string, first, next int) *cycle.Escrow {
	at := func(n int) time.Time { return at0.Add(time.Duration(n) * time.Second) }
	return &cycle.Escrow{Source: source, Type: entry.User, Code: "Conflict", Reason: "taken: 名前", Hint: "rename", First: at(first), Next: at(next), Attempts: 3}
}

func ledgerEscrows(t *testing.T, ctx context.Context, s Stores) {
	settle(t, ctx, s, job, "a", cycle.Outcome{Escrow: escrow("a", 2, 10)})
	settle(t, ctx, s, job, "b", cycle.Outcome{Escrow: escrow("b", 1, 20)})
	settle(t, ctx, s, job, "c", cycle.Outcome{Escrow: escrow("c", 3, 30)})
	due := func(n int) (out []string) {
		when := time.Time{}
		if n >= 0 {
			when = at0.Add(time.Duration(n) * time.Second)
		}
		for _, e := range all(t, s.Ledger.Escrows(ctx, job, when)) {
			out = append(out, e.Source)
		}
		return out
	}
	equal(t, due(-1), []string{"b", "a", "c"})
	equal(t, due(9), []string(nil))
	equal(t, due(20), []string{"b", "a"})
	equal(t, all(t, s.Ledger.Escrows(ctx, job, time.Time{}))[1], *escrow("a", 2, 10))
	settle(t, ctx, s, job, "b", cycle.Outcome{Escrow: escrow("b", 1, 40)}) // again
	equal(t, due(20), []string{"a"})
	settle(t, ctx, s, job, "a", cycle.Outcome{Link: link("a", "t")}) // linked
	settle(t, ctx, s, job, "b", cycle.Outcome{Unlink: true})         // forgotten
	settle(t, ctx, s, job, "c", cycle.Outcome{})                     // nothing to remember
	equal(t, due(-1), []string(nil))
}

func ledgerEscrowPages(t *testing.T, ctx context.Context, s Stores) {
	for i := range 600 {
		id := fmt.Sprintf("%03d", i)
		settle(t, ctx, s, job, id, cycle.Outcome{Escrow: escrow(id, i/200, 0)}) // many of one moment
	}
	n := 0
	for e, err := range s.Ledger.Escrows(ctx, job, at0) {
		must(t, err)
		equal(t, e.Source, fmt.Sprintf("%03d", n))
		n++
		if n%2 == 0 {
			settle(t, ctx, s, job, e.Source, cycle.Outcome{}) // while reading
		}
	}
	equal(t, n, 600)
	equal(t, len(all(t, s.Ledger.Escrows(ctx, job, time.Time{}))), 300)
}

func ledgerWaiting(t *testing.T, ctx context.Context, s Stores) {
	settle(t, ctx, s, job, "b", cycle.Outcome{Link: link("b", "tb"), Waiting: []string{"boss", "x", "boss"}})
	settle(t, ctx, s, job, "a", cycle.Outcome{Link: link("a", "ta"), Waiting: []string{"boss"}})
	equal(t, got(s.Ledger.Waiting(ctx, job, "boss"))(t), []string{"a", "b"})
	equal(t, got(s.Ledger.Waiting(ctx, job, "x"))(t), []string{"b"})
	settle(t, ctx, s, job, "b", cycle.Outcome{Link: link("b", "tb"), Waiting: []string{"x"}})
	equal(t, got(s.Ledger.Waiting(ctx, job, "boss"))(t), []string{"a"})
	settle(t, ctx, s, job, "a", cycle.Outcome{Link: link("a", "ta")})
	equal(t, got(s.Ledger.Waiting(ctx, job, "boss"))(t), []string(nil))
	equal(t, got(s.Ledger.Waiting(ctx, "it", "x"))(t), []string(nil))

	settle(t, ctx, s, job, "boss", cycle.Outcome{Unlink: true, Wanted: []string{"b", "a"}}) // whoever refers to an object that is gone waits for the next
	equal(t, got(s.Ledger.Waiting(ctx, job, "boss"))(t), []string{"a", "b"})
	equal(t, got(s.Ledger.Waiting(ctx, "it", "boss"))(t), []string(nil))
	settle(t, ctx, s, job, "boss", cycle.Outcome{Link: link("boss", "t9"), Wanted: []string{"a"}}) // once is enough
	equal(t, got(s.Ledger.Waiting(ctx, job, "boss"))(t), []string{"a", "b"})
}

func fullState() cycle.State {
	return cycle.State{
		Mode: cycle.Running, Watermark: "17", Initial: true, Version: 3,
		Quarantine: &cycle.Quarantine{Reason: "TooManyDeletes", Since: at0, Series: 2},
		Running:    &cycle.Progress{Cycle: "c", Began: at0, Total: -1}, Last: &cycle.Progress{Cycle: "b", Done: 7},
		Held: []cycle.HeldEntry{{Source: "1", Type: entry.User, Verb: plan.Delete, Name: "名前"}}, Released: true,
	}
}

func ledgerState(t *testing.T, ctx context.Context, s Stores) {
	equal(t, got(s.Ledger.State(ctx, job))(t), cycle.State{})
	after := got(s.Ledger.SetState(ctx, job, func(have cycle.State) (cycle.State, error) {
		equal(t, have, cycle.State{})
		return fullState(), nil
	}))(t)
	equal(t, after, fullState())
	equal(t, got(s.Ledger.State(ctx, job))(t), fullState())
	_, err := s.Ledger.SetState(ctx, job, func(cycle.State) (cycle.State, error) { return cycle.State{}, context.Canceled })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	equal(t, got(s.Ledger.State(ctx, job))(t), fullState())
	equal(t, got(s.Ledger.State(ctx, "it"))(t), cycle.State{})
}

func ledgerReset(t *testing.T, ctx context.Context, s Stores) {
	must(t, s.Ledger.Reset(ctx, "never-ran", cycle.Reset{Watermark: true, Escrows: true, Quarantine: true, Links: true}))
	got(s.Ledger.SetState(ctx, job, func(cycle.State) (cycle.State, error) { return fullState(), nil }))(t)
	settle(t, ctx, s, job, "1", cycle.Outcome{Link: link("1", "t"), Waiting: []string{"x"}})
	settle(t, ctx, s, job, "2", cycle.Outcome{Escrow: escrow("2", 0, 0)})
	r := got(s.Ledger.Intend(ctx, job, cycle.Intent{Source: "3"}))(t)
	look := func() [4]bool {
		st := got(s.Ledger.State(ctx, job))(t)
		return [4]bool{st.Watermark == "" && !st.Initial, len(all(t, s.Ledger.Escrows(ctx, job, time.Time{}))) == 0,
			st.Quarantine == nil, len(got(s.Ledger.Links(ctx, job, []string{"1"}))(t))+len(got(s.Ledger.Waiting(ctx, job, "x"))(t)) == 0}
	}
	equal(t, look(), [4]bool{})
	must(t, s.Ledger.Reset(ctx, job, cycle.Reset{}))
	equal(t, look(), [4]bool{})
	must(t, s.Ledger.Reset(ctx, job, cycle.Reset{Watermark: true}))
	equal(t, look(), [4]bool{true})
	must(t, s.Ledger.Reset(ctx, job, cycle.Reset{Escrows: true}))
	equal(t, look(), [4]bool{true, true})
	must(t, s.Ledger.Reset(ctx, job, cycle.Reset{Quarantine: true}))
	equal(t, look(), [4]bool{true, true, true})
	must(t, s.Ledger.Reset(ctx, job, cycle.Reset{Links: true}))
	equal(t, look(), [4]bool{true, true, true, true})
	equal(t, got(s.Ledger.State(ctx, job))(t).Version, 3)
	equal(t, all(t, s.Ledger.Intents(ctx, job)), []cycle.Receipt{r})
}

func ledgerNoUpdateLost(t *testing.T, ctx context.Context, s Stores) {
	const workers, each = 8, 10
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				if _, err := s.Ledger.SetState(ctx, job, func(st cycle.State) (cycle.State, error) { st.Version++; return st, nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	equal(t, got(s.Ledger.State(ctx, job))(t).Version, workers*each)
}

func ledgerManyAtOnce(t *testing.T, ctx context.Context, s Stores) {
	const workers, each = 16, 15
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%d-%d", w, i)
				r, err := s.Ledger.Intend(ctx, job, cycle.Intent{Source: id, Type: entry.User, Verb: plan.Create})
				if err == nil {
					err = s.Ledger.Settle(ctx, r, cycle.Outcome{Link: link(id, "t"+id)})
				}
				if k, e := s.Ledger.Link(ctx, job, id); err != nil || e != nil || k.Target != "t"+id {
					t.Errorf("got %v, %v, %v", k, err, e) // what was acknowledged can be read at once
				}
			}
		})
	}
	wg.Wait()
	equal(t, len(all(t, s.Ledger.Intents(ctx, job))), 0)
}

// ledgerRecords: outcome and journal record are one thing. A record that cannot be stored undoes the outcome.
func ledgerRecords(t *testing.T, ctx context.Context, s Stores) {
	r := got(s.Ledger.Intend(ctx, job, cycle.Intent{Source: "1", Type: entry.User, Verb: plan.Create}))(t)
	must(t, s.Ledger.Settle(ctx, r, cycle.Outcome{Link: link("1", "t1"), Records: []journal.Record{record(1, "hr", "a", "success"), record(2, "hr", "a", "success")}}))
	equal(t, reasons(got(s.Journal.Find(ctx, journal.Query{}))(t)), []string{"1", "2"})
	equal(t, len(all(t, s.Ledger.Intents(ctx, job))), 0)

	bad := record(3, "hr", "a", "success")
	bad.Status = "not\xff text"
	if err := s.Ledger.Settle(ctx, cycle.Receipt{Job: job, Intent: cycle.Intent{Source: "2"}}, cycle.Outcome{Link: link("2", "t2"), Records: []journal.Record{bad}}); err != nil {
		equal(t, got(s.Ledger.Link(ctx, job, "2"))(t), plan.Link{})
	} else {
		equal(t, len(got(s.Journal.Find(ctx, journal.Query{}))(t)), 3)
		equal(t, got(s.Ledger.Link(ctx, job, "2"))(t).Target, "t2")
	}
	news := make(chan journal.Record, 1)
	go func() {
		for r, err := range s.Journal.Follow(ctx, journal.Query{User: "id-b"}) {
			if err == nil {
				news <- r
			}
			return
		}
	}()
	settle(t, ctx, s, job, "3", cycle.Outcome{Link: link("3", "t3"), Records: []journal.Record{record(4, "hr", "b", "success")}})
	equal(t, (<-news).Reason, "4") // whoever follows the journal is woken
}
