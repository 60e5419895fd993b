package storagetest

import (
	"bytes"
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
	"github.com/sallyport-id/sallyport/service/audit"
)

var auditCases = []testCase{
	{"OK", auditOK}, {"OneChainForMany", auditRace}, {"WithTheAct", auditWithAct}, {"NotWithoutTheAct", auditUndone},
	{"Checkpoints", auditMarks}, {"Export", auditExport}, {"Tenants", auditTenants},
}

func act(n int, subject string) audit.Entry {
	return audit.Entry{At: at0.Add(time.Duration(n) * time.Minute), Phase: audit.Done, Subject: subject, Action: "PATCH /v1.0/users/{id}", Target: "/v1.0/users/u", Result: audit.Success}
}

func auditOK(t *testing.T, ctx context.Context, s Stores) {
	seq, hash, err := s.Audit.Head(ctx)
	must(t, err)
	equal(t, seq, int64(0))
	equal(t, hash, "")
	for i := range 1200 {
		got(s.Audit.Append(ctx, act(i, []string{"token:a", "token:b"}[i%2])))(t)
	}
	prev, n := "", int64(0)
	for e, err := range s.Audit.Walk(ctx, 0) {
		must(t, err)
		n++
		open := got(e.Open())(t)
		if e.Seq != n || open.Seq != n || open.Prev != prev || audit.HashOf(e.Doc) != e.Hash {
			t.Fatalf("entry %d: %+v after %s", n, open, prev)
		}
		prev = e.Hash
	}
	equal(t, n, int64(1200))
	equal(t, len(all(t, s.Audit.Walk(ctx, 1199))), 1)
	newest := got(s.Audit.Find(ctx, audit.Query{Limit: 2}))(t)
	equal(t, []int64{newest[0].Seq, newest[1].Seq}, []int64{1200, 1199})
	equal(t, len(got(s.Audit.Find(ctx, audit.Query{}))(t)), 100)
	equal(t, len(got(s.Audit.Find(ctx, audit.Query{Subject: "token:a", Limit: 5000}))(t)), 600)
	equal(t, len(got(s.Audit.Find(ctx, audit.Query{Since: at0.Add(1190 * time.Minute), Limit: 5000}))(t)), 10)
	equal(t, len(got(s.Audit.Find(ctx, audit.Query{Before: 3}))(t)), 2)
	equal(t, len(got(s.Audit.Find(ctx, audit.Query{Text: "USERS/u", Limit: 3}))(t)), 3)
	equal(t, len(got(s.Audit.Find(ctx, audit.Query{Text: "nothing"}))(t)), 0)
}

