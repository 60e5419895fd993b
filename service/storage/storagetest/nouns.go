package storagetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/plan"
)

var appCases = []testCase{{"OK", appsOK}, {"DeleteForgetsTheJob", appsDelete}, {"VersionsCount", appVersions}}

var at0 = time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)

func appsOK(t *testing.T, ctx context.Context, s Stores) {
	word := "true"
	a := app.App{
		ID: "hr", Name: "Personal — 人事", Target: app.Target{URL: "https://h:8585/scim", SecretFile: "s", Timeout: app.Duration(time.Minute)},
		Objects: []app.Object{{Source: entry.User, Target: entry.User, Mappings: []app.Mapping{
			{Target: "userName", Source: "userPrincipalName", Flow: app.Always}, {Target: "active", Constant: &word},
		}, Match: []app.Rule{{Precedence: 1, Target: "userName"}},
			Scope: app.Filter{Groups: []app.ClauseGroup{{Name: "g", Clauses: []app.Clause{{Attribute: "city", Operator: "EQUALS", Values: []string{"Rome"}}}}}}}},
		Deprovision: app.Deprovision{DeleteLimit: 7}, Schedule: app.Schedule{Interval: app.Duration(40 * time.Minute), Workers: 3},
	}
	stored := got(s.Apps.Put(ctx, a))(t)
	a.Version = 1
	equal(t, stored, a)
	equal(t, got(s.Apps.Get(ctx, "hr"))(t), a)
	got(s.Apps.Put(ctx, app.App{ID: "a", Name: "A"}))(t)
	var ids []app.ID
	for _, a := range got(s.Apps.List(ctx))(t) {
		ids = append(ids, a.ID)
	}
	equal(t, ids, []app.ID{"a", "hr"})
	_, err := s.Apps.Get(ctx, "none")
	wantKind(t, err, fault.NotFound)
	_, err = s.Apps.Put(ctx, app.App{})
	wantKind(t, err, fault.Invalid)
}

func appsDelete(t *testing.T, ctx context.Context, s Stores) {
	for _, id := range []app.ID{"one", "two"} {
		got(s.Apps.Put(ctx, app.App{ID: id}))(t)
		settle(t, ctx, s, id, "1", cycle.Outcome{Link: link("1", "t1"), Waiting: []string{"2"}})
		settle(t, ctx, s, id, "2", cycle.Outcome{Escrow: &cycle.Escrow{Source: "2", First: at0, Next: at0}})
		got(s.Ledger.Intend(ctx, id, cycle.Intent{Source: "3", Verb: plan.Create}))(t)
		setMode(t, ctx, s, id, cycle.Running)
	}
	must(t, s.Apps.Delete(ctx, "one"))
	wantKind(t, s.Apps.Delete(ctx, "one"), fault.NotFound)
	for id, n := range map[app.ID]int{"one": 0, "two": 1} {
		equal(t, len(got(s.Ledger.Links(ctx, id, []string{"1"}))(t)), n)
		equal(t, len(all(t, s.Ledger.Escrows(ctx, id, time.Time{}))), n)
		equal(t, len(all(t, s.Ledger.Intents(ctx, id))), n)
		equal(t, len(got(s.Ledger.Waiting(ctx, id, "2"))(t)), n)
		equal(t, got(s.Ledger.State(ctx, id))(t).Mode == cycle.Running, n == 1)
	}
}

