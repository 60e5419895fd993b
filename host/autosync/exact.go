package autosync

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

// exactness knows whether the images hold everything this host wrote to the target. The file exact says so; it is removed before
// the first write after a save. Images without it, left by a process that was killed, would show values that its last writes
// replaced: an engine that reads them would write again what is there, or, worse, leave out a write that is needed.
type exactness struct {
	path string // "" = no images are kept

	mu     sync.Mutex
	marked bool   // the file is there
	begun  uint64 // writes begun so far
	open   int    // writes begun and not ended
}

func (s *Sync) newExactness() *exactness {
	if s.cfg.Dir == "" {
		return &exactness{}
	}
	e := &exactness{path: filepath.Join(s.cfg.Dir, "exact")}
	_, err := os.Stat(e.path)
	e.marked = !errors.Is(err, fs.ErrNotExist)
	return e
}

// Writing must be called before anything is written to the target, and what it returns when the cache holds the outcome. The
// error, fault.Unavailable, refuses the write: the images could not be told to be old.
func (s *Sync) Writing() (done func(), err error) {
	e := s.exact
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.unmark(); err != nil {
		return nil, err
	}
	e.begun++
	e.open++
	return e.done, nil
}

func (e *exactness) done() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open--
}

func (e *exactness) unmark() error {
	if !e.marked {
		return nil
	}
	if err := atomicfile.Remove(e.path); err != nil {
		return fault.WrapHint(fault.Unavailable, "mark the cache image as old", err, "see that the host can write its data folder")
	}
	e.marked = false
	return nil
}

// before returns the point a save starts from; the mark is gone from here on, since several images make one whole.
func (e *exactness) before() (at uint64, quiet bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.begun, e.open == 0, e.unmark()
}

// after marks the images as exact if nothing was written while they were saved.
func (e *exactness) after(at uint64, quiet bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !quiet || e.begun != at || e.path == "" {
		return nil
	}
	err := atomicfile.Write(e.path, nil, 0o600)
	e.marked = err == nil
	return err
}

func (e *exactness) holds() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.marked
}
