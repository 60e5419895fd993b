package scim

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of JSON bodies and of filters, so that no input can exhaust the stack.
const maxDepth = 32

type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

// String names the kind with its article, for messages.
func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// node is a JSON value as parsed. Keys and items of an object stand in parallel, in the order of the text.
type node struct {
	kind kind
	text string // decoded string, the digits of a number, "true" or "false"
	keys []string
	list []node
}

// get returns the member of an object with the key in any case, nil when absent.
func (n *node) get(key string) *node {
	for i, k := range n.keys {
		if equalFoldASCII(k, key) {
			return &n.list[i]
		}
	}
	return nil
}

// reader is a recursive-descent JSON parser over one text.
type reader struct {
	s       string
	pos     int
	depth   int
	lenient bool // repeated keys are taken, the last one counts: for answers of foreign servers
}

func parseJSON(body []byte, lenient bool) (node, error) {
	r := &reader{s: string(body), lenient: lenient}
	if strings.HasPrefix(r.s, "\ufeff") {
		r.pos = 3
	}
	n, err := r.value()
	if err != nil {
		return node{}, err
	}
	if r.space(); r.pos < len(r.s) {
		return node{}, r.fail("nothing may follow the JSON value")
	}
	return n, nil
}

// parseObject is parseJSON for a body that must be a JSON object.
func parseObject(body []byte, lenient bool) (node, error) {
	n, err := parseJSON(body, lenient)
	if err == nil && n.kind != kindObject {
		err = refuse(InvalidSyntax, "the body must be a JSON object, not %s", n.kind)
	}
	return n, err
}

func (r *reader) fail(format string, args ...any) error {
	return refuse(InvalidSyntax, "JSON, byte %d: "+format, append([]any{r.pos + 1}, args...)...)
}

