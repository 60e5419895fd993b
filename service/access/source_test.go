package access_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
)

// tokens keeps tokens in a map.
type tokens map[string]access.Token

func (m tokens) Put(_ context.Context, t access.Token) error {
	m[t.Name] = t
	return t.Validate()
}

func (m tokens) ByHash(_ context.Context, hash string) (access.Token, error) {
	for _, t := range m {
		if t.Hash == hash {
			return t, nil
		}
	}
	return access.Token{}, fault.New(fault.NotFound, "", "none")
}

func (m tokens) List(context.Context) (all []access.Token, _ error) {
	for _, t := range m {
		all = append(all, t)
	}
	return all, nil
}

func (m tokens) Delete(_ context.Context, name string) error {
	delete(m, name)
	return nil
}

func TestSources(t *testing.T) {
	ctx, store := t.Context(), tokens{}
	if err := store.Put(ctx, access.Token{Name: "root", Role: access.Admin, Hash: access.Hash("root")}); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	add := func(name string) string {
		t.Helper()
		now = now.Add(time.Minute)
		tok, secret, err := access.AddSource(ctx, store, name, now, time.Hour)
		if err != nil || tok.Role != access.Source || tok.SourceName() != name || !tok.Expires.Equal(now.Add(time.Hour)) {
			t.Fatalf("got %+v, %v", tok, err)
		}
		return secret
	}
	valid := func(secret string) bool {
		_, err := store.ByHash(ctx, access.Hash(secret))
		return err == nil
	}
	first, second, other := add("entra"), add("entra"), add("hr.system-2")
	if !valid(first) || !valid(second) {
		t.Fatal("two tokens of a source are not valid at once")
	}
	third := add("entra")
	if valid(first) || !valid(second) || !valid(third) || !valid(other) {
		t.Fatal("a third token does not end the first, or ends more")
	}
	all, err := access.Sources(ctx, store)
	if err != nil || len(all) != 2 || all[0].Name != "entra" || len(all[0].Tokens) != 2 || all[1].Name != "hr.system-2" ||
		!slices.IsSortedFunc(all[0].Tokens, func(a, b access.Token) int { return a.Created.Compare(b.Created) }) {
		t.Fatalf("got %+v, %v", all, err)
	}
	if n, err := access.RevokeSource(ctx, store, "entra", true); n != 1 || err != nil || valid(second) || !valid(third) {
		t.Fatalf("ended %d, %v", n, err)
	}
	if n, err := access.RevokeSource(ctx, store, "entra", false); n != 1 || err != nil || valid(third) || !valid(other) || !valid("root") {
		t.Fatalf("ended %d, %v", n, err)
	}
	if _, err := access.RevokeSource(ctx, store, "entra", false); !fault.Is(err, fault.NotFound) || fault.HintOf(err) == "" {
		t.Fatalf("got %v", err)
	}
}

func TestNewSourceErrName(t *testing.T) {
	for _, name := range []string{"", "-x", "a b", "a/b", "ä", "source:x", strings.Repeat("x", 65)} {
		if _, _, err := access.NewSource(name, time.Now(), 0); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v", name, err)
		}
	}
}
