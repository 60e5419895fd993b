package scim

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

var lowerTable = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] = byte(i) + 'a' - 'A'
		}
	}
	return t
}()

// nameByte reports whether c may stand in an attribute name or URN as it is written in a filter or path.
func nameByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c >= 0x80:
		return true
	}
	return c == '$' || c == '-' || c == '_' || c == ':' || c == '.'
}

// lowerASCII lowers A to Z. Names and URNs are compared so.
func lowerASCII(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				b[j] = lowerTable[b[j]]
			}
			return string(b)
		}
	}
	return s
}

func equalFoldASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lowerTable[a[i]] != lowerTable[b[i]] {
			return false
		}
	}
	return true
}

// Fold returns the form of s in which two strings are the same exactly when they are equal without regard to case under
// Unicode simple folding (RFC 7643 §2.2, caseExact false). Indexes key case-insensitive attributes by it. A string that is
// folded already is returned as it is, without allocating.
func Fold(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return foldFrom(s, i)
		}
	}
	return s
}

func foldFrom(s string, i int) string {
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:i])
	for _, r := range s[i:] {
		b.WriteRune(foldRune(r))
	}
	return b.String()
}

// foldRune returns one fixed member of the rune's case orbit: the lower-case letter for ASCII, else the smallest rune.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(lowerTable[r])
	}
	least := r
	for n := unicode.SimpleFold(r); n != r; n = unicode.SimpleFold(n) {
		least = min(least, n)
	}
	if least < utf8.RuneSelf {
		return rune(lowerTable[least])
	}
	return least
}

// compareFold orders two strings without regard to case, negative when a comes first.
func compareFold(a, b string) int {
	for a != "" && b != "" {
		var x, y rune
		x, a = nextFold(a)
		y, b = nextFold(b)
		if x != y {
			return int(x - y)
		}
	}
	return len(a) - len(b)
}

func nextFold(s string) (rune, string) {
	if c := s[0]; c < utf8.RuneSelf {
		return rune(lowerTable[c]), s[1:]
	}
	r, n := utf8.DecodeRuneInString(s)
	return foldRune(r), s[n:]
}

// prefixFold reports whether s begins with prefix without regard to case, and how many bytes of s that took.
func prefixFold(s, prefix string) (int, bool) {
	rest := s
	for prefix != "" {
		if rest == "" {
			return 0, false
		}
		var x, y rune
		x, rest = nextFold(rest)
		y, prefix = nextFold(prefix)
		if x != y {
			return 0, false
		}
	}
	return len(s) - len(rest), true
}

// containsFold looks for part in s without regard to case. Long texts are folded first, so that the time stays linear.
func containsFold(s, part string) bool {
	if len(s) > 128 {
		return strings.Contains(Fold(s), Fold(part))
	}
	for {
		if _, ok := prefixFold(s, part); ok {
			return true
		}
		if s == "" {
			return false
		}
		_, n := utf8.DecodeRuneInString(s)
		s = s[n:]
	}
}

func suffixFold(s, suffix string) bool {
	for suffix != "" {
		if s == "" {
			return false
		}
		x, n := utf8.DecodeLastRuneInString(s)
		y, m := utf8.DecodeLastRuneInString(suffix)
		if foldRune(x) != foldRune(y) {
			return false
		}
		s, suffix = s[:len(s)-n], suffix[:len(suffix)-m]
	}
	return true
}
