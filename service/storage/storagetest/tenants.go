package storagetest

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
)

var tenantCases = []testCase{
	{"SeesNothing", tenantSeesNothing},
	{"ChangesNothing", tenantChangesNothing},
	{"SameNamesSideBySide", tenantSameNames},
	{"ErrNoTenant", tenantNone},
	{"NotWokenByOthers", tenantNotWoken},
}

// fill gives the tenant one of everything.
func fill(t testing.TB, ctx context.Context, s Stores) {
	t.Helper()
	u, g := user("ann@x"), group("G")
	u.ID, g.ID = "u", "g"
	g.Attrs[directory.Members] = []entry.Value{ref(u)}
	must(t, s.Directory.PutMany(ctx, []entry.Entry{u, g}))
	got(s.Apps.Put(ctx, app.App{ID: job}))(t)
	must(t, s.Agents.PutToken(ctx, joinToken("h")))
	must(t, s.Agents.PutToken(ctx, joinToken("unused")))
	got(s.Agents.Enrol(ctx, "h", at0, agents.Agent{ID: "a"}))(t)
	must(t, s.Tokens.Put(ctx, access.Token{Name: "n", Role: access.Admin, Hash: access.Hash("secret")}))
	must(t, s.Journal.Append(ctx, record(0, string(job), "ann@x", "success")))
	settle(t, ctx, s, job, "1", cycle.Outcome{Link: link("1", "t1"), Waiting: []string{"2"}})
	settle(t, ctx, s, job, "3", cycle.Outcome{Escrow: escrow("3", 0, 0)})
	got(s.Ledger.Intend(ctx, job, cycle.Intent{Source: "4"}))(t)
	setMode(t, ctx, s, job, cycle.Running)
}

// sum says how many of everything the tenant has.
func sum(t testing.TB, ctx context.Context, s Stores) map[string]int {
	t.Helper()
	count := func(err error) int {
		if err == nil {
			return 1
		}
		wantKind(t, err, fault.NotFound)
		return 0
	}
	_, user := s.Directory.Get(ctx, entry.User, "u")
	_, upn := s.Directory.Lookup(ctx, entry.User, directory.UserPrincipalName, "ann@x")
	_, hr := s.Apps.Get(ctx, job)
	_, agent := s.Agents.Get(ctx, "a")
	_, hash := s.Tokens.ByHash(ctx, access.Hash("secret"))
	links := len(got(s.Ledger.Links(ctx, job, []string{"1"}))(t))
	if got(s.Ledger.Link(ctx, job, "1"))(t).Target == "t1" && got(s.Ledger.LinkOf(ctx, job, entry.User, "t1"))(t).Source == "1" {
		links++
	}
	return map[string]int{
		"get": count(user), "lookup": count(upn), "list": len(got(s.Directory.List(ctx, entry.User, false, "", 9))(t)),
		"soft": len(got(s.Directory.List(ctx, entry.User, true, "", 9))(t)), "count": got(s.Directory.Count(ctx, entry.Group))(t),
		"changes": len(all(t, s.Directory.After(ctx, ""))), "log": len(all(t, s.Directory.After(ctx, "0"))),
		"app": count(hr), "apps": len(got(s.Apps.List(ctx))(t)), "agent": count(agent), "agents": len(got(s.Agents.List(ctx))(t)),
		"hash": count(hash), "tokens": len(got(s.Tokens.List(ctx))(t)), "journal": len(got(s.Journal.Find(ctx, journal.Query{User: "ann@x"}))(t)),
		"links": links, "escrows": len(all(t, s.Ledger.Escrows(ctx, job, time.Time{}))), "intents": len(all(t, s.Ledger.Intents(ctx, job))),
		"waiting": len(got(s.Ledger.Waiting(ctx, job, "2"))(t)), "state": len(got(s.Ledger.State(ctx, job))(t).Mode),
	}
}

