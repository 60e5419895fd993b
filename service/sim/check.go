package sim

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

// end is everything as it stands when the job has come to rest.
type end struct {
	*play
	people  map[string]entry.Entry // directory, by id
	links   map[string]plan.Link   // by source id
	failed  map[string]cycle.Escrow
	held    map[string]bool
	records []journal.Record
}

// verify checks the invariants (reliability: I1 to I7).
func (p *play) verify() {
	e, err := p.end()
	if err != nil {
		p.wrong("I1: the end cannot be read: %v", err)
		return
	}
	for _, x := range p.cast.people {
		e.account(x)
	}
	for _, g := range p.cast.groups {
		e.group(g)
	}
	e.unique()
	e.counts()
	e.writes()
	e.budget()
	e.order()
	e.truth()
}

func (p *play) end() (*end, error) {
	e := &end{play: p, people: p.cast.entries(p), links: map[string]plan.Link{}, failed: map[string]cycle.Escrow{}, held: map[string]bool{}}
	for l, err := range p.db.Ledger().AllLinks(p.ctx, job) {
		if err != nil {
			return nil, err
		}
		e.links[l.Source] = l
	}
	for x, err := range p.db.Ledger().Escrows(p.ctx, job, time.Time{}) {
		if err != nil {
			return nil, err
		}
		e.failed[x.Source] = x
	}
	for h, err := range p.db.Ledger().Held(p.ctx, job, "", false) {
		if err != nil {
			return nil, err
		}
		e.held[h.Source] = true
		p.reach("deletions held")
	}
	return e, e.readJournal()
}

func (e *end) readJournal() error {
	q := journal.Query{Limit: 500}
	for {
		page, err := e.db.Journal().Find(e.ctx, q)
		if err != nil {
			return err
		}
		e.records = append(e.records, page...)
		if len(page) < q.Limit {
			return nil
		}
		q.After = page[len(page)-1].ID
	}
}

// account checks that somebody has the one account they should have (I1, I2).
func (e *end) account(x *person) {
	hits := e.d.find(entry.User, "badge", x.badge)
	if len(hits) > 1 {
		e.wrong("I2: %s has %d accounts: %v", x.id, len(hits), hits)
		return
	}
	src, exists := e.people[x.id]
	if esc, failed := e.failed[x.id]; failed {
		if !e.d.poison[x.badge] {
			e.wrong("I1: %s is put aside although nothing is wrong any more: %s %s", x.id, esc.Code, esc.Reason)
		}
		e.reach("put aside")
		return
	}
	switch {
	case e.held[x.id] || x.badge == "":
	case !exists:
		e.goneAccount(x, hits)
	case !inScope(src):
		e.leftAccount(x, hits, e.app.Deprovision.SkipOutOfScope)
	case !enabled(src):
		e.leftAccount(x, hits, false)
	default:
		e.activeAccount(x, src, hits)
	}
}

func (e *end) goneAccount(x *person, hits []entry.Entry) {
	link, linked := e.links[x.id]
	if linked && !link.Left && x.gone && !e.app.Deprovision.NoDelete && len(hits) > 0 {
		e.wrong("I1: %s was deleted for good and still has the account %s", x.id, hits[0].ID)
	}
}

func (e *end) leftAccount(x *person, hits []entry.Entry, mayStay bool) {
	if link := e.links[x.id]; link.Target == "" || len(hits) == 0 || mayStay {
		return
	}
	if hits[0].Attrs.First("active") != false {
		e.wrong("I1: %s has left and the account %s is active", x.id, hits[0].ID)
	}
}

func (e *end) activeAccount(x *person, src entry.Entry, hits []entry.Entry) {
	if len(hits) == 0 {
		if !e.d.poison[x.badge] {
			e.wrong("I1: %s has no account", x.id)
		}
		return
	}
	have, link := hits[0], e.links[x.id]
	if link.Target != have.ID {
		e.wrong("I1: %s is linked to %q, the account is %s", x.id, link.Target, have.ID)
	}
	for attr, want := range map[string]entry.Value{
		"userName": src.Attrs.First(directory.UserPrincipalName), "title": src.Attrs.First("jobTitle"), "active": true,
	} {
		if got := have.Attrs.First(attr); got != want {
			e.wrong("I1: %s of %s is %v, it should be %v", attr, x.id, got, want)
		}
	}
	if boss, ok := src.Attrs.First(directory.Manager).(entry.Ref); ok {
		e.manager(x, boss.ID, have)
	}
}

func (e *end) manager(x *person, boss string, have entry.Entry) {
	src, ok := e.people[boss]
	link := e.links[boss]
	if !ok || !inScope(src) || !enabled(src) || link.Target == "" {
		return // what a manager without an account leaves behind is the target's
	}
	if got, _ := have.Attrs.First("manager").(entry.Ref); got.ID != link.Target {
		e.wrong("I1: the manager of %s is %q in the target, it should be %s (%s)", x.id, got.ID, link.Target, boss)
	}
}

