package host

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

// trail is a rename whose references may not have followed yet.
type trail struct {
	Type entry.Type        `json:"type"` // SCIM
	From string            `json:"from"` // the anchor before
	DN   string            `json:"dn,omitempty"`
	Was  map[string]string `json:"was,omitempty"` // values of the columns that name the object, before

	busy bool // who renames is at it
}

// trails are the renames under way. They are few: one while it lasts, and those whose references could not be written.
type trails struct {
	path string // "" = nowhere

	mu   sync.Mutex
	list []*trail
}

func newTrails(dir string) *trails {
	t := &trails{}
	if dir != "" {
		t.path = filepath.Join(dir, "renames.json")
	}
	return t
}

func (t *trails) load() error {
	if t.path == "" {
		return nil
	}
	data, err := os.ReadFile(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(data, &t.list)
	}
	return fault.WrapHint(fault.Internal, "read "+t.path, err, "it names renames whose references may not have followed; compare groups by hand if it is deleted")
}

// add writes a rename down before it is carried out.
func (t *trails) add(x *trail) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	x.busy = true
	t.list = append(t.list, x)
	return t.save()
}

// drop forgets a rename that is done, or did not take place.
func (t *trails) drop(x *trail) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = slices.DeleteFunc(t.list, func(y *trail) bool { return x == y })
	return t.save()
}

// leave hands a rename over to the next import.
func (t *trails) leave(x *trail) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x.busy = false
}

// waiting returns the renames that nobody is at.
func (t *trails) waiting() []*trail {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(t.list), func(x *trail) bool { return x.busy })
}

func (t *trails) save() error {
	if t.path == "" {
		return nil
	}
	data, err := json.Marshal(t.list)
	if err == nil {
		err = atomicfile.Write(t.path, data, 0o600)
	}
	return fault.WrapHint(fault.Unavailable, "write "+t.path, err, "is the disk full, or the folder not writable?")
}
