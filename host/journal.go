package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// maxJournal is how long the journal may become before the whole is written anew, in bytes.
const maxJournal = 16 << 20

// note is one change of what is remembered; exactly one field is set.
type note struct {
	Held    *savedRef `json:"held,omitempty"`
	Dropped *savedRef `json:"dropped,omitempty"`
	Renamed []string  `json:"renamed,omitempty"` // old id, new id
}

// journal is a file of notes, one a line, in the order of the changes. Those who flush at the same time share one write. The zero
// value, without a path, keeps nothing.
type journal struct {
	path string

	mu      sync.Mutex // of what follows; taken last
	pending []byte     // lines not yet in the file
	added   uint64     // notes ever
	durable uint64     // of them in the file, or in the whole

	writing sync.Mutex // of what follows; taken first
	file    *os.File   // nil until something is written
	size    int64
	closed  bool
}

// add puts a note in line for the next flush.
func (j *journal) add(n note) {
	if j.path == "" {
		return
	}
	line, err := json.Marshal(n)
	if err != nil {
		return // strings always have a form
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pending = append(append(j.pending, line...), '\n')
	j.added++
}

// line returns what is in line for the file and the number of its last note; nothing when the notes up to the given one are durable.
func (j *journal) line(until uint64) (lines []byte, last uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.durable >= until {
		return nil, j.added
	}
	return j.pending, j.added
}

// flush writes what is in line and waits until the disk has it. It reports whether the journal has become long.
func (j *journal) flush() (long bool, err error) {
	lines, until := j.line(1 << 63)
	if len(lines) == 0 {
		return false, nil
	}
	j.writing.Lock()
	defer j.writing.Unlock()
	lines, last := j.line(until)
	if len(lines) == 0 {
		return false, nil // somebody else wrote it along
	}
	if err := j.write(lines); err != nil {
		return false, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pending, j.durable = append([]byte(nil), j.pending[len(lines):]...), last
	return j.size > maxJournal, nil
}

// write adds lines to the file. After a failure the next write takes the same place.
func (j *journal) write(lines []byte) error {
	if j.closed {
		return fs.ErrClosed
	}
	if j.file == nil {
		f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		j.file = f
	}
	if _, err := j.file.WriteAt(lines, j.size); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.size += int64(len(lines))
	return nil
}

// forget drops what is in line, because the whole has it.
func (j *journal) forget() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pending, j.durable = nil, j.added
}

// compact lets save write the whole, then empties the file. Nothing is written to the file meanwhile.
func (j *journal) compact(save func() error) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	if j.closed {
		return nil
	}
	if err := save(); err != nil {
		return err
	}
	if j.size == 0 {
		return nil
	}
	if err := os.Truncate(j.path, 0); err != nil {
		return err
	}
	j.size = 0
	return nil
}

// open reads the notes that a former process left, and cuts off a last line that it did not finish.
func (j *journal) open() ([]note, error) {
	data, err := os.ReadFile(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	notes, n, err := parseNotes(data)
	if err != nil {
		return nil, err
	}
	if n < len(data) {
		err = os.Truncate(j.path, int64(n))
	}
	j.size = int64(n)
	return notes, err
}

// parseNotes returns the notes and how many bytes of data they take. A last line that is cut short or unreadable is not counted:
// nobody was told that it is kept.
func parseNotes(data []byte) (notes []note, n int, err error) {
	for n < len(data) {
		end := bytes.IndexByte(data[n:], '\n')
		if end < 0 {
			break
		}
		var x note
		if err := json.Unmarshal(data[n:n+end], &x); err != nil {
			if n+end+1 == len(data) {
				break
			}
			return nil, 0, fmt.Errorf("line %d: %w", len(notes)+1, err)
		}
		notes = append(notes, x)
		n += end + 1
	}
	return notes, n, nil
}

func (j *journal) close() error {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.closed = true
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}
