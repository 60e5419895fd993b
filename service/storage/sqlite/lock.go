package sqlite

import (
	"os"
	"path/filepath"

	"github.com/sallyport-id/sallyport/fault"
)

// lockFile opens and locks the file that stands for the data folder; closing it gives it free. The file itself stays, since
// removing it would let two processes lock two files of one name.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.New(fault.Invalid, "", "%w", err).WithHint("make the folder %s and let the service write there", filepath.Dir(path))
	}
	ok, err := flock(f)
	switch {
	case err != nil:
		err = fault.New(fault.Unavailable, "", "lock %s: %w", path, err).WithHint("keep the data folder on a disk of this machine")
	case !ok:
		err = fault.New(fault.Conflict, "", "another process has the data folder open").
			WithHint("stop the other service, or give this one a folder of its own")
	}
	if err != nil {
		_ = f.Close() // the reason is in err
		return nil, err
	}
	return f, nil
}
