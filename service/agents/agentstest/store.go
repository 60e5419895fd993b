package agentstest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/agents"
)

// Store keeps agents and tokens of all tenants in maps.
type Store struct {
	mu     sync.Mutex
	tokens map[key]agents.JoinToken
	agents map[key]agents.Agent
}

type key struct {
	tenant tenant.ID
	id     string
}

// New returns an empty store.
func New() *Store {
	return &Store{tokens: make(map[key]agents.JoinToken), agents: make(map[key]agents.Agent)}
}

// PutToken implements agents.Store.
func (s *Store) PutToken(ctx context.Context, t agents.JoinToken) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[key{tenant.From(ctx), t.Hash}] = t
	return nil
}

// Enrol implements agents.Store.
func (s *Store) Enrol(ctx context.Context, hash string, now time.Time, a agents.Agent) (agents.Agent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key{tenant.From(ctx), hash}
	t, ok := s.tokens[k]
	if !ok {
		return agents.Agent{}, fault.New(fault.Denied, "enrol agent", "the join token is not known")
	}
	if err := t.Usable(now); err != nil {
		return agents.Agent{}, err
	}
	t.Used = now
	s.tokens[k] = t
	a.Group = t.Group
	s.agents[key{tenant.From(ctx), string(a.ID)}] = a
	return a, nil
}

// Get implements agents.Store.
func (s *Store) Get(ctx context.Context, id agents.ID) (agents.Agent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.agents[key{tenant.From(ctx), string(id)}]
	if !ok {
		return agents.Agent{}, fault.New(fault.NotFound, "read agent", "no agent %s", id)
	}
	return a, nil
}

// List implements agents.Store.
func (s *Store) List(ctx context.Context) ([]agents.Agent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []agents.Agent
	for k, a := range s.agents {
		if k.tenant == tenant.From(ctx) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b agents.Agent) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// Revoke implements agents.Store.
func (s *Store) Revoke(ctx context.Context, id agents.ID, at time.Time) error {
	return s.change(ctx, id, func(a *agents.Agent) { a.Revoked = at })
}

// Move puts an agent into another group.
func (s *Store) Move(ctx context.Context, id agents.ID, group string) error {
	return s.change(ctx, id, func(a *agents.Agent) { a.Group = group })
}

func (s *Store) change(ctx context.Context, id agents.ID, f func(*agents.Agent)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key{tenant.From(ctx), string(id)}
	a, ok := s.agents[k]
	if !ok {
		return fault.New(fault.NotFound, "change agent", "no agent %s", id)
	}
	f(&a)
	s.agents[k] = a
	return nil
}

var _ agents.Store = (*Store)(nil)
