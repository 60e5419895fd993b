package cache

import (
	"hash/maphash"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/entry"
)

// index finds rows by the hash of one attribute's values.
type index struct {
	attr  string // as configured
	top   string // the attribute
	sub   string // the sub-attribute, "" = the value itself
	fold  bool
	names *names
	tab   *table
}

// seed keeps outsiders from choosing values that collide.
var seed = maphash.MakeSeed()

func newIndex(i Index, n *names) *index {
	top, sub := splitPath(i.Attr)
	return &index{attr: i.Attr, top: top, sub: sub, fold: i.Fold, names: n, tab: newTable()}
}

// splitPath takes "emails.value" apart; dots inside a URN ("…:2.0:User:manager.value") do not separate.
func splitPath(path string) (top, sub string) {
	urn := strings.LastIndexByte(path, ':') + 1
	if i := strings.IndexByte(path[urn:], '.'); i >= 0 {
		return path[:urn+i], path[urn+i+1:]
	}
	return path, ""
}

// tokens calls fn with every value the index sees in an encoded attribute list, until fn returns false.
func (x *index) tokens(attrs string, fn func(token) bool) {
	values, count := findAttr(attrs, x.names.lookup(x.top), x.top)
	r := reader{s: values}
	for range count {
		t, ok := r.token(), true
		if x.sub != "" {
			t, ok = t.sub(x.names.lookup(x.sub), x.sub)
		}
		if ok && !fn(t) {
			return
		}
	}
}

// sub returns a sub-attribute of a complex value.
func (t token) sub(id uint32, text string) (token, bool) {
	if t.kind != kComplex {
		return token{}, false
	}
	for r := (reader{s: t.body}); r.s != ""; {
		n := r.name()
		v := r.token()
		if n.id == id && (id != 0 || n.text == text) {
			return v, true
		}
	}
	return token{}, false
}

// keys appends the hashes of a row's values to dst, sorted, each once.
func (x *index) keys(dst []uint64, attrs string) []uint64 {
	from := len(dst)
	x.tokens(attrs, func(t token) bool {
		dst = append(dst, x.hash(t))
		return true
	})
	if len(dst)-from > 1 {
		slices.Sort(dst[from:])
		dst = dst[:from+len(slices.Compact(dst[from:]))]
	}
	return dst
}

func (x *index) hash(t token) uint64 {
	var room [128]byte
	switch t.kind {
	case kString:
		return x.hashText(t.body)
	case kGUID:
		return maphash.Bytes(seed, appendGUID(room[:0], t.body)) // lower case as it is
	}
	return maphash.Comparable(seed, t.hash(x.names.snapshot()))
}

func (x *index) hashText(s string) uint64 {
	if !x.fold {
		return maphash.String(seed, s)
	}
	var room [128]byte
	return maphash.Bytes(seed, appendFolded(room[:0], s))
}

// appendFolded writes s so that texts equal under strings.EqualFold come out the same.
func appendFolded(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf || c == 'k' || c == 'K' || c == 's' || c == 'S' { // K and s have relatives: Kelvin, long s
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, "\uFFFD"...) // EqualFold reads any broken byte so
				continue
			}
			dst = utf8.AppendRune(dst, foldRune(r))
			i += size - 1
			continue
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// foldRune returns the smallest rune of those that differ from r in case only, in lower case where that is ASCII.
func foldRune(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if 'A' <= least && least <= 'Z' {
		least += 'a' - 'A'
	}
	return least
}

// query is a value prepared for look-ups in one index.
type query struct {
	hash uint64
	text string // when the value is a string
	want entry.Value
	fold bool
}

func (x *index) query(v entry.Value) (query, bool) {
	q := query{want: v, fold: x.fold}
	if s, ok := v.(string); ok {
		q.text, q.hash = s, x.hashText(s)
		return q, true
	}
	b, err := x.names.appendValue(nil, v, 0)
	if err != nil {
		return q, false
	}
	r := reader{s: string(b)}
	q.hash = x.hash(r.token())
	return q, true
}

func (q *query) matches(t token, names snapshot) bool {
	if _, ok := q.want.(string); !ok {
		return entry.Equal(t.value(names), q.want)
	}
	if t.kind != kString && t.kind != kGUID {
		return false
	}
	if t.is(q.text) {
		return true
	}
	if !q.fold {
		return false
	}
	s, _ := t.value(names).(string)
	return strings.EqualFold(s, q.text)
}

// sees reports whether a row with these attributes is a hit.
func (x *index) sees(attrs string, q *query, at snapshot) (hit bool) {
	x.tokens(attrs, func(t token) bool {
		hit = q.matches(t, at)
		return !hit
	})
	return hit
}
