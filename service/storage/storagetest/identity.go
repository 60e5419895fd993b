package storagetest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/identity"
)

var identityCases = []testCase{{"OK", clientsOK}, {"ChangesDoNotLoseEachOther", clientsRace}, {"Sessions", sessionsOK}, {"Tenants", clientsTenants}}

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
	must(t, s.Sessions.End(ctx, "a", time.Now().Add(time.Hour)))
	must(t, s.Sessions.End(ctx, "a", time.Now().Add(time.Hour)))
	equal(t, got(s.Sessions.Ended(ctx, "a"))(t), true)
	equal(t, got(s.Sessions.Ended(ctx, "b"))(t), false)
	equal(t, got(s.Sessions.Ended(stranger(t), "a"))(t), false)
	must(t, s.Sessions.End(ctx, "old", time.Now().Add(-2*time.Hour)))
	must(t, s.Sessions.End(ctx, "c", time.Now().Add(time.Hour))) // sweeps what has expired
	equal(t, got(s.Sessions.Ended(ctx, "old"))(t), false)
	equal(t, got(s.Sessions.Ended(ctx, "a"))(t), true)
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
