package expr

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/language"
)

// textFunctions make text of text. Null counts as "".
func textFunctions() []*builtin {
	return []*builtin{
		define("Append(source, suffix)", "The source followed by the suffix.", evalAppend),
		define("Prepend(prefix, source)", "The prefix followed by the source.", evalAppend),
		define("StripSpaces(source)", "The source without its spaces.", onText(stripSpaces)),
		define("NormalizeDiacritics(source)", "The source with accented Latin letters replaced by plain ones.", onText(normalizeDiacritics)),
		define("PCase(source, separators?)", "Every word with a capital first letter and the rest in lower case.", evalPCase),
		define("ToLower(source, culture?)", "The source in lower case.", evalToLower).checked(checkCulture),
		define("ToUpper(source, culture?)", "The source in upper case.", evalToUpper).checked(checkCulture),
		define("Left(source, length:Integer)", "The first characters.", evalLeft),
		define("Mid(source, start:Integer, length:Integer)", "Characters from a position on, counted from 1.", evalMid),
		define("Word(source, number:Integer, delimiters)", "The n-th word, counted from 1; delimiters is a set of characters.", evalWord),
		define("InStr(source, find, start:Integer?, compare:Integer?)", "The position of a text in another, counted from 1; 0 when absent.", evalInStr),
		define("ConvertToBase64(source)", "Base64 of the UTF-16LE bytes.", onText(toBase64)),
		define("ConvertToUTF8Hex(source)", "Upper-case hexadecimal of the UTF-8 bytes.", onText(toUTF8Hex)),
	}
}

// onText lifts a function of one text.
func onText(f func(string) string) func(*run, *call) (value, error) {
	return func(r *run, c *call) (value, error) {
		s, err := r.text(c, 0)
		if err != nil {
			return nil, err
		}
		return limited(f(s))
	}
}

// limited refuses a text beyond maxText.
func limited(s string) (value, error) {
	if len(s) > maxText {
		return nil, errTooLong
	}
	return s, nil
}

func evalAppend(r *run, c *call) (value, error) {
	s, err := r.texts(c, 2)
	if err != nil {
		return nil, err
	}
	return limited(s[0] + s[1])
}

func stripSpaces(s string) string { return strings.ReplaceAll(s, " ", "") }

func toUTF8Hex(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) }

