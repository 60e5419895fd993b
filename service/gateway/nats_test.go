package gateway

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/agents/agentstest"
	"github.com/sallyport-id/sallyport/tunnel"
	"github.com/sallyport-id/sallyport/tunnel/tunneltest"
)

func testIssuer(t testing.TB) *issuer {
	t.Helper()
	k, err := loadKeys(t.TempDir())
	must(t, err)
	is, err := newIssuer(k, time.Hour)
	must(t, err)
	return is
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// agentConn is what an agent with the address may use: its own identity, over WebSocket.
func agentConn(t testing.TB, is *issuer, b *broker, addr tunnel.Address, errs chan error) *nats.Conn {
	t.Helper()
	key, err := nkeys.CreateUser()
	must(t, err)
	pub, err := key.PublicKey()
	must(t, err)
	text, _, err := is.agent(addr, pub, time.Now())
	must(t, err)
	c, err := nats.Connect("ws://"+b.websocket, nats.NoReconnect(), nats.UserJWT(func() (string, error) { return text, nil }, key.Sign),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { errs <- err }))
	must(t, err)
	t.Cleanup(c.Close)
	return c
}

type carrier struct{ *nats.Conn }

func (c carrier) Subscribe(subject string, deliver func(string, []byte)) (func(), error) {
	return subscribe(c.Conn, subject, deliver)
}

func TestConformanceOverNATS(t *testing.T) {
	is := testIssuer(t)
	b, err := startBroker(is, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(b.close)
	tunneltest.Run(t, func(t testing.TB, addr tunnel.Address) (tunnel.Carrier, tunnel.Carrier) {
		return b, carrier{agentConn(t, is, b, addr, make(chan error, 16))}
	})
}

func TestAgentCannotLeaveItsSubjects(t *testing.T) {
	is := testIssuer(t)
	b, err := startBroker(is, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(b.close)
	mine, other := tunnel.Address{Tenant: "acme", Agent: "a1"}, tunnel.Address{Tenant: "acme", Agent: "a2"}
	foreign := tunnel.Address{Tenant: "other", Agent: "a1"}
	heard := make(chan string, 16)
	stop, err := b.Subscribe("t.>", func(s string, _ []byte) { heard <- s })
	must(t, err)
	defer stop()
	errs := make(chan error, 16)
	c := agentConn(t, is, b, mine, errs)
	refused := func(what string, err error) {
		t.Helper()
		must(t, err)
		must(t, c.Flush())
		if err := <-errs; !strings.Contains(strings.ToLower(err.Error()), "permissions violation") {
			t.Fatalf("%s: %v", what, err)
		}
	}
	for _, s := range []string{other.Answers(1), foreign.Answers(1), other.Requests(), mine.Requests(), foreign.Beats(), "$SYS.REQ.SERVER.PING", "_INBOX.x"} {
		refused("publish "+s, c.Publish(s, nil))
	}
	for _, s := range []string{other.Requests(), foreign.Requests(), "t.>", "t.acme.a.*.req", mine.Answers(1), ">", "$SYS.>"} {
		_, err := c.SubscribeSync(s)
		refused("subscribe "+s, err)
	}
	must(t, c.Publish(mine.Answers(1), nil))
	if got := <-heard; got != mine.Answers(1) {
		t.Fatalf("%s came through", got)
	}
}

func TestKeysArePrivateAndKept(t *testing.T) {
	dir := t.TempDir()
	first, err := loadKeys(dir)
	must(t, err)
	second, err := loadKeys(dir)
	must(t, err)
	a, _ := first.operator.PublicKey()
	b, _ := second.operator.PublicKey()
	if a == "" || a != b {
		t.Fatal("the operator changed")
	}
}

func testGateway(t *testing.T) (*Gateway, context.Context) {
	t.Helper()
	g, err := New(Config{Dir: t.TempDir(), Store: agentstest.New(), Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	return g, tenant.With(t.Context(), "acme")
}

func TestJoinTokenIsGoodOnce(t *testing.T) {
	g, ctx := testGateway(t)
	token, _, err := g.MakeToken(ctx, "site", 0)
	must(t, err)
	key, _ := nkeys.CreateUser()
	pub, _ := key.PublicKey()
	out, err := g.Enrol(t.Context(), tunnel.EnrolRequest{Token: token, Name: "h", Key: pub})
	must(t, err)
	if out.Group != "site" || out.Tenant != "acme" || out.JWT == "" {
		t.Fatalf("%+v", out)
	}
	for name, text := range map[string]string{"again": token, "other tenant": strings.Replace(token, "acme", "evil", 1)} {
		if _, err := g.Enrol(t.Context(), tunnel.EnrolRequest{Token: text, Name: "h", Key: pub}); !fault.Is(err, fault.Denied) || strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := g.MakeToken(ctx, "site", time.Hour); !fault.Is(err, fault.Invalid) {
		t.Errorf("a token for an hour: %v", err)
	}
}

func TestRenewalProvesTheKey(t *testing.T) {
	g, ctx := testGateway(t)
	token, _, err := g.MakeToken(ctx, "site", 0)
	must(t, err)
	key, _ := nkeys.CreateUser()
	pub, _ := key.PublicKey()
	who, err := g.Enrol(t.Context(), tunnel.EnrolRequest{Token: token, Name: "h", Key: pub})
	must(t, err)
	sign := func(k nkeys.KeyPair, at time.Time) tunnel.RenewRequest {
		r := tunnel.RenewRequest{Tenant: who.Tenant, Agent: who.Agent, Unix: at.Unix()}
		r.Signature, _ = k.Sign(r.Message())
		return r
	}
	_, err = g.Renew(ctx, sign(key, time.Now()))
	must(t, err)
	stranger, _ := nkeys.CreateUser()
	stale := sign(key, time.Now().Add(-time.Minute))
	stale.Unix = time.Now().Unix()
	unknown := sign(key, time.Now())
	unknown.Agent = "nobody"
	for name, c := range map[string]struct {
		r    tunnel.RenewRequest
		kind fault.Kind
	}{
		"another key":    {sign(stranger, time.Now()), fault.Unauthenticated},
		"an old message": {sign(key, time.Now().Add(-time.Hour)), fault.Unauthenticated},
		"a changed time": {stale, fault.Unauthenticated},
		"unknown agent":  {unknown, fault.Denied},
	} {
		if _, err := g.Renew(ctx, c.r); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
