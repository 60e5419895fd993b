package host_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host"
	"github.com/sallyport-id/sallyport/host/binding"
	"github.com/sallyport-id/sallyport/host/cache"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

const managerAttr = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"

func managed(login, by string) entry.Entry {
	return person(login, managerAttr, entry.Complex{"value": cache.ID(entry.User, by)})
}

func (w *world) plantPerson(login string) {
	w.t.Helper()
	w.plant(entry.Entry{Type: "Employees", Attrs: entry.Attrs{"ContosoLogin": {login}, "FirstName": {"P"}}})
}

// boss is whom the target and what the host shows have as the login's manager; they must not differ.
func (w *world) boss(login string) string {
	w.t.Helper()
	e, ok := w.target("Employees", "ContosoLogin", login)
	if !ok {
		w.t.Fatalf("%s is not in the target", login)
	}
	ref, _ := e.Attrs.First("Boss").(entry.Ref)
	if shown := shownBoss(w.get(entry.User, cache.ID(entry.User, login))); shown != ref.ID {
		w.t.Errorf("the host shows the manager %q, the target has %q", shown, ref.ID)
	}
	return ref.ID
}

func shownBoss(r scimserver.Resource) string {
	switch v := r.Attrs.First(managerAttr).(type) {
	case entry.Ref:
		_, anchor, _ := cache.Anchor(v.ID)
		return anchor
	case entry.Complex:
		id, _ := v["value"].(string)
		if ref, ok := v["value"].(entry.Ref); ok {
			id = ref.ID
		}
		_, anchor, _ := cache.Anchor(id)
		return anchor
	}
	return ""
}

func inDir(dir string) option { return func(c *host.Config, _, _ *binding.Spec) { c.Dir = dir } }

// crashed is a copy of the folder as a kill at this moment would leave it.
func crashed(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// afterKill is a host that starts from the folder with an empty image of the same target.
func (w *world) afterKill(dir string) *world {
	w.t.Helper()
	again := newWorld(w.t, inDir(crashed(w.t, dir)))
	again.driver, again.gate.Fresh = w.driver, false
	return again
}

// once runs f before the first call of the name, outside the world's lock.
func (w *world) once(call string, f func()) {
	var done sync.Once
	w.before = func(c string) error {
		if c == call {
			w.mu.Unlock()
			defer w.mu.Lock()
			done.Do(f)
		}
		return nil
	}
}

func TestReferenceIsSetWhenAnImportEndsMeanwhile(t *testing.T) {
	t.Run("a create", func(t *testing.T) {
		w := newWorld(t)
		w.plantPerson("p99")
		w.gate.Fresh = false
		w.once("create", w.importAll)
		if r := w.create(managed("p98", "p99")); shownBoss(r) != "p99" {
			t.Errorf("the answer's manager is %q", shownBoss(r))
		}
		if got := w.boss("p98"); got != "p99" || w.c.Held() != 0 {
			t.Errorf("manager %q, %d held", got, w.c.Held())
		}
	})
	t.Run("an update", func(t *testing.T) {
		w := newWorld(t)
		r := w.create(person("p98"))
		w.plantPerson("p99")
		w.once("update", w.importAll)
		r = w.edit(entry.User, r.ID, replace(ext+"Status", "x"), replace(managerAttr, entry.Complex{"value": cache.ID(entry.User, "p99")}))
		if shownBoss(r) != "p99" || w.boss("p98") != "p99" || w.c.Held() != 0 {
			t.Errorf("shown %q, target %q, %d held", shownBoss(r), w.boss("p98"), w.c.Held())
		}
		if now := w.get(entry.User, r.ID); now.Version != r.Version {
			t.Error("the answer's version is not the present one")
		}
	})
}

func TestHeldReferenceOutlivesAKill(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, inDir(dir))
	if r := w.create(managed("p98", "p99")); shownBoss(r) != "" {
		t.Errorf("a held reference is shown as set: %q", shownBoss(r))
	}
	ada := w.create(person("ada"))
	w.edit(entry.User, ada.ID, replace(managerAttr, entry.Complex{"value": cache.ID(entry.User, "p99")}))
	again := w.afterKill(dir)
	if again.c.Held() != 2 {
		t.Fatalf("%d held after the kill", again.c.Held())
	}
	t.Run("waits while the image lacks the holder", func(t *testing.T) {
		again.create(person("p99"))
		if again.c.Held() != 2 {
			t.Errorf("%d held", again.c.Held())
		}
	})
	again.importAll()
	if again.boss("p98") != "p99" || again.boss("ada") != "p99" || again.c.Held() != 0 {
		t.Errorf("managers %q and %q, %d held", again.boss("p98"), again.boss("ada"), again.c.Held())
	}
}