func (r *reader) space() {
	for r.pos < len(r.s) {
		switch r.s[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

// peek skips space and returns the next byte, 0 at the end.
func (r *reader) peek() byte {
	r.space()
	if r.pos < len(r.s) {
		return r.s[r.pos]
	}
	return 0
}

func (r *reader) value() (node, error) {
	switch c := r.peek(); {
	case c == '{':
		return r.nested(r.object)
	case c == '[':
		return r.nested(r.array)
	case c == '"':
		s, err := r.str()
		return node{kind: kindString, text: s}, err
	case c == '-' || '0' <= c && c <= '9':
		return r.number()
	}
	for _, w := range [...]struct {
		text string
		kind kind
	}{{"true", kindBool}, {"false", kindBool}, {"null", kindNull}} {
		if strings.HasPrefix(r.s[r.pos:], w.text) {
			r.pos += len(w.text)
			return node{kind: w.kind, text: w.text}, nil
		}
	}
	if r.pos >= len(r.s) {
		return node{}, r.fail("a value is missing")
	}
	return node{}, r.fail("a value cannot begin so")
}

func (r *reader) nested(parse func() (node, error)) (node, error) {
	if r.depth++; r.depth > maxDepth {
		return node{}, r.fail("nested deeper than %d", maxDepth)
	}
	r.pos++
	n, err := parse()
	r.depth--
	return n, err
}

func (r *reader) array() (node, error) {
	n := node{kind: kindArray}
	if r.peek() == ']' {
		r.pos++
		return n, nil
	}
	for {
		v, err := r.value()
		if err != nil {
			return n, err
		}
		n.list = append(n.list, v)
		if done, err := r.more(']'); done || err != nil {
			return n, err
		}
	}
}

// more consumes a comma, or the closing sign and reports true.
func (r *reader) more(closing byte) (bool, error) {
	switch r.peek() {
	case ',':
		r.pos++
		return false, nil
	case closing:
		r.pos++
		return true, nil
	}
	return false, r.fail("a comma or %q is missing", string(closing))
}

func (r *reader) object() (node, error) {
	n := node{kind: kindObject}
	if r.peek() == '}' {
		r.pos++
		return n, nil
	}
	var seen map[string]bool
	for {
		if r.peek() != '"' {
			return n, r.fail("a key in quotes is missing")
		}
		key, err := r.str()
		if err != nil {
			return n, err
		}
		if !r.lenient && repeated(n.keys, key, &seen) {
			return n, r.fail("the key %q stands twice", key)
		}
		if r.peek() != ':' {
			return n, r.fail("a colon is missing")
		}
		r.pos++
		v, err := r.value()
		if err != nil {
			return n, err
		}
		n.keys, n.list = append(n.keys, key), append(n.list, v)
		if done, err := r.more('}'); done || err != nil {
			return n, err
		}
	}
}

// repeated reports whether key is among keys in any case. Objects with many keys get a set, so that the time stays linear.
func repeated(keys []string, key string, seen *map[string]bool) bool {
	const few = 24
	if len(keys) < few {
		for _, k := range keys {
			if equalFoldASCII(k, key) {
				return true
			}
		}
		return false
	}
	if *seen == nil {
		*seen = make(map[string]bool, 4*few)
		for _, k := range keys {
			(*seen)[lowerASCII(k)] = true
		}
	}
	low := lowerASCII(key)
	twice := (*seen)[low]
	(*seen)[low] = true
	return twice
}

func (r *reader) number() (node, error) {
	start := r.pos
	if r.s[r.pos] == '-' {
		r.pos++
	}
	lead := r.pos
	if n := r.digits(); n == 0 || n > 1 && r.s[lead] == '0' {
		return node{}, r.fail("malformed number")
	}
	if r.at('.') {
		r.pos++
		if r.digits() == 0 {
			return node{}, r.fail("malformed number")
		}
	}
	if r.at('e') || r.at('E') {
		r.pos++
		if r.at('+') || r.at('-') {
			r.pos++
		}
		if r.digits() == 0 {
			return node{}, r.fail("malformed number")
		}
	}
	return node{kind: kindNumber, text: r.s[start:r.pos]}, nil
}

func (r *reader) at(c byte) bool { return r.pos < len(r.s) && r.s[r.pos] == c }

func (r *reader) digits() int {
	start := r.pos
	for r.pos < len(r.s) && '0' <= r.s[r.pos] && r.s[r.pos] <= '9' {
		r.pos++
	}
	return r.pos - start
}

// str reads a JSON string that begins at pos. Without escapes the result is a part of the text, not a copy.
func (r *reader) str() (string, error) {
	s, n, why := unquote(r.s[r.pos:])
	r.pos += n
	if why != "" {
		return "", r.fail("%s", why)
	}
	return s, nil
}

// unquote decodes the JSON string at the beginning of s, which starts with a quote. It returns how many bytes it took and, when
// the string is malformed, why; n is then where.
func unquote(s string) (text string, n int, why string) {
	plain := true // only ASCII so far
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			if text = s[1:i]; !plain && !utf8.ValidString(text) {
				return "", i, "the string is not UTF-8"
			}
			return text, i + 1, ""
		case c == '\\':
			return unescape(s, i)
		case c < 0x20:
			return "", i, "a control character in a string must be escaped"
		case c >= utf8.RuneSelf:
			plain = false
		}
	}
	return "", len(s), "the string does not end"
}

// unescape goes on with unquote from the first backslash at i.
func unescape(s string, i int) (string, int, string) {
	b := append(make([]byte, 0, len(s[:i])+32), s[1:i]...)
	for i < len(s) {
		switch c := s[i]; {
		case c == '"':
			if !utf8.Valid(b) {
				return "", i, "the string is not UTF-8"
			}
			return string(b), i + 1, ""
		case c < 0x20:
			return "", i, "a control character in a string must be escaped"
		case c != '\\':
			b = append(b, c)
			i++
		default:
			r, n := escape(s[i:])
			if n == 0 {
				return "", i, "unknown escape in a string"
			}
			b = utf8.AppendRune(b, r)
			i += n
		}
	}
	return "", len(s), "the string does not end"
}

// escape decodes one escape sequence and returns how long it is, 0 when it is malformed.
func escape(s string) (rune, int) {
	if len(s) < 2 {
		return 0, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, s[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	hi, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(hi) {
		return hi, 6
	}
	if lo, ok := hex4(s[6:]); ok {
		if r := utf16.DecodeRune(hi, lo); r != utf8.RuneError {
			return r, 12
		}
	}
	return 0, 0 // half a surrogate pair is no character
}

func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for i := 2; i < 6; i++ {
		d := strings.IndexByte(hexDigits, lowerTable[s[i]])
		if d < 0 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

// appendJSON writes the node back as it was read, without the spaces.
func (n *node) appendJSON(dst []byte) []byte {
	switch n.kind {
	case kindString:
		return AppendString(dst, n.text)
	case kindArray:
		dst = append(dst, '[')
		for i := range n.list {
			dst = n.list[i].appendJSON(comma(dst, i))
		}
		return append(dst, ']')
	case kindObject:
		dst = append(dst, '{')
		for i := range n.list {
			dst = append(AppendString(comma(dst, i), n.keys[i]), ':')
			dst = n.list[i].appendJSON(dst)
		}
		return append(dst, '}')
	}
	return append(dst, n.text...)
}

func comma(dst []byte, i int) []byte {
	if i > 0 {
		return append(dst, ',')
	}
	return dst
}
