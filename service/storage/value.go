package storage

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// The binary form of attributes: a version byte, the attributes sorted by name as (name, count, values), and four bytes of
// CRC-32C over all that. Equal attributes have equal bytes. Text is length and bytes, so any string survives; numbers are varints.
const formVersion = 1

// Tags of values; they are on disk, so they are appended, never reordered.
const (
	tagText byte = iota + 1
	tagFalse
	tagTrue
	tagInt
	tagFloat
	tagBytes
	tagTime
	tagRef
	tagComplex
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal appends the checksum.
func seal(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// unseal checks the checksum and takes it off. A mismatch means the disk or somebody else changed the row.
func unseal(b []byte) ([]byte, error) {
	if len(b) < 4 || binary.LittleEndian.Uint32(b[len(b)-4:]) != crc32.Checksum(b[:len(b)-4], castagnoli) {
		return nil, damaged("its checksum does not match")
	}
	return b[:len(b)-4], nil
}

func damaged(what string) error {
	return &fault.Error{Kind: fault.Internal, Err: errors.New("a stored row is damaged: " + what),
		Hint: "check the disk, then restore the data folder from a backup"}
}

// encodeAttrs returns the sealed binary form; attributes without values are left out.
func encodeAttrs(a entry.Attrs) ([]byte, error) {
	b := append(make([]byte, 0, 64*len(a)+8), formVersion)
	names := slices.Sorted(maps.Keys(a))
	names = slices.DeleteFunc(names, func(n string) bool { return len(a[n]) == 0 })
	b = binary.AppendUvarint(b, uint64(len(names)))
	for _, n := range names {
		b = appendText(b, n)
		b = binary.AppendUvarint(b, uint64(len(a[n])))
		for _, v := range a[n] {
			var err error
			if b, err = appendValue(b, v, 0); err != nil {
				return nil, err
			}
		}
	}
	return seal(b), nil
}

func appendText[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendValue(b []byte, v entry.Value, depth int) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return appendText(append(b, tagText), v), nil
	case bool:
		if v {
			return append(b, tagTrue), nil
		}
		return append(b, tagFalse), nil
	case int64:
		return binary.AppendVarint(append(b, tagInt), v), nil
	case float64:
		return binary.LittleEndian.AppendUint64(append(b, tagFloat), math.Float64bits(v)), nil
	case []byte:
		return appendText(append(b, tagBytes), v), nil
	case time.Time:
		return appendTime(append(b, tagTime), v), nil
	case entry.Ref:
		return appendText(appendText(append(b, tagRef), string(v.Type)), v.ID), nil
	case entry.Complex:
		return appendComplex(b, v, depth)
	}
	return nil, fault.New(fault.Invalid, "", "a value of type %T cannot be stored", v)
}

// appendTime writes seconds, nanoseconds, and the zone's offset in seconds, away from zero by one since 0 stands for UTC. The zone's name is lost.
func appendTime(b []byte, t time.Time) []byte {
	b = binary.AppendVarint(b, t.Unix())
	b = binary.AppendUvarint(b, uint64(t.Nanosecond()))
	if t.Location() == time.UTC {
		return binary.AppendVarint(b, 0)
	}
	_, offset := t.Zone()
	if offset >= 0 {
		offset++
	}
	return binary.AppendVarint(b, int64(offset))
}

func appendComplex(b []byte, c entry.Complex, depth int) ([]byte, error) {
	if depth == maxDepth {
		return nil, fault.New(fault.Invalid, "", "values lie more than %d levels deep in each other", maxDepth).WithHint("flatten the value")
	}
	b = binary.AppendUvarint(append(b, tagComplex), uint64(len(c)))
	for _, n := range slices.Sorted(maps.Keys(c)) {
		var err error
		if b, err = appendValue(appendText(b, n), c[n], depth+1); err != nil {
			return nil, err
		}
	}
	return b, nil
}
