package scim

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Alias returns the name under which SCIM shows an attribute of a target (a column), whose own name may hold anything. Letters, digits, $, - and _ stay as they are; anything
// else, which would collide with the grammar of SCIM paths (a dot, a bracket, a space), becomes _xHHHH_ with the code of the
// character, as does an underscore that would look like the beginning of such a code. Unalias reverses it.
func Alias(name string) string {
	if plainName(name) {
		return name
	}
	var b strings.Builder
	for i, r := range name {
		if plainRune(r) && (r != '_' || !looksCoded(name[i:])) {
			b.WriteRune(r)
			continue
		}
		if r == utf8.RuneError && !strings.HasPrefix(name[i:], "\uFFFD") {
			fmt.Fprintf(&b, "_x%02X_", name[i]) // a byte that is not UTF-8
			continue
		}
		fmt.Fprintf(&b, "_x%04X_", r)
	}
	return b.String()
}

// Unalias is the inverse of Alias; a text that Alias never returns stays as it is.
func Unalias(alias string) string {
	if !strings.Contains(alias, "_x") {
		return alias
	}
	var b strings.Builder
	for alias != "" {
		r, size, ok := decodeAlias(alias)
		switch {
		case ok && size == byteCode:
			b.WriteByte(byte(r))
		case ok:
			b.WriteRune(r)
		default:
			size = 1
			b.WriteByte(alias[0])
		}
		alias = alias[size:]
	}
	return b.String()
}

func plainName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return !plainRune(r) }) && !strings.Contains(name, "_x") && utf8.ValidString(name)
}

func plainRune(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '$', r == '-', r == '_':
		return true
	}
	return r >= 0xA0 && r != utf8.RuneError
}

func looksCoded(s string) bool {
	_, _, ok := decodeAlias(s)
	return ok
}

// byteCode is the length of _xHH_, which stands for a byte that is not UTF-8.
const byteCode = 5

// decodeAlias reads _xHHHH_ (four to six digits) or _xHH_ at the beginning of s.
func decodeAlias(s string) (r rune, size int, ok bool) {
	if !strings.HasPrefix(s, "_x") {
		return 0, 0, false
	}
	end := strings.IndexByte(s[2:], '_')
	if end != 2 && (end < 4 || end > 6) {
		return 0, 0, false
	}
	n, err := strconv.ParseUint(s[2:2+end], 16, 32)
	if err != nil || n > utf8.MaxRune {
		return 0, 0, false
	}
	return rune(n), end + 3, true
}
