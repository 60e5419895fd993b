package host_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host"
	"github.com/sallyport-id/sallyport/host/binding"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

func TestCreateReadFind(t *testing.T) {
	w := newWorld(t)
	boss := w.create(person("boss"))
	r := w.create(person("ada", ext+"EmployeeID", "E1", ext+"Odd_x002E_Name_x0020__x005B_1_x005D_", "x,y"))
	if r.ID != cache.ID(entry.User, "ada") {
		t.Fatalf("id %q is not that of the anchor", r.ID)
	}
	w.edit(entry.User, r.ID, replace("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", entry.Complex{"value": boss.ID}))
	got, _ := w.target("Employees", "ContosoLogin", "ada")
	if got.Attrs.Text("Odd.Name [1]") != "x,y" || got.Attrs.Text("EmployeeID") != "E1" || got.Attrs.Text("FirstName") != "Ada" {
		t.Errorf("target holds %v", got.Attrs)
	}
	if ref := got.Attrs.First("Boss"); ref != (entry.Ref{Type: "Employees", ID: "boss"}) {
		t.Errorf("the target's reference is %v", ref)
	}
	for _, filter := range []string{`userName eq "ADA"`, ext + `EmployeeID eq "E1"`, ext + `ContosoLogin eq "ada"`,
		`name.givenName eq "Ada" and ` + ext + `EmployeeID eq "E1"`, `manager eq "` + boss.ID + `"`, `id eq "` + r.ID + `"`,
		ext + `Odd_x002E_Name_x0020__x005B_1_x005D_ eq "x,y"`} {
		if p := w.find(filter); p.Total != 1 || p.Resources[0].ID != r.ID {
			t.Errorf("%s finds %d", filter, p.Total)
		}
	}
	if dn := w.get(entry.User, r.ID).Attrs.Text(ext + "-dn-"); dn != "CN=ada,OBJECT=USER" {
		t.Errorf("DN %q", dn)
	}
	if p := w.find(ext + `EmployeeID eq "e1"`); p.Total != 0 {
		t.Error("a case-exact attribute was compared without regard to case")
	}
}

func TestDeprovisioningFlows(t *testing.T) {
	for _, disable := range []host.Flow{host.FlowNone, host.FlowDelete, host.FlowSet} {
		for _, remove := range []host.Flow{host.FlowNone, host.FlowDelete, host.FlowSet} {
			t.Run(string("disable "+disable+", delete "+remove), func(t *testing.T) {
				w := newWorld(t, func(c *host.Config, _, _ *binding.Spec) {
					c.Flows = host.Flows{Disable: disable, Delete: remove}
					if disable == host.FlowSet {
						c.Flows.Attribute, c.Flows.Value = "Locked", "true"
					}
					if remove == host.FlowSet {
						c.Flows.DeleteAttribute, c.Flows.DeleteValue = "Status", "left"
					}
				})
				checkDisable(t, w, disable)
				checkDelete(t, w, remove)
			})
		}
	}
}

func checkDisable(t *testing.T, w *world, disable host.Flow) {
	t.Helper()
	r := w.create(person("dis"))
	after := w.edit(entry.User, r.ID, replace("active", false))
	got, there := w.target("Employees", "ContosoLogin", "dis")
	_, err := w.c.Get(t.Context(), entry.User, r.ID, false)
	switch disable {
	case host.FlowNone:
		if !there || err != nil || w.count("update")+w.count("delete") != 0 {
			t.Errorf("none touched the target: %v %v", got, err)
		}
	case host.FlowDelete:
		if there || !fault.Is(err, fault.NotFound) || after.Attrs.First("active") != false {
			t.Errorf("delete left %v, shows %v, answers %v", got, err, after.Attrs)
		}
	case host.FlowSet:
		if !there || err != nil || got.Attrs.First("Locked") != true || after.Attrs.First("active") != false {
			t.Errorf("set left %v, answers %v", got.Attrs, after.Attrs)
		}
		if p := w.find(`active eq false`); p.Total != 1 {
			t.Errorf("filter on active finds %d", p.Total)
		}
		w.edit(entry.User, r.ID, replace("active", true))
		if got, _ = w.target("Employees", "ContosoLogin", "dis"); got.Attrs.First("Locked") != false {
			t.Errorf("restore left %v", got.Attrs)
		}
	}
}

