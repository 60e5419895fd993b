package storagetest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// ledgerMachine does what jobs do to the ledger in any order, beside a model of maps, and compares everything that can be read.
// Another job's memory must never move.
func ledgerMachine(t *testing.T, ctx context.Context, s Stores) {
	n := 0
	settle(t, ctx, s, "other", "u1", cycle.Outcome{Link: link("u1", "t1"), Waiting: []string{"u2"}})
	rapid.Check(t, func(rt *rapid.T) {
		n++
		m := newMachine(ctx, s, cycle.JobID(fmt.Sprintf("job%d", n)))
		rt.Repeat(map[string]func(*rapid.T){
			"link": m.link, "unlink": m.unlink, "fail": m.fail, "skip": m.skip, "members": m.members, "intend": m.intend, "settle": m.settle,
			"hold": m.hold, "release": m.release, "tell": m.tell, "order": m.order, "serve": m.serve, "reset": m.reset, "": m.check,
		})
		m.compare(rt)
	})
	equal(t, got(s.Ledger.Link(ctx, "other", "u1"))(t), link("u1", "t1"))
	equal(t, got(s.Ledger.Waiting(ctx, "other", "u2"))(t), []string{"u1"})
}

// machine is a job's memory with its model.
type machine struct {
	ctx context.Context
	s   Stores
	job cycle.JobID

	links   map[string]plan.Link
	escrows map[string]cycle.Escrow
	waiting map[string]map[string]bool // who waits → for whom
	marks   map[string]int64
	open    []cycle.Receipt
	held    map[string]cycle.HeldEntry
	told    map[string]bool
	dues    []cycle.Due
	steps   int
}

func newMachine(ctx context.Context, s Stores, job cycle.JobID) *machine {
	return &machine{
		ctx: ctx, s: s, job: job, links: map[string]plan.Link{}, escrows: map[string]cycle.Escrow{}, waiting: map[string]map[string]bool{},
		marks: map[string]int64{}, held: map[string]cycle.HeldEntry{}, told: map[string]bool{},
	}
}

var machineIDs = []string{"u1", "u2", "u3", "g1"}

func anID(t *rapid.T) string { return rapid.SampledFrom(machineIDs).Draw(t, "id") }

func someIDs(t *rapid.T) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(machineIDs), 0, 3, rapid.ID).Draw(t, "ids")
}

func kindOf(id string) entry.Type {
	if id[0] == 'g' {
		return entry.Group
	}
	return entry.User
}

