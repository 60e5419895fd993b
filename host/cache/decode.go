package cache

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// reader consumes encoded text from the front. Once something does not fit it is bad and yields zeros; it never panics.
type reader struct {
	s   string
	bad bool
}

func (r *reader) fail() { r.s, r.bad = "", true }

func (r *reader) uvarint() uint64 {
	var x uint64
	for i := 0; i < len(r.s) && i < binary.MaxVarintLen64; i++ {
		b := r.s[i]
		x |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.s = r.s[i+1:]
			return x
		}
	}
	r.fail()
	return 0
}

func (r *reader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *reader) take(n uint64) string {
	if n > uint64(len(r.s)) {
		r.fail()
		return ""
	}
	t := r.s[:n]
	r.s = r.s[n:]
	return t
}

func (r *reader) text() string { return r.take(r.uvarint()) }

// name is a reference to the table of names or, with number 0, a name spelled out.
type name struct {
	id   uint32
	text string
}

func (n name) in(t snapshot) string {
	if n.id == 0 {
		return n.text
	}
	return t.list[n.id]
}

func (r *reader) name() name {
	n := name{id: uint32(r.uvarint())}
	if n.id == 0 {
		n.text = r.text()
	}
	return n
}

// attr reads the head of an attribute: its name and how many values follow.
func (r *reader) attr() (n name, count int) {
	u := r.uvarint()
	n.id = uint32(u >> 1)
	if n.id == 0 {
		n.text = r.text()
	}
	if u&1 == 0 {
		return n, 1
	}
	u = r.uvarint()
	if u > uint64(len(r.s)) { // a value takes a byte at least
		r.fail()
		return n, 0
	}
	return n, int(u)
}

// token is one value, not decoded.
type token struct {
	kind byte
	n    uint64
	body string
}

func (r *reader) token() token {
	head := r.take(1)
	if r.bad {
		return token{}
	}
	t := token{kind: head[0] & 15, n: uint64(head[0] >> 4)}
	if t.n == 15 {
		t.n = r.uvarint()
	}
	switch t.kind {
	case kBool:
	case kGUID:
		t.body = r.take(16)
	default:
		t.body = r.take(t.n)
	}
	return t
}

// value decodes. Strings are windows into the text the token came from.
func (t token) value(names snapshot) entry.Value {
	r := reader{s: t.body}
	switch t.kind {
	case kString:
		return t.body
	case kGUID:
		var room [36]byte
		return string(appendGUID(room[:0], t.body))
	case kBool:
		return t.n == 1
	case kInt:
		return t.int()
	case kFloat:
		return math.Float64frombits(t.uint())
	case kBytes:
		return []byte(t.body)
	case kTime:
		return r.time()
	case kRef:
		typ := r.name()
		return entry.Ref{Type: entry.Type(typ.in(names)), ID: r.s}
	}
	return r.complex(names)
}

func (t token) uint() (u uint64) {
	for i := len(t.body) - 1; i >= 0; i-- {
		u = u<<8 | uint64(t.body[i])
	}
	return u
}

func (t token) int() int64 {
	u := t.uint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *reader) time() time.Time {
	sec, nsec, offset := r.varint(), int64(r.uvarint()), int(r.varint())
	t := time.Unix(sec, nsec)
	if offset == 0 {
		return t.UTC()
	}
	return t.In(time.FixedZone("", offset))
}

func (r *reader) complex(names snapshot) entry.Complex {
	c := make(entry.Complex, 4)
	for len(r.s) > 0 {
		n := r.name()
		c[n.in(names)] = r.token().value(names)
	}
	return c
}

// is reports whether the token is the string s.
func (t token) is(s string) bool {
	switch t.kind {
	case kString:
		return t.body == s
	case kGUID:
		id, ok := parseGUID(s)
		return ok && string(id[:]) == t.body
	}
	return false
}

// sound reports whether the token decodes without looking past its ends or the table of names.
func (t token) sound(names, depth int) bool {
	switch t.kind {
	case kString, kBytes, kGUID:
		return true
	case kBool:
		return t.n <= 1
	case kInt:
		return t.n <= 8
	case kFloat:
		return t.n == 8
	}
	r := reader{s: t.body}
	switch t.kind {
	case kTime:
		r.varint()
		return r.uvarint() < 1e9 && soundOffset(r.varint()) && !r.bad && r.s == ""
	case kRef:
		return r.soundName(names)
	case kComplex:
		for !r.bad && r.s != "" {
			if depth >= maxDepth || !r.soundName(names) || !r.token().sound(names, depth+1) {
				return false
			}
		}
		return !r.bad
	}
	return false
}

func soundOffset(seconds int64) bool { return seconds > -24*3600 && seconds < 24*3600 }

func (r *reader) soundName(names int) bool {
	u := r.uvarint()
	if u == 0 {
		r.text()
	}
	return !r.bad && u < uint64(names)
}
