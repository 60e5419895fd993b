package cache

import (
	"encoding/binary"
	"io"

	"github.com/cespare/xxhash/v2"
	"github.com/sallyport-id/sallyport/fault"
)

// The image: magic, then frames. A frame is its length (4 bytes), a hash (8 bytes) of its place and its text, the text.
// The first frame says what the image holds; each further one, marked 'R', has the names new since the last and then
// rows; the last, marked 'E', has the number of rows.
const (
	magic       = "sallyport cache image 1\n"
	frameRows   = 'R'
	frameEnd    = 'E'
	frameBytes  = 512 << 10
	maxFrame    = 1 << 30
	frameHeader = 12
)

// Snapshot writes a binary image that Load reads. Writers may go on meanwhile: every row in the image is whole, and
// rows come as they were when the walk passed them. Several images may follow each other in one stream.
func (c *Cache) Snapshot(w io.Writer) error {
	f := frames{w: w}
	f.raw([]byte(magic))
	f.write(appendHeader(nil, c.cfg))
	known, rows := 1, uint64(0)
	var text []byte
	last, body := uint64(0), []byte(nil)
	for begun := c.space(); f.err == nil; {
		s, n := c.gather(&text, &last)
		if s != begun {
			return fault.New(fault.Conflict, "write the cache image", "another image was loaded meanwhile")
		}
		if n == 0 {
			break
		}
		rows += uint64(n)
		at := s.names.snapshot()
		body = append(body[:0], frameRows)
		body = binary.AppendUvarint(body, uint64(len(at.list)-known))
		for ; known < len(at.list); known++ {
			body = appendText(body, at.list[known])
		}
		f.write(append(body, text...))
	}
	f.write(binary.AppendUvarint([]byte{frameEnd}, rows))
	return fault.Wrap(fault.Internal, "write the cache image", f.err)
}

func appendHeader(dst []byte, cfg Config) []byte {
	dst = appendText(dst, string(cfg.Type))
	dst = binary.AppendUvarint(dst, uint64(len(cfg.Detached)))
	for _, attr := range cfg.Detached {
		dst = appendText(dst, attr)
	}
	return dst
}

// gather encodes the next rows after last into text, about one frame full.
func (c *Cache) gather(text *[]byte, last *uint64) (s *space, n int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s = c.s
	b := (*text)[:0]
	for row := s.above(*last); int(row) < len(s.seqs) && len(b) < frameBytes; row++ {
		if !s.rows.has(row) {
			continue
		}
		*last = uint64(s.seqs[row])
		b = appendText(binary.AppendUvarint(b, *last), s.rows.get(row))
		for _, set := range s.sets {
			b = binary.AppendUvarint(b, uint64(set.head[row].n))
			for typ, id := range set.each(row) {
				b = appendText(appendText(b, string(typ)), id)
			}
		}
		n++
	}
	*text = b
	return s, n
}

// frames writes frames until the first error.
type frames struct {
	w     io.Writer
	count uint64
	err   error
}

func (f *frames) raw(b []byte) {
	if f.err == nil {
		_, f.err = f.w.Write(b)
	}
}

func (f *frames) write(text []byte) {
	var head [frameHeader]byte
	binary.LittleEndian.PutUint32(head[:], uint32(len(text)))
	binary.LittleEndian.PutUint64(head[4:], frameHash(f.count, text))
	f.raw(head[:])
	f.raw(text)
	f.count++
}

func frameHash(place uint64, text []byte) uint64 { return mix(xxhash.Sum64(text) + mix(place+1)) }