func full() map[string]int {
	return map[string]int{
		"get": 1, "lookup": 1, "list": 1, "soft": 0, "count": 1, "changes": 2, "log": 2, "app": 1, "apps": 1, "agent": 1, "agents": 1,
		"hash": 1, "tokens": 1, "journal": 1, "links": 2, "escrows": 1, "intents": 1, "waiting": 1, "state": len(cycle.Running),
	}
}

// stranger acts for another tenant.
func stranger(t testing.TB) context.Context {
	return tenant.With(t.Context(), tenant.From(InTenant(t))+"-stranger")
}

func tenantSeesNothing(t *testing.T, ctx context.Context, s Stores) {
	fill(t, ctx, s)
	equal(t, sum(t, ctx, s), full())
	for what, n := range sum(t, stranger(t), s) {
		if n != 0 {
			t.Errorf("a stranger sees %d of %s", n, what)
		}
	}
	equal(t, got(s.Directory.Now(stranger(t)))(t), directory.Watermark("0"))
}

// tenantChangesNothing runs every method that writes as a stranger, with the ids of the tenant.
func tenantChangesNothing(t *testing.T, ctx context.Context, s Stores) {
	fill(t, ctx, s)
	other := stranger(t)
	u := entry.Ref{Type: entry.User, ID: "u"}
	wantKind(t, s.Directory.SoftDelete(other, entry.User, "u", at0), fault.NotFound)
	wantKind(t, s.Directory.Restore(other, entry.User, "u"), fault.NotFound)
	wantKind(t, s.Directory.HardDelete(other, entry.User, "u"), fault.NotFound)
	wantKind(t, s.Directory.Link(other, entry.Group, "g", directory.Members, nil, []entry.Ref{u}), fault.NotFound)
	mine := put(t, other, s.Directory, group("Mine"))
	wantKind(t, s.Directory.Link(other, entry.Group, mine.ID, directory.Members, []entry.Ref{u}, nil), fault.NotFound)
	wantKind(t, s.Apps.Delete(other, job), fault.NotFound)
	wantKind(t, s.Agents.Revoke(other, "a", at0), fault.NotFound)
	_, err := s.Agents.Enrol(other, "unused", at0, agents.Agent{ID: "b"})
	wantKind(t, err, fault.Denied)
	wantKind(t, s.Tokens.Delete(other, "n"), fault.NotFound)
	equal(t, got(s.Journal.Retain(other, at0.Add(time.Hour)))(t), 0)
	intents := all(t, s.Ledger.Intents(ctx, job))
	must(t, s.Ledger.Settle(other, intents[0], cycle.Outcome{}))
	settle(t, other, s, job, "1", cycle.Outcome{Unlink: true})
	settle(t, other, s, job, "3", cycle.Outcome{})
	setMode(t, other, s, job, cycle.Paused)
	must(t, s.Ledger.Reset(other, job, cycle.Reset{Watermark: true, Escrows: true, Quarantine: true, Links: true}))
	equal(t, sum(t, ctx, s), full())
	equal(t, len(members(t, ctx, s.Directory, "g")), 1)
}

func tenantSameNames(t *testing.T, ctx context.Context, s Stores) {
	fill(t, ctx, s)
	fill(t, stranger(t), s)
	equal(t, sum(t, ctx, s), full())
	equal(t, sum(t, stranger(t), s), full())
	must(t, s.Directory.HardDelete(stranger(t), entry.User, "u"))
	must(t, s.Apps.Delete(stranger(t), job))
	equal(t, sum(t, ctx, s), full())
}

