package cycle

import (
	"fmt"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
)

// TestShelfForgetsRowsButNotWhoIsThere: beyond its bounds a shelf gives up what the target holds, then even who is there, and
// never says that nobody has a value which somebody has.
func TestShelfForgetsRowsButNotWhoIsThere(t *testing.T) {
	rows, all := shelfRows, shelfPrints
	t.Cleanup(func() { shelfRows, shelfPrints = rows, all })
	shelfRows, shelfPrints = 100, 70_000
	person := func(i int) entry.Entry {
		return entry.Entry{ID: fmt.Sprint(i), Attrs: entry.Attrs{"userName": {fmt.Sprintf("P%d", i)}, "title": {"x"}}}
	}
	s := newShelf([]string{"userName"}, []string{"title"})
	sure := func(i int) (hits int, certain bool) {
		es, ok := s.find("userName", fmt.Sprintf("P%d", i))
		return len(es), ok
	}
	for i := range 100 {
		s.put(person(i))
	}
	if n, ok := sure(7); n != 1 || !ok {
		t.Fatalf("%d hits, %v, want the row", n, ok)
	}
	for i := 100; i < 500; i++ {
		s.mention(person(i))
	}
	if s.rows != nil {
		t.Fatal("rows are kept beyond the bound")
	}
	for i := range 500 {
		if _, ok := sure(i); ok {
			t.Fatalf("says for sure that nobody is P%d", i)
		}
	}
	if n, ok := sure(100_000); n != 0 || !ok {
		t.Errorf("%d hits, %v, want a sure no", n, ok)
	}
	if _, ok := s.get("7"); ok {
		t.Error("claims to know what P7 holds")
	}
	for i := 500; i < 150_000; i++ {
		s.mention(person(i))
	}
	if _, ok := sure(1_000_000); ok || s.prints != nil {
		t.Error("fingerprints are kept beyond the bound")
	}
}
