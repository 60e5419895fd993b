package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// plainLetters are the Latin letters that no decomposition makes plain.
var plainLetters = map[rune]string{
	'ø': "oe", 'Ø': "OE", 'æ': "ae", 'Æ': "AE", 'œ': "oe", 'Œ': "OE", 'ß': "ss", 'ł': "l", 'Ł': "L", 'ı': "i",
}

// normalizeDiacritics makes Latin letters plain and drops the marks on them. Everything else stays as it is, byte for byte: dropping marks
// would damage Cyrillic й, Hebrew points and Indic vowel signs.
func normalizeDiacritics(s string) string {
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	var it norm.Iter
	it.InitString(norm.NFD, s)
	afterLatin := false
	for !it.Done() {
		from := it.Pos()
		segment := it.Next()
		afterLatin = writePlain(&b, segment, s[from:it.Pos()], afterLatin)
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// writePlain writes one decomposed segment (a letter with its marks) in plain form, or its original when no Latin letter leads it.
// It reports whether marks that follow still belong to a Latin letter.
func writePlain(b *strings.Builder, segment []byte, original string, afterLatin bool) bool {
	first, _ := utf8.DecodeRune(segment)
	if !unicode.Is(unicode.Mn, first) {
		afterLatin = unicode.Is(unicode.Latin, first)
	}
	if !afterLatin {
		b.WriteString(original)
		return false
	}
	for _, ch := range string(segment) {
		plain, known := plainLetters[ch]
		switch {
		case known:
			b.WriteString(plain)
		case !unicode.Is(unicode.Mn, ch):
			b.WriteRune(ch)
		}
	}
	return true
}
