package secrets_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/secrets"
)

func TestStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	s, err := secrets.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, b := tenant.With(context.Background(), "a"), tenant.With(context.Background(), "b")
	if err := s.Put(a, "hr", secrets.Bearer, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(a, "hr", secrets.Bearer); err != nil || string(got) != "one" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := s.Get(b, "hr", secrets.Bearer); !fault.Is(err, fault.NotFound) {
		t.Errorf("another tenant: %v, want not found", err)
	}
	files, _ := os.ReadDir(dir)
	info, _ := files[0].Info()
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	if err := s.Delete(a, "hr"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(a, "hr", secrets.Bearer); !fault.Is(err, fault.NotFound) {
		t.Errorf("after delete: %v, want not found", err)
	}
}

func TestErrNameLeavesFolder(t *testing.T) {
	s, err := secrets.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx := tenant.With(context.Background(), "a")
	for _, app := range []string{"..", "../x", "a/b", "", "A", "x\x00"} {
		if err := s.Put(ctx, app, secrets.Bearer, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("app %q: %v, want invalid", app, err)
		}
	}
	if err := s.Put(context.Background(), "hr", secrets.Bearer, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("no tenant: %v, want invalid", err)
	}
}
