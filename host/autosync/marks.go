package autosync

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

// marks is how far the caches follow the target. It is kept beside their images, and written after them: images that are newer than
// their marks see some changes twice, which does no harm; the other way round changes would be lost.
type marks struct {
	Full time.Time                          `json:"full"` // beginning of the last full import
	At   map[entry.Type]connector.Watermark `json:"at,omitempty"`

	Deletions bool `json:"deletions"` // the changes tell of deletions too
}

func (s *Sync) marksPath() string { return filepath.Join(s.cfg.Dir, "marks.json") }

// clone is the marks as they are, before images are written.
func (m marks) clone() marks {
	m.At = maps.Clone(m.At)
	return m
}

func (s *Sync) saveMarks(m marks) error {
	m.Deletions = s.can.Deletions
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return atomicfile.Write(s.marksPath(), data, 0o600)
}

// loadMarks reads the marks; none, when they cannot be read or do not fit the spaces.
func (s *Sync) loadMarks() marks {
	var m marks
	if s.cfg.DeltaEvery <= 0 {
		return m
	}
	data, err := os.ReadFile(s.marksPath())
	if err != nil || json.Unmarshal(data, &m) != nil {
		return marks{}
	}
	for _, x := range s.cfg.Spaces {
		if m.At[x.Object] == "" {
			return marks{}
		}
	}
	return m
}

// follows reports whether the changes are enough to bring loaded images up to date: they tell of deletions, and the last full
// import is not long ago.
func (m marks) follows(every time.Duration) bool {
	age := time.Since(m.Full)
	return len(m.At) > 0 && m.Deletions && age >= 0 && age < every
}
