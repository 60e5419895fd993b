package host

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

// What is remembered lives in two files: memory.json is the whole as of the last save, memory.journal has the changes since. Reading
// old notes again over a newer whole does no harm, since the last note about a reference or an id wins.

// savedMemory is the form of memory.json.
type savedMemory struct {
	Held    []savedRef  `json:"held,omitempty"`
	Renamed [][2]string `json:"renamed,omitempty"`
}

type savedRef struct {
	Holder string `json:"holder"`
	Column string `json:"column"`
	Target string `json:"target"`
}

func (h heldRef) saved() *savedRef { return &savedRef{h.holder, h.column, h.target} }

func (s savedRef) ref() heldRef { return heldRef{s.Holder, s.Column, s.Target} }

// note puts a change on its way to the journal. The caller holds the lock.
func (m *memory) note(n note) {
	m.dirty = true
	m.journal.add(n)
}

// flush returns when every change made before the call outlives the process. fault.Unavailable when the files cannot be written;
// the changes are then written with the next flush.
func (m *memory) flush() error {
	long, err := m.journal.flush()
	if err == nil && long {
		err = m.save()
	}
	if err != nil {
		return fault.WrapHint(fault.Unavailable, "remember a reference", err,
			"the object itself was written; see that the host can write its data folder and send the change again")
	}
	return nil
}

func (m *memory) load() error {
	if m.path == "" {
		return nil
	}
	data, err := os.ReadFile(m.path)
	var s savedMemory
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	} else if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		return unreadable(m.path, err)
	}
	for _, h := range s.Held {
		m.hold(h.ref())
	}
	for _, r := range s.Renamed {
		m.alias(r[0], r[1])
	}
	notes, err := m.journal.open()
	if err != nil {
		return unreadable(m.journal.path, err)
	}
	for _, n := range notes {
		m.replay(n)
	}
	m.journal.forget()
	m.dirty = len(notes) > 0
	return nil
}

func unreadable(path string, err error) error {
	return fault.WrapHint(fault.Invalid, "read "+path, err, "move the file away; held references will be sent again by the next full cycle")
}

func (m *memory) replay(n note) {
	switch {
	case n.Held != nil:
		m.hold(n.Held.ref())
	case n.Dropped != nil:
		m.drop(n.Dropped.ref())
	case len(n.Renamed) == 2:
		m.alias(n.Renamed[0], n.Renamed[1])
	}
}

// save writes the whole if it changed since, and empties the journal.
func (m *memory) save() error {
	if m.path == "" {
		return nil
	}
	err := m.journal.compact(func() error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if !m.dirty {
			return nil
		}
		data, err := json.Marshal(m.whole())
		if err == nil {
			err = atomicfile.Write(m.path, data, 0o600)
		}
		if err == nil {
			m.dirty = false
			m.journal.forget()
		}
		return err
	})
	return fault.Wrap(fault.Internal, "save "+m.path, err)
}

func (m *memory) whole() savedMemory {
	var s savedMemory
	for _, hs := range m.waiting {
		for h := range hs {
			s.Held = append(s.Held, *h.saved())
		}
	}
	for _, from := range m.order {
		if to, ok := m.aliases[from]; ok {
			s.Renamed = append(s.Renamed, [2]string{from, to})
		}
	}
	return s
}

// close saves and lets go of the journal.
func (m *memory) close() error { return errors.Join(m.save(), m.journal.close()) }
