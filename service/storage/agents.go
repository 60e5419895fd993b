package storage

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/agents"
)

// Agents implements agents.Store.
type Agents struct{ base }

var _ agents.Store = (*Agents)(nil)

// NewAgents returns the agents kept in the engine.
func NewAgents(e Engine) *Agents { return &Agents{base{e}} }

const (
	putAgentToken Query = `INSERT INTO agent_token (tenant, hash, grp, expires, used) VALUES ($1, $2, $3, $4, $5)`

	getAgentToken Query = `SELECT grp, expires, used FROM agent_token WHERE tenant = $1 AND hash = $2`

	useAgentToken Query = `UPDATE agent_token SET used = $3 WHERE tenant = $1 AND hash = $2 AND used = 0`

	putAgent Query = `INSERT INTO agent (tenant, id, grp, name, pubkey, enrolled, revoked, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

	getAgent Query = `SELECT id, grp, name, pubkey, enrolled, revoked, version FROM agent WHERE tenant = $1 AND id = $2`

	listAgents Query = `SELECT id, grp, name, pubkey, enrolled, revoked, version FROM agent WHERE tenant = $1 ORDER BY name, id`

	revokeAgent Query = `UPDATE agent SET revoked = CASE WHEN revoked = 0 THEN $3 ELSE revoked END WHERE tenant = $1 AND id = $2`
)

// PutToken stores a new token; fault.Exists when the hash is there already.
func (s *Agents) PutToken(ctx context.Context, t agents.JoinToken) error {
	return s.write(ctx, "store join token", func(tx tx) error {
		_, err := tx.exec(putAgentToken, t.Hash, t.Group, moment(t.Expires), moment(t.Used))
		return err
	})
}

// Enrol uses the token up and stores the agent in the token's group, in one transaction, so that of two agents with one token
// one alone gets in. fault.Denied when the token is unknown, expired at now, or used; fault.Exists when the agent is enrolled already.
func (s *Agents) Enrol(ctx context.Context, hash string, now time.Time, a agents.Agent) (agents.Agent, error) {
	const op = "enrol agent"
	err := s.write(ctx, op, func(tx tx) (err error) {
		if a.Group, err = tx.useToken(op, hash, now); err != nil {
			return err
		}
		_, err = tx.exec(putAgent, string(a.ID), a.Group, a.Name, a.Key, moment(a.Enrolled), moment(a.Revoked), a.Version)
		return err
	})
	return a, err
}

func (t tx) useToken(op, hash string, now time.Time) (group string, err error) {
	var expires, used int64
	found, err := t.one(getAgentToken, []any{hash}, &group, &expires, &used)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", refusedToken(op, "the join token is not known")
	case used != 0:
		return "", refusedToken(op, "the join token has been used")
	case !now.Before(when(expires)):
		return "", refusedToken(op, "the join token has expired")
	}
	n, err := t.exec(useAgentToken, hash, moment(now))
	if err == nil && n == 0 {
		err = refusedToken(op, "the join token has been used")
	}
	return group, err
}

func refusedToken(op, why string) error {
	return fault.New(fault.Denied, op, "%s", why).WithHint("make a new join token in the service and enrol with it within its minutes")
}

// Get returns an agent; fault.NotFound when absent.
func (s *Agents) Get(ctx context.Context, id agents.ID) (agents.Agent, error) {
	as, err := s.list(ctx, "get agent", getAgent, string(id))
	if err == nil && len(as) == 0 {
		err = absent("get agent", string(id))
	}
	if err != nil {
		return agents.Agent{}, err
	}
	return as[0], nil
}

// List returns all agents in the order of name, revoked ones included.
func (s *Agents) List(ctx context.Context) ([]agents.Agent, error) {
	return s.list(ctx, "list agents", listAgents)
}

func (s *Agents) list(ctx context.Context, op string, q Query, args ...any) (as []agents.Agent, err error) {
	err = s.read(ctx, op, func(tx tx) error {
		as = nil
		err := tx.each(q, args, func(r Rows) error {
			var a agents.Agent
			var enrolled, revoked int64
			err := r.Scan(&a.ID, &a.Group, &a.Name, &a.Key, &enrolled, &revoked, &a.Version)
			a.Enrolled, a.Revoked = when(enrolled), when(revoked)
			as = append(as, a)
			return err
		})
		if err != nil {
			return err
		}
		return tx.nameGroups(as)
	})
	return as, err
}

// Revoke marks the agent at the time; one that is revoked already keeps its time. fault.NotFound when absent.
func (s *Agents) Revoke(ctx context.Context, id agents.ID, at time.Time) error {
	const op = "revoke agent"
	return s.write(ctx, op, func(tx tx) error {
		n, err := tx.exec(revokeAgent, string(id), moment(at))
		if err != nil || n == 0 {
			return orAbsent(err, op, string(id))
		}
		return nil
	})
}