func (m *machine) ok(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// outcome settles an object, and the model with it.
func (m *machine) outcome(t *rapid.T, r cycle.Receipt, o cycle.Outcome) {
	id := r.Intent.Source
	o.Stays = rapid.Bool().Draw(t, "stays")
	m.ok(t, m.s.Ledger.Settle(m.ctx, r, o))
	m.open = slices.DeleteFunc(m.open, func(x cycle.Receipt) bool { return x.Key == r.Key && r.Key != "" })
	switch {
	case o.Unlink:
		delete(m.links, id)
		delete(m.marks, id)
	case o.Link.Target != "":
		m.links[id] = o.Link
	}
	delete(m.escrows, id)
	if o.Escrow != nil {
		m.escrows[id] = *o.Escrow
	}
	if o.Stays {
		delete(m.held, id)
		delete(m.told, id)
	}
	if o.Members == nil {
		m.waiting[id] = set(o.Waiting)
		return
	}
	m.remembered(id, *o.Members)
}

func (m *machine) remembered(id string, o cycle.MemberMarks) {
	if o.Mark > 0 {
		m.marks[id] = o.Mark
	} else if o.Mark == 0 {
		delete(m.marks, id)
	}
	if o.All || m.waiting[id] == nil {
		if o.All {
			m.waiting[id] = nil
		}
		m.waiting[id] = set(slices.Collect(maps.Keys(m.waiting[id])))
	}
	for _, d := range o.Drop {
		delete(m.waiting[id], d)
	}
	for _, a := range o.Add {
		m.waiting[id][a] = true
	}
}

func set(ids []string) map[string]bool {
	out := map[string]bool{}
	for _, id := range ids {
		out[id] = true
	}
	return out
}

func (m *machine) receipt(id string) cycle.Receipt {
	return cycle.Receipt{Job: m.job, Intent: cycle.Intent{Source: id, Type: kindOf(id)}}
}

func aLink(t *rapid.T, id string) plan.Link {
	return plan.Link{
		Source: id, Type: kindOf(id), Target: "t" + id + rapid.SampledFrom([]string{"", "x"}).Draw(t, "renamed"),
		Active: rapid.Bool().Draw(t, "active"), Left: rapid.Bool().Draw(t, "left"), Digest: []byte(rapid.SampledFrom([]string{"a", "\x00b"}).Draw(t, "digest")),
	}
}

func (m *machine) link(t *rapid.T) {
	id := anID(t)
	m.outcome(t, m.receipt(id), cycle.Outcome{Link: aLink(t, id), Waiting: someIDs(t)})
}

func (m *machine) unlink(t *rapid.T) { m.outcome(t, m.receipt(anID(t)), cycle.Outcome{Unlink: true}) }

func (m *machine) skip(t *rapid.T) { m.outcome(t, m.receipt(anID(t)), cycle.Outcome{}) }

func (m *machine) fail(t *rapid.T) {
	id := anID(t)
	e := escrow(id, rapid.IntRange(0, 3).Draw(t, "first"), rapid.IntRange(0, 9).Draw(t, "next"))
	e.Type = kindOf(id)
	m.outcome(t, m.receipt(id), cycle.Outcome{Escrow: e, Waiting: someIDs(t)})
}

func (m *machine) members(t *rapid.T) {
	id := anID(t)
	m.outcome(t, m.receipt(id), cycle.Outcome{Link: aLink(t, id), Members: &cycle.MemberMarks{
		Mark: rapid.Int64Range(-1, 5).Draw(t, "mark"), Add: someIDs(t), Drop: someIDs(t), All: rapid.Bool().Draw(t, "all"),
	}})
}

func (m *machine) intend(t *rapid.T) {
	id := anID(t)
	i := cycle.Intent{Source: id, Type: kindOf(id), Verb: plan.Create, Names: []cycle.Name{{Attr: "userName", Value: id}}}
	r, err := m.s.Ledger.Intend(m.ctx, m.job, i)
	m.ok(t, err)
	m.open = append(m.open, r)
}

func (m *machine) settle(t *rapid.T) {
	if len(m.open) == 0 {
		t.Skip("nothing is open")
	}
	r := rapid.SampledFrom(m.open).Draw(t, "receipt")
	m.outcome(t, r, cycle.Outcome{Link: aLink(t, r.Intent.Source)})
}

func (m *machine) hold(t *rapid.T) {
	id := anID(t)
	e := cycle.HeldEntry{Source: id, Type: kindOf(id), Verb: plan.Delete, Name: "名前", Since: at0}
	m.ok(t, m.s.Ledger.Hold(m.ctx, m.job, []cycle.HeldEntry{e}))
	if was, there := m.held[id]; there {
		e = was
	}
	m.held[id] = e
}

// release lets all go, or some: then the others wait for a release of their own.
func (m *machine) release(t *rapid.T) {
	ids := someIDs(t)
	n, err := m.s.Ledger.Release(m.ctx, m.job, ids)
	m.ok(t, err)
	want := 0
	for id, e := range m.held {
		if (len(ids) == 0 || slices.Contains(ids, id)) && !e.Released {
			e.Released, e.Kept = true, false
			m.held[id] = e
			want++
		}
	}
	for id, e := range m.held {
		if want > 0 && len(ids) > 0 && !e.Released {
			e.Kept = true
			m.held[id] = e
		}
	}
	m.same(t, "released", n, want)
}

func (m *machine) tell(t *rapid.T) {
	limit := rapid.IntRange(1, 3).Draw(t, "limit")
	var told []string
	n, err := m.s.Ledger.TellHeld(m.ctx, m.job, limit, func(es []cycle.HeldEntry) (rs []journal.Record) {
		told = nil
		for _, e := range es {
			told = append(told, e.Source)
		}
		return nil
	})
	m.ok(t, err)
	var want []string
	for _, id := range slices.Sorted(maps.Keys(m.held)) {
		if !m.told[id] && len(want) < limit {
			want = append(want, id)
		}
	}
	for _, id := range want {
		m.told[id] = true
	}
	m.same(t, "told", told, want)
	m.same(t, "number told", n, len(want))
}

func (m *machine) order(t *rapid.T) {
	var ds []cycle.Due
	for _, id := range someIDs(t) {
		ds = append(ds, cycle.Due{Object: cycle.Object{Type: kindOf(id), ID: id}, Reach: rapid.Bool().Draw(t, "reach")})
	}
	m.ok(t, m.s.Ledger.Order(m.ctx, m.job, ds))
	m.dues = append(m.dues, ds...)
}

func (m *machine) serve(t *rapid.T) {
	ds, err := m.s.Ledger.Ordered(m.ctx, m.job, -1, 2)
	m.ok(t, err)
	if len(ds) == 0 {
		t.Skip("nothing is ordered")
	}
	m.ok(t, m.s.Ledger.Served(m.ctx, m.job, ds[len(ds)-1].Seq))
	m.dues = m.dues[len(ds):]
}

func (m *machine) reset(t *rapid.T) {
	r := cycle.Reset{Escrows: rapid.Bool().Draw(t, "escrows"), Links: rapid.Bool().Draw(t, "links"), Watermark: true}
	m.ok(t, m.s.Ledger.Reset(m.ctx, m.job, r))
	if r.Escrows {
		clear(m.escrows)
	}
	if r.Links {
		clear(m.links)
		clear(m.waiting)
		clear(m.marks)
	}
}

// same compares; no list and an empty one are alike.
func (m *machine) same(t *rapid.T, what string, have, want any) {
	h, w := reflect.ValueOf(have), reflect.ValueOf(want)
	if h.Kind() == reflect.Slice && h.Len() == 0 && w.Len() == 0 {
		return
	}
	if !reflect.DeepEqual(have, want) {
		t.Fatalf("%s: the store has %+v, the model %+v", what, have, want)
	}
}

// check compares after every fifth step: reading everything takes its time.
func (m *machine) check(t *rapid.T) {
	if m.steps++; m.steps%5 == 0 {
		m.compare(t)
	}
}

func (m *machine) compare(t *rapid.T) {
	m.checkLinks(t)
	m.checkWaiting(t)
	m.checkEscrows(t)
	m.checkHeld(t)
	intents := collect(t, m.s.Ledger.Intents(m.ctx, m.job))
	m.same(t, "intents", intents, m.open)
	ds, err := m.s.Ledger.Ordered(m.ctx, m.job, -1, 1000)
	m.ok(t, err)
	for i := range ds {
		ds[i].Seq = 0
	}
	m.same(t, "orders", ds, m.dues)
}

func collect[T any](t *rapid.T, seq func(func(T, error) bool)) (all []T) {
	for x, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, x)
	}
	return all
}

