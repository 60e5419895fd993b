package cache

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// Load exchanges the whole content for that of an image which Snapshot wrote. Indexes are built anew, so they may be
// others. An image that is damaged, cut short, of another format, type or set of detached attributes is refused whole
// with fault.Invalid; then the cache is as before. A Replace under way ends with fault.Conflict.
func (c *Cache) Load(r io.Reader) error {
	s := newSpace(c.cfg)
	l := loader{r: r, s: s, cfg: c.cfg}
	if err := l.load(); err != nil {
		s.close()
		return fault.Wrap(fault.Invalid, "load the cache image", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.close()
	c.s = s
	return nil
}

type loader struct {
	r     io.Reader
	s     *space
	cfg   Config
	count uint64 // frames read
	rows  uint64
}

func (l *loader) load() error {
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(l.r, head); err != nil || string(head) != magic {
		return refuse("it is no image of this format")
	}
	first, err := l.frame()
	if err != nil {
		return err
	}
	if !bytes.Equal(first, appendHeader(nil, l.cfg)) {
		return refuse("it is of another object type")
	}
	for {
		text, err := l.frame()
		if err != nil {
			return err
		}
		r := reader{s: string(text)}
		switch kind := r.take(1); {
		case kind == string(frameRows):
			err = l.take(&r)
		case kind == string(frameEnd) && r.uvarint() == l.rows && !r.bad:
			return nil
		default:
			return refuse("a part of it is of no known kind")
		}
		if err != nil {
			return err
		}
	}
}

func refuse(format string, args ...any) error {
	return fault.New(fault.Invalid, "read it", format, args...).WithHint("delete the image; the next import fills the cache")
}

// frame reads and checks one frame; memory grows only as bytes arrive.
func (l *loader) frame() ([]byte, error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(l.r, head[:]); err != nil {
		return nil, cut(err)
	}
	size := int64(binary.LittleEndian.Uint32(head[:]))
	if size > maxFrame {
		return nil, refuse("it is damaged: a part of %d bytes", size)
	}
	var text bytes.Buffer
	text.Grow(int(min(size, 2*frameBytes)))
	if _, err := io.CopyN(&text, l.r, size); err != nil {
		return nil, cut(err)
	}
	if frameHash(l.count, text.Bytes()) != binary.LittleEndian.Uint64(head[4:]) {
		return nil, refuse("it is damaged: the checksum of part %d is wrong", l.count)
	}
	l.count++
	return text.Bytes(), nil
}

func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse("it is cut short")
	}
	return err
}

// take reads new names and rows.
func (l *loader) take(r *reader) error {
	for range r.uvarint() {
		name := r.text()
		if r.bad || len(name) > maxNameLen || len(l.s.names.list) >= maxNames || l.s.names.lookup(name) != 0 {
			return refuse("its names are not sound")
		}
		l.s.names.add(name)
	}
	for !r.bad && r.s != "" {
		if err := l.row(r); err != nil {
			return err
		}
	}
	if r.bad {
		return refuse("its rows are not sound")
	}
	return nil
}

func (l *loader) row(r *reader) error {
	seq, text := r.uvarint(), r.text()
	rec := parseRecord(text)
	if r.bad || seq <= uint64(l.s.last) || seq > 1<<32-1 || !rec.sound(text, len(l.s.names.list)) {
		return refuse("row %d is not sound", l.rows)
	}
	anchor := rec.anchorText()
	if older, twice := l.s.find(anchor); twice {
		l.s.remove(older) // removed and created again while the image was written: the later one holds
	}
	n := l.s.insert(anchor, []byte(rec.content), rec.created, rec.modified, uint32(seq))
	l.rows++
	for _, set := range l.s.sets {
		for range r.uvarint() {
			typ, id := r.text(), r.text()
			if r.bad || id == "" || !set.add(n, entry.Type(typ), id) {
				return refuse("the references of row %d are not sound", l.rows)
			}
		}
	}
	return nil
}

// sound reports whether a record decodes without looking past its ends or the table of names.
func (rec *record) sound(text string, names int) bool {
	var again record
	if len(text) < 8 || rec.modified < 0 || rec.modified > 1<<48 || !again.parseContent(rec.content) {
		return false
	}
	if k := rec.anchor.kind; k != kString && k != kGUID || rec.anchor.is("") {
		return false
	}
	var seen []name
	for r := (reader{s: rec.attrs}); r.s != "" || r.bad; {
		head := reader{s: r.s}
		if id := head.uvarint() >> 1; id >= uint64(names) {
			return false
		}
		n, count := r.attr()
		n.text = strings.Clone(n.text)
		if r.bad || count == 0 || slices.Contains(seen, n) {
			return false
		}
		seen = append(seen, n)
		for range count {
			if !r.token().sound(names, 0) || r.bad {
				return false
			}
		}
	}
	return true
}
