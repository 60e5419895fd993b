package storagetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/cycle"
	"github.com/sallyport-id/sallyport/service/journal"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/review"
)

var reviewCases = []testCase{
	{"NumbersCountByApplication", reviewNumbers},
	{"RowsComeBack", reviewRows},
	{"RowsAreFiltered", reviewFilters},
	{"SortedByObject", reviewSorted},
	{"OutcomesAreCounted", reviewOutcomes},
	{"Revise", reviewRevise},
	{"RetainKeepsWhatIsApplied", reviewRetain},
	{"GoWithTheApplication", reviewGoWithApp},
	{"StrangerSeesNothing", reviewStranger},
}

func addPlan(t testing.TB, ctx context.Context, s Stores, status review.Status, made time.Time) review.Plan {
	t.Helper()
	return got(s.Reviews.Add(ctx, review.Plan{ID: review.ID{App: job}, Kind: review.Run, Status: status, Made: made, Notes: []string{"名前"}}))(t)
}

func reviewNumbers(t *testing.T, ctx context.Context, s Stores) {
	a, b := addPlan(t, ctx, s, review.Ready, at0), addPlan(t, ctx, s, review.Making, at0.Add(time.Second))
	c := got(s.Reviews.Add(ctx, review.Plan{ID: review.ID{App: "it"}, Made: at0.Add(2 * time.Second)}))(t)
	equal(t, []string{a.ID.String(), b.ID.String(), c.ID.String()}, []string{"hr-1", "hr-2", "it-1"})
	equal(t, got(s.Reviews.Plan(ctx, a.ID))(t), a)
	equal(t, got(s.Reviews.List(ctx, job))(t), []review.Plan{b, a})
	equal(t, got(s.Reviews.List(ctx, ""))(t), []review.Plan{c, b, a})
	_, err := s.Reviews.Plan(ctx, review.ID{App: job, N: 9})
	wantKind(t, err, fault.NotFound)
}

func reviewRow(source string, verb plan.Verb) review.Row {
	return review.Row{
		Source: journal.Identity{ID: source, Type: "User", Name: "Ann" + source + "@X"}, Target: journal.Identity{ID: "t" + source, Type: "User"},
		Verb: verb, Code: "c", Reason: "r", Hint: "h", Outcome: review.Pending, Late: []string{"manager"},
		Changes: []journal.Change{{Name: "title", Old: "a", New: "b"}}, Expect: cycle.Precondition{Source: "1", Link: "2", Target: "3", Effect: "4"},
	}
}

func reviewRows(t *testing.T, ctx context.Context, s Stores) {
	p := addPlan(t, ctx, s, review.Making, at0)
	plain, written := reviewRow("1", plan.Update), reviewRow("2", plan.Create)
	written.Write = &review.Write{
		Edits: []entry.Edit{
			{Op: entry.Replace, Attr: "title"}, {Op: entry.Add, Attr: `emails[type eq "work.x"].value`, Values: []entry.Value{"a", int64(7), true}},
			{Op: entry.Remove, Attr: "members", Values: []entry.Value{entry.Ref{Type: entry.User, ID: "9"}}},
		},
		Create: entry.Attrs{"userName": {"ann"}, "when": {at0}, "photo": {[]byte{0, 255}}},
		Expect: entry.Attrs{"title": nil, "active": {false}}, Link: true,
	}
	must(t, s.Reviews.Append(ctx, p.ID, []review.Row{plain}))
	must(t, s.Reviews.Append(ctx, p.ID, []review.Row{written}))
	plain.Seq, written.Seq = 1, 2
	equal(t, got(s.Reviews.Find(ctx, p.ID, review.Query{}))(t), []review.Row{plain, written})
	equal(t, got(s.Reviews.Find(ctx, p.ID, review.Query{After: 1, Limit: 1}))(t), []review.Row{written})
	equal(t, len(got(s.Reviews.Find(ctx, review.ID{App: job, N: 9}, review.Query{}))(t)), 0)
}

func reviewFilters(t *testing.T, ctx context.Context, s Stores) {
	p := addPlan(t, ctx, s, review.Making, at0)
	must(t, s.Reviews.Append(ctx, p.ID, []review.Row{
		reviewRow("1", plan.Update), reviewRow("2", plan.Delete), reviewRow("3", plan.Update), reviewRow("4", plan.Delete),
	}))
	must(t, s.Reviews.Settle(ctx, p.ID, 2, review.Done, "", at0))
	find := func(q review.Query) (seqs []int64) {
		for _, r := range got(s.Reviews.Find(ctx, p.ID, q))(t) {
			seqs = append(seqs, r.Seq)
		}
		return seqs
	}
	equal(t, find(review.Query{Verb: plan.Delete}), []int64{2, 4})
	equal(t, find(review.Query{Verb: plan.Delete, Outcome: review.Pending}), []int64{4})
	equal(t, find(review.Query{Outcome: review.Pending}), []int64{1, 3, 4})
	equal(t, find(review.Query{Outcome: review.Pending, After: 1, Limit: 1}), []int64{3})
	equal(t, find(review.Query{User: "3"}), []int64{3})
	equal(t, find(review.Query{User: "ann3@x"}), []int64{3})
	equal(t, find(review.Query{User: "ann3@x", Verb: plan.Delete}), []int64(nil))
}