func values[T any](m map[string]T) (all []T) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, m[k])
	}
	return all
}

func (m *machine) checkLinks(t *rapid.T) {
	m.same(t, "links", collect(t, m.s.Ledger.AllLinks(m.ctx, m.job)), values(m.links))
	counts, err := m.s.Ledger.LinkCounts(m.ctx, m.job)
	m.ok(t, err)
	want := map[entry.Type]int{}
	for id, l := range m.links {
		if l.Active {
			want[l.Type]++
		}
		back, err := m.s.Ledger.LinkOf(m.ctx, m.job, l.Type, l.Target)
		m.ok(t, err)
		m.same(t, "link of "+l.Target, back, l)
		mark, known, err := m.s.Ledger.Mark(m.ctx, m.job, id)
		m.ok(t, err)
		_, modelled := m.marks[id]
		m.same(t, "mark of "+id, []any{mark, known}, []any{m.marks[id], modelled})
	}
	m.same(t, "counts", counts, want)
}

func (m *machine) checkWaiting(t *rapid.T) {
	var arrived []cycle.Object
	for _, id := range machineIDs {
		var waits []string
		var awaited []plan.Link
		for _, other := range slices.Sorted(slices.Values(machineIDs)) {
			if m.waiting[other][id] {
				waits = append(waits, other)
			}
			if l, linked := m.links[other]; linked && m.waiting[id][other] {
				awaited = append(awaited, l)
			}
		}
		have, err := m.s.Ledger.Waiting(m.ctx, m.job, id)
		m.ok(t, err)
		m.same(t, "waiting for "+id, have, waits)
		links, err := m.s.Ledger.Awaited(m.ctx, m.job, id, 10)
		m.ok(t, err)
		m.same(t, "awaited by "+id, links, awaited)
		if _, linked := m.links[id]; linked && len(awaited) > 0 {
			arrived = append(arrived, cycle.Object{Type: kindOf(id), ID: id})
		}
	}
	slices.SortFunc(arrived, func(a, b cycle.Object) int { return cmp.Compare(a.ID, b.ID) })
	m.same(t, "arrived", collect(t, m.s.Ledger.Arrived(m.ctx, m.job)), arrived)
}

func (m *machine) checkEscrows(t *rapid.T) {
	all := values(m.escrows)
	slices.SortStableFunc(all, func(a, b cycle.Escrow) int { return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Source, b.Source)) })
	m.same(t, "escrows", collect(t, m.s.Ledger.Escrows(m.ctx, m.job, time.Time{})), all)
	var next time.Time
	for _, e := range all {
		if next.IsZero() || e.Next.Before(next) {
			next = e.Next
		}
	}
	at := at0.Add(5 * time.Second)
	due := slices.DeleteFunc(slices.Clone(all), func(e cycle.Escrow) bool { return e.Next.After(at) })
	m.same(t, "due escrows", collect(t, m.s.Ledger.Escrows(m.ctx, m.job, at)), due)
	have, err := m.s.Ledger.NextDue(m.ctx, m.job)
	m.ok(t, err)
	if !have.Equal(next) {
		t.Fatalf("the next escrow is due at %v, the model says %v", have, next)
	}
}

func (m *machine) checkHeld(t *rapid.T) {
	want, released, count := values(m.held), []cycle.HeldEntry(nil), cycle.HeldCount{All: len(m.held)}
	for _, e := range want {
		if e.Released {
			released = append(released, e)
			count.Released++
		}
		if e.Kept {
			count.Kept++
		}
	}
	m.same(t, "held", collect(t, m.s.Ledger.Held(m.ctx, m.job, "", false)), want)
	m.same(t, "held and released", collect(t, m.s.Ledger.Held(m.ctx, m.job, "", true)), released)
	have, err := m.s.Ledger.HeldCount(m.ctx, m.job)
	m.ok(t, err)
	m.same(t, "held count", have, count)
}