func toBase64(s string) string {
	units := utf16.Encode([]rune(s))
	raw := make([]byte, 0, 2*len(units))
	for _, u := range units {
		raw = binary.LittleEndian.AppendUint16(raw, u)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func evalPCase(r *run, c *call) (value, error) {
	s, err := r.texts(c, 2)
	if err != nil {
		return nil, err
	}
	separates := func(ch rune) bool {
		return unicode.In(ch, unicode.Z, unicode.P, unicode.S, unicode.C)
	}
	if c.given(1) {
		separates = oneOfSet(s[1])
	}
	return limited(properCase(s[0], separates))
}

// oneOfSet asks whether a character is one of a set, in constant time for long sets.
func oneOfSet(set string) func(rune) bool {
	if len(set) <= 16 {
		return func(ch rune) bool { return strings.ContainsRune(set, ch) }
	}
	members := map[rune]bool{}
	for _, ch := range set {
		members[ch] = true
	}
	return func(ch rune) bool { return members[ch] }
}

func properCase(s string, separates func(rune) bool) string {
	first := true
	return strings.Map(func(ch rune) rune {
		switch {
		case separates(ch):
			first = true
			return ch
		case first:
			first = false
			return upperRune(ch)
		}
		return unicode.ToLower(ch)
	}, s)
}

// upperRune is the simple upper case, which leaves ß alone.
func upperRune(ch rune) rune {
	if ch == 'ß' {
		return ch
	}
	return unicode.ToUpper(ch)
}

func evalToUpper(r *run, c *call) (value, error) {
	return r.recase(c, func(s string) string { return strings.Map(upperRune, s) },
		func(s string) string { return strings.ToUpperSpecial(unicode.TurkishCase, s) })
}

func evalToLower(r *run, c *call) (value, error) {
	return r.recase(c, strings.ToLower,
		func(s string) string { return strings.ToLowerSpecial(unicode.TurkishCase, s) })
}

func (r *run) recase(c *call, plain, turkic func(string) string) (value, error) {
	s, err := r.texts(c, 2)
	if err != nil {
		return nil, err
	}
	special, err := isTurkic(s[1])
	if err != nil {
		return nil, r.hide(err)
	}
	if special {
		return limited(turkic(s[0]))
	}
	return limited(plain(s[0]))
}

// isTurkic reports whether a culture tag has the dotted and the dotless i. An unknown tag is an error.
func isTurkic(culture string) (bool, error) {
	if culture == "" {
		return false, nil
	}
	tag, err := language.Parse(culture)
	if err != nil {
		return false, fmt.Errorf("unknown culture %s", quoteShort(culture))
	}
	base, _ := tag.Base()
	return base.String() == "tr" || base.String() == "az", nil
}

func checkCulture(c *call) (problem, expected string) {
	if tag, ok := c.constant(1); ok {
		if _, err := isTurkic(tag); err != nil {
			return err.Error(), "a language tag such as en-US"
		}
	}
	return "", ""
}

func evalLeft(r *run, c *call) (value, error) {
	s, n, err := r.textAndInteger(c)
	if err != nil {
		return nil, err
	}
	chars := []rune(s)
	if n < 0 || n >= int64(len(chars)) {
		return s, nil
	}
	return string(chars[:n]), nil
}

// textAndInteger evaluates the first two arguments.
func (r *run) textAndInteger(c *call) (string, int64, error) {
	s, err := r.text(c, 0)
	if err != nil {
		return "", 0, err
	}
	n, err := r.integer(c, 1)
	return s, n, err
}

func evalMid(r *run, c *call) (value, error) {
	s, start, err := r.textAndInteger(c)
	if err != nil {
		return nil, err
	}
	length, err := r.integer(c, 2)
	if err != nil {
		return nil, err
	}
	chars := []rune(s)
	size := int64(len(chars))
	switch {
	case start < 1 || length < 0:
		return s, nil
	case start > size:
		return "", nil
	}
	rest := chars[start-1:]
	return string(rest[:min(length, int64(len(rest)))]), nil
}

func evalWord(r *run, c *call) (value, error) {
	s, err := r.text(c, 0)
	if err != nil {
		return nil, err
	}
	n, err := r.integerOr(c, 1, 0)
	if err != nil {
		return nil, err
	}
	delimiters, err := r.text(c, 2)
	if err != nil {
		return nil, err
	}
	words := strings.FieldsFunc(s, oneOfSet(delimiters))
	if n < 1 || n > int64(len(words)) {
		return "", nil
	}
	return words[n-1], nil
}

func evalInStr(r *run, c *call) (value, error) {
	s, err := r.texts(c, 2)
	if err != nil {
		return nil, err
	}
	start, err := r.integerOr(c, 2, 1)
	if err != nil {
		return nil, err
	}
	if start < 1 {
		return nil, fmt.Errorf("the start position is %d, the first character is 1", start)
	}
	source, find, err := r.foldAs(c, 3, s[0], s[1])
	if err != nil {
		return nil, err
	}
	if start > int64(len(source)) {
		return int64(0), nil
	}
	at := indexRunes(source[start-1:], find)
	if at < 0 {
		return int64(0), nil
	}
	return start + int64(at), nil
}

// foldAs returns both texts as characters, without regard to case when the compare argument says vbTextCompare.
func (r *run) foldAs(c *call, compare int, a, b string) ([]rune, []rune, error) {
	mode, err := r.integerOr(c, compare, 0)
	if err != nil {
		return nil, nil, err
	}
	if mode == 0 {
		return []rune(a), []rune(b), nil
	}
	return foldRunes(a), foldRunes(b), nil
}

// foldRunes keeps the number of characters, so that positions stay true.
func foldRunes(s string) []rune {
	chars := []rune(s)
	for i, ch := range chars {
		chars[i] = unicode.ToLower(upperRune(ch))
	}
	return chars
}

// indexRunes returns the position of find in s in characters, -1 when absent.
func indexRunes(s, find []rune) int {
	at := strings.Index(string(s), string(find))
	if at < 0 {
		return -1
	}
	return len([]rune(string(s)[:at]))
}
