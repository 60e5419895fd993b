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
