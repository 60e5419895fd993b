//go:build unix

package sqlite

import (
	"errors"
	"os"
	"syscall"
)

// flock takes the file for this process; false when another holds it. The lock ends with the process, however it ends.
func flock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
