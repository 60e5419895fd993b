package audit_test

import (
	"bytes"
	"context"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/audit"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// chain is a log in memory, with its checkpoints.
type chain struct {
	entries []audit.Sealed
	marks   []audit.Signed
}

func (c *chain) Append(ctx context.Context, e audit.Entry) (audit.Sealed, error) {
	seq, prev, _ := c.Head(ctx)
	e.Tenant = tenant.From(ctx)
	s, err := audit.Seal(e, seq+1, prev)
	c.entries = append(c.entries, s)
	return s, err
}

func (c *chain) Find(context.Context, audit.Query) ([]audit.Entry, error) { return nil, nil }

func (c *chain) Walk(_ context.Context, after int64) iter.Seq2[audit.Sealed, error] {
	return func(yield func(audit.Sealed, error) bool) {
		for _, e := range c.entries {
			if e.Seq > after && !yield(e, nil) {
				return
			}
		}
	}
}

func (c *chain) Head(context.Context) (int64, string, error) {
	if len(c.entries) == 0 {
		return 0, "", nil
	}
	last := c.entries[len(c.entries)-1]
	return last.Seq, last.Hash, nil
}

func (c *chain) Mark(_ context.Context, s audit.Signed) error {
	c.marks = append(c.marks, s)
	return nil
}

func (c *chain) List(context.Context) ([]audit.Signed, error) { return c.marks, nil }

func (c *chain) Cut(_ context.Context, seq int64) (int, error) {
	before := len(c.entries)
	c.entries = slices.DeleteFunc(c.entries, func(s audit.Sealed) bool { return s.Seq <= seq })
	c.marks = slices.DeleteFunc(c.marks, func(s audit.Signed) bool { x, _ := s.Open(); return x.Seq < seq })
	return before - len(c.entries), nil
}

// keeper returns a log of n entries, with a checkpoint after every third, each made an hour after the one before.
func keeper(t *testing.T, n int) (*audit.Keeper, context.Context) {
	t.Helper()
	signer, err := audit.OpenSigner(filepath.Join(t.TempDir(), "identity"))
	if err != nil {
		t.Fatal(err)
	}
	c := &chain{}
	k, ctx := &audit.Keeper{Log: c, Marks: c, Signer: signer}, tenant.With(t.Context(), "default")
	grow(t, ctx, k, n)
	return k, ctx
}

func grow(t *testing.T, ctx context.Context, k *audit.Keeper, n int) {
	t.Helper()
	for range n {
		s, err := k.Append(ctx, audit.Entry{At: noon, Subject: "token:root", Action: "PATCH /v1.0/users/{id}", Target: "/v1.0/users/<ann>&", Phase: audit.Done, Result: audit.Success})
		if err != nil {
			t.Fatal(err)
		}
		if s.Seq%3 == 0 {
			if err := k.Checkpoint(ctx, noon.Add(time.Duration(s.Seq)*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func export(t *testing.T, ctx context.Context, k *audit.Keeper, after int64) []string {
	t.Helper()
	var b bytes.Buffer
	if err := k.Export(ctx, &b, after); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func verify(lines []string, trust audit.Trust) (audit.Report, error) {
	return audit.Verify(strings.NewReader(strings.Join(lines, "\n")+"\n"), trust)
}

func TestVerifyOK(t *testing.T) {
	for _, n := range []int{0, 1, 3, 10} {
		k, ctx := keeper(t, n)
		r, err := verify(export(t, ctx, k, 0), audit.Trust{Key: k.Signer.Public()})
		if err != nil || r.Entries != int64(n) || r.Last != int64(n) || r.Checkpoints != n/3+1 || r.Tenant != "default" {
			t.Errorf("%d entries: %+v, %v", n, r, err)
		}
	}
}

// TestTampering changes a good export of ten entries in every way somebody might.
func TestTampering(t *testing.T) {
	k, ctx := keeper(t, 10)
	good := export(t, ctx, k, 0)
	// 0 head, 1-3 entries, 4 checkpoint, 5-7 entries, 8 checkpoint, 9-11 entries, 12 checkpoint, 13 entry 10, 14 end
	if len(good) != 15 {
		t.Fatalf("%d lines", len(good))
	}
	other, octx := keeper(t, 10)
	foreign := export(t, octx, other, 0)
	older := export(t, ctx, k, 0)
	grow(t, ctx, k, 1)
	edit := func(i int, from, to string) func([]string) []string {
		return func(l []string) []string {
			if !strings.Contains(l[i], from) {
				t.Fatalf("line %d has no %s: %s", i, from, l[i])
			}
			l[i] = strings.Replace(l[i], from, to, 1)
			return l
		}
	}
	remove := func(from, to int) func([]string) []string {
		return func(l []string) []string { return slices.Delete(l, from, to) }
	}
	for name, tc := range map[string]struct {
		change func([]string) []string
		says   string
	}{
		"edited text":             {edit(2, "PATCH", "DELETE"), "line 3 was edited"},
		"edited hash":             {edit(2, `"hash":"`, `"hash":"0`), "line 3 was edited"},
		"edited with a new hash":  {rehash(t, 2, "PATCH", "DELETE"), "does not follow"},
		"last entry rewritten":    {rehash(t, 13, "PATCH", "DELETE"), "rewritten"},
		"entry removed":           {remove(5, 6), "removed or reordered"},
		"first entry removed":     {remove(1, 2), "beginning was removed"},
		"beginning removed":       {remove(1, 5), "beginning was removed"},
		"last entry removed":      {remove(13, 14), "lines are missing"},
		"end removed":             {remove(14, 15), "cut off"},
		"cut at a checkpoint":     {remove(9, 15), "cut off"},
		"cut, then the end":       {remove(9, 14), "lines are missing"},
		"head removed":            {remove(0, 1), "not the head"},
		"everything removed":      {func([]string) []string { return nil }, "line 1"},
		"reordered":               {func(l []string) []string { l[2], l[3] = l[3], l[2]; return l }, "removed or reordered"},
		"entry twice":             {func(l []string) []string { return slices.Insert(l, 3, l[2]) }, "removed or reordered"},
		"checkpoint moved":        {func(l []string) []string { l[4], l[5] = l[5], l[4]; return l }, "signs entry 3"},
		"checkpoint edited":       {edit(4, `"seq":3`, `"seq":4`), "did not sign"},
		"signature edited":        {edit(4, `"signature":"`, `"signature":"AAAA`), "did not sign"},
		"checkpoint of another":   {func(l []string) []string { l[4] = foreign[4]; return l }, "did not sign"},
		"everything of another":   {func([]string) []string { return foreign }, "another key"},
		"key of another":          {func(l []string) []string { l[0] = foreign[0]; return l }, "another key"},
		"another tenant":          {edit(0, `"default"`, `"other"`), "belongs to the tenant"},
		"end of an older export":  {func(l []string) []string { return append(l[:14], older[14], l[14]) }, "after the end"},
		"line after the end":      {func(l []string) []string { return append(l, l[13]) }, "after the end"},
		"words between":           {func(l []string) []string { return slices.Insert(l, 3, "hello") }, "no line of an export"},
		"property put in":         {edit(2, `{"entry"`, `{"x":1,"entry"`), "no line of an export"},
		"signature of the end 0":  {edit(14, `"seq":10`, `"seq":9`), "did not sign"},
		"checkpoint as the start": {remove(1, 4), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := verify(tc.change(slices.Clone(good)), audit.Trust{Key: mustKey(t, good[0])})
			if tc.says == "" { // a shorter export that hangs on a signed checkpoint is one the service could have made
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), tc.says) || fault.HintOf(err) == "" {
				t.Errorf("got %v, want %q", err, tc.says)
			}
		})
	}
}

func mustKey(t *testing.T, head string) []byte {
	t.Helper()
	_, rest, _ := strings.Cut(head, `"key":"`)
	text, _, _ := strings.Cut(rest, `"`)
	key, err := audit.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// rehash edits an entry and gives it the hash of its new text, as a forger would.
func rehash(t *testing.T, i int, from, to string) func([]string) []string {
	return func(l []string) []string {
		t.Helper()
		body, ok := strings.CutPrefix(l[i], `{"entry":`)
		doc, _, ok2 := strings.Cut(body, `,"hash":"`)
		if !ok || !ok2 {
			t.Fatalf("line %s", l[i])
		}
		doc = strings.Replace(doc, from, to, 1)
		l[i] = `{"entry":` + doc + `,"hash":"` + audit.HashOf([]byte(doc)) + `"}`
		return l
	}
}

func TestOlderExportsAreContinued(t *testing.T) {
	k, ctx := keeper(t, 10)
	old, err := verify(export(t, ctx, k, 0), audit.Trust{})
	if err != nil {
		t.Fatal(err)
	}
	grow(t, ctx, k, 5)
	if _, err := verify(export(t, ctx, k, 0), audit.Trust{Older: &old}); err != nil {
		t.Errorf("the same log, grown: %v", err)
	}
	part := export(t, ctx, k, 7)
	if r, err := verify(part, audit.Trust{Older: &old}); err != nil || r.First != 7 || r.Last != 15 {
		t.Errorf("a part of it: %+v, %v", r, err)
	}
	if _, err := verify(export(t, ctx, k, 14), audit.Trust{Older: &old}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a part that begins too late: %v", err)
	}
	// Whoever has the database and the key can sign another history; an older export shows it.
	forged, fctx := keeper(t, 0)
	forged.Signer = k.Signer
	grow(t, fctx, forged, 12)
	forged.Log.(*chain).entries = nil
	forged.Marks.(*chain).marks = nil
	if _, err := forged.Append(fctx, audit.Entry{At: noon, Action: "something else"}); err != nil {
		t.Fatal(err)
	}
	grow(t, fctx, forged, 12)
	if _, err := verify(export(t, fctx, forged, 0), audit.Trust{Older: &old, Key: k.Signer.Public()}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a rewritten log: %v", err)
	}
}

func TestRetentionKeepsTheChain(t *testing.T) {
	k, ctx := keeper(t, 10)
	n, err := k.Retain(ctx, noon.Add(7*time.Hour)) // checkpoints were made at 3, 6 and 9 hours past noon
	if err != nil || n != 6 {
		t.Fatalf("dropped %d, %v", n, err)
	}
	r, err := verify(export(t, ctx, k, 0), audit.Trust{Key: k.Signer.Public()})
	if err != nil || r.First != 7 || r.Entries != 4 {
		t.Fatalf("%+v, %v", r, err)
	}
	grow(t, ctx, k, 4)
	if r, err = verify(export(t, ctx, k, 0), audit.Trust{Key: k.Signer.Public(), Older: &r}); err != nil || r.Last != 14 {
		t.Fatalf("%+v, %v", r, err)
	}
	if n, err := k.Retain(ctx, noon); err != nil || n != 0 {
		t.Errorf("dropped %d more, %v", n, err)
	}
}

func TestSignerIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "identity")
	a, err := audit.OpenSigner(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := audit.OpenSigner(dir)
	if err != nil || !a.Public().Equal(b.Public()) {
		t.Fatalf("another key: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("")
	f.Add(`{"log":{"form":1,"tenant":"default","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}` + "\n" + `{"entry":{"seq":1},"hash":"x"}`)
	f.Add(`{"checkpoint":{"seq":9},"signature":"AA=="}`)
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := audit.Verify(strings.NewReader(text), audit.Trust{}); err == nil && r.At.IsZero() {
			t.Errorf("%q passes without the signature of its end", text)
		}
	})
}
