package journeys

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/cmd/sallyport/people"
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/cache"
)

// world is what the directory should hold, as far as the service said yes to it: the model the target is compared with.
type world struct {
	t       testing.TB
	rand    *rand.Rand
	api     *api
	target  *target
	people  map[string]*somebody // by login as it was at first
	groups  map[string]*team
	company []people.Person // not hired yet
	hired   int
	purged  int
}

type somebody struct {
	key, login, given, title string
	manager                  string // key
	off                      bool
	round                    int    // when somebody was hired by name; 0 for those of a people file
	id                       string // in the directory; "" until asked for
}

type team struct {
	name    string
	id      string
	members map[string]bool // keys
}

// expectBatch adds the people of an import to the model.
func (w *world) expectBatch(joining []people.Person) {
	for _, name := range people.GroupNames() {
		if w.groups[name] == nil {
			w.groups[name] = &team{name: name, members: map[string]bool{}}
		}
	}
	for _, p := range joining {
		w.people[p.UPN] = &somebody{key: p.UPN, login: p.UPN, given: p.Given, title: p.Title, manager: p.Manager}
		for _, g := range p.Groups {
			w.groups[g].members[p.UPN] = true
		}
	}
}

// pick chooses somebody who fits, in an order that depends on the seed only; nil when nobody does.
func (w *world) pick(fits func(*somebody) bool) *somebody {
	keys := slices.Sorted(maps.Keys(w.people))
	w.rand.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	for _, k := range keys {
		if p := w.people[k]; fits(p) {
			return p
		}
	}
	return nil
}

func anybody(*somebody) bool { return true }

// patch is a change of a person, by id so that it may be sent twice.
func (w *world) patch(p *somebody, body map[string]any) func() error {
	return func() error {
		if err := w.identify(p); err != nil {
			return err
		}
		return w.api.call("PATCH", userPath(p.id), body, nil)
	}
}

// identify asks for the id of a person, under the first login: changes of one round run in order, so nobody was renamed before.
func (w *world) identify(p *somebody) (err error) {
	if p.id == "" {
		p.id, err = w.api.idOf(userPath(p.key))
	}
	return err
}

func (w *world) hire(round int) func() error {
	w.hired++
	key := fmt.Sprintf("late%d.r%d@contoso.example", w.hired, round)
	p := &somebody{key: key, login: key, given: fmt.Sprintf("Late %d", w.hired), title: "New", round: round}
	w.people[key] = p
	return func() error {
		if w.identify(p) == nil {
			return nil // an earlier try was taken, only its answer was lost
		}
		return w.api.call("POST", "/v1.0/users", map[string]any{"userPrincipalName": key, "displayName": p.given, "givenName": p.given,
			"surname": "Comer", "jobTitle": "New", "mailNickname": "late", "accountEnabled": true}, nil)
	}
}

func (w *world) rename(round int) func() error {
	p := w.pick(anybody)
	p.login = fmt.Sprintf("renamed%d.%s", round, p.key)
	login := p.login
	return w.patch(p, map[string]any{"userPrincipalName": login})
}

func (w *world) retitle() func() error {
	p := w.pick(anybody)
	p.title = fmt.Sprintf("Title %d", w.rand.IntN(1e6))
	return w.patch(p, map[string]any{"jobTitle": p.title})
}

func (w *world) toggle(round int) func() error {
	p := w.pick(func(p *somebody) bool { return p.round < round }) // somebody disabled at once might never get an account, and rightly so
	p.off = !p.off
	return w.patch(p, map[string]any{"accountEnabled": !p.off})
}

// move gives somebody another manager, never in a circle: keys of managers come before those of their reports.
func (w *world) move() func() error {
	p := w.pick(anybody)
	boss := w.pick(func(b *somebody) bool { return b.key < p.key })
	if boss == nil {
		return nil
	}
	p.manager = boss.key
	return func() error {
		if err := w.identify(p); err != nil {
			return err
		}
		if err := w.identify(boss); err != nil {
			return err
		}
		return w.api.call("PUT", userPath(p.id)+"/manager/$ref", map[string]string{"@odata.id": w.api.base + "/v1.0/users/" + boss.id}, nil)
	}
}

func (w *world) join() func() error {
	p := w.pick(anybody)
	names := slices.Sorted(maps.Keys(w.groups))
	g := w.groups[names[w.rand.IntN(len(names))]]
	in := !g.members[p.key]
	if g.members[p.key] = in; !in {
		delete(g.members, p.key)
	}
	return func() (err error) {
		if err = w.identify(p); err != nil {
			return err
		}
		if g.id == "" {
			if g.id, err = w.api.idOf(groupPath(g.name)); err != nil {
				return err
			}
		}
		if in {
			err = w.api.call("POST", groupPath(g.id)+"/members/$ref", map[string]string{"@odata.id": w.api.base + "/v1.0/users/" + p.id}, nil)
			return unless(err, "already exist")
		}
		return unless(w.api.call("DELETE", groupPath(g.id)+"/members/"+p.id+"/$ref", nil, nil), " 404 ")
	}
}

// unless drops the error that says an earlier try was taken already.
func unless(err error, said string) error {
	if err != nil && strings.Contains(err.Error(), said) {
		return nil
	}
	return err
}

