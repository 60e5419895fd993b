package gateway

import (
	"container/list"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/tunnel"
)

// member is an agent that is present. The pool's mutex guards what changes.
type member struct {
	addr    tunnel.Address
	groups  []groupKey // those it is in, the first one first in listings
	agent   agents.Agent
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]

	beat     tunnel.Beat
	seen     time.Time // when the last beat came
	since    time.Time
	inFlight int
	used     uint64 // order of the last use, to take turns among equals
}

type groupKey struct {
	tenant tenant.ID
	name   string
}

// pool keeps who is present and chooses.
type pool struct {
	grace time.Duration
	now   func() time.Time

	mu      sync.Mutex
	members map[tunnel.Address]*member
	groups  map[groupKey]*groupState
	turn    uint64
}

// groupState is a group that has, or had, an agent present.
type groupState struct {
	members  []*member
	waiters  list.List // of chan struct{}: requests that wait for room or for an agent to come back
	lastSeen time.Time // when the last agent left
}

func newPool(grace time.Duration, now func() time.Time) *pool {
	return &pool{grace: grace, now: now, members: make(map[tunnel.Address]*member), groups: make(map[groupKey]*groupState)}
}

const (
	breakAfter = 3               // failures in a row
	breakFor   = 5 * time.Second // until one request may try again
)

// put makes an agent present, or renews what is known of it.
func (p *pool) put(addr tunnel.Address, a agents.Agent, b tunnel.Beat) *member {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.members[addr]
	if m == nil {
		m = &member{addr: addr, groups: keysOf(addr, a), since: p.now(), breaker: newBreaker(addr.Agent)}
		p.members[addr] = m
		p.attach(m)
	}
	m.agent, m.beat, m.seen = a, b, p.now()
	p.wakeAll(m)
	return m
}

// keysOf returns the groups an agent is in.
func keysOf(addr tunnel.Address, a agents.Agent) []groupKey {
	var keys []groupKey
	for _, name := range a.GroupNames() {
		keys = append(keys, groupKey{tenant.ID(addr.Tenant), name})
	}
	return keys
}

// wakeAll lets everybody look again who waits for an agent of one of the member's groups; mu is held.
func (p *pool) wakeAll(m *member) {
	for _, key := range m.groups {
		p.groups[key].wakeAll()
	}
}

func newBreaker(name string) *gobreaker.TwoStepCircuitBreaker[struct{}] {
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name: name, Timeout: breakFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakAfter },
	})
}

// regroup moves an agent that is present to the groups the store now says.
func (p *pool) regroup(m *member, a agents.Agent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.members[m.addr] != m {
		return
	}
	p.detach(m)
	m.agent, m.groups = a, keysOf(m.addr, a)
	p.attach(m)
	p.wakeAll(m)
}

// hear takes a heartbeat of an agent that is present; false when it is not.
func (p *pool) hear(addr tunnel.Address, b tunnel.Beat) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.members[addr]
	if m == nil {
		return false
	}
	changed := m.beat.Draining != b.Draining || m.beat.MaxInFlight != b.MaxInFlight || !slices.Equal(m.beat.Resources, b.Resources)
	m.beat, m.seen = b, p.now()
	if changed {
		p.wakeAll(m)
	}
	return true
}

// remove makes an agent absent; false when it was not present.
func (p *pool) remove(m *member) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.members[m.addr] != m {
		return false
	}
	delete(p.members, m.addr)
	p.detach(m)
	return true
}

func (p *pool) attach(m *member) {
	for _, key := range m.groups {
		g := p.groups[key]
		if g == nil {
			g = &groupState{}
			p.groups[key] = g
		}
		g.members = append(g.members, m)
	}
}

func (p *pool) detach(m *member) {
	for _, key := range m.groups {
		g := p.groups[key]
		g.members = slices.DeleteFunc(g.members, func(x *member) bool { return x == m })
		g.lastSeen = p.now()
		g.wakeAll()
	}
}

// all returns who is present now.
func (p *pool) all() []*member {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]*member, 0, len(p.members))
	for _, m := range p.members {
		out = append(out, m)
	}
	return out
}

// find returns the present agent that match accepts, or nil. match runs with the pool locked.
func (p *pool) find(match func(*member) bool) *member {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.members {
		if match(m) {
			return m
		}
	}
	return nil
}

// lease is one agent chosen for one request.
type lease struct {
	*member
	done func(error) // to the breaker; nil when it was bypassed
}

