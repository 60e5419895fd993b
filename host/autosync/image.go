package autosync

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
)

// path returns where a space's image is kept.
func (s *Sync) path(t entry.Type) string {
	return filepath.Join(s.cfg.Dir, "cache-"+fileName(string(t))+".image")
}

// fileName keeps letters and digits of any script and writes everything else as a dash, so that a type's name is a file's.
func fileName(s string) string {
	out := []rune(s)
	for i, r := range out {
		if r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' && r != '_' || r > 'z' && r < 0xA0 {
			out[i] = '-'
		}
	}
	return string(out)
}

// load reads the images of all spaces. Only if every one is there, good and exact may the cache be read before the first import.
func (s *Sync) load() {
	if s.cfg.Dir == "" {
		return
	}
	m := s.loadMarks()
	follow := m.follows(s.cfg.Every)
	if !s.exact.holds() && !follow {
		s.cfg.Log.Info("cache image not used", "event", "host.image.old", "connector", s.cfg.Name,
			"reason", "there is none, or the host was killed after it had written to the target; reads wait for the import")
		return
	}
	good := true
	for _, x := range s.cfg.Spaces {
		err := s.loadOne(x)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.cfg.Log.Warn("cache image not used", "event", "host.image.unusable", "connector", s.cfg.Name, "type", x.Object, "error", err)
		}
		good = good && err == nil
	}
	if good {
		s.marks = m
	}
	if good && !s.exact.holds() {
		s.cfg.Log.Info("cache image loaded, reads wait for the changes since", "event", "host.image.behind", "connector", s.cfg.Name, "objects", s.objects())
	} else if good {
		s.update(func(st *State) { st.Ready = true })
		s.cfg.Log.Info("cache image loaded", "event", "host.image.loaded", "connector", s.cfg.Name, "objects", s.objects())
	}
}

func (s *Sync) loadOne(x Space) error {
	f, err := os.Open(s.path(x.Object))
	if err != nil {
		return err
	}
	defer f.Close()
	return x.Cache.Load(bufio.NewReaderSize(f, 256<<10))
}

// save writes the images, each to a new file that then takes the old one's name.
func (s *Sync) save() error {
	if s.cfg.Dir == "" || !s.State().Ready {
		return nil
	}
	at, quiet, err := s.exact.before()
	if err != nil {
		return err
	}
	m := s.marks.clone()
	for _, x := range s.cfg.Spaces {
		if err := s.saveOne(x); err != nil {
			return fault.Wrap(fault.Internal, "save the cache image", err)
		}
	}
	return fault.Wrap(fault.Internal, "mark the cache image", errors.Join(s.saveMarks(m), s.exact.after(at, quiet)))
}

func (s *Sync) saveOne(x Space) error {
	if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		return err
	}
	return atomicfile.WriteFrom(s.path(x.Object), 0o600, func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 256<<10)
		return errors.Join(x.Cache.Snapshot(b), b.Flush())
	})
}
