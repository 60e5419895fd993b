package access_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
)

func TestNew(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a, secret := access.New("first", access.Admin, now, time.Hour)
	_, other := access.New("first", access.Admin, now, 0)
	if secret == other {
		t.Fatal("two secrets are alike")
	}
	if a.Hash != access.Hash(secret) || strings.Contains(a.Hash, secret) {
		t.Fatalf("hash %q does not belong to the secret", a.Hash)
	}
	if err := a.Validate(); err != nil {
		t.Fatal(err)
	}
	if a.Expired(now.Add(59*time.Minute)) || !a.Expired(now.Add(time.Hour)) {
		t.Fatal("expires at the wrong time")
	}
}

func TestValidate(t *testing.T) {
	good := access.Token{Name: "n", Role: access.Reader, Hash: access.Hash("s")}
	for name, tc := range map[string]struct {
		change func(*access.Token)
		want   fault.Kind
	}{
		"OK":            {func(*access.Token) {}, 0},
		"ErrNoName":     {func(t *access.Token) { t.Name = "" }, fault.Invalid},
		"ErrRole":       {func(t *access.Token) { t.Role = "root" }, fault.Invalid},
		"ErrSecretKept": {func(t *access.Token) { t.Hash = "sp_secret" }, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			tok := good
			tc.change(&tok)
			if got := fault.KindOf(tok.Validate()); got != tc.want {
				t.Fatalf("got %v, want %v", got, tc.want)
			}
		})
	}
}
