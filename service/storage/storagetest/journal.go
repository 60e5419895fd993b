package storagetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/journal"
)

var journalCases = []testCase{
	{"EveryFieldComesBack", journalFields},
	{"Find", journalFind},
	{"Pages", journalPages},
	{"Retain", journalRetain},
	{"Follow", journalFollow},
	{"FollowMissesNone", journalFollowAll},
	{"ErrID", journalErrID},
}

func record(n int, job, user, status string) journal.Record {
	return journal.Record{
		At: at0.Add(time.Duration(n) * time.Second), Job: job, Status: status, Action: "update", Reason: fmt.Sprint(n),
		Source: journal.Identity{ID: "id-" + user, Type: "User", Name: user},
	}
}

// reasons lists the numbers records were made with.
func reasons(rs []journal.Record) (out []string) {
	for _, r := range rs {
		out = append(out, r.Reason)
	}
	return out
}

func journalFields(t *testing.T, ctx context.Context, s Stores) {
	r := record(1, "hr", "Ann@x", "failure")
	r.ID, r.Cycle, r.Code, r.Hint, r.Millis, r.Initiator = "mine", "c", "Conflict", "rename", 12, "system"
	r.Target = journal.Identity{ID: "t", Type: "User", Name: "名前\x00\""}
	r.Changes = []journal.Change{{Name: "title", Old: "a", New: "b"}}
	r.Steps = []journal.Step{{Name: "EntryImport", Type: "import", Status: "success", Detail: "d", Facts: map[string]string{"k": "v"}, Millis: 3}}
	must(t, s.Journal.Append(ctx, r))
	must(t, s.Journal.Append(ctx))
	rs := got(s.Journal.Find(ctx, journal.Query{}))(t)
	if len(rs) != 1 || rs[0].ID == "" || rs[0].ID == "mine" {
		t.Fatalf("got %+v", rs)
	}
	r.ID = rs[0].ID
	equal(t, rs[0], r)
	must(t, s.Journal.Append(ctx, journal.Record{}))
	if last := got(s.Journal.Find(ctx, journal.Query{Newest: true}))(t)[0]; last.At.IsZero() {
		t.Fatal("a record without a time got none")
	}
}

func journalFind(t *testing.T, ctx context.Context, s Stores) {
	must(t, s.Journal.Append(ctx, record(0, "hr", "Ann@x", "success"), record(1, "hr", "Bob@x", "failure"), record(2, "it", "ann@x", "failure")))
	must(t, s.Journal.Append(ctx, record(3, "it", "Bob@x", "success"), record(4, "hr", "STRASSE@x", "failure")))
	for name, tc := range map[string]struct {
		q    journal.Query
		want []string
	}{
		"All":           {journal.Query{}, []string{"0", "1", "2", "3", "4"}},
		"Newest":        {journal.Query{Newest: true, Limit: 2}, []string{"4", "3"}},
		"Job":           {journal.Query{Job: "hr"}, []string{"0", "1", "4"}},
		"JobNewest":     {journal.Query{Job: "hr", Newest: true}, []string{"4", "1", "0"}},
		"Status":        {journal.Query{Status: "failure"}, []string{"1", "2", "4"}},
		"StatusNewest":  {journal.Query{Status: "failure", Newest: true}, []string{"4", "2", "1"}},
		"UserByName":    {journal.Query{User: "aNN@X"}, []string{"0", "2"}},
		"UserByID":      {journal.Query{User: "id-Bob@x"}, []string{"1", "3"}},
		"UserFolded":    {journal.Query{User: "straße@x"}, []string{"4"}},
		"UserNewest":    {journal.Query{User: "bob@x", Newest: true}, []string{"3", "1"}},
		"JobAndStatus":  {journal.Query{Job: "hr", Status: "failure"}, []string{"1", "4"}},
		"Everything":    {journal.Query{Job: "it", Status: "failure", User: "ann@x"}, []string{"2"}},
		"Since":         {journal.Query{Since: at0.Add(3 * time.Second)}, []string{"3", "4"}},
		"SinceNewest":   {journal.Query{Since: at0.Add(3 * time.Second), Newest: true}, []string{"4", "3"}},
		"SinceAndJob":   {journal.Query{Since: at0.Add(time.Second), Job: "hr"}, []string{"1", "4"}},
		"Nobody":        {journal.Query{User: "none"}, nil},
		"NothingSince":  {journal.Query{Since: at0.Add(time.Hour)}, nil},
		"NoSuchJob":     {journal.Query{Job: "x"}, nil},
		"SinceLongGone": {journal.Query{Since: time.Unix(-5, 0), Limit: 1}, []string{"0"}},
	} {
		t.Run(name, func(t *testing.T) { equal(t, reasons(got(s.Journal.Find(ctx, tc.q))(t)), tc.want) })
	}
}

