package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/app"
)

// Sizes of a digest's parts, in bytes.
const (
	visibleSize = 16
	hiddenSize  = 8
)

// digest is a fingerprint of what is wanted: 16 bytes of SHA-256 over attributes and references in a fixed order. Waiting references count too, so that
// their arrival changes it. Where attributes that never come back from the target are wanted, 8 bytes over those alone follow.
func (m *maker) digest(want entry.Attrs) []byte {
	all := make([]byte, 0, 2048)
	var hidden []byte
	for _, name := range m.o.mapping.Targets() {
		values, wanted := want[name]
		if !wanted {
			continue
		}
		all = putAttr(all, name, values)
		if a, ok := m.o.mapping.Attribute(name); ok && a.Mutability == app.WriteOnly {
			hidden = putAttr(hidden, name, values)
		}
	}
	for _, r := range m.p.Refs {
		all = put(all, 'n', r.Attr)
		all = putSet(all, r.Targets)
		all = putSet(all, r.Waiting)
	}
	sum := sha256.Sum256(all)
	out := slices.Clone(sum[:visibleSize])
	if hidden != nil {
		sum = sha256.Sum256(hidden)
		out = append(out, sum[:hiddenSize]...)
	}
	return out
}

// hiddenPart returns the part of a digest about attributes that never come back; nil when there is none.
func hiddenPart(d []byte) []byte {
	if len(d) != visibleSize+hiddenSize {
		return nil
	}
	return d[visibleSize:]
}

// putSet writes a fingerprint of a set of ids, whatever their order: their number and the sum of their fingerprints. It needs no copy of a large group.
func putSet(b []byte, ids []string) []byte {
	var sum [4]uint64
	for _, id := range ids {
		h := sha256.Sum256([]byte(id))
		for i := range sum {
			sum[i] += binary.LittleEndian.Uint64(h[8*i:])
		}
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(len(ids)))
	for _, x := range sum {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b
}

func putAttr(b []byte, name string, values []entry.Value) []byte {
	b = put(b, 'n', name)
	for _, v := range values {
		b = putValue(b, v)
	}
	return put(b, 'e', "")
}

// put writes a text with its kind and length, so that no two lists run together to the same bytes.
func put(b []byte, kind byte, s string) []byte {
	b = binary.LittleEndian.AppendUint32(append(b, kind), uint32(len(s)))
	return append(b, s...)
}

func putValue(b []byte, v entry.Value) []byte {
	switch v := v.(type) {
	case string:
		return put(b, 's', v)
	case bool:
		return put(b, 'o', strconv.FormatBool(v))
	case int64:
		return binary.LittleEndian.AppendUint64(append(b, 'i'), uint64(v))
	case float64:
		return binary.LittleEndian.AppendUint64(append(b, 'f'), math.Float64bits(v))
	case []byte:
		return put(b, 'b', string(v))
	case time.Time:
		return put(b, 't', v.UTC().Format(time.RFC3339Nano))
	case entry.Ref:
		return put(b, 'r', v.ID)
	case entry.Complex:
		b = append(b, '{')
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b = putValue(put(b, 'k', k), v[k])
		}
		return append(b, '}')
	}
	return put(b, 'x', fmt.Sprintf("%T%v", v, v))
}
