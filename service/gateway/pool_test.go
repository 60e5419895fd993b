package gateway

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/agents"
	"github.com/sallyport-id/sallyport/tunnel"
)

var site = groupKey{"acme", "site"}

func addr(id string) tunnel.Address { return tunnel.Address{Tenant: "acme", Agent: id} }

func join(p *pool, id string, room int, resources ...string) *member {
	return p.put(addr(id), agents.Agent{ID: agents.ID(id), Group: "site"}, tunnel.Beat{MaxInFlight: room, Resources: resources})
}

func TestChoosesLeastInFlightInTurns(t *testing.T) {
	p := newPool(0, time.Now)
	join(p, "a", 10, "hr")
	join(p, "b", 10, "hr")
	join(p, "c", 10, "other")
	count := map[string]int{}
	for range 10 {
		l, err := p.acquire(t.Context(), site, "hr", nil)
		must(t, err)
		count[l.addr.Agent]++
	}
	if count["a"] != 5 || count["b"] != 5 {
		t.Fatalf("%v", count)
	}
}

func TestFullAgentsMakeRequestsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(0, time.Now)
		join(p, "a", 1, "hr")
		held, err := p.acquire(t.Context(), site, "hr", nil)
		must(t, err)
		got := make(chan error, 1)
		go func() {
			_, err := p.acquire(t.Context(), site, "hr", nil)
			got <- err
		}()
		synctest.Wait()
		if len(got) != 0 {
			t.Fatal("there was no room")
		}
		p.free(held, nil)
		must(t, <-got)
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(0, time.Now)
		join(p, "a", 1, "hr")
		_, err := p.acquire(t.Context(), site, "hr", nil)
		must(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.acquire(ctx, site, "hr", nil); !fault.Is(err, fault.Timeout) {
			t.Fatal(err)
		}
	})
}

func TestNoAgentSaysWhatToDo(t *testing.T) {
	p := newPool(0, time.Now)
	_, err := p.acquire(t.Context(), site, "hr", nil)
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "--group site") {
		t.Fatal(err)
	}
	join(p, "a", 1, "other")
	_, err = p.acquire(t.Context(), site, "hr", nil)
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "hr") {
		t.Fatal(err)
	}
	if _, err = p.acquire(t.Context(), groupKey{"evil", "site"}, "other", nil); !fault.Is(err, fault.Unavailable) {
		t.Fatal("another tenant reached the agent")
	}
}

func TestWaitsForAnAgentThatWasHereJustNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(5*time.Second, time.Now)
		p.remove(join(p, "a", 1, "hr"))
		go func() {
			<-time.After(3 * time.Second)
			join(p, "a", 1, "hr")
		}()
		_, err := p.acquire(t.Context(), site, "hr", nil)
		must(t, err)
	})
}

func TestGraceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(5*time.Second, time.Now)
		p.remove(join(p, "a", 1, "hr"))
		if _, err := p.acquire(t.Context(), site, "hr", nil); !fault.Is(err, fault.Unavailable) {
			t.Fatal(err)
		}
	})
}

func TestBrokenAgentIsLastChoice(t *testing.T) {
	p := newPool(0, time.Now)
	bad := join(p, "bad", 10, "hr")
	for range breakAfter {
		l := p.take(bad)
		p.free(l, errors.New("silent"))
	}
	join(p, "good", 1, "hr")
	l, err := p.acquire(t.Context(), site, "hr", nil)
	must(t, err)
	if l.addr.Agent != "good" {
		t.Fatal("the broken agent was chosen")
	}
	p.remove(p.members[addr("good")])
	if l, err = p.acquire(t.Context(), site, "hr", nil); err != nil || l.addr.Agent != "bad" {
		t.Fatal("a broken agent is better than none")
	}
}

func TestDrainingAgentGetsNothingNew(t *testing.T) {
	p := newPool(0, time.Now)
	join(p, "a", 10, "hr")
	p.hear(addr("a"), tunnel.Beat{MaxInFlight: 10, Resources: []string{"hr"}, Draining: true})
	if _, err := p.acquire(t.Context(), site, "hr", nil); !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
}

func TestRecentForgetsTheOldest(t *testing.T) {
	var r recent
	for n := range uint64(2000) {
		r.add(n + 1)
	}
	if r.has(1) || !r.has(2000) || !r.has(1000) || len(r.set) != len(r.ring) {
		t.Fatal(len(r.set))
	}
}