func journalPages(t *testing.T, ctx context.Context, s Stores) {
	var want []string
	for i := range 25 {
		must(t, s.Journal.Append(ctx, record(-i, "hr", "a", "success"))) // each older than the one before: the order is that of appending
		want = append(want, fmt.Sprint(-i))
	}
	for _, newest := range []bool{false, true} {
		var seen []string
		q := journal.Query{Limit: 10, Newest: newest}
		for {
			rs := got(s.Journal.Find(ctx, q))(t)
			if len(rs) == 0 {
				break
			}
			seen = append(seen, reasons(rs)...)
			q.After = rs[len(rs)-1].ID
		}
		if newest {
			slices.Reverse(seen)
		}
		equal(t, seen, want)
	}
}

func journalRetain(t *testing.T, ctx context.Context, s Stores) {
	for i := range 10 {
		must(t, s.Journal.Append(ctx, record(i, "hr", "a", "success")))
	}
	equal(t, got(s.Journal.Retain(ctx, at0.Add(4*time.Second)))(t), 4)
	equal(t, reasons(got(s.Journal.Find(ctx, journal.Query{}))(t)), []string{"4", "5", "6", "7", "8", "9"})
	equal(t, got(s.Journal.Retain(ctx, at0))(t), 0)
	must(t, s.Journal.Append(ctx, record(-5, "hr", "a", "success"))) // late
	equal(t, got(s.Journal.Retain(ctx, at0))(t), 1)
	last := got(s.Journal.Find(ctx, journal.Query{Newest: true, Limit: 1}))(t)[0]
	equal(t, got(s.Journal.Retain(ctx, at0.Add(time.Hour)))(t), 6)
	must(t, s.Journal.Append(ctx, record(0, "hr", "a", "success")))
	if first := got(s.Journal.Find(ctx, journal.Query{}))(t)[0]; first.ID <= last.ID {
		t.Fatalf("id %s was given again after %s", first.ID, last.ID)
	}
}

func journalFollow(t *testing.T, ctx context.Context, s Stores) {
	must(t, s.Journal.Append(ctx, record(0, "hr", "a", "success"), record(1, "hr", "a", "failure")))
	first := got(s.Journal.Find(ctx, journal.Query{Limit: 1}))(t)[0]
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	var seen []string
	for r, err := range s.Journal.Follow(stop, journal.Query{Status: "failure", After: first.ID}) {
		must(t, err)
		seen = append(seen, r.Reason)
		switch r.Reason {
		case "1": // appended while the follower works
			must(t, s.Journal.Append(ctx, record(2, "hr", "a", "success"), record(3, "hr", "a", "failure")))
		case "3": // appended while it sleeps, or just before
			go func() {
				_ = s.Journal.Append(ctx, record(4, "hr", "a", "success"))
				_ = s.Journal.Append(ctx, record(5, "hr", "a", "failure"))
			}()
		case "5":
			cancel() // ends without an error
		}
	}
	equal(t, seen, []string{"1", "3", "5"})
}

// journalFollowAll appends from many goroutines; a follower sees every record once, in the order of ID.
func journalFollowAll(t *testing.T, ctx context.Context, s Stores) {
	const writers, each = 8, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := s.Journal.Append(ctx, record(i, fmt.Sprint(w), "a", "success")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	last, n := "", 0
	for r, err := range s.Journal.Follow(ctx, journal.Query{}) {
		must(t, err)
		if r.ID <= last {
			t.Fatalf("%s came after %s", r.ID, last)
		}
		last = r.ID
		if n++; n == writers*each {
			break
		}
	}
	wg.Wait()
	equal(t, len(got(s.Journal.Find(ctx, journal.Query{Limit: 1000}))(t)), n)
}

func journalErrID(t *testing.T, ctx context.Context, s Stores) {
	_, err := s.Journal.Find(ctx, journal.Query{After: "no id!"})
	wantKind(t, err, fault.Invalid)
	for _, err := range s.Journal.Follow(ctx, journal.Query{After: "no id!"}) {
		wantKind(t, err, fault.Invalid)
	}
}
