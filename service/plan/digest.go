package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"maps"
	"slices"
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
	all, hidden, any := sha256.New(), sha256.New(), false
	for _, name := range slices.Sorted(maps.Keys(want)) {
		putAttr(all, name, want[name])
		if a, ok := m.o.mapping.Attribute(name); ok && a.Mutability == app.WriteOnly {
			putAttr(hidden, name, want[name])
			any = true
		}
	}
	for _, r := range m.p.Refs {
		put(all, r.Attr)
		all.Write(setOf(r.Targets))
		all.Write(setOf(r.Waiting))
	}
	out := all.Sum(nil)[:visibleSize]
	if any {
		out = append(out, hidden.Sum(nil)[:hiddenSize]...)
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

// setOf is a fingerprint of a set of ids, whatever their order: the sum of their fingerprints and their number. It needs no copy of a large group.
func setOf(ids []string) []byte {
	var sum [4]uint64
	for _, id := range ids {
		h := sha256.Sum256([]byte(id))
		for i := range sum {
			sum[i] += binary.LittleEndian.Uint64(h[8*i:])
		}
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(ids)))
	for _, x := range sum {
		out = binary.LittleEndian.AppendUint64(out, x)
	}
	return out
}

func putAttr(h hash.Hash, name string, values []entry.Value) {
	put(h, name)
	for _, v := range values {
		putValue(h, v)
	}
	put(h, "")
}

// put writes a length-prefixed text, so that no two lists run together to the same bytes.
func put(h hash.Hash, s string) {
	var n [4]byte
	binary.LittleEndian.PutUint32(n[:], uint32(len(s)+1))
	h.Write(n[:])
	h.Write([]byte(s))
}

func putValue(h hash.Hash, v entry.Value) {
	switch v := v.(type) {
	case string:
		put(h, "s"+v)
	case []byte:
		put(h, "b"+string(v))
	case time.Time:
		put(h, "t"+v.UTC().Format(time.RFC3339Nano))
	case entry.Ref:
		put(h, "r"+v.ID)
	case entry.Complex:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			put(h, "k"+k)
			putValue(h, v[k])
		}
	default:
		put(h, fmt.Sprintf("%T%v", v, v))
	}
}
