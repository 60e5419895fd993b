package gateway

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/tunnel"
)

// Presence is one agent that is connected now.
type Presence struct {
	Tenant      tenant.ID
	Agent       agents.ID
	Group       string
	Name        string
	Version     string
	Since       time.Time // connected
	LastBeat    time.Time
	InFlight    int // requests the gateway has given it
	MaxInFlight int
	Draining    bool
	Resources   []string
}

// Agents lists the agents connected now, in the order of tenant, group, name and id.
func (g *Gateway) Agents() []Presence {
	g.pool.mu.Lock()
	defer g.pool.mu.Unlock()
	out := make([]Presence, 0, len(g.pool.members))
	for _, m := range g.pool.members {
		out = append(out, Presence{
			Tenant: tenant.ID(m.addr.Tenant), Agent: m.agent.ID, Group: m.agent.GroupNames()[0], Name: m.agent.Name, Version: m.beat.Build, Since: m.since, LastBeat: m.seen,
			InFlight: m.inFlight, MaxInFlight: m.beat.MaxInFlight, Draining: m.beat.Draining, Resources: slices.Clone(m.beat.Resources),
		})
	}
	slices.SortFunc(out, func(a, b Presence) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Agent, b.Agent))
	})
	return out
}

// beat takes a heartbeat. The subject proves which agent sent it. Beats of a connection that has ended since are left alone.
func (g *Gateway) beat(subject string, msg []byte) {
	addr, ok := tunnel.ParseSubject(subject)
	f, err := tunnel.ParseFrame(msg)
	if !ok || err != nil || f.Type != tunnel.TypeBeat {
		return
	}
	b, err := tunnel.ParseBeat(f)
	if err != nil {
		g.log.Warn("heartbeat refused", "agent", addr.Agent, "reason", err)
		return
	}
	if b.Max < tunnel.MinVersion || b.Min > tunnel.Version {
		g.log.Warn("agent refused", "agent", addr.Agent, "build", b.Build, "reason", "it speaks another version of the tunnel; update the older of agent and service")
		return
	}
	if g.ended.has(b.Conn) {
		return
	}
	if g.pool.hear(addr, b) {
		g.welcome(addr, b)
		return
	}
	select {
	case g.newcomers <- newcomer{addr, b}:
	default: // it will beat again
	}
}

// newcomer is an agent whose beat came while it was not present. The store is asked about it outside the subscription, which must not wait.
type newcomer struct {
	addr tunnel.Address
	beat tunnel.Beat
}

// admit makes an agent present if the store knows it and has not revoked it.
func (g *Gateway) admit(ctx context.Context, addr tunnel.Address, b tunnel.Beat) {
	if g.pool.hear(addr, b) { // it beat twice before its turn came
		g.welcome(addr, b)
		return
	}
	ctx, cancel := context.WithTimeout(tenant.With(ctx, tenant.ID(addr.Tenant)), 5*time.Second)
	defer cancel()
	a, err := g.c.Store.Get(ctx, agents.ID(addr.Agent))
	if err == nil && !a.Active() {
		err = fault.New(fault.Denied, "admit agent", "it was revoked at %s", a.Revoked.UTC().Format(time.RFC3339))
	}
	if err != nil {
		g.log.Warn("agent refused", "event", "agent_refused", "tenant", addr.Tenant, "agent", addr.Agent, "reason", err)
		return
	}
	m := g.pool.put(addr, a, b)
	if g.ended.has(b.Conn) { // it left while the store was asked
		g.lose(m, fault.New(fault.Unavailable, "reach agent", "the agent disconnected"))
		return
	}
	g.log.Info("agent connected", "event", "agent_connected", "tenant", addr.Tenant, "group", a.Group, "agent", addr.Agent, "name", a.Name, "version", b.Build)
	g.welcome(addr, b)
}

