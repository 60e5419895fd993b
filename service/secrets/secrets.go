package secrets

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
	"github.com/sallyport-id/sallyport/internal/tenant"
)

// Names of what an application may have kept.
const (
	Bearer = "bearer" // the target's bearer secret
	CA     = "ca"     // PEM certificates to trust when the target is reached directly
)

// Store keeps secrets in files of mode 0600 below a folder of mode 0700.
type Store struct{ dir string }

// Open makes the folder if need be.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Internal, "open the secrets folder", err)
	}
	return &Store{dir}, nil
}

var word = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// path is checked word by word, so that no name can leave the folder.
func (s *Store) path(ctx context.Context, app, name string) (string, error) {
	t := string(tenant.From(ctx))
	for _, w := range []string{t, app, name} {
		if !word.MatchString(w) {
			return "", fault.New(fault.Invalid, "name a secret", "%q is not a plain word", w)
		}
	}
	return filepath.Join(s.dir, t+"."+app+"."+name), nil
}

// Put stores a secret, replacing an older one.
func (s *Store) Put(ctx context.Context, app, name string, value []byte) error {
	p, err := s.path(ctx, app, name)
	if err != nil {
		return err
	}
	return fault.Wrap(fault.Internal, "store a secret of "+app, atomicfile.Write(p, value, 0o600))
}

// Get returns a secret; fault.NotFound when none was stored.
func (s *Store) Get(ctx context.Context, app, name string) ([]byte, error) {
	p, err := s.path(ctx, app, name)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "read a secret", "application %q has no %s", app, name).
			WithHint("apply the application again with its secretFile")
	}
	return b, fault.Wrap(fault.Internal, "read a secret of "+app, err)
}

// Delete forgets every secret of an application.
func (s *Store) Delete(ctx context.Context, app string) error {
	p, err := s.path(ctx, app, Bearer)
	if err != nil {
		return err
	}
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return fault.Wrap(fault.Internal, "delete a secret of "+app, err)
	}
	prefix := strings.TrimSuffix(filepath.Base(p), Bearer) // words have no dots, so nobody else's name begins with it
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), prefix) {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.Wrap(fault.Internal, "delete a secret of "+app, err)
		}
	}
	return nil
}
