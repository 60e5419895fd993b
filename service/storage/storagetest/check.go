package storagetest

import (
	"context"
	"iter"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/directory"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got returns a function that gives v, or ends the test when there is an error.
func got[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func wantKind(t testing.TB, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Fatalf("got error %v, want %v", err, k)
	}
}

func equal(t testing.TB, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("differs (-want +got):\n%s", d)
	}
}

// all gathers a sequence; its first error ends the test.
func all[T any](t testing.TB, seq iter.Seq2[T, error]) (vs []T) {
	t.Helper()
	for v, err := range seq {
		must(t, err)
		vs = append(vs, v)
	}
	return vs
}

func user(upn string) entry.Entry {
	return entry.Entry{Type: entry.User, Attrs: entry.Attrs{directory.UserPrincipalName: {upn}}}
}

func group(name string) entry.Entry {
	return entry.Entry{Type: entry.Group, Attrs: entry.Attrs{directory.DisplayName: {name}}}
}

// put creates an object and returns it.
func put(t testing.TB, ctx context.Context, d directory.Store, e entry.Entry) entry.Entry {
	t.Helper()
	return got(d.Put(ctx, e.Type, e.ID, func(entry.Entry) (entry.Entry, error) { return e, nil }))(t)
}

func ref(e entry.Entry) entry.Ref { return entry.Ref{Type: e.Type, ID: e.ID} }

// edit sets one attribute of an object.
func edit(t testing.TB, ctx context.Context, d directory.Store, e entry.Entry, attr string, vs ...entry.Value) {
	t.Helper()
	_, err := d.Put(ctx, e.Type, e.ID, func(e entry.Entry) (entry.Entry, error) {
		e.Attrs.Set(attr, vs...)
		return e, nil
	})
	must(t, err)
}

// names lists what changes are about: the id, with a minus when it went.
func names(cs []directory.Change) []string {
	var out []string
	for _, c := range cs {
		n := c.Entry.ID
		if c.Deleted {
			n = "-" + n
		}
		out = append(out, n)
	}
	return out
}

func sorted(ids ...string) []string { return slices.Sorted(slices.Values(ids)) }
