package gateway

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nkeys"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/tunnel"
)

// MakeToken makes a join token with which one agent can enrol in the group, for the tenant of the context. The text is returned once and not
// kept; a life of 0 means agents.TokenLife, the longest.
func (g *Gateway) MakeToken(ctx context.Context, group string, life time.Duration) (text string, expires time.Time, err error) {
	t := tenant.From(ctx)
	if !tunnel.ValidToken(string(t)) {
		return "", time.Time{}, fault.New(fault.Denied, "make join token", "the context acts for no tenant")
	}
	text = tunnel.Join{Tenant: string(t), Secret: agents.NewSecret(), Pin: g.c.Pin}.String()
	token, err := agents.NewToken(text, group, time.Now(), life)
	if err == nil {
		err = g.c.Store.PutToken(ctx, token)
	}
	if err != nil {
		return "", time.Time{}, fault.Wrap(fault.Internal, "make join token", err)
	}
	return text, token.Expires, nil
}

// Enrol uses a join token up and gives the agent that shows it an identity in the token's group. The tenant comes from the token, which
// proves it: its hash is stored under that tenant only. fault.Denied when the token is unknown, used or expired.
func (g *Gateway) Enrol(ctx context.Context, r tunnel.EnrolRequest) (tunnel.EnrolReply, error) {
	join, err := tunnel.ParseJoin(r.Token)
	if err != nil {
		return tunnel.EnrolReply{}, err
	}
	if !nkeys.IsValidPublicUserKey(r.Key) {
		return tunnel.EnrolReply{}, fault.New(fault.Invalid, "enrol agent", "the public key is not a user nkey")
	}
	id := uuid.New()
	now := time.Now()
	a := agents.Agent{ID: agents.ID(hex.EncodeToString(id[:])), Name: r.Name, Key: r.Key, Enrolled: now, Version: r.Version}
	if err := a.Validate(); err != nil {
		return tunnel.EnrolReply{}, err
	}
	a, err = g.c.Store.Enrol(tenant.With(ctx, tenant.ID(join.Tenant)), agents.HashToken(r.Token), now, a)
	if err != nil {
		return tunnel.EnrolReply{}, fault.Wrap(fault.Internal, "enrol agent", err)
	}
	addr := tunnel.Address{Tenant: join.Tenant, Agent: string(a.ID)}
	text, expires, err := g.issuer.agent(addr, a.Key, now)
	if err != nil {
		return tunnel.EnrolReply{}, err
	}
	g.log.Info("agent enrolled", "event", "agent_enrolled", "tenant", addr.Tenant, "group", a.Group, "agent", a.ID, "name", a.Name)
	return tunnel.EnrolReply{Tenant: addr.Tenant, Agent: addr.Agent, Group: a.Group, JWT: text, Expires: expires, Trust: string(g.c.Trust())}, nil
}

// Renew gives an enrolled agent a fresh JWT. The request is signed with the agent's key. fault.Unauthenticated when the signature or the
// time is wrong, fault.Denied when the agent is revoked or unknown.
func (g *Gateway) Renew(ctx context.Context, r tunnel.RenewRequest) (tunnel.RenewReply, error) {
	addr := tunnel.Address{Tenant: r.Tenant, Agent: r.Agent}
	if err := addr.Validate(); err != nil {
		return tunnel.RenewReply{}, err
	}
	now := time.Now()
	if skew := now.Sub(time.Unix(r.Unix, 0)).Abs(); skew > tunnel.RenewSkew {
		return tunnel.RenewReply{}, fault.New(fault.Unauthenticated, "renew identity", "the agent's clock is off by %s", skew.Round(time.Second)).
			WithHint("set the clock of the agent's machine")
	}
	a, err := g.c.Store.Get(tenant.With(ctx, tenant.ID(r.Tenant)), agents.ID(r.Agent))
	if fault.Is(err, fault.NotFound) {
		return tunnel.RenewReply{}, fault.New(fault.Denied, "renew identity", "agent %s is not enrolled here", r.Agent).WithHint("enrol it with a new join token")
	}
	if err != nil {
		return tunnel.RenewReply{}, fault.Wrap(fault.Unavailable, "renew identity", err)
	}
	if err := verify(a.Key, r); err != nil {
		return tunnel.RenewReply{}, err
	}
	if !a.Active() {
		return tunnel.RenewReply{}, fault.New(fault.Denied, "renew identity", "agent %s was revoked at %s", r.Agent, a.Revoked.UTC().Format(time.RFC3339)).
			WithHint("enrol the agent again with a new join token if it shall come back")
	}
	text, expires, err := g.issuer.agent(addr, a.Key, now)
	return tunnel.RenewReply{JWT: text, Expires: expires, Trust: string(g.c.Trust())}, err
}

func verify(key string, r tunnel.RenewRequest) error {
	pub, err := nkeys.FromPublicKey(key)
	if err == nil {
		err = pub.Verify(r.Message(), r.Signature)
	}
	if err != nil {
		return fault.New(fault.Unauthenticated, "renew identity", "the signature is not that of agent %s", r.Agent)
	}
	return nil
}

// Revoke bars an agent of the tenant in the context for good and cuts its connection at once.
func (g *Gateway) Revoke(ctx context.Context, id agents.ID) error {
	a, err := g.c.Store.Get(ctx, id)
	if err != nil {
		return fault.Wrap(fault.Internal, "revoke agent", err)
	}
	if a.Active() {
		a.Revoked = time.Now()
		if err := g.c.Store.Revoke(ctx, id, a.Revoked); err != nil {
			return fault.Wrap(fault.Internal, "revoke agent", err)
		}
	}
	return g.cut(tunnel.Address{Tenant: string(tenant.From(ctx)), Agent: string(id)}, a)
}

// cut bars a revoked agent's key at the server and ends its presence.
func (g *Gateway) cut(addr tunnel.Address, a agents.Agent) error {
	if g.broker == nil {
		return g.issuer.revoke(nil, a.Key, a.Revoked)
	}
	// Identities carry whole seconds; one signed in the second of the revocation is barred too.
	if err := g.issuer.revoke(g.broker.srv, a.Key, a.Revoked.Add(time.Second)); err != nil {
		return err
	}
	var conn uint64
	if m := g.pool.find(func(m *member) bool { conn = m.beat.Conn; return m.addr == addr }); m != nil {
		g.lose(m, fault.New(fault.Unavailable, "reach agent", "agent %s was revoked", a.ID))
		g.broker.kick(conn)
	}
	g.log.Info("agent revoked", "event", "agent_revoked", "tenant", addr.Tenant, "agent", a.ID, "name", a.Name)
	return nil
}

// revokeStored bars the keys of all agents revoked so far: the server's list lives in memory only.
func (g *Gateway) revokeStored(ctx context.Context) error {
	for _, t := range g.c.Tenants {
		all, err := g.c.Store.List(tenant.With(ctx, t))
		if err != nil {
			return fault.Wrap(fault.Unavailable, "read revoked agents", err)
		}
		for _, a := range all {
			if a.Active() {
				continue
			}
			if err := g.issuer.revoke(nil, a.Key, a.Revoked.Add(time.Second)); err != nil {
				return err
			}
		}
	}
	return nil
}