func appVersions(t *testing.T, ctx context.Context, s Stores) {
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := s.Apps.Put(ctx, app.App{ID: "hr", Version: 99}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	equal(t, got(s.Apps.Get(ctx, "hr"))(t).Version, 20)
}

var agentCases = []testCase{{"OK", agentsOK}, {"ErrDenied", agentsDenied}, {"OneTokenOneAgent", agentsOnce}}

func joinToken(hash string) agents.JoinToken {
	return agents.JoinToken{Hash: hash, Group: "site", Expires: at0.Add(15 * time.Minute)}
}

func agentsOK(t *testing.T, ctx context.Context, s Stores) {
	must(t, s.Agents.PutToken(ctx, joinToken("h1")))
	must(t, s.Agents.PutToken(ctx, joinToken("h2")))
	wantKind(t, s.Agents.PutToken(ctx, joinToken("h2")), fault.Exists)
	b := agents.Agent{ID: "1", Name: "b", Key: "UB", Enrolled: at0, Version: "1.0", Group: "ignored"}
	stored := got(s.Agents.Enrol(ctx, "h1", at0, b))(t)
	b.Group = "site"
	equal(t, stored, b)
	a := got(s.Agents.Enrol(ctx, "h2", at0, agents.Agent{ID: "2", Name: "a", Key: "UA", Enrolled: at0}))(t)
	must(t, s.Agents.Revoke(ctx, "1", at0.Add(time.Hour)))
	must(t, s.Agents.Revoke(ctx, "1", at0.Add(2*time.Hour)))
	b.Revoked = at0.Add(time.Hour)
	equal(t, got(s.Agents.Get(ctx, "1"))(t), b)
	equal(t, got(s.Agents.List(ctx))(t), []agents.Agent{a, b})
	_, err := s.Agents.Get(ctx, "none")
	wantKind(t, err, fault.NotFound)
	wantKind(t, s.Agents.Revoke(ctx, "none", at0), fault.NotFound)
}

func agentsDenied(t *testing.T, ctx context.Context, s Stores) {
	must(t, s.Agents.PutToken(ctx, joinToken("h")))
	for _, try := range []struct {
		hash string
		now  time.Time
	}{{"none", at0}, {"h", at0.Add(15 * time.Minute)}} {
		_, err := s.Agents.Enrol(ctx, try.hash, try.now, agents.Agent{ID: "1"})
		wantKind(t, err, fault.Denied)
	}
	got(s.Agents.Enrol(ctx, "h", at0, agents.Agent{ID: "1"}))(t)
	_, err := s.Agents.Enrol(ctx, "h", at0, agents.Agent{ID: "2"})
	wantKind(t, err, fault.Denied)
	must(t, s.Agents.PutToken(ctx, joinToken("again")))
	_, err = s.Agents.Enrol(ctx, "again", at0, agents.Agent{ID: "1"})
	wantKind(t, err, fault.Exists)
	got(s.Agents.Enrol(ctx, "again", at0, agents.Agent{ID: "3"}))(t) // a refusal does not use the token up
}

func agentsOnce(t *testing.T, ctx context.Context, s Stores) {
	must(t, s.Agents.PutToken(ctx, joinToken("h")))
	var in atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if _, err := s.Agents.Enrol(ctx, "h", at0, agents.Agent{ID: agents.ID(rune('a' + i))}); err == nil {
				in.Add(1)
			}
		})
	}
	wg.Wait()
	equal(t, in.Load(), int32(1))
	equal(t, len(got(s.Agents.List(ctx))(t)), 1)
}

var tokenCases = []testCase{{"OK", tokensOK}}

func tokensOK(t *testing.T, ctx context.Context, s Stores) {
	b, _ := access.New("b", access.Admin, at0, time.Hour)
	a, _ := access.New("a", access.Reader, at0, 0)
	must(t, s.Tokens.Put(ctx, b))
	must(t, s.Tokens.Put(ctx, a))
	equal(t, got(s.Tokens.ByHash(ctx, b.Hash))(t), b)
	equal(t, got(s.Tokens.List(ctx))(t), []access.Token{a, b})
	wantKind(t, s.Tokens.Put(ctx, access.Token{Name: "c", Role: access.Reader, Hash: a.Hash}), fault.Exists)
	wantKind(t, s.Tokens.Put(ctx, access.Token{Name: "c"}), fault.Invalid)
	old := b.Hash
	b, _ = access.New("b", access.Reader, at0, 0)
	must(t, s.Tokens.Put(ctx, b)) // replaces
	_, err := s.Tokens.ByHash(ctx, old)
	wantKind(t, err, fault.NotFound)
	must(t, s.Tokens.Delete(ctx, "b"))
	wantKind(t, s.Tokens.Delete(ctx, "b"), fault.NotFound)
	equal(t, got(s.Tokens.List(ctx))(t), []access.Token{a})
}
