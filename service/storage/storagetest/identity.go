package storagetest

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/identity"
)

var identityCases = []testCase{{"OK", clientsOK}, {"ChangesDoNotLoseEachOther", clientsRace}, {"Sessions", sessionsOK}, {"ASessionEndsOnce", sessionsRace}, {"Tenants", clientsTenants}}

func newClient(t testing.TB, name string) identity.Client {
	t.Helper()
	c := got(identity.NewClient(name, at0))(t)
	c, _, err := c.AddSecret(at0, time.Hour)
	must(t, err)
	return c
}

func clientsOK(t *testing.T, ctx context.Context, s Stores) {
	b, a := newClient(t, "Beta"), newClient(t, "alpha")
	must(t, s.Clients.AddClient(ctx, b))
	must(t, s.Clients.AddClient(ctx, a))
	equal(t, got(s.Clients.Client(ctx, b.ID))(t), b)
	equal(t, got(s.Clients.ListClients(ctx))(t), []identity.Client{a, b})
	wantKind(t, s.Clients.AddClient(ctx, b), fault.Exists)
	wantKind(t, s.Clients.AddClient(ctx, newClient(t, "BETA")), fault.Exists)
	wantKind(t, s.Clients.AddClient(ctx, identity.Client{ID: "x", Name: "x"}), fault.Invalid)
	b = got(s.Clients.ChangeClient(ctx, b.ID, func(c identity.Client) (identity.Client, error) {
		c.Name, c.ID = "gamma", "ignored"
		return c, nil
	}))(t)
	equal(t, got(s.Clients.Client(ctx, b.ID))(t), b)
	equal(t, b.Name, "gamma")
	_, err := s.Clients.ChangeClient(ctx, b.ID, func(c identity.Client) (identity.Client, error) { c.Name = "Alpha"; return c, nil })
	wantKind(t, err, fault.Exists)
	must(t, s.Grants.Grant(ctx, access.Grant{Subject: b.Subject(), Role: access.Reader}))
	must(t, s.Clients.DeleteClient(ctx, b.ID))
	wantKind(t, s.Clients.DeleteClient(ctx, b.ID), fault.NotFound)
	_, err = s.Clients.Client(ctx, b.ID)
	wantKind(t, err, fault.NotFound)
	_, err = s.Clients.ChangeClient(ctx, b.ID, func(c identity.Client) (identity.Client, error) { return c, nil })
	wantKind(t, err, fault.NotFound)
	equal(t, len(got(s.Grants.Granted(ctx, b.Subject()))(t)), 0)
}

func clientsRace(t *testing.T, ctx context.Context, s Stores) {
	c := newClient(t, "race")
	must(t, s.Clients.AddClient(ctx, c))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			_, err := s.Clients.ChangeClient(ctx, c.ID, func(c identity.Client) (identity.Client, error) { c.Name += "x"; return c, nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	equal(t, got(s.Clients.Client(ctx, c.ID))(t).Name, "race"+strings.Repeat("x", 16))
}

func sessionsOK(t *testing.T, ctx context.Context, s Stores) {
	end := func(ctx context.Context, jti string, life time.Duration) bool {
		return got(s.Sessions.End(ctx, jti, time.Now().Add(life)))(t)
	}
	equal(t, end(ctx, "a", time.Hour), true)
	equal(t, end(ctx, "a", time.Hour), false)
	equal(t, end(stranger(t), "a2", time.Hour), true)
	equal(t, end(ctx, "a2", time.Hour), true) // another tenant's mark is not this one's
	equal(t, got(s.Sessions.Ended(ctx, "a"))(t), true)
	equal(t, got(s.Sessions.Ended(ctx, "b"))(t), false)
	equal(t, got(s.Sessions.Ended(stranger(t), "a"))(t), false)
	end(ctx, "old", -2*time.Hour)
	end(ctx, "c", time.Hour) // sweeps what has expired
	equal(t, got(s.Sessions.Ended(ctx, "old"))(t), false)
	equal(t, got(s.Sessions.Ended(ctx, "a"))(t), true)
}

// sessionsRace marks one token from many sides at once: one of them alone was the first.
func sessionsRace(t *testing.T, ctx context.Context, s Stores) {
	var first atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			won, err := s.Sessions.End(ctx, "race", time.Now().Add(time.Hour))
			if err != nil {
				t.Error(err)
			}
			if won {
				first.Add(1)
			}
		})
	}
	wg.Wait()
	equal(t, first.Load(), int32(1))
}

func clientsTenants(t *testing.T, ctx context.Context, s Stores) {
	c, other := newClient(t, "one"), stranger(t)
	must(t, s.Clients.AddClient(ctx, c))
	_, err := s.Clients.Client(other, c.ID)
	wantKind(t, err, fault.NotFound)
	_, err = s.Clients.ChangeClient(other, c.ID, func(c identity.Client) (identity.Client, error) { return c, nil })
	wantKind(t, err, fault.NotFound)
	wantKind(t, s.Clients.DeleteClient(other, c.ID), fault.NotFound)
	equal(t, len(got(s.Clients.ListClients(other))(t)), 0)
	must(t, s.Clients.AddClient(other, c)) // ids and names are a tenant's own
	equal(t, len(got(s.Clients.ListClients(ctx))(t)), 1)
	_, err = s.Clients.Client(t.Context(), c.ID)
	wantKind(t, err, fault.Internal)
}