func (g *Gateway) welcome(addr tunnel.Address, b tunnel.Beat) {
	w := tunnel.AppendWelcome(make([]byte, 0, 48), tunnel.Welcome{Echo: b.Sent, Now: time.Now()})
	if err := g.broker.Publish(addr.Requests(), w); err != nil {
		g.log.Warn("heartbeat not answered", "agent", addr.Agent, "reason", err)
	}
}

// disconnected takes the server's word that a connection ended. If the agent has beaten on a newer one since, it is still here.
func (g *Gateway) disconnected(key string, conn uint64, reason string) {
	g.ended.add(conn)
	if m := g.pool.find(func(m *member) bool { return m.agent.Key == key && m.beat.Conn == conn }); m != nil {
		g.lose(m, fault.New(fault.Unavailable, "reach agent", "agent %s disconnected: %s", m.addr.Agent, reason))
	}
}

// lose makes an agent absent and ends what it was asked to do.
func (g *Gateway) lose(m *member, why *fault.Error) {
	if !g.pool.remove(m) { // after this nobody changes m
		return
	}
	g.caller.Lost(m.addr, why)
	g.log.Info("agent gone", "event", "agent_gone", "tenant", m.addr.Tenant, "groups", m.agent.GroupNames(), "agent", m.addr.Agent, "name", m.agent.Name, "reason", why.Err)
}

// watch looks for agents that fell silent and for changes in the store, until ctx ends.
func (g *Gateway) watch(ctx context.Context) {
	silence, store := time.NewTicker(g.c.Beat/5), time.NewTicker(2*time.Second)
	defer silence.Stop()
	defer store.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-g.newcomers:
			g.admit(ctx, n.addr, n.beat)
		case <-silence.C:
			g.dropSilent(time.Now())
		case <-store.C:
			g.reconcile(ctx)
		}
	}
}

// dropSilent loses agents that missed about two and a half beats: frozen, or behind a link that swallows. Their connection is ended too, so that
// an agent that thaws must come back in order.
func (g *Gateway) dropSilent(now time.Time) {
	limit := g.c.Beat*5/2 + g.c.Beat/10
	for {
		var conn uint64
		m := g.pool.find(func(m *member) bool { conn = m.beat.Conn; return now.Sub(m.seen) > limit })
		if m == nil {
			return
		}
		g.lose(m, fault.New(fault.Unavailable, "reach agent", "agent %s has not been heard for %s", m.addr.Agent, limit))
		g.broker.kick(conn)
	}
}

// Regroup reads again in which groups a tenant's agents are, for an administrator who has just moved one.
func (g *Gateway) Regroup(ctx context.Context, t tenant.ID) { g.reconcileTenant(ctx, t) }

// reconcile brings presence in line with the store: another process may have revoked an agent or moved it to another group.
func (g *Gateway) reconcile(ctx context.Context) {
	for _, t := range g.c.Tenants {
		g.reconcileTenant(ctx, t)
	}
}

func (g *Gateway) reconcileTenant(ctx context.Context, t tenant.ID) {
	all, err := g.c.Store.List(tenant.With(ctx, t))
	if err != nil {
		if ctx.Err() == nil {
			g.log.Warn("agents not read", "tenant", t, "reason", err)
		}
		return
	}
	for _, a := range all {
		g.align(t, a)
	}
}

func (g *Gateway) align(t tenant.ID, a agents.Agent) {
	addr := tunnel.Address{Tenant: string(t), Agent: string(a.ID)}
	moved := g.pool.find(func(m *member) bool { return m.addr == addr && !slices.Equal(m.agent.GroupNames(), a.GroupNames()) })
	if !a.Active() {
		if g.issuer.revoked(a.Key, a.Revoked) {
			return
		}
		if err := g.cut(addr, a); err != nil {
			g.log.Error("agent not cut off", "agent", a.ID, "reason", err)
		}
		return
	}
	if moved != nil {
		g.pool.regroup(moved, a)
	}
}
