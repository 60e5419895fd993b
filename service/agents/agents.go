package agents

import (
	"context"
	"time"
)

// ID names an agent: a GUID without dashes, safe inside a subject.
type ID string

// Agent is one enrolled agent.
type Agent struct {
	ID       ID
	Group    string
	Name     string // host name it enrolled with
	Key      string // public nkey (U…)
	Enrolled time.Time
	Revoked  time.Time // zero while it may connect
	Version  string
	Groups   []string // names of the groups it is in; none: Group alone. Set by Get and List
}

// GroupNames returns the names of the groups the agent is in, one at least.
func (a Agent) GroupNames() []string {
	if len(a.Groups) == 0 {
		return []string{a.Group}
	}
	return a.Groups
}

// JoinToken lets one agent enrol once. Only the hash is stored.
type JoinToken struct {
	Hash    string // hex SHA-256 of the token
	Group   string
	Expires time.Time // at most 15 minutes after it was made
	Used    time.Time // zero until used
}

// Store keeps agents of the tenant in the context.
type Store interface {
	// PutToken stores a new token.
	PutToken(ctx context.Context, t JoinToken) error
	// Enrol uses the token with the hash up and stores the agent in the token's group, in one transaction. fault.Denied when the
	// token is unknown, expired at now, or used.
	Enrol(ctx context.Context, hash string, now time.Time, a Agent) (Agent, error)
	// Get returns an agent; fault.NotFound when absent.
	Get(ctx context.Context, id ID) (Agent, error)
	// List returns all agents in the order of name, revoked ones included.
	List(ctx context.Context) ([]Agent, error)
	// Revoke marks the agent at the time.
	Revoke(ctx context.Context, id ID, at time.Time) error
}