// tenantNone calls every method without a tenant.
func tenantNone(t *testing.T, _ context.Context, s Stores) {
	ctx := t.Context()
	first := func(seq func(func(error) bool)) (err error) {
		seq(func(e error) bool { err = e; return false })
		return err
	}
	var errs []error
	try := func(err error) { errs = append(errs, err) }
	d := s.Directory
	_, err := d.Get(ctx, entry.User, "u")
	try(err)
	_, err = d.Lookup(ctx, entry.User, directory.UserPrincipalName, "a")
	try(err)
	_, err = d.List(ctx, entry.User, false, "", 1)
	try(err)
	_, err = d.Count(ctx, entry.User)
	try(err)
	_, err = d.Now(ctx)
	try(err)
	_, err = d.Put(ctx, entry.User, "", func(entry.Entry) (entry.Entry, error) { return user("a@x"), nil })
	try(err)
	try(first(func(y func(error) bool) {
		for _, err := range d.After(ctx, "") {
			y(err)
		}
	}))
	try(d.Wait(ctx, ""))
	try(d.PutMany(ctx, []entry.Entry{user("a@x")}))
	try(d.Link(ctx, entry.Group, "g", directory.Members, nil, nil))
	try(d.SoftDelete(ctx, entry.User, "u", at0))
	try(d.Restore(ctx, entry.User, "u"))
	try(d.HardDelete(ctx, entry.User, "u"))
	_, err = s.Apps.Put(ctx, app.App{ID: "a"})
	try(err)
	_, err = s.Apps.Get(ctx, "a")
	try(err)
	_, err = s.Apps.List(ctx)
	try(err)
	try(s.Apps.Delete(ctx, "a"))
	try(s.Agents.PutToken(ctx, joinToken("h")))
	_, err = s.Agents.Enrol(ctx, "h", at0, agents.Agent{})
	try(err)
	_, err = s.Agents.Get(ctx, "a")
	try(err)
	_, err = s.Agents.List(ctx)
	try(err)
	try(s.Agents.Revoke(ctx, "a", at0))
	try(s.Tokens.Put(ctx, access.Token{Name: "n", Role: access.Admin, Hash: access.Hash("x")}))
	_, err = s.Tokens.ByHash(ctx, "h")
	try(err)
	_, err = s.Tokens.List(ctx)
	try(err)
	try(s.Tokens.Delete(ctx, "n"))
	try(s.Journal.Append(ctx, journal.Record{}))
	_, err = s.Journal.Find(ctx, journal.Query{})
	try(err)
	try(first(func(y func(error) bool) {
		for _, err := range s.Journal.Follow(ctx, journal.Query{}) {
			y(err)
		}
	}))
	_, err = s.Journal.Retain(ctx, at0)
	try(err)
	_, err = s.Ledger.Link(ctx, job, "1")
	try(err)
	_, err = s.Ledger.Links(ctx, job, nil)
	try(err)
	_, err = s.Ledger.LinkOf(ctx, job, entry.User, "t")
	try(err)
	_, err = s.Ledger.Intend(ctx, job, cycle.Intent{Source: "1"})
	try(err)
	try(s.Ledger.Settle(ctx, cycle.Receipt{Job: job, Intent: cycle.Intent{Source: "1"}}, cycle.Outcome{}))
	try(first(func(y func(error) bool) {
		for _, err := range s.Ledger.Intents(ctx, job) {
			y(err)
		}
	}))
	try(first(func(y func(error) bool) {
		for _, err := range s.Ledger.Escrows(ctx, job, at0) {
			y(err)
		}
	}))
	_, err = s.Ledger.Waiting(ctx, job, "1")
	try(err)
	_, err = s.Ledger.State(ctx, job)
	try(err)
	_, err = s.Ledger.SetState(ctx, job, func(s cycle.State) (cycle.State, error) { return s, nil })
	try(err)
	try(s.Ledger.Reset(ctx, job, cycle.Reset{}))
	for i, err := range errs {
		if !fault.Is(err, fault.Internal) {
			t.Errorf("call %d without a tenant gave %v", i, err)
		}
	}
	equal(t, len(errs), 41)
}

func tenantNotWoken(t *testing.T, ctx context.Context, s Stores) {
	woke := make(chan error, 1)
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { woke <- s.Directory.Wait(stop, "") }()
	put(t, stranger(t), s.Directory, user("ann@x"))
	select {
	case err := <-woke:
		t.Fatalf("woken by a stranger: %v", err)
	default:
	}
	put(t, ctx, s.Directory, user("ann@x"))
	must(t, <-woke)
}
