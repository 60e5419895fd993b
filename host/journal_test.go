package host

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
)

func reopened(t *testing.T, dir string) *memory {
	t.Helper()
	m := newMemory(dir)
	if err := m.load(); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestJournalAfterAKill(t *testing.T) {
	one, two := heldRef{"a", "c", "t"}, heldRef{"b", "c", "t"}
	dir := t.TempDir()
	m := reopened(t, dir)
	path := filepath.Join(dir, "memory.journal")
	m.hold(one)
	m.hold(two)
	m.drop(two)
	if err := m.flush(); err != nil {
		t.Fatal(err)
	}
	t.Run("a line cut short is not counted and is written over", func(t *testing.T) {
		whole, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, append(whole, `{"held":{"holder":"x`...), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		m = reopened(t, dir)
		m.hold(two)
		if err := m.flush(); err != nil {
			t.Fatal(err)
		}
		if again := reopened(t, dir); again.held() != 2 || !again.holds(one) || !again.holds(two) {
			t.Errorf("%d held", again.held())
		}
	})
	t.Run("old notes over a newer whole change nothing", func(t *testing.T) {
		m.rename("a", "z")
		m.hold(heldRef{"a", "c", "u"}) // a new object with the old name
		if err := m.flush(); err != nil {
			t.Fatal(err)
		}
		notes, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.save(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, notes, 0o600); err != nil {
			t.Fatal(err)
		}
		again := reopened(t, dir)
		for _, h := range []heldRef{{"z", "c", "t"}, two, {"a", "c", "u"}} {
			if !again.holds(h) {
				t.Errorf("%v is lost", h)
			}
		}
		if to, _ := again.renamed("a"); again.held() != 3 || to != "z" {
			t.Errorf("%d held, a is now %q", again.held(), to)
		}
	})
	t.Run("an unreadable line in the middle is an error", func(t *testing.T) {
		if err := os.WriteFile(path, []byte("rubbish\n{\"renamed\":[\"a\",\"b\"]}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := newMemory(dir).load(); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%v", err)
		}
	})
}

func FuzzParseNotes(f *testing.F) {
	f.Add([]byte("{\"held\":{\"holder\":\"a\",\"column\":\"c\",\"target\":\"t\"}}\n{\"renamed\":[\"a\",\"b\"]}\n{\"dro"))
	f.Add([]byte("{}\nx\n"))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		notes, n, err := parseNotes(data)
		if err != nil {
			return
		}
		again, m, err := parseNotes(data[:n])
		if err != nil || m != n || len(again) != len(notes) {
			t.Errorf("%d notes in %d bytes, then %d in %d: %v", len(notes), n, len(again), m, err)
		}
		for _, x := range notes {
			if _, err := json.Marshal(x); err != nil {
				t.Error(err)
			}
		}
	})
}
