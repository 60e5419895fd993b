package host

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

// Matter is what is held and can be released.
type Matter string

// The matters.
const (
	ReleaseDeletes Matter = "deletes" // deletions beyond the budget
	ReleaseImport  Matter = "import"  // an import that shrank
)

// Release lets through what is held. It is given on the machine itself, by a file in the host's data folder, never over the wire:
// whoever floods the endpoint with deletions cannot also release them.
type Release struct {
	Matter  Matter    `json:"matter"`
	Count   int       `json:"count,omitempty"` // deletions let through
	By      string    `json:"by"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
	Expires time.Time `json:"expires"`
}

// DefaultReleaseLife is how long a release waits to be used.
const DefaultReleaseLife = time.Hour

func releasePath(dir string, m Matter) string {
	return filepath.Join(dir, "release-"+string(m)+".json")
}

// WriteRelease gives a release to the connector whose data folder is dir. fault.Invalid without a person and a reason.
func WriteRelease(dir string, r Release) error {
	if r.By == "" || r.Reason == "" || r.Matter != ReleaseDeletes && r.Matter != ReleaseImport || r.Matter == ReleaseDeletes && r.Count < 1 {
		return fault.New(fault.Invalid, "release", "a release needs its matter, who gives it and why, and for deletions how many").
			WithHint("say for example: 250 deletions, by Kim, because the Berlin office closed")
	}
	if r.At.IsZero() {
		r.At = time.Now().UTC()
	}
	if r.Expires.IsZero() {
		r.Expires = r.At.Add(DefaultReleaseLife)
	}
	data, err := json.Marshal(r)
	if err == nil {
		err = atomicfile.Write(releasePath(dir, r.Matter), data, 0o600)
	}
	return fault.Wrap(fault.Invalid, "release", err)
}

// TakeRelease uses up a release that waits in dir: it is written to releases.jsonl first, then it counts. ok is false when none
// waits or it has expired.
func TakeRelease(dir string, m Matter) (r Release, ok bool, err error) {
	if dir == "" {
		return r, false, nil
	}
	data, err := os.ReadFile(releasePath(dir, m))
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err == nil {
		err = record(dir, data)
	}
	if err == nil {
		err = os.Remove(releasePath(dir, m))
	}
	if err != nil {
		return r, false, fault.Wrap(fault.Invalid, "use the release in "+dir, err)
	}
	return r, r.Matter == m && time.Now().Before(r.Expires), nil
}

func record(dir string, line []byte) error {
	f, err := os.OpenFile(filepath.Join(dir, "releases.jsonl"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// releaseDeletes uses a release of deletions and returns how many it allows.
func (c *Coordinator) releaseDeletes() int {
	r, ok, err := TakeRelease(c.cfg.Dir, ReleaseDeletes)
	switch {
	case err != nil:
		c.log.Error("release not usable", "event", "host.release.failed", "connector", c.cfg.Name, "error", err)
	case ok:
		c.log.Warn("deletions released", "event", "host.release.used", "connector", c.cfg.Name, "count", r.Count, "by", r.By, "reason", r.Reason)
		return r.Count
	}
	return 0
}

// ImportReleased reports whether a release of a held import waits, and uses it up.
func (c *Coordinator) ImportReleased() bool {
	r, ok, err := TakeRelease(c.cfg.Dir, ReleaseImport)
	if err != nil {
		c.log.Error("release not usable", "event", "host.release.failed", "connector", c.cfg.Name, "error", err)
	}
	if ok {
		c.log.Warn("import released", "event", "host.release.used", "connector", c.cfg.Name, "by", r.By, "reason", r.Reason)
	}
	return ok
}
