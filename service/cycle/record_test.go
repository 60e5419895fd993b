package cycle_test

import (
	"fmt"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
	"github.com/sallyport-id/sallyport/service/journal"
)

func TestEverySkipOfALargeCycleIsInTheJournal(t *testing.T) {
	const n = 1300 // more than are kept before they are stored
	b := newBench(t)
	es := make([]entry.Entry, n)
	for i := range es {
		es[i] = entry.Entry{Type: entry.User, ID: fmt.Sprintf("u%d", i), Attrs: entry.Attrs{
			directory.UserPrincipalName: {fmt.Sprintf("u%d@x", i)}, "department": {"Temp"},
		}}
	}
	if err := b.db.Directory().PutMany(b.ctx, es); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	all, err := b.db.Journal().Find(b.ctx, journal.Query{Status: "skipped", Limit: 2 * n})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != n {
		t.Errorf("%d records of %d people out of scope", len(all), n)
	}
}

// The details of a step go by the names that the provisioning log documents.
func TestStepsHaveTheDocumentedDetails(t *testing.T) {
	b := newBench(t)
	known := b.target.Put(entry.Entry{Type: entry.User, Attrs: entry.Attrs{"userName": {"u1@x"}}})
	if _, err := b.db.Directory().Put(b.ctx, entry.User, "u1", func(e entry.Entry) (entry.Entry, error) {
		e.Attrs = entry.Attrs{directory.UserPrincipalName: {"u1@x"}}
		return e, nil
	}); err != nil {
		t.Fatal(err)
	}
	b.cycle()
	if _, err := b.job.Provision(b.ctx, entry.User, "u1"); err != nil {
		t.Fatal(err)
	}
	all, err := b.db.Journal().Find(b.ctx, journal.Query{User: "u1"})
	if err != nil || len(all) != 2 {
		t.Fatalf("%d records (%v)", len(all), err)
	}
	facts := func(r journal.Record, typ string) map[string]string {
		for _, s := range r.Steps {
			if s.Type == typ {
				return s.Facts
			}
		}
		return nil
	}
	if f := facts(all[0], "matching"); f["JoiningProperty"] != "userName" {
		t.Errorf("matching says %v", f)
	}
	if f := facts(all[0], "export"); f["SourceAnchor"] != "u1" || f["TargetAnchor"] != known.ID {
		t.Errorf("the export says %v", f)
	}
	if f := facts(all[1], "export"); f["SkipReason"] != "RedundantExport" {
		t.Errorf("the skip says %v", f)
	}
}