// group checks a group and that its members are those who have an account (I1, I2).
func (e *end) group(g *person) {
	src, exists := e.people[g.id]
	hits := e.d.find(entry.Group, "displayName", "Team "+g.id)
	if len(hits) > 1 {
		e.wrong("I2: %s is there %d times", g.id, len(hits))
		return
	}
	if _, failed := e.failed[g.id]; failed {
		e.wrong("I1: %s is put aside although nothing is wrong any more: %v", g.id, e.failed[g.id])
		return
	}
	if !exists || !enabled(src) {
		return
	}
	if len(hits) == 0 {
		e.wrong("I1: %s is not in the target", g.id)
		return
	}
	e.members(g, src, hits[0])
}

func (e *end) members(g *person, src, have entry.Entry) {
	is := map[string]bool{}
	for _, v := range have.Attrs["members"] {
		is[text(v)] = true
	}
	for _, v := range src.Attrs[directory.Members] {
		id := text(v)
		link, member := e.links[id], e.people[id]
		if link.Target != "" && inScope(member) && enabled(member) && !is[link.Target] {
			e.wrong("I1: %s is a member of %s and %s is not", id, g.id, link.Target)
		}
		delete(is, link.Target)
	}
	for id := range is {
		if _, there := e.d.objects[id]; there {
			e.wrong("I1: %s is in the target's %s and should not be", id, g.id)
		}
	}
}

// unique checks that no two accounts have the same value where everybody was to get one of their own (I2).
func (e *end) unique() {
	owner := map[string]string{}
	for _, a := range e.d.all(entry.User) {
		alias := a.Attrs.Text("alias")
		if alias == "" { // made by hand
			continue
		}
		if other, taken := owner[alias]; taken {
			e.wrong("I2: %s and %s both have the alias %s", other, a.ID, alias)
		}
		owner[alias] = a.ID
	}
}

// counts checks that the job tells as many active accounts as it has (I7).
func (e *end) counts() {
	held := map[entry.Type]int{}
	for _, l := range e.links {
		if l.Active {
			held[l.Type]++
		}
	}
	if st, err := e.jobs.Status(e.ctx, job); err != nil || !maps.Equal(st.Links, held) {
		e.wrong("I7: the status tells of %v active accounts (%v), the ledger of %v", st.Links, err, held)
	}
}

// writes checks that nothing was ever written that no person ever was (I4), and that nobody was made an account who never was in
// scope.
func (e *end) writes() {
	for _, w := range e.d.log {
		if w.typ != entry.User {
			continue
		}
		x := e.cast.byBadge(w.after.Attrs.Text("badge"))
		if x == nil {
			e.wrong("I4: an account for nobody: %v", w.after)
			continue
		}
		if w.verb == "create" && !x.inside {
			e.wrong("I4: %s never was in scope and got the account %s", x.id, w.id)
		}
		e.values(x, w)
	}
}

// sources are the attributes of the directory that the target's come from.
var sources = map[string]string{"userName": directory.UserPrincipalName, "title": "jobTitle", "badge": "employeeId"}

func (e *end) values(x *person, w written) {
	for attr, from := range sources {
		for _, v := range given(w, attr) {
			if !x.values[from+"="+text(v)] {
				e.wrong("I4: %s got %s %v, which never was in the directory", x.id, attr, v)
			}
		}
	}
}

// given returns the values that a write gave an attribute.
func given(w written, attr string) []entry.Value {
	if w.verb == "create" {
		return w.after.Attrs[attr]
	}
	var out []entry.Value
	for _, ed := range w.edits {
		if ed.Attr == attr && ed.Op != entry.Remove {
			out = append(out, ed.Values...)
		}
	}
	return out
}

// order checks that no older value was written over a newer one (I5).
func (e *end) order() {
	newest := map[string]string{}
	for _, w := range e.d.log {
		for _, v := range given(w, "title") {
			title := text(v)
			if title < newest[w.id] {
				e.wrong("I5: %s was written over %s at %s (step %d)", title, newest[w.id], w.id, w.at)
			}
			newest[w.id] = max(newest[w.id], title)
		}
	}
}

// truth compares the target's own list of writes with the journal (I7).
func (e *end) truth() {
	named, success := map[string]bool{}, map[string]int{}
	for _, r := range e.records {
		named[r.Target.ID] = true
		if r.Status == string(plan.Success) {
			success[r.Target.ID]++
		}
	}
	wrote := map[string]int{}
	for _, w := range e.d.log {
		wrote[w.id]++
	}
	for _, id := range sorted(wrote) {
		if !named[id] && !e.lostTrack(id) {
			e.wrong("I7: %s was written and no line of the journal names it", id)
		}
	}
	for _, id := range sorted(success) {
		if e.d.byHand[id] {
			wrote[id]++ // deleting what is gone already succeeds, and changes nothing
		}
		if success[id] > wrote[id] {
			e.wrong("I7: the journal tells of %d writes to %s, the target of %d: %s", success[id], id, wrote[id], e.lines(id))
		}
	}
}

// lines returns what the journal tells of an object.
func (e *end) lines(id string) string {
	var out []string
	for _, r := range e.records {
		if r.Target.ID == id {
			out = append(out, r.Action+" "+r.Status+" "+r.Code)
		}
	}
	return strings.Join(out, "; ")
}

// lostTrack reports whether an object went by hand before anybody could learn what became of a write to it.
func (e *end) lostTrack(id string) bool { return e.d.byHand[id] }

// Broken returns the invariants that a report's violations name, each once.
func (r Report) Broken() []string {
	var out []string
	for _, v := range r.Violations {
		name, _, _ := strings.Cut(v, ":")
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
