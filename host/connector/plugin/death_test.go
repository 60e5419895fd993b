package plugin

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
)

// kill is kill -9 of the process that the session is open in.
func kill(t *testing.T, s *session) {
	t.Helper()
	if err := s.at.child.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
}

// says fails unless err is of the kind and has the words.
func says(t *testing.T, err error, k fault.Kind, words ...string) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Fatalf("%v is %s, want %s", err, fault.KindOf(err), k)
	}
	if fault.HintOf(err) == "" {
		t.Errorf("%v has no hint", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q is missing in %v", w, err)
		}
	}
}

func TestKilledInMidImportIsNoWholeImport(t *testing.T) {
	d, log := load(t, "farm")
	opened, err := d.Open(t.Context(), connector.Config{Name: "scim-import", Values: map[string]string{"users": "300000"}})
	if err != nil {
		t.Fatal(err)
	}
	s := opened.(*session)
	n, failure := 0, error(nil)
	for _, err := range s.Import(t.Context(), entry.User) {
		if err != nil {
			failure = err
			break
		}
		if n++; n == 1000 {
			kill(t, s)
		}
	}
	if n >= 300_000 {
		t.Fatal("the import came to its end")
	}
	says(t, failure, fault.Unavailable, "import: the plugin farm (process ", "ended in the middle of it", killedWord)
	log.await(t, "plugin.ended")
	t.Run("TheSameSessionGoesOnInANewProcess", func(t *testing.T) {
		before := s.at
		count, err := s.Count(t.Context(), entry.User)
		if err != nil || count != 300_000 || s.at == before {
			t.Fatalf("%d %v", count, err)
		}
	})
}

// killedWord is how the system says kill -9.
var killedWord = map[bool]string{true: "exit status 1", false: "signal: killed"}[runtime.GOOS == "windows"]

// people is a SQLite file with the sample tables.
func people(t *testing.T) map[string]string {
	t.Helper()
	url := "sqlite:" + filepath.Join(t.TempDir(), "people.db")
	demo := gsql.Contoso(gsql.SQLite)
	if err := demo.Create(t.Context(), url, connector.Secret{}); err != nil {
		t.Fatal(err)
	}
	return demo.Config("people", url, connector.Secret{}).Values
}

func person(login string) entry.Entry {
	return entry.Entry{Type: entry.User, Attrs: entry.Attrs{"ContosoLogin": {login}, "FirstName": {"Ada"}, "LastName": {"Ek"}}}
}

func TestKilledInMidCreateLeavesTheOutcomeUnknownAndReadBackTells(t *testing.T) {
	d, log := load(t, "sql")
	s := openSession(t, d, people(t))
	go func() {
		log.await(t, "stuck after create")
		kill(t, s)
	}()
	_, err := s.Create(t.Context(), person("ada"))
	says(t, err, fault.Timeout, "create: the plugin gsql (process ", killedWord)
	found, err := s.Lookup(t.Context(), entry.User, "ContosoLogin", "ada")
	if err != nil || len(found) != 1 {
		t.Fatalf("read back: %v %v", found, err)
	}
}

func TestKilledInMidBatchLeavesEachOutcomeUnknown(t *testing.T) {
	d, log := load(t, "sql")
	s := openSession(t, d, people(t))
	go func() {
		log.await(t, "stuck after export")
		kill(t, s)
	}()
	batch := []connector.Export{{Op: entry.Add, Type: entry.User, Entry: person("ada")}, {Op: entry.Add, Type: entry.User, Entry: person("bo")}}
	for _, r := range s.Export(t.Context(), batch) {
		says(t, r.Err, fault.Timeout, "write a batch: the plugin gsql (process ", killedWord)
	}
	for _, login := range []string{"ada", "bo"} {
		if found, err := s.Lookup(t.Context(), entry.User, "ContosoLogin", login); err != nil || len(found) != 1 {
			t.Fatalf("read back %s: %v %v", login, found, err)
		}
	}
}

func TestDyingAgainAndAgainIsStartedLessAndLessOften(t *testing.T) {
	d, _ := load(t, "farm", func(c *Config) { c.first = time.Hour })
	s := openSession(t, d, nil)
	kill(t, s)
	<-s.at.gone
	if _, err := s.Count(t.Context(), "Person"); err != nil {
		t.Fatalf("after its first death it is started at once: %v", err)
	}
	kill(t, s)
	<-s.at.gone
	_, err := s.Count(t.Context(), "Person")
	says(t, err, fault.Unavailable, "again and again")
	if wait := fault.RetryAfterOf(err); wait <= 0 || wait > time.Hour {
		t.Errorf("to be tried again after %s", wait)
	}
}

func TestPauseGrowsToAMinute(t *testing.T) {
	for deaths, want := range []time.Duration{0, 0, time.Second, 2 * time.Second, 4 * time.Second} {
		if got := pause(deaths, time.Second); got != want {
			t.Errorf("after %d deaths %s, want %s", deaths, got, want)
		}
	}
	if got := pause(1000, time.Second); got != longestPause {
		t.Errorf("at most %s", got)
	}
}

func TestPanicOfTheConnectorIsADeathThatIsLogged(t *testing.T) {
	d, log := load(t, "wild")
	s := openSession(t, d, map[string]string{"parts": "panic"})
	_, err := s.Count(t.Context(), "Person")
	says(t, err, fault.Unavailable, "ended in the middle of it", "exit status 2")
	log.await(t, "index out of range")
}

func TestPluginEndsWhenItsHostDoes(t *testing.T) {
	d, log := load(t, "farm")
	p := d.now
	p.leave() // what the end of the host's connection is to the plugin
	<-p.child.ended
	log.await(t, "the host has gone")
}

func TestCloseEndsTheProcess(t *testing.T) {
	d, _ := load(t, "farm")
	p, s := d.now, openSession(t, d, nil)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	<-p.child.ended
	_, err := s.Count(t.Context(), "Person")
	if !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
