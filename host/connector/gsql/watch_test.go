package gsql

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// watching gives a test a database with histories, a session that watches it, and one that writes like a program of the owner's.
func watching(t testing.TB, d database) (watcher, writer *session) {
	t.Helper()
	layout, url := Contoso(d.name), d.url(t)
	if err := layout.Create(t.Context(), url, connector.Secret{}); err != nil {
		t.Fatal(err)
	}
	config := layout.Config("x", url, connector.Secret{})
	install(t, config)
	return opened(t, config), opened(t, config)
}

// TestPushArrivesWithoutPolling: on PostgreSQL the event itself wakes the watcher. While nothing happens it asks the server nothing, and
// what it is woken by is the notification, which comes with the commit.
func TestPushArrivesWithoutPolling(t *testing.T) {
	watcher, writer := watching(t, databases[1])
	w, err := watcher.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	listening := make(chan struct{})
	counting := &counting{pgConn: watcher.conn.(*pgConn), heard: listening}
	watcher.conn = counting
	told := make(chan error, 1)
	go func() { told <- watcher.Watch(t.Context(), entry.User, w) }()
	<-listening
	asked := counting.asked
	e := create(t, writer, entry.User, person("new").Attrs)
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	if counting.hears != 1 || counting.asked != asked+1 {
		t.Errorf("heard %d times, asked %d times after the event: want one of each", counting.hears, counting.asked-asked)
	}
	changes, _, err := writer.ImportSince(t.Context(), entry.User, w)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for x, err := range changes {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, x.Entry.ID)
	}
	if !slices.Contains(ids, e.ID) {
		t.Errorf("the changes are %v, without %s", ids, e.ID)
	}
}

// counting counts what a watcher asks and hears.
type counting struct {
	*pgConn
	asked, hears int
	heard        chan struct{} // closed once the watcher waits
}

func (c *counting) query(ctx context.Context, q query) (rows, error) {
	c.asked++
	return c.pgConn.query(ctx, q)
}

func (c *counting) hear(ctx context.Context) (string, error) {
	if c.hears++; c.hears == 1 {
		close(c.heard)
	}
	return c.pgConn.hear(ctx)
}

// TestPushOfEveryChangeArrives: inserts, updates, deletions and changes of tables of values by another program are told on every
// database, and a rolled back one does not have to be.
func TestPushOfEveryChangeArrives(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		watcher, writer := watching(t, d)
		boss := create(t, writer, entry.User, person("boss").Attrs)
		group := create(t, writer, entry.Group, entry.Attrs{"GroupName": {"g"}})
		for name, c := range map[string]struct {
			kind   entry.Type
			change func() error
		}{
			"insert": {entry.User, func() error { _, err := writer.Create(t.Context(), person("more")); return err }},
			"update": {entry.User, func() error {
				_, err := writer.Update(t.Context(), entry.User, connector.Anchor(boss.ID), []entry.Edit{{Op: entry.Replace, Attr: "JobTitle", Values: []entry.Value{"x"}}})
				return err
			}},
			"member": {entry.Group, func() error {
				_, err := writer.Update(t.Context(), entry.Group, connector.Anchor(group.ID), []entry.Edit{{Op: entry.Add, Attr: "members", Values: []entry.Value{entry.Ref{ID: boss.ID}}}})
				return err
			}},
		} {
			w, err := watcher.Mark(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			told := make(chan error, 1)
			go func() { told <- watcher.Watch(t.Context(), c.kind, w) }()
			if err := c.change(); err != nil {
				t.Fatal(err)
			}
			if err := <-told; err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestPushOfATruncatedTableArrives: a TRUNCATE, which tells of no row, wakes the watcher; the changes then ask for a full import.
func TestPushOfATruncatedTableArrives(t *testing.T) {
	watcher, writer := watching(t, databases[1])
	create(t, writer, entry.User, person("gone").Attrs)
	w, err := watcher.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	listening := make(chan struct{})
	watcher.conn = &counting{pgConn: watcher.conn.(*pgConn), heard: listening}
	told := make(chan error, 1)
	go func() { told <- watcher.Watch(t.Context(), entry.User, w) }()
	<-listening
	table := watcher.objects[entry.User].table
	if _, err := writer.conn.exec(t.Context(), query{text: "TRUNCATE " + table + " CASCADE"}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-told:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("nothing was told")
	}
	if _, _, err := writer.ImportSince(t.Context(), entry.User, w); !fault.Is(err, fault.Conflict) {
		t.Errorf("the changes are read: %v", err)
	}
}

func TestPushNeedsAHistory(t *testing.T) {
	s := open(t, Contoso(SQLite), databases[0].url(t))
	if err := s.Watch(t.Context(), entry.User, ""); !fault.Is(err, fault.Unsupported) || fault.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
}

// BenchmarkPush reports how long a committed change takes to wake a watcher. Promised are 2 s.
func BenchmarkPush(b *testing.B) {
	for _, d := range databases {
		b.Run(d.name, func(b *testing.B) {
			watcher, writer := watching(b, d)
			var took []time.Duration
			for n := 0; b.Loop(); n++ {
				w, err := watcher.Mark(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				told := make(chan error, 1)
				go func() { told <- watcher.Watch(b.Context(), entry.User, w) }()
				create(b, writer, entry.User, person(fmt.Sprint("p", n)).Attrs)
				committed := time.Now()
				if err := <-told; err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(committed))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
		})
	}
}
