package expr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// dateFormat is a .NET custom date format, taken apart.
type dateFormat []dateToken

// dateToken is a run of one specifier letter, or a literal text.
type dateToken struct {
	letter  byte // 0 for a literal
	count   int
	literal string
}

// standardFormats are .NET's one-letter formats in the invariant culture.
var standardFormats = map[string]string{
	"d": "MM/dd/yyyy", "D": "dddd, dd MMMM yyyy", "t": "HH:mm", "T": "HH:mm:ss",
	"f": "dddd, dd MMMM yyyy HH:mm", "F": "dddd, dd MMMM yyyy HH:mm:ss", "g": "MM/dd/yyyy HH:mm", "G": "MM/dd/yyyy HH:mm:ss",
	"M": "MMMM dd", "m": "MMMM dd", "y": "yyyy MMMM", "Y": "yyyy MMMM", "s": "yyyy-MM-ddTHH:mm:ss", "u": "yyyy-MM-dd HH:mm:ssZ",
	"o": "yyyy-MM-ddTHH:mm:ss.fffffffK", "O": "yyyy-MM-ddTHH:mm:ss.fffffffK", "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'", "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
}

// parseFormat takes a format apart. Letters outside the specifiers stand for themselves.
func parseFormat(s string) (dateFormat, error) {
	if standard, ok := standardFormats[s]; ok {
		s = standard
	}
	var f dateFormat
	for s != "" {
		t, size, err := nextToken(s)
		if err != nil {
			return nil, err
		}
		f, s = append(f, t), s[size:]
	}
	return f, nil
}

func nextToken(s string) (dateToken, int, error) {
	c := s[0]
	switch {
	case strings.IndexByte("yMdHhmsfFtzK", c) >= 0:
		n := 1
		for c != 'K' && n < len(s) && s[n] == c {
			n++
		}
		return checkedToken(c, n)
	case c == '\'' || c == '"':
		end := strings.IndexByte(s[1:], c)
		if end < 0 {
			return dateToken{}, 0, fmt.Errorf("the date format %s has an open quote", quoteShort(s))
		}
		return dateToken{literal: s[1 : 1+end]}, end + 2, nil
	case c == '\\' && len(s) > 1:
		return dateToken{literal: s[1:2]}, 2, nil
	case c == '%' && len(s) > 1:
		t, n, err := nextToken(s[1:])
		return t, n + 1, err
	}
	return dateToken{literal: s[:1]}, 1, nil
}

func checkedToken(c byte, n int) (dateToken, int, error) {
	if (c == 'f' || c == 'F') && n > 7 {
		return dateToken{}, 0, errors.New("a date format has at most 7 digits of a second's fraction")
	}
	return dateToken{letter: c, count: n}, n, nil
}

// print writes an instant in UTC.
func (f dateFormat) print(t time.Time) string {
	t = t.UTC()
	var b strings.Builder
	for _, tok := range f {
		if tok.letter == 0 {
			b.WriteString(tok.literal)
			continue
		}
		b.WriteString(tok.print(t))
	}
	return b.String()
}

func (tok dateToken) print(t time.Time) string {
	switch tok.letter {
	case 'y':
		return tok.printYear(t.Year())
	case 'M':
		return tok.printName(int(t.Month()), t.Month().String())
	case 'd':
		return tok.printName(t.Day(), t.Weekday().String())
	case 'H':
		return padded(t.Hour(), min(tok.count, 2))
	case 'h':
		return padded((t.Hour()+11)%12+1, min(tok.count, 2))
	case 'm':
		return padded(t.Minute(), min(tok.count, 2))
	case 's':
		return padded(t.Second(), min(tok.count, 2))
	case 't':
		return t.Format("PM")[:min(tok.count, 2)]
	case 'f', 'F':
		return tok.printFraction(t.Nanosecond())
	case 'z':
		return [...]string{"+0", "+00", "+00:00"}[min(tok.count, 3)-1]
	}
	return "Z" // K
}

func (tok dateToken) printYear(year int) string {
	if tok.count <= 2 {
		return padded(year%100, tok.count)
	}
	return padded(year, tok.count)
}

// printName writes a number for one or two letters, a short name for three, the whole name for four and more.
func (tok dateToken) printName(n int, name string) string {
	switch {
	case tok.count <= 2:
		return padded(n, tok.count)
	case tok.count == 3:
		return name[:3]
	}
	return name
}

func (tok dateToken) printFraction(nanos int) string {
	s := padded(nanos, 9)[:tok.count]
	if tok.letter == 'F' {
		return strings.TrimRight(s, "0")
	}
	return s
}

func padded(n, width int) string {
	s := strconv.Itoa(n)
	if len(s) < width {
		return strings.Repeat("0", width-len(s)) + s
	}
	return s
}