// purge deletes somebody without reports for good.
func (w *world) purge() func() error {
	bosses := map[string]bool{}
	for _, p := range w.people {
		bosses[p.manager] = true
	}
	p := w.pick(func(p *somebody) bool { return !bosses[p.key] })
	delete(w.people, p.key)
	for _, g := range w.groups {
		delete(g.members, p.key)
	}
	return func() error {
		if err := w.identify(p); err != nil {
			return err
		}
		if err := unless(w.api.call("DELETE", userPath(p.id), nil, nil), " 404 "); err != nil {
			return err
		}
		return unless(w.api.call("DELETE", deletedPath(p.id), nil, nil), " 404 ")
	}
}

// settle waits until the job has looked at everything, and has nobody put aside any more.
func (w *world) settle() {
	w.t.Helper()
	must(w.t, w.api.cycle("", cycleLimit))
	if why := soon(cycleLimit, func() string { return (&player{site: w}).escrows([]string{"0"}) }); why != "" {
		w.t.Fatal(why)
	}
	must(w.t, w.api.cycle("", cycleLimit))
}

// call, kill, start and apply make a world enough of a site for the expectations.
func (w *world) call() *api   { return w.api }
func (w *world) kill(part)    {}
func (w *world) start(part)   {}
func (w *world) apply(string) {}

// check compares the target with the model (I1, I2), then runs a full cycle that must write nothing (I6).
func (w *world) check() {
	w.t.Helper()
	w.checkPeople()
	w.checkGroups()
	_, at := w.target.writes(0)
	must(w.t, w.api.cycle("Watermark", cycleLimit))
	if n, _ := w.target.writes(at); n > 0 {
		w.t.Errorf("I6: a second full cycle wrote %d rows: %q", n, w.target.written(at))
	}
}

func (w *world) checkPeople() {
	w.t.Helper()
	want := map[string]string{}
	for _, p := range w.people {
		boss := ""
		if b := w.people[p.manager]; b != nil {
			boss = b.login
		}
		want[p.login] = fmt.Sprintf("%s|%s|%v|%s", p.given, p.title, !p.off, boss)
	}
	have := map[string]int{}
	for _, row := range w.target.texts(`SELECT e."ContosoLogin" || '|' || e."FirstName" || '|' || e."JobTitle" || '|' || e."Enabled" || '|' || coalesce(m."ContosoLogin", '')
FROM "Employees" e LEFT JOIN "Employees" m ON m."InternalGUID" = e."Manager"`) {
		login, rest, _ := strings.Cut(row, "|")
		if have[login]++; have[login] > 1 {
			w.t.Errorf("I2: %s is there %d times", login, have[login])
		}
		if want[login] != rest {
			w.t.Errorf("I1: %s holds %q, expected %q (empty: nobody); %s", login, rest, want[login], w.story(login))
		}
	}
	for login := range want {
		if have[login] == 0 {
			w.t.Errorf("I1: %s is lost; %s", login, w.story(login))
		}
	}
}

// story is what the journal says of somebody.
func (w *world) story(login string) string {
	records, err := w.api.journal(login)
	if err != nil {
		return err.Error()
	}
	said := "the journal says:"
	for _, r := range records[:min(len(records), 8)] {
		said += fmt.Sprintf("\n  %s %s %s %s: %.300s", r.At.Format("15:04:05.000"), r.Action, r.Status, r.Code, r.Reason)
	}
	return said
}

func (w *world) checkGroups() {
	w.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(w.groups)) {
		if n := w.target.number(`SELECT count(*) FROM "Groups" WHERE "GroupName" = $1`, name); n != 1 {
			w.t.Errorf("I1, I2: the group %s is there %d times", name, n)
		}
		var want []string
		for key := range w.groups[name].members {
			want = append(want, w.people[key].login)
		}
		slices.Sort(want)
		if have := w.target.members(name); !slices.Equal(have, want) {
			w.t.Errorf("I1: %s has the members %q, expected %q", name, have, want)
		}
	}
	if have, want := w.target.number(`SELECT count(*) FROM "Groups"`), len(w.groups); have != want {
		w.t.Errorf("I2: %d groups, expected %d", have, want)
	}
}

// workers is how many objects are under way at once, so how many outcomes one kill can hide.
const workers = 16

// checkJournal compares the target's own list of writes with the journal (I7): each object that was written is in the journal by its id,
// each success stands for a write, and no more writes lack a success of their own than were under way when something was killed.
func (w *world) checkJournal(kills int) {
	w.t.Helper()
	all, err := w.api.wholeJournal()
	must(w.t, err)
	named, success := map[string]bool{}, map[string]int{}
	for _, r := range all {
		named[r.Target.ID] = true
		if r.Status == "success" && r.Target.Type == "User" {
			success[r.Target.ID]++
		}
	}
	writes := map[string]int{}
	for _, line := range w.target.texts(`SELECT tbl || ' ' || id FROM "Audit"`) {
		table, id, _ := strings.Cut(line, " ")
		typ := entry.Group
		if table == "Employees" {
			typ = entry.User
		}
		id = cache.ID(typ, id) // as the host calls it
		if typ == entry.User {
			writes[id]++
		}
		if !named[id] {
			w.t.Errorf("I7: %s %s was written, and no line of the journal names it", table, id)
			named[id] = true
		}
	}
	unsaid := 0
	for id, n := range writes {
		unsaid += max(0, n-success[id])
	}
	for id, n := range success {
		if n > writes[id] {
			w.t.Errorf("I7: the journal tells of %d writes to %s, the target of %d", n, id, writes[id])
		}
	}
	if unsaid > kills*workers {
		w.t.Errorf("I7: %d writes without a line of success, more than %d kills explain", unsaid, kills)
	}
	w.t.Logf("I7: %d lines, %d objects written, %d writes whose line of success a kill cost", len(all), len(writes), unsaid)
}
