package journal_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/journal"
)

// shelf is a journal in memory, oldest first.
type shelf struct {
	records []journal.Record
	images  map[string]journal.Image
}

func (s *shelf) Find(_ context.Context, q journal.Query) (out []journal.Record, err error) {
	for _, r := range slices.Backward(s.records) {
		if r.Job == q.Job && (r.Source.ID == q.User || strings.EqualFold(r.Source.Name, q.User)) && (q.After == "" || r.ID < q.After) && len(out) < q.Limit {
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *shelf) Image(_ context.Context, id string) (journal.Image, error) {
	i, ok := s.images[id]
	if !ok {
		return i, fault.New(fault.NotFound, "", "gone")
	}
	return i, nil
}

func (s *shelf) add(source, name, action string, mapping string, changes ...journal.Change) {
	n := len(s.records)
	id := fmt.Sprintf("%04d", n)
	s.records = append(s.records, journal.Record{
		ID: id, At: time.Unix(int64(n), 0), Job: "hr", Cycle: "c" + id, Action: action, Status: "success", Initiator: "system",
		Source: journal.Identity{ID: source, Name: name}, Target: journal.Identity{ID: "t" + source}, Changes: changes,
	})
	if mapping == "" {
		return
	}
	if s.images == nil {
		s.images = map[string]journal.Image{}
	}
	origins := map[string]journal.Origin{}
	for _, c := range changes {
		origins[c.Name] = journal.Origin{Mapping: mapping, Sources: map[string][]string{"x": {c.New}}}
	}
	s.images[id] = journal.Image{Origins: origins}
}

func told(t *testing.T, s *shelf, user string) (out []string) {
	t.Helper()
	story, err := journal.Provenance(t.Context(), s, "hr", user)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range story.Written {
		out = append(out, fmt.Sprintf("%s=%s-%s by %s in %s", w.Attribute, w.Value, w.Removed, w.Mapping, w.Cycle))
	}
	return out
}

func TestProvenanceIsTheNewestWriteOfEachAttribute(t *testing.T) {
	s := &shelf{}
	s.add("u1", "ann@x", "create", "[old]", journal.Change{Name: "gone", New: "an earlier account"})
	s.add("u1", "ann@x", "delete", "")
	s.add("u1", "ann@x", "create", "[x]", journal.Change{Name: "title", New: "Clerk"}, journal.Change{Name: "mail", New: "a@x"})
	s.add("u1", "ann@x", "update", "[y]", journal.Change{Name: "title", Old: "Clerk", New: "Head"})
	s.add("u1", "ann@x", "update", "[m]", journal.Change{Name: "members", Old: "t1"}, journal.Change{Name: "members", New: "t2"})
	s.add("u1", "ann@x", "other", "")
	s.add("u1", "ann@x", "update", "", journal.Change{Name: "phone", Old: "1", New: "2"}) // its image is not kept any more
	got := told(t, s, "ANN@x")
	want := []string{
		"mail=a@x- by [x] in c0002", "members=t2-t1 by [m] in c0004", "phone=2- by  in c0006", "title=Head- by [y] in c0003",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A name that was given away is the one's who bears it now.
func TestProvenanceOfANameGivenAway(t *testing.T) {
	s := &shelf{}
	s.add("u1", "ann@x", "create", "[x]", journal.Change{Name: "title", New: "Old Ann"})
	s.add("u1", "ann.old@x", "update", "[x]", journal.Change{Name: "mail", New: "old"})
	s.add("u2", "ann@x", "create", "[x]", journal.Change{Name: "title", New: "New Ann"})
	if got := told(t, s, "ann@x"); !slices.Equal(got, []string{"title=New Ann- by [x] in c0002"}) {
		t.Errorf("got %q", got)
	}
	for _, of := range []string{"u1", "ann.old@x"} { // what was written under an earlier name belongs to the story
		if got := told(t, s, of); len(got) != 2 {
			t.Errorf("%s: got %q", of, got)
		}
	}
}

func TestProvenanceReadsPageByPage(t *testing.T) {
	s := &shelf{}
	s.add("u1", "ann@x", "create", "[x]", journal.Change{Name: "title", New: "first"})
	for i := range 700 {
		s.add("u1", "ann@x", "update", "[x]", journal.Change{Name: "mail", New: fmt.Sprint(i)})
	}
	if got := told(t, s, "ann@x"); !slices.Equal(got, []string{"mail=699- by [x] in c0700", "title=first- by [x] in c0000"}) {
		t.Errorf("got %q", got)
	}
	if _, err := journal.Provenance(t.Context(), s, "hr", "nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody: %v", err)
	}
}
