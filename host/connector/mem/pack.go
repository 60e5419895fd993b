package mem

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// stored is an object at rest. As text it takes a tenth of what its maps would; only one with a long list stays as it is, since
// its next change would have to read all of it.
type stored struct {
	text  string
	whole *entry.Entry
}

// fewValues is how many values an object that is kept as text may have.
const fewValues = 64

func keep(e entry.Entry) stored {
	n := 0
	for _, vs := range e.Attrs {
		n += len(vs)
	}
	if n > fewValues {
		return stored{whole: &e}
	}
	b := appendText(make([]byte, 0, 512), e.ID)
	for name, vs := range e.Attrs {
		b = binary.AppendUvarint(appendText(b, name), uint64(len(vs)))
		for _, v := range vs {
			b = appendValue(b, v)
		}
	}
	return stored{text: string(b)}
}

// entry returns the object; the caller must not change it.
func (s stored) entry(t entry.Type) entry.Entry {
	if s.whole != nil {
		return *s.whole
	}
	r := unpacker{s.text}
	e := entry.Entry{Type: t, ID: r.text(), Attrs: make(entry.Attrs, 16)}
	for r.s != "" {
		name := r.text()
		vs := make([]entry.Value, r.uvarint())
		for i := range vs {
			vs[i] = r.value()
		}
		e.Attrs[name] = vs
	}
	return e
}

// The kinds of values.
const (
	aString byte = iota
	aFalse
	aTrue
	anInt
	aFloat
	someBytes
	aTime
	aRef
	aComplex
)

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendValue(b []byte, v entry.Value) []byte {
	switch v := v.(type) {
	case string:
		return appendText(append(b, aString), v)
	case bool:
		if v {
			return append(b, aTrue)
		}
		return append(b, aFalse)
	case int64:
		return binary.AppendVarint(append(b, anInt), v)
	case float64:
		return binary.AppendUvarint(append(b, aFloat), math.Float64bits(v))
	case []byte:
		return appendText(append(b, someBytes), string(v))
	case time.Time:
		_, offset := v.Zone()
		b = binary.AppendVarint(append(b, aTime), v.Unix())
		return binary.AppendVarint(binary.AppendUvarint(b, uint64(v.Nanosecond())), int64(offset))
	case entry.Ref:
		return appendText(appendText(append(b, aRef), string(v.Type)), v.ID)
	}
	c, _ := v.(entry.Complex) // nothing else is a Value
	b = binary.AppendUvarint(append(b, aComplex), uint64(len(c)))
	for name, sub := range c {
		b = appendValue(appendText(b, name), sub)
	}
	return b
}

// unpacker reads what keep wrote; strings are windows into it.
type unpacker struct{ s string }

func (r *unpacker) take(n uint64) string {
	t := r.s[:n]
	r.s = r.s[n:]
	return t
}

func (r *unpacker) uvarint() (x uint64) {
	for shift := 0; ; shift += 7 {
		b := r.take(1)[0]
		if x |= uint64(b&0x7f) << shift; b < 0x80 {
			return x
		}
	}
}

func (r *unpacker) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *unpacker) text() string { return r.take(r.uvarint()) }

func (r *unpacker) value() entry.Value {
	switch kind := r.take(1)[0]; kind {
	case aString:
		return r.text()
	case aFalse, aTrue:
		return kind == aTrue
	case anInt:
		return r.varint()
	case aFloat:
		return math.Float64frombits(r.uvarint())
	case someBytes:
		return []byte(r.text())
	case aTime:
		return r.time()
	case aRef:
		return entry.Ref{Type: entry.Type(r.text()), ID: r.text()}
	}
	n := r.uvarint()
	c := make(entry.Complex, n)
	for range n {
		name := r.text()
		c[name] = r.value()
	}
	return c
}

func (r *unpacker) time() time.Time {
	t := time.Unix(r.varint(), int64(r.uvarint()))
	if offset := r.varint(); offset != 0 {
		return t.In(time.FixedZone("", int(offset)))
	}
	return t.UTC()
}
