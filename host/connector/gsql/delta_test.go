package gsql

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/connectortest"
)

// kit is the conformance suite on the odd layout, in one tier or in all.
func kit(d database, prepare func(t testing.TB, config connector.Config)) connectortest.Harness {
	return connectortest.Harness{
		New: func(t testing.TB) func(context.Context) (connector.Session, error) {
			layout, url := odd(d.name), d.url(t)
			if err := layout.Create(t.Context(), url, connector.Secret{}); err != nil {
				t.Fatal(err)
			}
			config := layout.Config("test", url, connector.Secret{})
			prepare(t, config)
			return func(ctx context.Context) (connector.Session, error) { return New().Open(ctx, config) }
		},
		Type: "Person",
		Sample: func(n int) entry.Attrs {
			return entry.Attrs{"lo'gin": {fmt.Sprintf("login%d", n)}, "sur name": {fmt.Sprintf("Surname %d", n)},
				"badge$1": {fmt.Sprintf("badge-%d", n)}, "enabled": {n%2 == 0}, "floor?": {int64(n)}}
		},
		Anchor: "lo'gin", Required: "sur name", Unique: "badge$1", Text: `no"te; DROP`, Flag: "enabled", Number: "floor?",
		When: "hired.at", Bytes: "photo[0]", Many: "phones", Document: "mails", Manager: "SELECT",
		Group: "Team", Members: "members",
		GroupSample: func(n int) entry.Attrs { return entry.Attrs{"title": {fmt.Sprintf("Team %d", n)}} },
		Scale:       scale(),
	}
}

// scale is more than a page, in the whole kit.
func scale() int {
	if full() {
		return 1500
	}
	return 300
}

// install runs the history's script.
func install(t testing.TB, config connector.Config) {
	t.Helper()
	config.Values["delta"] = deltaHistory
	plain := config
	plain.Values = maps.Clone(config.Values)
	plain.Values["delta"] = deltaNone
	script, err := DeltaScript(t.Context(), plain, false)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // again does no harm
		if err := RunScript(t.Context(), plain, script); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHistoryTellsOfWhatWasWrittenByOthers(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		layout, url := Contoso(d.name), d.url(t)
		if err := layout.Create(t.Context(), url, connector.Secret{}); err != nil {
			t.Fatal(err)
		}
		config := layout.Config("x", url, connector.Secret{})
		install(t, config)
		s, other := opened(t, config), opened(t, config)
		made := create(t, other, entry.User, person("a").Attrs)
		w, err := s.Mark(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w = after(t, s, w, map[string]string{}) // what the overlap shows again is there
		g := create(t, other, entry.Group, entry.Attrs{"GroupName": {"g"}})
		if _, err := other.Update(t.Context(), entry.User, connector.Anchor(made.ID), []entry.Edit{{Op: entry.Replace, Attr: "JobTitle", Values: []entry.Value{"boss"}}}); err != nil {
			t.Fatal(err)
		}
		w = after(t, s, w, map[string]string{made.ID: "boss"})
		if err := other.Delete(t.Context(), entry.User, connector.Anchor(made.ID)); err != nil {
			t.Fatal(err)
		}
		after(t, s, w, map[string]string{made.ID: "deleted"})
		if g.ID == "" {
			t.Error("no group")
		}
	})
}

// after reads the difference and fails unless it says at least what is wanted: the JobTitle of objects, or that they are deleted.
func after(t *testing.T, s *session, w connector.Watermark, want map[string]string) connector.Watermark {
	t.Helper()
	changes, next, err := s.ImportSince(t.Context(), entry.User, w)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for x, err := range changes {
		if err != nil {
			t.Fatal(err)
		}
		got[x.Entry.ID] = x.Entry.Attrs.Text("JobTitle")
		if x.Deleted {
			got[x.Entry.ID] = "deleted"
		}
	}
	for id, what := range want {
		if got[id] != what {
			t.Errorf("%s is told as %q, want %q", id, got[id], what)
		}
	}
	return next()
}

func opened(t testing.TB, config connector.Config) *session {
	t.Helper()
	s, err := openSession(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestHistoryMadeAnewIsAConflict(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		layout, url := Contoso(d.name), d.url(t)
		if err := layout.Create(t.Context(), url, connector.Secret{}); err != nil {
			t.Fatal(err)
		}
		config := layout.Config("x", url, connector.Secret{})
		install(t, config)
		s := opened(t, config)
		w, err := s.Mark(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		drop, err := DeltaScript(t.Context(), config, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := RunScript(t.Context(), config, drop); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Mark(t.Context()); err == nil || fault.HintOf(err) == "" {
			t.Errorf("without a history Mark says %v", err)
		}
		install(t, config)
		if _, _, err := s.ImportSince(t.Context(), entry.User, w); !fault.Is(err, fault.Conflict) {
			t.Errorf("an old watermark on a new history: %v", err)
		}
	})
}

func TestWatermarkColumnWithComparedAnchors(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		stamp := map[string]string{PostgreSQL: "timestamptz DEFAULT clock_timestamp()", SQLite: "datetime DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))",
			MariaDB: "datetime(6) DEFAULT utc_timestamp(6)"}[d.name]
		layout := simple(map[string]string{"types": "User=t", "delta": deltaWatermark, "deltaColumns": "User=changed", "deltaDeletes": "true", "deltaOverlap": "2s"},
			`CREATE TABLE t (id bigint PRIMARY KEY NOT NULL, "JobTitle" {short}, changed `+stamp+`)`)(d)
		s := open(t, layout, d.url(t))
		a := create(t, s, entry.User, entry.Attrs{"id": {int64(1)}, "JobTitle": {"old"}})
		create(t, s, entry.User, entry.Attrs{"id": {int64(2)}})
		w, err := s.Mark(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(importAll(t, s, entry.User)); n != 2 {
			t.Fatalf("%d users", n)
		}
		now := time.Now().UTC().Add(time.Second)
		if _, err := s.Update(t.Context(), entry.User, connector.Anchor(a.ID), []entry.Edit{
			{Op: entry.Replace, Attr: "JobTitle", Values: []entry.Value{"new"}}, {Op: entry.Replace, Attr: "changed", Values: []entry.Value{now}}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), entry.User, "2"); err != nil {
			t.Fatal(err)
		}
		again := after(t, s, w, map[string]string{"1": "new", "2": "deleted"})
		after(t, s, w, map[string]string{"2": "deleted"}) // the host did not keep the answer: it is told again
		_ = again
		if _, _, err := s.ImportSince(t.Context(), entry.User, `{"User":{"at":"2026-01-01 00:00:00","epoch":"unknown"}}`); !fault.Is(err, fault.Conflict) {
			t.Errorf("a watermark of another process: %v", err)
		}
	})
}
