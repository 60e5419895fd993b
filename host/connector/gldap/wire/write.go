package wire

import "encoding/binary"

// Tags of BER that LDAP uses.
const (
	tagBool     = 0x01
	tagInt      = 0x02
	tagOctets   = 0x04
	tagEnum     = 0x0a
	tagSequence = 0x30
	tagSet      = 0x31
)

// builder writes BER. Lengths of nested things take the four-byte form, which every reader takes and nobody has to compute ahead.
type builder struct{ b []byte }

func (w *builder) octets(tag byte, s string) {
	w.head(tag, len(s))
	w.b = append(w.b, s...)
}

func (w *builder) head(tag byte, n int) {
	switch {
	case n < 0x80:
		w.b = append(w.b, tag, byte(n))
	case n < 0x100:
		w.b = append(w.b, tag, 0x81, byte(n))
	case n < 0x10000:
		w.b = append(w.b, tag, 0x82, byte(n>>8), byte(n))
	default:
		w.b = append(w.b, tag, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
}

// nest writes a constructed value whose content is what f writes.
func (w *builder) nest(tag byte, f func()) {
	at := len(w.b)
	w.b = append(w.b, tag, 0x84, 0, 0, 0, 0)
	f()
	binary.BigEndian.PutUint32(w.b[at+2:], uint32(len(w.b)-at-6))
}

func (w *builder) integer(tag byte, n int64) {
	size := 1
	for v := n; v > 127 || v < -128; v >>= 8 {
		size++
	}
	w.head(tag, size)
	for i := size - 1; i >= 0; i-- {
		w.b = append(w.b, byte(n>>(8*i)))
	}
}

func (w *builder) boolean(tag byte, v bool) {
	x := byte(0)
	if v {
		x = 0xff
	}
	w.b = append(w.b, tag, 1, x)
}

// Sequence returns the BER of a SEQUENCE that f fills, for the values of controls and extended requests.
func Sequence(f func(*Values)) []byte {
	v := Values{}
	v.w.nest(tagSequence, func() { f(&v) })
	return v.w.b
}

// Values writes what stands in a Sequence.
type Values struct{ w builder }

// Int writes an INTEGER.
func (v *Values) Int(n int64) { v.w.integer(tagInt, n) }

// Enum writes an ENUMERATED.
func (v *Values) Enum(n int64) { v.w.integer(tagEnum, n) }

// Bool writes a BOOLEAN.
func (v *Values) Bool(b bool) { v.w.boolean(tagBool, b) }

// Octets writes an OCTET STRING.
func (v *Values) Octets(s string) { v.w.octets(tagOctets, s) }

// Tagged writes an OCTET STRING with another tag: 0x80 for [0] and so on.
func (v *Values) Tagged(tag byte, s string) { v.w.octets(tag, s) }

// Nest writes a constructed value with the tag: 0x30 for a SEQUENCE.
func (v *Values) Nest(tag byte, f func()) { v.w.nest(tag, f) }
