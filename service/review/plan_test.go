package review

import (
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
)

func TestParseID(t *testing.T) {
	for text, want := range map[string]ID{
		"hr-1": {"hr", 1}, "my-app-20-17": {"my-app-20", 17},
		"": {}, "hr": {}, "hr-": {}, "-1": {}, "hr-0": {}, "hr--1": {"hr-", 1}, "hr-01": {}, "hr-x": {}, "hr-99999999999999999999": {}, "hr-+1": {},
	} {
		got, err := ParseID(text)
		if got != want || (err == nil) != (want != ID{}) || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("contoso-17")
	f.Add("a-b-")
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := ParseID(text); err == nil && id.String() != text {
			t.Errorf("%q comes back as %q", text, id)
		}
	})
}

func TestLifeOfAPlan(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tt := range map[string]struct {
		plan     Plan
		approved bool
		discard  bool
	}{
		"Ready":     {Plan{Status: Ready, Expires: now.Add(time.Hour)}, true, true},
		"Expired":   {Plan{Status: Ready, Expires: now}, false, true},
		"Making":    {Plan{Status: Making}, false, true},
		"Applying":  {Plan{Status: Applying, Approval: &Approval{By: "x"}}, true, false},
		"Applied":   {Plan{Status: Applied}, false, false},
		"Discarded": {Plan{Status: Discarded}, false, true},
		"Failed":    {Plan{Status: Failed}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := tt.plan.approve("boss", 3, now)
			if (err == nil) != tt.approved || err != nil && (!fault.Is(err, fault.Conflict) || fault.HintOf(err) == "") {
				t.Errorf("approve: %v", err)
			}
			if name == "Ready" && (p.Approval.By != "boss" || p.Approval.Deletes != 3 || p.Status != Applying) {
				t.Errorf("approved %+v", p)
			}
			if name == "Applying" && p.Approval.By != "x" {
				t.Error("a resumed plan lost who approved it")
			}
			if _, err := tt.plan.discard(now); (err == nil) != tt.discard {
				t.Errorf("discard: %v", err)
			}
		})
	}
}

func rowsOf(rows ...Row) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func someRow(id string, v plan.Verb, changes ...journal.Change) Row {
	return Row{Source: journal.Identity{ID: id, Type: "User"}, Verb: v, Reason: "r", Changes: changes}
}

func TestDiff(t *testing.T) {
	a, b := journal.Change{Name: "title", New: "a"}, journal.Change{Name: "title", New: "b"}
	for name, tt := range map[string]struct {
		left, right []Row
		want        []string
	}{
		"Same":       {[]Row{someRow("1", plan.Update, a)}, []Row{someRow("1", plan.Update, a)}, nil},
		"OtherValue": {[]Row{someRow("1", plan.Update, a)}, []Row{someRow("1", plan.Update, b)}, []string{"1 update1 update1"}},
		"OtherVerb":  {[]Row{someRow("1", plan.Update, a)}, []Row{someRow("1", plan.Delete)}, []string{"1 update1 delete0"}},
		"OnlyLeft":   {[]Row{someRow("1", plan.Delete), someRow("2", plan.Delete)}, []Row{someRow("2", plan.Delete)}, []string{"1 delete0 -"}},
		"OnlyRight":  {nil, []Row{someRow("2", plan.Create, a)}, []string{"2 - create1"}},
		"Both":       {[]Row{someRow("1", plan.Update, a), someRow("3", plan.Update, a)}, []Row{someRow("2", plan.Update, a)}, []string{"1 update1 -", "2 - update1", "3 update1 -"}},
		"NobodysByTheirTarget": {
			[]Row{{Target: journal.Identity{ID: "t1"}, Verb: plan.Delete}}, []Row{{Target: journal.Identity{ID: "t2"}, Verb: plan.Delete}},
			[]string{" delete0 -", " - delete0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for d, err := range Diff(rowsOf(tt.left...), rowsOf(tt.right...)) {
				if err != nil {
					t.Fatal(err)
				}
				s := d.Source.ID
				for _, side := range []*Side{d.A, d.B} {
					if side == nil {
						s += " -"
					} else {
						s += " " + string(side.Verb) + string(rune('0'+len(side.Changes)))
					}
				}
				got = append(got, s)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDiffEndsWithAnError(t *testing.T) {
	broken := errors.New("the disk is gone")
	bad := func(yield func(Row, error) bool) { yield(Row{}, broken) }
	for _, err := range Diff(rowsOf(someRow("1", plan.Update)), bad) {
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	}
}
