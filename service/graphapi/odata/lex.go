package odata

import (
	"strings"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/fault"
)

// MaxText is the longest option that is read, in bytes.
const MaxText = 16 << 10

// kind is what a token is.
type kind uint8

const (
	end    kind = iota
	word        // name, number, date, GUID, true, null, and, eq
	quoted      // 'text', unquoted in text
	symbol      // ( ) , : /
)

type token struct {
	kind kind
	text string
	at   int // byte it begins at
}

// lex cuts the text into tokens; the last one is end.
func lex(option, text string) ([]token, error) {
	if len(text) > MaxText {
		return nil, bad(option, "it is longer than %d bytes", MaxText)
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, bad(option, "it is not clean UTF-8")
	}
	var ts []token
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
		case strings.IndexByte("(),:/=", c) >= 0:
			if c != ':' || !inWord(ts, i) {
				ts = append(ts, token{symbol, text[i : i+1], i})
				i++
				continue
			}
			n := wordLen(text[i:])
			ts[len(ts)-1].text += text[i : i+n]
			i += n
		case c == '\'':
			s, n, ok := unquote(text[i:])
			if !ok {
				return nil, bad(option, "the text that begins at character %d has no closing quote", i+1)
			}
			ts = append(ts, token{quoted, s, i})
			i += n
		default:
			n := wordLen(text[i:])
			if n == 0 {
				return nil, bad(option, "the character %q at %d does not belong there", text[i], i+1)
			}
			ts = append(ts, token{word, text[i : i+n], i})
			i += n
		}
	}
	return append(ts, token{kind: end, at: len(text)}), nil
}

// inWord reports whether a colon at i stands inside a time like 2026-01-31T08:00:00Z.
func inWord(ts []token, i int) bool {
	if len(ts) == 0 {
		return false
	}
	t := ts[len(ts)-1]
	return t.kind == word && t.at+len(t.text) == i && t.text[0] >= '0' && t.text[0] <= '9'
}

func unquote(s string) (text string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

// wordLen returns how many bytes of a name or literal stand at the start of s.
func wordLen(s string) int {
	n := 0
	for n < len(s) && (s[n] >= utf8.RuneSelf || strings.IndexByte("(),:/=' \t\r\n\"<>", s[n]) < 0) {
		n++
	}
	if n == 0 && s != "" && s[0] == ':' { // the colon of a time
		return 1 + wordLen(s[1:])
	}
	return n
}

func bad(option, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "read "+option, format, args...)
}