func reviewSorted(t *testing.T, ctx context.Context, s Stores) {
	p := addPlan(t, ctx, s, review.Making, at0)
	var rows []review.Row
	for i := range 600 { // more than a page, in the wrong order
		rows = append(rows, reviewRow(fmt.Sprintf("%03d", 599-i), plan.Update))
	}
	must(t, s.Reviews.Append(ctx, p.ID, rows))
	n := 0
	for r, err := range s.Reviews.Sorted(ctx, p.ID) {
		must(t, err)
		equal(t, r.Source.ID, fmt.Sprintf("%03d", n))
		n++
	}
	equal(t, n, 600)
}

func reviewOutcomes(t *testing.T, ctx context.Context, s Stores) {
	p := addPlan(t, ctx, s, review.Ready, at0)
	must(t, s.Reviews.Append(ctx, p.ID, []review.Row{reviewRow("1", plan.Update), reviewRow("2", plan.Delete), reviewRow("3", plan.Update)}))
	must(t, s.Reviews.Settle(ctx, p.ID, 1, review.Begun, "", time.Time{}))
	must(t, s.Reviews.Settle(ctx, p.ID, 1, review.Refused, "moved on", at0))
	must(t, s.Reviews.Settle(ctx, p.ID, 2, review.Done, "", at0))
	equal(t, got(s.Reviews.Count(ctx, p.ID))(t), review.Totals{
		plan.Update: {review.Refused: 1, review.Pending: 1}, plan.Delete: {review.Done: 1},
	})
	r := got(s.Reviews.Find(ctx, p.ID, review.Query{User: "1"}))(t)[0]
	equal(t, []any{r.Outcome, r.Detail, r.Done}, []any{review.Refused, "moved on", at0})
	wantKind(t, s.Reviews.Settle(ctx, p.ID, 9, review.Done, "", at0), fault.NotFound)
}

func reviewRevise(t *testing.T, ctx context.Context, s Stores) {
	p := addPlan(t, ctx, s, review.Ready, at0)
	after := got(s.Reviews.Revise(ctx, p.ID, func(p review.Plan) (review.Plan, error) { p.Status = review.Applying; return p, nil }))(t)
	equal(t, got(s.Reviews.Plan(ctx, p.ID))(t), after)
	equal(t, after.Status, review.Applying)
	_, err := s.Reviews.Revise(ctx, p.ID, func(p review.Plan) (review.Plan, error) { return p, context.Canceled })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	_, err = s.Reviews.Revise(ctx, review.ID{App: "it", N: 1}, func(p review.Plan) (review.Plan, error) { return p, nil })
	wantKind(t, err, fault.NotFound)
}

func reviewRetain(t *testing.T, ctx context.Context, s Stores) {
	old, busy, fresh := addPlan(t, ctx, s, review.Ready, at0), addPlan(t, ctx, s, review.Applying, at0), addPlan(t, ctx, s, review.Ready, at0.Add(time.Hour))
	for _, p := range []review.Plan{old, busy, fresh} {
		must(t, s.Reviews.Append(ctx, p.ID, []review.Row{reviewRow("1", plan.Update)}))
	}
	equal(t, got(s.Reviews.Retain(ctx, at0.Add(time.Minute)))(t), 1)
	_, err := s.Reviews.Plan(ctx, old.ID)
	wantKind(t, err, fault.NotFound)
	equal(t, len(got(s.Reviews.Find(ctx, old.ID, review.Query{}))(t)), 0)
	equal(t, len(got(s.Reviews.Find(ctx, busy.ID, review.Query{}))(t)), 1)
	equal(t, len(got(s.Reviews.Find(ctx, fresh.ID, review.Query{}))(t)), 1)
}

func reviewGoWithApp(t *testing.T, ctx context.Context, s Stores) {
	fill(t, ctx, s)
	p := addPlan(t, ctx, s, review.Ready, at0)
	must(t, s.Reviews.Append(ctx, p.ID, []review.Row{reviewRow("1", plan.Update)}))
	must(t, s.Apps.Delete(ctx, job))
	_, err := s.Reviews.Plan(ctx, p.ID)
	wantKind(t, err, fault.NotFound)
	equal(t, len(got(s.Reviews.Find(ctx, p.ID, review.Query{}))(t)), 0)
}

func reviewStranger(t *testing.T, ctx context.Context, s Stores) {
	p, other := addPlan(t, ctx, s, review.Ready, at0), stranger(t)
	must(t, s.Reviews.Append(ctx, p.ID, []review.Row{reviewRow("1", plan.Update)}))
	_, err := s.Reviews.Plan(other, p.ID)
	wantKind(t, err, fault.NotFound)
	equal(t, len(got(s.Reviews.List(other, ""))(t))+len(got(s.Reviews.Find(other, p.ID, review.Query{}))(t))+len(all(t, s.Reviews.Sorted(other, p.ID))), 0)
	equal(t, len(got(s.Reviews.Count(other, p.ID))(t)), 0)
	wantKind(t, s.Reviews.Settle(other, p.ID, 1, review.Done, "", at0), fault.NotFound)
	_, err = s.Reviews.Revise(other, p.ID, func(p review.Plan) (review.Plan, error) { return p, nil })
	wantKind(t, err, fault.NotFound)
	equal(t, got(s.Reviews.Retain(other, at0.Add(time.Hour)))(t), 0)
	equal(t, got(s.Reviews.Find(ctx, p.ID, review.Query{}))(t)[0].Outcome, review.Pending)
}
