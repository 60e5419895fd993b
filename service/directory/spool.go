package directory

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// deferred is a reference whose other end may stand further down in the file.
type deferred struct {
	Line  int
	Attr  string     // manager, members, or memberOf: what the row called it
	Type  entry.Type // of the object the row is about
	ID    string     // likewise
	Names []string   // whom it refers to
}

// spool keeps deferred references on disk, so that an import needs the same memory however long the file is. The file is made
// when first needed and removed at close.
type spool struct {
	file *os.File
	buf  *bufio.Writer
	enc  *json.Encoder
}

func (s *spool) put(d deferred) error {
	if s.file == nil {
		f, err := os.CreateTemp("", "sallyport-import-*") // mode 0600
		if err != nil {
			return spoolFault(err)
		}
		_ = os.Remove(f.Name()) // nobody else needs its name, and a kill leaves nothing behind; Windows refuses, see close
		s.file, s.buf = f, bufio.NewWriterSize(f, 64<<10)
		s.enc = json.NewEncoder(s.buf)
	}
	return spoolFault(s.enc.Encode(d))
}

// each hands out what was put, in order.
func (s *spool) each(fn func(deferred) error) error {
	if s.file == nil {
		return nil
	}
	if err := s.buf.Flush(); err != nil {
		return spoolFault(err)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return spoolFault(err)
	}
	dec := json.NewDecoder(bufio.NewReaderSize(s.file, 64<<10))
	for {
		var d deferred
		err := dec.Decode(&d)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return spoolFault(err)
		}
		if err := fn(d); err != nil {
			return err
		}
	}
}

func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name()) // where an open file cannot be removed
	}
}

func spoolFault(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "import people", "keep references aside: %w", err).WithHint("make room in the temporary folder")
}