// acquire chooses an agent of the group that serves the resource and is not in tried: the least in flight, in turns among equals. When all
// are full it waits for room; when the group lost its last agent just now, it waits a little for it to come back. fault.Unavailable when
// there is none, fault.Timeout when ctx ended first.
func (p *pool) acquire(ctx context.Context, key groupKey, resource string, tried []*member) (lease, error) {
	var grace <-chan time.Time
	for {
		p.mu.Lock()
		l, st := p.choose(key, resource, tried)
		if st == chosen {
			p.mu.Unlock()
			return l, nil
		}
		left := p.graceLeft(key)
		if st == absent && left <= 0 {
			err := p.none(key, resource, tried)
			p.mu.Unlock()
			return lease{}, err
		}
		g := p.groups[key]
		wake := make(chan struct{}, 1)
		place := g.waiters.PushBack(wake)
		p.mu.Unlock()
		if st == absent {
			grace = time.After(left)
		}
		select {
		case <-wake:
		case <-grace:
			p.leave(g, place)
		case <-ctx.Done():
			p.leave(g, place)
			return lease{}, fault.Wrap(fault.Timeout, "wait for an agent with room", context.Cause(ctx))
		}
	}
}

type choice uint8

const (
	absent choice = iota // nobody serves this
	full                 // somebody does, without room
	chosen
)

// choose picks an agent; mu is held. Agents whose breaker is open are taken only when there is no other.
func (p *pool) choose(key groupKey, resource string, tried []*member) (lease, choice) {
	g := p.groups[key]
	if g == nil {
		return lease{}, absent
	}
	found := absent
	for _, broken := range []bool{false, true} {
		var best *member
		for _, m := range g.members {
			if m.beat.Draining || slices.Contains(tried, m) || !slices.Contains(m.beat.Resources, resource) || (m.breaker.State() == gobreaker.StateOpen) != broken {
				continue
			}
			if found = max(found, full); m.inFlight < m.beat.MaxInFlight && (best == nil || better(m, best)) {
				best = m
			}
		}
		if best != nil {
			return p.take(best), chosen
		}
		if found == full {
			return lease{}, full
		}
	}
	return lease{}, found
}

func better(m, than *member) bool {
	if m.inFlight != than.inFlight {
		return m.inFlight < than.inFlight
	}
	return m.used < than.used
}

func (p *pool) take(m *member) lease {
	p.turn++
	m.used = p.turn
	m.inFlight++
	done, err := m.breaker.Allow()
	if err != nil {
		done = nil
	}
	return lease{m, done}
}

// free gives the place back. failed tells the breaker that the agent did not answer; nil that it did.
func (p *pool) free(l lease, failed error) {
	if l.done != nil {
		l.done(failed)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l.inFlight--
	for _, key := range l.groups {
		p.groups[key].wakeOne()
	}
}

// leave takes a request out of the queue; a wake-up it can no longer use goes to the next.
func (p *pool) leave(g *groupState, place *list.Element) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if wake := place.Value.(chan struct{}); len(wake) > 0 {
		g.wakeOne()
		return
	}
	g.waiters.Remove(place)
}

// wakeOne lets the request that waits longest look again. In a group of several resources the freed agent may not serve that request's; then
// all must look.
func (g *groupState) wakeOne() {
	if !g.uniform() {
		g.wakeAll()
		return
	}
	if e := g.waiters.Front(); e != nil {
		g.waiters.Remove(e).(chan struct{}) <- struct{}{}
	}
}

func (g *groupState) wakeAll() {
	for e := g.waiters.Front(); e != nil; e = g.waiters.Front() {
		g.waiters.Remove(e).(chan struct{}) <- struct{}{}
	}
}

// uniform reports whether all agents of the group serve the same resources.
func (g *groupState) uniform() bool {
	for _, m := range g.members[min(1, len(g.members)):] {
		if !slices.Equal(m.beat.Resources, g.members[0].beat.Resources) {
			return false
		}
	}
	return true
}

// graceLeft is how much longer to wait for the group's last agent to come back; mu is held.
func (p *pool) graceLeft(key groupKey) time.Duration {
	g := p.groups[key]
	if g == nil || len(g.members) > 0 || g.lastSeen.IsZero() {
		return 0
	}
	return p.grace - p.now().Sub(g.lastSeen)
}

// none explains why there is no agent; mu is held.
func (p *pool) none(key groupKey, resource string, tried []*member) error {
	f := fault.New(fault.Unavailable, "choose agent", "no agent of group %q is connected", key.name).
		WithHint("start an agent of the group, or enrol one: make a token with `sallyport agents token --group %s` and run `sallyport agent enrol` where the application is", key.name)
	if g := p.groups[key]; g != nil && len(g.members) > 0 {
		f = fault.New(fault.Unavailable, "choose agent", "no connected agent of group %q serves the application %q", key.name, resource).
			WithHint("add %q to the applications in the configuration of an agent of group %s", resource, key.name)
		if len(tried) > 0 {
			f = fault.New(fault.Unavailable, "choose agent", "no other agent of group %q serves the application %q", key.name, resource).
				WithHint("a second agent in the group takes over when one fails")
		}
	}
	f.RetryAfter = 5 * time.Second
	return f.About(resource)
}
