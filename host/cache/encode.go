package cache

import (
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// The form of a value: one byte holding the kind and, in the upper half, the number n (15: n follows as a uvarint),
// then the body. For every kind but boolean and guid n is the length of the body.
const (
	kString  = iota
	kGUID    // a string in the form of a lower-case GUID; body is its 16 bytes
	kBool    // n is 0 or 1; no body
	kInt     // zigzag, little endian, without leading zero bytes
	kFloat   // 8 bytes
	kBytes   //
	kTime    // zigzag seconds, nanoseconds, zigzag zone offset in seconds
	kRef     // name of the type, then the id
	kComplex // pairs of name and value in the order of the names' numbers
	kinds
)

const maxDepth = 16

// appendAttrs writes all attributes but the ones skip names, in the order of the names' numbers.
func (n *names) appendAttrs(dst []byte, attrs entry.Attrs, skip []string) ([]byte, error) {
	var room [24]named
	order := room[:0]
	for name, vs := range attrs {
		if len(vs) > 0 && !slices.Contains(skip, name) {
			order = append(order, named{n.intern(name), name})
		}
	}
	slices.SortFunc(order, byNumber)
	var err error
	for _, a := range order {
		if dst, err = n.appendAttr(dst, a, attrs[a.name]); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

type named struct {
	id   uint32
	name string
}

func byNumber(a, b named) int {
	if c := cmp.Compare(a.id, b.id); c != 0 {
		return c
	}
	return cmp.Compare(a.name, b.name)
}

func (n *names) appendAttr(dst []byte, a named, vs []entry.Value) ([]byte, error) {
	multi := uint64(0)
	if len(vs) > 1 {
		multi = 1
	}
	dst = binary.AppendUvarint(dst, uint64(a.id)<<1|multi)
	if a.id == 0 {
		dst = appendText(dst, a.name)
	}
	if multi == 1 {
		dst = binary.AppendUvarint(dst, uint64(len(vs)))
	}
	var err error
	for _, v := range vs {
		if dst, err = n.appendValue(dst, v, 0); err != nil {
			return nil, fault.New(fault.Invalid, "keep attribute", "%w", err).About(a.name)
		}
	}
	return dst, nil
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func (n *names) appendName(dst []byte, name string) []byte {
	id := n.intern(name)
	dst = binary.AppendUvarint(dst, uint64(id))
	if id == 0 {
		dst = appendText(dst, name)
	}
	return dst
}

func (n *names) appendValue(dst []byte, v entry.Value, depth int) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return appendString(dst, v), nil
	case bool:
		if v {
			return append(dst, kBool|1<<4), nil
		}
		return append(dst, kBool), nil
	case int64:
		return appendInt(dst, v), nil
	case float64:
		return binary.LittleEndian.AppendUint64(append(dst, kFloat|8<<4), math.Float64bits(v)), nil
	case []byte:
		return append(appendHead(dst, kBytes, len(v)), v...), nil
	case time.Time:
		return appendTime(dst, v), nil
	case entry.Ref:
		start := len(dst)
		dst = append(n.appendName(append(dst, kRef), string(v.Type)), v.ID...)
		return closeHead(dst, start), nil
	case entry.Complex:
		return n.appendComplex(dst, v, depth+1)
	}
	return nil, fault.New(fault.Invalid, "keep value", "%T is not a type of value", v).
		WithHint("the connector has to hand out string, bool, int64, float64, []byte, time.Time, Ref or Complex")
}

func (n *names) appendComplex(dst []byte, v entry.Complex, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fault.New(fault.Invalid, "keep value", "more than %d levels inside one value", maxDepth)
	}
	var room [8]named
	order := room[:0]
	for name := range v {
		order = append(order, named{n.intern(name), name})
	}
	slices.SortFunc(order, byNumber)
	start := len(dst)
	dst = append(dst, kComplex)
	var err error
	for _, a := range order {
		dst = n.appendName(dst, a.name)
		if dst, err = n.appendValue(dst, v[a.name], depth); err != nil {
			return nil, err
		}
	}
	return closeHead(dst, start), nil
}

func appendHead(dst []byte, kind byte, n int) []byte {
	if n < 15 {
		return append(dst, kind|byte(n)<<4)
	}
	return binary.AppendUvarint(append(dst, kind|15<<4), uint64(n))
}

// closeHead writes the length of what follows the head byte at start into it.
func closeHead(dst []byte, start int) []byte {
	n := len(dst) - start - 1
	if n < 15 {
		dst[start] |= byte(n) << 4
		return dst
	}
	dst[start] |= 15 << 4
	var length [binary.MaxVarintLen64]byte
	return slices.Insert(dst, start+1, length[:binary.PutUvarint(length[:], uint64(n))]...)
}

func appendString(dst []byte, s string) []byte {
	if id, ok := parseGUID(s); ok {
		return append(append(dst, kGUID), id[:]...)
	}
	return append(appendHead(dst, kString, len(s)), s...)
}

func appendInt(dst []byte, v int64) []byte {
	z := uint64(v<<1) ^ uint64(v>>63)
	size := (bits.Len64(z) + 7) / 8
	dst = append(dst, kInt|byte(size)<<4)
	for range size {
		dst = append(dst, byte(z))
		z >>= 8
	}
	return dst
}

func appendTime(dst []byte, t time.Time) []byte {
	_, offset := t.Zone()
	start := len(dst)
	dst = binary.AppendVarint(append(dst, kTime), t.Unix())
	dst = binary.AppendUvarint(dst, uint64(t.Nanosecond()))
	return closeHead(binary.AppendVarint(dst, int64(offset)), start)
}

const hexDigits = "0123456789abcdef"

// parseGUID reads the one form that formatGUID writes.
func parseGUID(s string) (id [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, false
	}
	j := 0
	for i := 0; i < 36; i++ {
		if s[i] == '-' {
			if i != 8 && i != 13 && i != 18 && i != 23 {
				return id, false
			}
			continue
		}
		d := hexValue(s[i])
		if d > 15 {
			return id, false
		}
		id[j/2] = id[j/2]<<4 | d
		j++
	}
	return id, true
}

func hexValue(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

func appendGUID(dst []byte, id string) []byte {
	for i := range len(id) {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hexDigits[id[i]>>4], hexDigits[id[i]&15])
	}
	return dst
}
