package storagetest

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/drift"
	"github.com/sallyport-id/sallyport/service/journal"
)

var driftCases = []testCase{
	{"FindingsComeBack", driftFindings},
	{"AcceptedUntilItDiffersOtherwise", driftAccepted},
	{"WhatIsNotSeenAnyMoreGoes", driftFinish},
	{"GoesWithTheApplication", driftGoesWithApp},
	{"StrangerSeesNothing", driftStranger},
}

func finding(target, attr, print string) drift.Finding {
	return drift.Finding{
		What: drift.Changed, Source: journal.Identity{ID: "s" + target, Type: "User", Name: "Ann" + target}, Target: journal.Identity{ID: target, Type: "User"},
		Attr: attr, Wanted: "w", Found: "f", State: drift.Open, Since: at0, Print: print,
	}
}

func driftFindings(t *testing.T, ctx context.Context, s Stores) {
	a, b, c := finding("1", "title", "p"), finding("1", "userName", "p"), finding("2", "", "p")
	c.What = drift.Orphan
	must(t, s.Drift.Note(ctx, job, 1, []drift.Finding{c, b, a}))
	find := func(q drift.Query) []drift.Finding { return got(s.Drift.Findings(ctx, job, q))(t) }
	equal(t, find(drift.Query{}), []drift.Finding{a, b, c})
	equal(t, find(drift.Query{After: a.Key(), Limit: 1}), []drift.Finding{b})
	equal(t, find(drift.Query{What: drift.Orphan}), []drift.Finding{c})
	equal(t, find(drift.Query{User: "ann1"}), []drift.Finding{a, b})
	equal(t, find(drift.Query{User: "s2"}), []drift.Finding{c})
	equal(t, find(drift.Query{User: "2"}), []drift.Finding{c})
	equal(t, len(got(s.Drift.Findings(ctx, "it", drift.Query{}))(t)), 0)
}

func driftAccepted(t *testing.T, ctx context.Context, s Stores) {
	must(t, s.Drift.Note(ctx, job, 1, []drift.Finding{finding("1", "title", "p")}))
	must(t, s.Drift.Accept(ctx, job, finding("1", "title", "").Key(), "root"))
	wantKind(t, s.Drift.Accept(ctx, job, drift.Key{Type: "User", Target: "9"}, "root"), fault.NotFound)
	look := func() drift.Finding { return got(s.Drift.Findings(ctx, job, drift.Query{}))(t)[0] }

	again := finding("1", "title", "p")
	again.Since = at0.Add(time.Hour)
	must(t, s.Drift.Note(ctx, job, 2, []drift.Finding{again}))
	equal(t, []any{look().State, look().By, look().Since}, []any{drift.Accepted, "root", at0})
	equal(t, len(got(s.Drift.Findings(ctx, job, drift.Query{State: drift.Open}))(t)), 0)

	again.Print = "other"
	must(t, s.Drift.Note(ctx, job, 3, []drift.Finding{again}))
	equal(t, []any{look().State, look().By, look().Since}, []any{drift.Open, "", at0.Add(time.Hour)})
}

func driftFinish(t *testing.T, ctx context.Context, s Stores) {
	_, err := s.Drift.Last(ctx, job)
	wantKind(t, err, fault.NotFound)
	orphan, gone := finding("3", "", "p"), finding("4", "", "p")
	orphan.What, gone.What = drift.Orphan, drift.Removed
	must(t, s.Drift.Note(ctx, job, 1, []drift.Finding{finding("0", "title", "p")}))
	must(t, s.Drift.Note(ctx, job, 2, []drift.Finding{finding("1", "title", "p"), finding("1", "name", "p"), finding("2", "title", "p"), orphan, gone}))
	must(t, s.Drift.Accept(ctx, job, finding("2", "title", "").Key(), "root"))
	r := got(s.Drift.Finish(ctx, drift.Report{App: job, Run: 2, Began: at0, Looked: 7}))(t)
	equal(t, r, drift.Report{App: job, Run: 2, Began: at0, Looked: 7, Changed: 1, Removed: 1, Orphans: 1, Accepted: 1})
	equal(t, got(s.Drift.Last(ctx, job))(t), r)
	equal(t, len(got(s.Drift.Findings(ctx, job, drift.Query{}))(t)), 5)
}

func driftGoesWithApp(t *testing.T, ctx context.Context, s Stores) {
	fill(t, ctx, s)
	must(t, s.Drift.Note(ctx, job, 1, []drift.Finding{finding("1", "title", "p")}))
	got(s.Drift.Finish(ctx, drift.Report{App: job, Run: 1}))(t)
	must(t, s.Apps.Delete(ctx, job))
	_, err := s.Drift.Last(ctx, job)
	wantKind(t, err, fault.NotFound)
	equal(t, len(got(s.Drift.Findings(ctx, job, drift.Query{}))(t)), 0)
}

func driftStranger(t *testing.T, ctx context.Context, s Stores) {
	must(t, s.Drift.Note(ctx, job, 1, []drift.Finding{finding("1", "title", "p")}))
	got(s.Drift.Finish(ctx, drift.Report{App: job, Run: 1}))(t)
	other := stranger(t)
	equal(t, len(got(s.Drift.Findings(other, job, drift.Query{}))(t)), 0)
	_, err := s.Drift.Last(other, job)
	wantKind(t, err, fault.NotFound)
	wantKind(t, s.Drift.Accept(other, job, finding("1", "title", "").Key(), "x"), fault.NotFound)
	got(s.Drift.Finish(other, drift.Report{App: job, Run: 9}))(t)
	equal(t, len(got(s.Drift.Findings(ctx, job, drift.Query{}))(t)), 1)
}
