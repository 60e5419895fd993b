package storage

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// maxDepth bounds how deep Complex values may lie in each other, so that a damaged row cannot exhaust the stack.
const maxDepth = 32

// decodeAttrs is the inverse of encodeAttrs. A damaged form is a fault, never a panic and never a wrong value.
func decodeAttrs(sealed []byte) (entry.Attrs, error) {
	b, err := unseal(sealed)
	if err != nil {
		return nil, err
	}
	if len(b) == 0 || b[0] != formVersion {
		return nil, damaged("its form is not known to this version")
	}
	d := decoder{rest: string(b[1:])} // one string for the whole row: texts are slices of it
	n := d.count()
	a := make(entry.Attrs, n)
	for range n {
		name := d.text()
		vs := make([]entry.Value, d.count())
		for i := range vs {
			vs[i] = d.value(0)
		}
		a[name] = vs
	}
	if d.bad || d.rest != "" {
		return nil, damaged("its form is broken")
	}
	return a, nil
}

// decoder takes parts off the front; after a mistake bad is set and everything reads as zero.
type decoder struct {
	rest string
	bad  bool
}

func (d *decoder) fail() { d.bad, d.rest = true, "" }

func (d *decoder) byte() byte {
	if d.rest == "" {
		d.fail()
		return 0
	}
	c := d.rest[0]
	d.rest = d.rest[1:]
	return c
}

func (d *decoder) uvarint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		c := d.byte()
		if shift == 63 && c > 1 {
			break
		}
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
	d.fail()
	return 0
}

func (d *decoder) varint() int64 {
	u := d.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// count reads how many things follow; each takes a byte at least, so a larger number is a mistake.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) text() string {
	n := d.count()
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) value(depth int) entry.Value {
	switch d.byte() {
	case tagText:
		return d.text()
	case tagFalse:
		return false
	case tagTrue:
		return true
	case tagInt:
		return d.varint()
	case tagFloat:
		return d.float()
	case tagBytes:
		return []byte(d.text())
	case tagTime:
		return d.time()
	case tagRef:
		return entry.Ref{Type: entry.Type(d.text()), ID: d.text()}
	case tagComplex:
		return d.complex(depth)
	}
	d.fail()
	return nil
}

func (d *decoder) float() entry.Value {
	if len(d.rest) < 8 {
		d.fail()
		return nil
	}
	bits := binary.LittleEndian.Uint64([]byte(d.rest[:8]))
	d.rest = d.rest[8:]
	return math.Float64frombits(bits)
}

func (d *decoder) time() entry.Value {
	sec, nsec, offset := d.varint(), d.uvarint(), d.varint()
	if nsec >= 1e9 || offset < -1e6 || offset > 1e6 {
		d.fail()
		return nil
	}
	t := time.Unix(sec, int64(nsec))
	switch {
	case offset == 0:
		return t.UTC()
	case offset > 0:
		offset--
	}
	return t.In(time.FixedZone("", int(offset)))
}

func (d *decoder) complex(depth int) entry.Value {
	if depth == maxDepth {
		d.fail()
		return nil
	}
	n := d.count()
	c := make(entry.Complex, n)
	for range n {
		name := d.text()
		c[name] = d.value(depth + 1)
	}
	return c
}