func checkDelete(t *testing.T, w *world, remove host.Flow) {
	t.Helper()
	r := w.create(person("del"))
	if err := w.c.Delete(t.Context(), entry.User, r.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.c.Get(t.Context(), entry.User, r.ID, false); !fault.Is(err, fault.NotFound) {
		t.Errorf("a deleted user is still shown: %v", err)
	}
	got, there := w.target("Employees", "ContosoLogin", "del")
	if there != (remove != host.FlowDelete) || remove == host.FlowSet && got.Attrs.Text("Status") != "left" {
		t.Errorf("target: %v %v", there, got.Attrs)
	}
	if remove == host.FlowNone {
		w.importAll()
		w.get(entry.User, r.ID) // it was never gone
	}
}

func TestActiveWithColumnFollowsIt(t *testing.T) {
	w := newWorld(t, func(_ *host.Config, u, _ *binding.Spec) { u.Core["active"] = "Locked" })
	r := w.create(person("ada"))
	w.edit(entry.User, r.ID, replace("active", false))
	if got, _ := w.target("Employees", "ContosoLogin", "ada"); got.Attrs.First("Locked") != false {
		t.Errorf("target holds %v", got.Attrs)
	}
}

func TestErrFirstImportRunning(t *testing.T) {
	w := newWorld(t)
	w.gate = host.Gate{Progress: "12 of 5000 User objects read"}
	_, find := w.c.Find(t.Context(), scimserver.Query{Type: entry.User, Count: 1})
	_, create := w.c.Create(t.Context(), person("x"))
	_, get := w.c.Get(t.Context(), entry.User, "VXg", false)
	for _, err := range []error{find, create, get, w.c.Delete(t.Context(), entry.User, "VXg", "")} {
		wantKind(t, err, fault.Unavailable)
		if fault.RetryAfterOf(err) <= 0 || !strings.Contains(err.Error(), "The host is currently importing data from the target application (12 of 5000") {
			t.Errorf("answer %q", err)
		}
	}
	if w.count("open") != 0 {
		t.Error("the target was touched")
	}
}

func TestLookupBeforeCreate(t *testing.T) {
	w := newWorld(t)
	w.plant(entry.Entry{Type: "Employees", Attrs: entry.Attrs{"ContosoLogin": {"old"}, "FirstName": {"Ada"}, "EmployeeID": {"E7"}}})
	_, err := w.c.Create(t.Context(), person("new", ext+"EmployeeID", "E7"))
	wantKind(t, err, fault.Exists)
	if w.count("create") != 0 {
		t.Error("a second account was tried")
	}
	if p := w.find(ext + `EmployeeID eq "E7"`); p.Total != 1 || p.Resources[0].Attrs.Text("userName") != "old" {
		t.Errorf("the object found is not in the cache: %+v", p)
	}
	t.Run("a taken anchor is refused by the target and read", func(t *testing.T) {
		w.plant(entry.Entry{Type: "Employees", Attrs: entry.Attrs{"ContosoLogin": {"taken"}, "FirstName": {"B"}}})
		_, err := w.c.Create(t.Context(), person("taken"))
		wantKind(t, err, fault.Exists)
		if p := w.find(`userName eq "taken"`); p.Total != 1 {
			t.Error("the object is not in the cache")
		}
	})
}

func TestErrCreateWithoutLookupWaitsForImport(t *testing.T) {
	w := newWorld(t)
	w.blind, w.gate = true, host.Gate{Ready: true}
	_, err := w.c.Create(t.Context(), person("ada", ext+"EmployeeID", "E1"))
	wantKind(t, err, fault.Unavailable)
	w.gate.Fresh = true
	w.create(person("ada", ext+"EmployeeID", "E1"))
}

var errLost = fault.New(fault.Timeout, "write", "the connection was lost after sending")

func TestUnknownOutcome(t *testing.T) {
	lose := func(w *world, call string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.after = func(c string) error {
			if c == call {
				return errLost
			}
			return nil
		}
	}
	t.Run("a create that took effect is answered as done", func(t *testing.T) {
		w := newWorld(t)
		lose(w, "create")
		r := w.create(person("ada"))
		if w.count("create") != 1 || w.get(entry.User, r.ID).Attrs.Text("userName") != "ada" {
			t.Errorf("%d creates", w.count("create"))
		}
	})
	t.Run("an anchor that the target made is found by the name", func(t *testing.T) {
		w := newWorld(t)
		lose(w, "create")
		r := w.create(entry.Entry{Type: entry.Group, Attrs: entry.Attrs{"displayName": {"Team"}}})
		if got, _ := w.target("Teams", "Title", "Team"); cache.ID(entry.Group, got.ID) != r.ID {
			t.Errorf("id %q for anchor %q", r.ID, got.ID)
		}
	})
	t.Run("a create that did not happen is 503", func(t *testing.T) {
		w := newWorld(t)
		w.before = func(c string) error {
			if c == "create" {
				return errLost
			}
			return nil
		}
		_, err := w.c.Create(t.Context(), person("ada"))
		wantKind(t, err, fault.Unavailable)
		if fault.RetryAfterOf(err) <= 0 || w.count("create") != 1 {
			t.Errorf("answer %v after %d creates", err, w.count("create"))
		}
		w.before = nil
		w.create(person("ada"))
	})
	t.Run("an update and a delete are read back", func(t *testing.T) {
		w := newWorld(t)
		r := w.create(person("ada"))
		lose(w, "update")
		if got := w.edit(entry.User, r.ID, replace(ext+"Status", "on leave")); got.Attrs.Text(ext+"Status") != "on leave" {
			t.Errorf("answered %v", got.Attrs)
		}
		lose(w, "delete")
		if err := w.c.Delete(t.Context(), entry.User, r.ID, ""); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a target that stays away is 503", func(t *testing.T) {
		w := newWorld(t)
		r := w.create(person("ada"))
		lose(w, "update")
		w.before = func(c string) error {
			if c == "lookup" {
				return fault.New(fault.Unavailable, "look up", "gone")
			}
			return nil
		}
		_, err := w.c.Update(t.Context(), entry.User, r.ID, "", []entry.Edit{replace(ext+"Status", "x")})
		wantKind(t, err, fault.Unavailable)
	})
}

func TestConcurrentCreatesOfOneNameMakeOne(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	made, refused := 0, 0
	for i := range 12 {
		wg.Go(func() {
			_, err := w.c.Create(t.Context(), entry.Entry{Type: entry.Group, Attrs: entry.Attrs{"displayName": {[]string{"Team", "TEAM"}[i%2]}}})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				made++
			case fault.Is(err, fault.Exists):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made != 1 || refused != 11 || w.count("create") != 1 {
		t.Errorf("%d made, %d refused, %d creates", made, refused, w.count("create"))
	}
}

func TestMembers(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.create(person("ada")), w.create(person("ben"))
	team := w.create(entry.Entry{Type: entry.Group, Attrs: entry.Attrs{"displayName": {"Team"}, "members": {entry.Ref{ID: ada.ID}}}})
	w.edit(entry.Group, team.ID, entry.Edit{Op: entry.Add, Attr: "members", Values: []entry.Value{entry.Ref{ID: ada.ID}, entry.Ref{ID: ben.ID}}})
	last := w.edits[len(w.edits)-1]
	if len(last) != 1 || len(last[0].Values) != 1 || last[0].Values[0] != (entry.Ref{Type: "Employees", ID: "ben"}) {
		t.Errorf("the target got %v, want one member added", last)
	}
	if got := w.get(entry.User, ben.ID).Attrs["groups"]; len(got) != 1 || got[0].(entry.Complex)["display"] != "Team" {
		t.Errorf("groups %v", got)
	}
	if err := w.c.Delete(t.Context(), entry.User, ada.ID, ""); err != nil {
		t.Fatal(err)
	}
	if got := w.get(entry.Group, team.ID).Attrs["members"]; len(got) != 1 || got[0].(entry.Ref).ID != ben.ID {
		t.Errorf("members %v", got)
	}
	row, _ := w.target("Teams", "Title", "Team")
	if len(row.Attrs["People"]) != 1 {
		t.Errorf("target's members %v", row.Attrs["People"])
	}
	t.Run("an unseen member survives a replacement", func(t *testing.T) {
		w.plant(entry.Entry{Type: "Employees", Attrs: entry.Attrs{"ContosoLogin": {"svc"}, "FirstName": {"S"}}})
		if _, err := w.direct().Update(t.Context(), "Teams", connector.Anchor(row.ID), []entry.Edit{{Op: entry.Add, Attr: "People", Values: []entry.Value{entry.Ref{Type: "Employees", ID: "svc"}}}}); err != nil {
			t.Fatal(err)
		}
		w.edit(entry.Group, team.ID, entry.Edit{Op: entry.Replace, Attr: "members"})
		if row, _ := w.target("Teams", "Title", "Team"); len(row.Attrs["People"]) != 1 {
			t.Errorf("target's members %v", row.Attrs["People"])
		}
	})
}

func TestHeldReferences(t *testing.T) {
	dir := t.TempDir()
	keep := func(c *host.Config, _, _ *binding.Spec) { c.Dir = dir }
	w := newWorld(t, keep)
	later := cache.ID(entry.User, "later")
	team := w.create(entry.Entry{Type: entry.Group, Attrs: entry.Attrs{"displayName": {"Team"}, "members": {entry.Ref{ID: later}, entry.Ref{ID: "nonsense"}}}})
	boss := cache.ID(entry.User, "boss")
	ada := w.create(person("ada", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", entry.Complex{"value": boss}))
	if w.c.Held() != 3 || len(w.get(entry.Group, team.ID).Attrs["members"]) != 0 {
		t.Fatalf("%d held", w.c.Held())
	}
	w.create(person("later"))
	if got := w.get(entry.Group, team.ID).Attrs["members"]; len(got) != 1 {
		t.Errorf("members after the create: %v", got)
	}
	w.plant(entry.Entry{Type: "Employees", Attrs: entry.Attrs{"ContosoLogin": {"boss"}, "FirstName": {"B"}}})
	w.importAll()
	if got, _ := w.target("Employees", "ContosoLogin", "ada"); got.Attrs.First("Boss") != (entry.Ref{Type: "Employees", ID: "boss"}) {
		t.Errorf("manager of %s after the import: %v", ada.ID, got.Attrs["Boss"])
	}
	if w.c.Held() != 1 {
		t.Errorf("%d held", w.c.Held())
	}
	if again := newWorld(t, keep); again.c.Held() != 1 {
		t.Error("held references did not survive a restart")
	}
}

func TestRenameKeepsOldID(t *testing.T) {
	w := newWorld(t)
	r := w.create(person("ada"))
	team := w.create(entry.Entry{Type: entry.Group, Attrs: entry.Attrs{"displayName": {"Team"}, "members": {entry.Ref{ID: r.ID}}}})
	after := w.edit(entry.User, r.ID, replace("userName", "ada.l"))
	if after.ID != cache.ID(entry.User, "ada.l") {
		t.Fatalf("id after the rename %q", after.ID)
	}
	if got := w.get(entry.User, r.ID); got.ID != after.ID {
		t.Errorf("the old id shows %q", got.ID)
	}
	if got := w.get(entry.Group, team.ID).Attrs["members"]; len(got) != 1 || got[0].(entry.Ref).ID != after.ID {
		t.Errorf("members %v", got)
	}
	_, err := w.c.Update(t.Context(), entry.User, w.create(person("ben")).ID, "", []entry.Edit{replace("userName", "ADA.L")})
	wantKind(t, err, fault.Exists)
}

func TestGoneAtTheTarget(t *testing.T) {
	w := newWorld(t)
	r := w.create(person("ada"))
	if err := w.direct().Delete(t.Context(), "Employees", "ada"); err != nil {
		t.Fatal(err)
	}
	_, err := w.c.Update(t.Context(), entry.User, r.ID, "", []entry.Edit{replace(ext+"Status", "x")})
	wantKind(t, err, fault.NotFound)
	if p := w.find(`userName eq "ada"`); p.Total != 0 {
		t.Error("the cache still has it")
	}
}

func TestStaleCacheAsksTheTarget(t *testing.T) {
	w := newWorld(t)
	w.plant(entry.Entry{Type: "Employees", Attrs: entry.Attrs{"ContosoLogin": {"ada"}, "FirstName": {"A"}, "EmployeeID": {"E1"}}})
	_, err := w.c.Get(t.Context(), entry.User, cache.ID(entry.User, "ada"), false)
	wantKind(t, err, fault.NotFound)
	w.gate.Fresh = false
	if p := w.find(ext + `EmployeeID eq "E1"`); p.Total != 1 {
		t.Error("a matching attribute was not asked of the target")
	}
	w.get(entry.User, cache.ID(entry.User, "ada"))
}

func TestDeleteBudget(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, func(c *host.Config, _, _ *binding.Spec) {
		c.Budget, c.Dir = host.Budget{Count: 2, Window: 1 << 40}, dir
	})
	var ids []string
	for _, n := range []string{"a", "b", "c", "d"} {
		ids = append(ids, w.create(person(n)).ID)
	}
	var errs []error
	for _, id := range ids {
		errs = append(errs, w.c.Delete(t.Context(), entry.User, id, ""))
	}
	if errs[0] != nil || errs[1] != nil || !fault.Is(errs[2], fault.Denied) || !fault.Is(errs[3], fault.Denied) || w.count("delete") != 2 {
		t.Fatalf("%v, %d deletes", errs, w.count("delete"))
	}
	if err := host.WriteRelease(dir, host.Release{Matter: host.ReleaseDeletes, Count: 1, By: "Kim", Reason: "clean-up"}); err != nil {
		t.Fatal(err)
	}
	if err := w.c.Delete(t.Context(), entry.User, ids[2], ""); err != nil {
		t.Fatal(err)
	}
	wantKind(t, w.c.Delete(t.Context(), entry.User, ids[3], ""), fault.Denied)
}

func TestErrHeldImportStopsDeletes(t *testing.T) {
	w := newWorld(t)
	r := w.create(person("ada"))
	w.gate.Held = true
	wantKind(t, w.c.Delete(t.Context(), entry.User, r.ID, ""), fault.Denied)
	if _, there := w.target("Employees", "ContosoLogin", "ada"); !there {
		t.Error("deleted all the same")
	}
}

func TestVersionsAndNoChange(t *testing.T) {
	w := newWorld(t)
	r := w.create(person("ada"))
	same := w.edit(entry.User, r.ID, replace("userName", "ada"), replace("name", entry.Complex{"givenName": "Ada", "familyName": "L"}))
	if same.Version != r.Version || w.count("update") != 0 {
		t.Errorf("no change moved the version or reached the target (%d updates)", w.count("update"))
	}
	_, err := w.c.Update(t.Context(), entry.User, r.ID, "stale", []entry.Edit{replace(ext+"Status", "x")})
	wantKind(t, err, fault.Conflict)
}

func TestDeadIdleSessionIsReplaced(t *testing.T) {
	w := newWorld(t)
	w.create(person("ada"))
	broken := true
	w.before = func(c string) error {
		if c == "update" && broken {
			broken = false
			return fault.New(fault.Unavailable, "update", "broken pipe")
		}
		return nil
	}
	w.edit(entry.User, cache.ID(entry.User, "ada"), replace(ext+"Status", "x"))
	if w.count("open") != 2 {
		t.Errorf("%d sessions opened", w.count("open"))
	}
}

func TestSecretsStayOut(t *testing.T) {
	w := newWorld(t)
	r := w.create(person("ada", ext+"Pass", "canary-7391"))
	var b strings.Builder
	if err := w.c.Dump(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"anchor":"ada"`) || strings.Contains(b.String(), "canary-7391") {
		t.Errorf("dump: %s", b.String())
	}
	if _, shown := w.get(entry.User, r.ID).Attrs[ext+"Pass"]; shown {
		t.Error("a password is shown")
	}
}

func TestRefusedCredentialIs503(t *testing.T) {
	w := newWorld(t)
	w.before = func(c string) error { return fault.New(fault.Unauthenticated, "open", "wrong password") }
	_, err := w.c.Create(t.Context(), person("ada"))
	wantKind(t, err, fault.Unavailable)
}

func TestPaging(t *testing.T) {
	w := newWorld(t)
	for _, n := range []string{"d", "a", "c", "b", "e"} {
		w.create(person(n))
	}
	walk := func(q scimserver.Query) (names string) {
		q.Type, q.Count = entry.User, 2
		for {
			p, err := w.c.Find(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.Resources {
				names += r.Attrs.Text("userName")
			}
			if q.After = p.Next; q.After == "" {
				return names
			}
		}
	}
	f, err := w.c.Types()[0].ParseFilter(`userName ne "c"`)
	if err != nil {
		t.Fatal(err)
	}
	for want, q := range map[string]scimserver.Query{
		"dacbe": {}, "abcde": {SortBy: "userName"}, "edcba": {SortBy: "userName", Descending: true}, "dabe": {Filter: f}, "abde": {Filter: f, SortBy: "userName"}, "cbe": {Start: 3},
	} {
		if got := walk(q); got != want {
			t.Errorf("walk gives %q, want %q", got, want)
		}
	}
	p, err := w.c.Find(t.Context(), scimserver.Query{Type: entry.User, Start: 4, Count: 10})
	if err != nil || p.Total != 5 || len(p.Resources) != 2 || p.Next != "" {
		t.Errorf("%+v %v", p, err)
	}
}

func TestOpenerPauses(t *testing.T) {
	calls := 0
	o := host.NewOpener(func(context.Context) (connector.Session, error) {
		calls++
		return nil, fault.New(fault.Unauthenticated, "open", "wrong password")
	})
	_, first := o.Open(t.Context())
	_, second := o.Open(t.Context())
	wantKind(t, first, fault.Unauthenticated)
	wantKind(t, second, fault.Unavailable)
	if calls != 1 || fault.RetryAfterOf(second) < 4*time.Minute || !errors.Is(second, first) {
		t.Errorf("%d attempts, then %v", calls, second)
	}
}
