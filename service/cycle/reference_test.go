package cycle_test

import (
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/directory"
)

// TestReferenceTakenAwayIsTakenAway: somebody without a manager any more has none in the target either, without clearNull: a reference is what the
// directory says of two objects, and an old one would be wrong.
func TestReferenceTakenAwayIsTakenAway(t *testing.T) {
	b := newBench(t)
	b.user("u1", "ann@x", "employeeId=1", "jobTitle=Clerk", "manager=u2")
	b.user("u2", "bob@x", "employeeId=2")
	b.cycle()
	id := b.theOne("userName", "ann@x").ID
	b.target.Writes()
	_, err := b.db.Directory().Put(b.ctx, entry.User, "u1", func(e entry.Entry) (entry.Entry, error) {
		delete(e.Attrs, directory.Manager)
		delete(e.Attrs, "jobTitle")
		return e, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.cycle()
	b.want("update " + id + " replace manager")
	ann := b.theOne("userName", "ann@x")
	if len(ann.Attrs["manager"]) != 0 || ann.Attrs.Text("title") != "Clerk" {
		t.Errorf("ann holds %v", ann.Attrs)
	}
}
