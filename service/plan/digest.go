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
)

// digest is a fingerprint of what is wanted: 16 bytes of SHA-256 over attributes and resolved references in a fixed order.
// Waiting references count too, so that their arrival changes it.
func digest(want entry.Attrs, refs []Ref) []byte {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		put(h, name)
		for _, v := range want[name] {
			putValue(h, v)
		}
		put(h, "")
	}
	for _, r := range refs {
		put(h, r.Attr)
		for _, id := range slices.Sorted(slices.Values(r.Targets)) {
			put(h, id)
		}
		put(h, "")
		for _, id := range slices.Sorted(slices.Values(r.Waiting)) {
			put(h, id)
		}
	}
	return h.Sum(nil)[:16]
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