func auditRace(t *testing.T, ctx context.Context, s Stores) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 5 {
				if _, err := s.Audit.Append(ctx, act(i, "token:a")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	prev := ""
	for e, err := range s.Audit.Walk(ctx, 0) {
		must(t, err)
		equal(t, got(e.Open())(t).Prev, prev)
		prev = e.Hash
	}
	seq, hash, err := s.Audit.Head(ctx)
	must(t, err)
	equal(t, seq, int64(40))
	equal(t, hash, prev)
}

// auditWithAct: what is done under an act is in the log as soon as it is done, once.
func auditWithAct(t *testing.T, ctx context.Context, s Stores) {
	inAct, a := audit.Begin(ctx, act(0, "token:root"), nil)
	tok, _ := access.New("n", access.Reader, at0, 0)
	must(t, s.Tokens.Put(inAct, tok))
	must(t, s.Tokens.Delete(inAct, "n"))
	equal(t, a.Seq(), int64(1))
	es := got(s.Audit.Find(ctx, audit.Query{}))(t)
	equal(t, len(es), 1)
	equal(t, es[0].Subject, "token:root")
	held, b := audit.Begin(ctx, act(0, "token:root"), nil)
	b.Hold()
	must(t, s.Tokens.Put(held, tok))
	equal(t, b.Seq(), int64(0))
	equal(t, len(got(s.Audit.Find(ctx, audit.Query{}))(t)), 1)
}

// auditUndone: an act whose transaction fails leaves no entry that says it was done.
func auditUndone(t *testing.T, ctx context.Context, s Stores) {
	inAct, a := audit.Begin(ctx, act(0, "token:root"), nil)
	wantKind(t, s.Directory.HardDelete(inAct, entry.User, "nobody"), fault.NotFound)
	wantKind(t, s.Tokens.Delete(inAct, "nobody"), fault.NotFound)
	equal(t, a.Seq(), int64(0))
	equal(t, len(got(s.Audit.Find(ctx, audit.Query{}))(t)), 0)
}

func keeper(t *testing.T, s Stores) *audit.Keeper {
	t.Helper()
	return &audit.Keeper{Log: s.Audit, Marks: s.Marks, Signer: got(audit.OpenSigner(filepath.Join(t.TempDir(), "identity")))(t)}
}

func auditMarks(t *testing.T, ctx context.Context, s Stores) {
	k := keeper(t, s)
	must(t, k.Checkpoint(ctx, at0)) // nothing to sign
	equal(t, len(got(s.Marks.List(ctx))(t)), 0)
	for i := range 4 {
		got(k.Append(ctx, act(i, "token:a")))(t)
		must(t, k.Checkpoint(ctx, at0.Add(time.Duration(i)*time.Hour)))
		must(t, k.Checkpoint(ctx, at0.Add(time.Duration(i)*time.Hour)))
	}
	equal(t, len(got(s.Marks.List(ctx))(t)), 4)
	forged := got(k.Signer.Sign(audit.Checkpoint{Seq: 2, Hash: audit.HashOf(nil)}))(t)
	wantKind(t, s.Marks.Mark(ctx, forged), fault.Conflict)
	_, err := s.Marks.Cut(ctx, 99)
	wantKind(t, err, fault.Conflict)
	equal(t, got(k.Retain(ctx, at0.Add(90*time.Minute)))(t), 2)
	equal(t, len(all(t, s.Audit.Walk(ctx, 0))), 2)
	equal(t, len(got(s.Marks.List(ctx))(t)), 3)
}

func auditExport(t *testing.T, ctx context.Context, s Stores) {
	k := keeper(t, s)
	for i := range 700 {
		got(k.Append(ctx, act(i, "token:a")))(t)
		if i%100 == 50 {
			must(t, k.Checkpoint(ctx, at0.Add(time.Duration(i)*time.Hour)))
		}
	}
	check := func(first, entries int64) {
		t.Helper()
		var b bytes.Buffer
		must(t, k.Export(ctx, &b, 0))
		r := got(audit.Verify(&b, audit.Trust{Key: k.Signer.Public()}))(t)
		equal(t, []int64{r.First, r.Last, r.Entries}, []int64{first, 700, entries})
	}
	check(1, 700)
	equal(t, got(k.Retain(ctx, at0.Add(200*time.Hour)))(t), 151)
	check(152, 549)
}

func auditTenants(t *testing.T, ctx context.Context, s Stores) {
	k, other := keeper(t, s), stranger(t)
	got(k.Append(ctx, act(0, "token:a")))(t)
	must(t, k.Checkpoint(ctx, at0))
	seq, _, err := s.Audit.Head(other)
	must(t, err)
	equal(t, seq, int64(0))
	equal(t, len(got(s.Audit.Find(other, audit.Query{}))(t)), 0)
	equal(t, len(all(t, s.Audit.Walk(other, 0))), 0)
	equal(t, len(got(s.Marks.List(other))(t)), 0)
	_, err = s.Marks.Cut(other, 1)
	wantKind(t, err, fault.Conflict)
	first := got(k.Append(other, act(0, "token:b")))(t)
	equal(t, first.Seq, int64(1))
	_, err = s.Audit.Append(t.Context(), act(0, "token:a"))
	wantKind(t, err, fault.Internal)
	equal(t, len(all(t, s.Audit.Walk(ctx, 0))), 1)
}