func TestReferenceKilledWhileItIsWritten(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, inDir(dir))
	w.create(managed("p98", "p99"))
	var again *world
	w.once("update", func() { again = w.afterKill(dir) })
	w.create(person("p99"))
	if again == nil || again.c.Held() != 1 {
		t.Fatal("the reference was forgotten before it was written")
	}
}

func TestNewerReferenceWins(t *testing.T) {
	for name, edit := range map[string]entry.Edit{
		"another manager": replace(managerAttr, entry.Complex{"value": cache.ID(entry.User, "p97")}),
		"no manager":      {Op: entry.Remove, Attr: managerAttr},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w := newWorld(t, inDir(dir))
			w.create(person("p97"))
			r := w.create(managed("p98", "p99"))
			w.edit(entry.User, r.ID, edit)
			before := w.boss("p98")
			again := w.afterKill(dir)
			again.plantPerson("p99")
			again.importAll()
			if got := again.boss("p98"); got != before || again.c.Held() != 0 {
				t.Errorf("manager %q, want %q; %d held", got, before, again.c.Held())
			}
		})
	}
	t.Run("the same manager as before", func(t *testing.T) {
		w := newWorld(t)
		w.create(person("p97"))
		r := w.create(managed("p98", "p97"))
		for _, by := range []string{"p99", "p97"} {
			w.edit(entry.User, r.ID, replace(managerAttr, entry.Complex{"value": cache.ID(entry.User, by)}))
		}
		w.create(person("p99"))
		if got := w.boss("p98"); got != "p97" {
			t.Errorf("manager %q", got)
		}
	})
	t.Run("a new object with the same anchor", func(t *testing.T) {
		w := newWorld(t)
		r := w.create(managed("p98", "p99"))
		if err := w.c.Delete(t.Context(), entry.User, r.ID, ""); err != nil {
			t.Fatal(err)
		}
		w.create(person("p98"))
		w.create(person("p99"))
		if got := w.boss("p98"); got != "" {
			t.Errorf("manager %q", got)
		}
	})
}

func TestRenamedHolderIsStillSettledAfterAKill(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, inDir(dir))
	r := w.create(managed("p98", "p99"))
	w.edit(entry.User, r.ID, replace("userName", "p98b"))
	again := w.afterKill(dir)
	again.plantPerson("p99")
	again.importAll()
	if got := again.boss("p98b"); got != "p99" {
		t.Errorf("manager %q", got)
	}
	again.get(entry.User, r.ID)
}

func TestManyHoldersShareTheJournal(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, inDir(dir))
	var wg sync.WaitGroup
	var errs [32]error
	for i := range errs {
		wg.Go(func() { _, errs[i] = w.c.Create(t.Context(), managed(string(rune('A'+i))+"x", "p99")) })
	}
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	if again := w.afterKill(dir); again.c.Held() != len(errs) {
		t.Errorf("%d held after the kill", again.c.Held())
	}
	w.importAll()
	if info, err := os.Stat(filepath.Join(dir, "memory.journal")); err != nil || info.Size() != 0 {
		t.Errorf("the journal was not emptied by a save: %v, %v", info, err)
	}
	if again := w.afterKill(dir); again.c.Held() != len(errs) {
		t.Errorf("%d held after the save", again.c.Held())
	}
}

func TestErrReferenceNotKept(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, inDir(dir))
	if err := os.Mkdir(filepath.Join(dir, "memory.journal"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := w.c.Create(t.Context(), managed("p98", "p99"))
	wantKind(t, err, fault.Unavailable)
	if err := os.Remove(filepath.Join(dir, "memory.journal")); err != nil {
		t.Fatal(err)
	}
	w.edit(entry.User, cache.ID(entry.User, "p98"), replace(managerAttr, entry.Complex{"value": cache.ID(entry.User, "p99")}))
	if again := w.afterKill(dir); again.c.Held() != 1 {
		t.Errorf("%d held", again.c.Held())
	}
}
