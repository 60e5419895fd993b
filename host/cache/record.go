package cache

import (
	"encoding/binary"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// A record is the stamp (when created, in milliseconds, 6 bytes; how much later modified, varint) and the content:
// flags, DN unless the flag says it is the automatic one, anchor, attributes.
const dnIsAuto = 1

// record is a parsed one; the strings are windows into it.
type record struct {
	created  int64 // milliseconds since 1970
	modified int64
	content  string // flags and all that follows
	auto     bool
	dn       string
	anchor   token
	attrs    string
}

func parseRecord(s string) record {
	var rec record
	r := reader{s: s}
	stamp := r.take(6)
	for i := len(stamp) - 1; i >= 0; i-- {
		rec.created = rec.created<<8 | int64(stamp[i])
	}
	rec.modified = rec.created + r.varint()
	rec.parseContent(r.s)
	return rec
}

func (rec *record) parseContent(s string) (ok bool) {
	rec.content = s
	r := reader{s: s}
	if flags := r.take(1); flags != "" && flags[0]&dnIsAuto != 0 {
		rec.auto = true
	} else {
		rec.dn = r.text()
	}
	rec.anchor = r.token()
	rec.attrs = r.s
	return !r.bad
}

// anchorText returns the anchor as a string of its own.
func (rec *record) anchorText() string {
	s, _ := rec.anchor.value(snapshot{}).(string)
	return strings.Clone(s)
}

func appendStamp(dst []byte, created, modified int64) []byte {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(created))
	return binary.AppendVarint(append(dst, b[:6]...), modified-created)
}

// millis clips a time to what a stamp can hold: 1970 to the year 10889.
func millis(t time.Time) int64 { return min(max(t.UnixMilli(), 0), 1<<48-1) }

// appendContent writes a row's content; detached attributes are left out.
func (n *names) appendContent(dst []byte, row Row, t entry.Type, detached []string) ([]byte, error) {
	if row.Anchor == "" {
		return nil, fault.New(fault.Invalid, "keep object", "it has no anchor").About(row.DN).
			WithHint("every object needs a value in the column or attribute chosen as anchor")
	}
	return n.appendAttrs(appendIdentity(dst, row.DN, row.Anchor, t), row.Attrs, detached)
}

func appendIdentity(dst []byte, dn, anchor string, t entry.Type) []byte {
	if isAutoDN(dn, anchor, t) {
		dst = append(dst, dnIsAuto)
	} else {
		dst = appendText(append(dst, 0), dn)
	}
	return appendString(dst, anchor)
}

// isAutoDN reports whether dn is CN=<anchor>,OBJECT=<TYPE> with an anchor that needs no escaping.
func isAutoDN(dn, anchor string, t entry.Type) bool {
	rest, ok := strings.CutPrefix(dn, "CN="+anchor)
	return ok && rest == ",OBJECT="+strings.ToUpper(string(t)) && !strings.ContainsAny(anchor, `,+"\<>;=#`)
}

func autoDN(anchor string, t entry.Type) string {
	return "CN=" + anchor + ",OBJECT=" + strings.ToUpper(string(t))
}

// row decodes a record that is a string of its own, but for the attributes: the row's strings are windows into it.
func (rec *record) row(t entry.Type, names snapshot) Row {
	anchor, _ := rec.anchor.value(names).(string)
	row := Row{
		Entry:    entry.Entry{Type: t, ID: ID(t, anchor)},
		Anchor:   anchor,
		DN:       rec.dn,
		Created:  time.UnixMilli(rec.created).UTC(),
		Modified: time.UnixMilli(rec.modified).UTC(),
	}
	if rec.auto {
		row.DN = autoDN(anchor, t)
	}
	return row
}

func decodeAttrs(s string, names snapshot) entry.Attrs {
	count, total := countAttrs(s)
	attrs := make(entry.Attrs, count)
	for f := range decode(s, names, total) {
		attrs[f.Name] = f.Values
	}
	return attrs
}

func decodeFields(s string, names snapshot) []Field {
	count, total := countAttrs(s)
	fields := make([]Field, 0, count+2) // and the sets
	for f := range decode(s, names, total) {
		fields = append(fields, f)
	}
	return fields
}

// decode yields the attributes of an encoded list, which has total values.
func decode(s string, names snapshot, total int) iter.Seq[Field] {
	return func(yield func(Field) bool) {
		values := make([]entry.Value, 0, total)
		for r := (reader{s: s}); r.s != ""; {
			n, k := r.attr()
			from := len(values)
			for range k {
				values = append(values, r.token().value(names))
			}
			if !yield(Field{n.in(names), slices.Clip(values[from:])}) {
				return
			}
		}
	}
}

func countAttrs(s string) (attrs, values int) {
	for r := (reader{s: s}); r.s != ""; {
		_, k := r.attr()
		for range k {
			r.token()
		}
		attrs++
		values += k
	}
	return attrs, values
}

// findAttr returns the encoded values of one attribute and how many they are.
func findAttr(attrs string, id uint32, text string) (values string, count int) {
	for r := (reader{s: attrs}); r.s != ""; {
		n, k := r.attr()
		at := r.s
		for range k {
			r.token()
		}
		if n.id == id && (id != 0 || n.text == text) {
			return at[:len(at)-len(r.s)], k
		}
	}
	return "", 0
}

// hash of the content, the same whatever the order of values, the numbers of names and the way equal values are written.
func (rec *record) hash(names snapshot, detached uint64) uint64 {
	h := detached + mix(xxhash.Sum64String(rec.dn)+1)
	if rec.auto {
		h += 0x9e3779b97f4a7c15
	}
	h += mix(rec.anchor.hash(names) + 2)
	for r := (reader{s: rec.attrs}); r.s != ""; {
		n, k := r.attr()
		nh := n.hash(names)
		for range k {
			h += mix(nh ^ r.token().hash(names))
		}
	}
	return mix(h)
}

func (n name) hash(names snapshot) uint64 {
	if n.id != 0 {
		return names.hash[n.id]
	}
	return xxhash.Sum64String(n.text)
}

// hash agrees with entry.Equal: equal values have the same hash.
func (t token) hash(names snapshot) uint64 {
	r := reader{s: t.body}
	h := uint64(t.kind)
	switch t.kind {
	case kBool:
		h += t.n << 8
	case kFloat:
		if t.uint()<<1 != 0 { // 0 and -0 are equal
			h += xxhash.Sum64String(t.body)
		}
	case kTime:
		sec, nsec := r.varint(), r.uvarint()
		h += mix(uint64(sec)) + nsec<<8
	case kRef:
		r.name()
		h += xxhash.Sum64String(r.s)
	case kComplex:
		for r.s != "" {
			n := r.name().hash(names)
			h += mix(n ^ r.token().hash(names))
		}
	default:
		h += xxhash.Sum64String(t.body)
	}
	return mix(h)
}

// mix spreads the bits (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
