package gateway

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nats-io/nkeys"

	"github.com/sallyport-id/sallyport/fault"
)

// keys are the deployment's own: they sign, and never leave Dir.
type keys struct{ operator, account, system nkeys.KeyPair }

// loadKeys reads the three seeds from dir, making those that do not exist yet.
func loadKeys(dir string) (keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return keys{}, fault.New(fault.Internal, "keep gateway keys", "%w", err).WithHint("the service must be able to write to %s", dir)
	}
	var k keys
	for _, x := range []struct {
		to   *nkeys.KeyPair
		file string
		make func() (nkeys.KeyPair, error)
	}{
		{&k.operator, "operator.nk", nkeys.CreateOperator},
		{&k.account, "account.nk", nkeys.CreateAccount},
		{&k.system, "system.nk", nkeys.CreateAccount},
	} {
		pair, err := loadKey(filepath.Join(dir, x.file), x.make)
		if err != nil {
			return keys{}, err
		}
		*x.to = pair
	}
	return k, nil
}

func loadKey(path string, create func() (nkeys.KeyPair, error)) (nkeys.KeyPair, error) {
	seed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path, create)
	}
	if err != nil {
		return nil, fault.New(fault.Internal, "read gateway key", "%w", err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Denied, "read gateway key", "others may read %s (mode %04o)", path, info.Mode().Perm()).WithHint("chmod 600 %s", path)
	}
	pair, err := nkeys.FromSeed(seed)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read gateway key", "%s does not hold a key", path).
			WithHint("restore it from a backup; without it every agent must enrol again")
	}
	return pair, nil
}

// makeKey writes a new seed; the file must not exist, so that two starts at once cannot both win.
func makeKey(path string, create func() (nkeys.KeyPair, error)) (nkeys.KeyPair, error) {
	pair, err := create()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "make gateway key", err)
	}
	seed, err := pair.Seed()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "make gateway key", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "keep gateway key", err)
	}
	_, err = f.Write(seed)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fault.Wrap(fault.Internal, "keep gateway key", errors.Join(err, os.Remove(path)))
	}
	return pair, nil
}
