package gateway

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/tunnel"
)

// Config is what a gateway needs. Dir, Store and Logger are required.
type Config struct {
	Dir     string       // folder for the deployment's keys; made 0700, files 0600
	Store   agents.Store // agents and tokens; the gateway sets the tenant in the context
	Logger  *slog.Logger
	Tenants []tenant.ID // tenants whose agents may connect; nil means the default one

	// Trust returns the PEM certificates agents shall trust for this service, newest first; nil or empty means their system's.
	Trust func() []byte
	// Pin is the pin (tunnel.Pin) of a certificate in the chain the service presents; it goes into join tokens. "" for publicly trusted ones.
	Pin string

	RequestTimeout time.Duration // for requests without an earlier deadline; 0 means 1 min
	AcceptWithin   time.Duration // silence after which an agent counts as unreachable for a request; 0 means 2 s
	Beat           time.Duration // how often agents report; missing about two and a half counts as gone; 0 means 5 s
	Grace          time.Duration // how long a request waits for an agent to come back when the group had one just before; 0 means 5 s
	Identity       time.Duration // life of an agent's JWT; 0 means 24 h
}

// Gateway is the service's end of all tunnels. Make it with New; it is safe for concurrent use.
type Gateway struct {
	c      Config
	log    *slog.Logger
	issuer *issuer
	broker *broker
	caller *tunnel.Caller
	pool   *pool
	limit  *limiter
	proxy  *proxy

	ended     recent        // connections that ended
	newcomers chan newcomer // agents waiting to be admitted

	stop    context.CancelFunc
	running sync.WaitGroup
}

// New checks the configuration and loads or makes the deployment's keys. Start begins.
func New(c Config) (*Gateway, error) {
	if c.Dir == "" || c.Store == nil || c.Logger == nil {
		return nil, fault.New(fault.Invalid, "make gateway", "Dir, Store and Logger are required")
	}
	c.defaults()
	keys, err := loadKeys(c.Dir)
	if err != nil {
		return nil, err
	}
	is, err := newIssuer(keys, c.Identity)
	if err != nil {
		return nil, err
	}
	return &Gateway{c: c, log: c.Logger, issuer: is, pool: newPool(c.Grace, time.Now), limit: newLimiter(), proxy: newProxy(c.Logger), newcomers: make(chan newcomer, 1024)}, nil
}

func (c *Config) defaults() {
	or := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	or(&c.RequestTimeout, time.Minute)
	or(&c.AcceptWithin, 2*time.Second)
	or(&c.Beat, 5*time.Second)
	or(&c.Grace, 5*time.Second)
	or(&c.Identity, 24*time.Hour)
	if c.Tenants == nil {
		c.Tenants = []tenant.ID{tenant.Default}
	}
	if c.Trust == nil {
		c.Trust = func() []byte { return nil }
	}
}

// Start runs the embedded server and begins to listen to agents. Revocations are read from the store first. Close ends it; so does an error.
func (g *Gateway) Start(ctx context.Context) error {
	if err := g.revokeStored(ctx); err != nil {
		return err
	}
	b, err := startBroker(g.issuer, g.log)
	if err != nil {
		return err
	}
	g.broker = b
	g.proxy.to = b.websocket
	g.caller = tunnel.NewCaller(tunnel.CallerConfig{
		ID: randomID(), Publish: b, Now: time.Now, AcceptWithin: g.c.AcceptWithin, MaxBudget: g.c.RequestTimeout, Foreign: g.foreign,
	})
	if err := g.listen(); err != nil {
		b.close()
		return err
	}
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	g.stop = stop
	g.running.Go(func() { g.watch(watch) })
	return nil
}

// listen subscribes to answers, heartbeats and disconnections.
func (g *Gateway) listen() error {
	_, err := g.broker.Subscribe(g.caller.Inbox(), g.caller.Deliver)
	if err == nil {
		_, err = g.broker.Subscribe(tunnel.AllBeats, g.beat)
	}
	if err == nil {
		err = g.broker.disconnections(g.disconnected)
	}
	return fault.Wrap(fault.Internal, "start gateway", err)
}

// Close stops: open requests end as unavailable or unknown, agents are cut off and the server ends.
func (g *Gateway) Close() error {
	if g.broker == nil {
		return nil
	}
	g.stop()
	g.running.Wait()
	for _, m := range g.pool.all() {
		g.lose(m, fault.New(fault.Unavailable, "reach agent", "the gateway is stopping"))
	}
	g.proxy.close()
	g.broker.close()
	return nil
}

// Handler serves the three addresses agents use: tunnel.PathTunnel, PathEnrol and PathRenew. Mount it at all of them ("/tunnel" and
// "/tunnel/") on the service's TLS port, without a time limit on the connection.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+tunnel.PathTunnel, g.proxy)
	mux.HandleFunc("POST "+tunnel.PathEnrol, g.serveEnrol)
	mux.HandleFunc("POST "+tunnel.PathRenew, g.serveRenew)
	return mux
}

// Group returns a transport to the application that the agents of the group know as resource. It is cheap; nothing is checked until a request.
func (g *Gateway) Group(t tenant.ID, group, resource string) *Group {
	return &Group{g: g, tenant: t, group: group, resource: resource}
}

// foreign is told of answers from agents that were not asked: a broken or a hostile agent.
func (g *Gateway) foreign(subject, why string) {
	g.log.Warn("answer refused", "event", "foreign_answer", "subject", subject, "reason", why)
}

func randomID() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails; it ends the program instead
	return binary.BigEndian.Uint64(b[:])
}

var _ tunnel.Carrier = (*broker)(nil)
var _ http.RoundTripper = (*Group)(nil)
