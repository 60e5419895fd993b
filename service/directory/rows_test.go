package directory

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// read takes a file apart; a bad row stands as "!line: reason".
func read(t testing.TB, text string) (rows [][]string) {
	t.Helper()
	r := newRowReader(strings.NewReader(text))
	for {
		fields, _, err := r.next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if re, ok := errors.AsType[*rowError](err); ok {
			rows = append(rows, []string{"!" + re.Error()})
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, fields)
	}
}

func TestRows(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want [][]string
	}{
		"OK":               {"a,b\n1,2\n", [][]string{{"a", "b"}, {"1", "2"}}},
		"NoLastBreak":      {"a,b", [][]string{{"a", "b"}}},
		"CRLF":             {"a,b\r\nc,d\r\n", [][]string{{"a", "b"}, {"c", "d"}}},
		"Mark":             {"\xef\xbb\xbfa,b\n", [][]string{{"a", "b"}}},
		"BlankLines":       {"\n\na\n\r\n\nb\n", [][]string{{"a"}, {"b"}}},
		"EmptyFields":      {",\n", [][]string{{"", ""}}},
		"Quotes":           {"\"a,\"\"b\"\"\nc\",d\n", [][]string{{"a,\"b\"\nc", "d"}}},
		"CRInside":         {"a\rb,\"c\r\nd\"\n", [][]string{{"a\rb", "c\r\nd"}}},
		"Script":           {"Ünïcode,名前,🙂\n", [][]string{{"Ünïcode", "名前", "🙂"}}},
		"ErrUTF8":          {"ok\nb\xffd,x\nok\n", [][]string{{"ok"}, {"!line 2: the text is not valid UTF-8"}, {"ok"}}},
		"ErrBareQuote":     {"a\"b,c\nok\n", [][]string{{`!line 1: a quote stands inside a field without quotes; write "a ""quoted"" word"`}, {"ok"}}},
		"ErrAfterQuote":    {"\"a\"b,c\nok\n", [][]string{{"!line 1: text follows the closing quote of a field"}, {"ok"}}},
		"ErrNotClosed":     {"ok\n\"a\nb", [][]string{{"ok"}, {"!line 2: a quote is not closed"}}},
		"LineAfterQuotes":  {"\"a\nb\nc\"\n\"x\"y\n", [][]string{{"a\nb\nc"}, {"!line 4: text follows the closing quote of a field"}}},
		"EmptyQuotedField": {"\"\",a\n", [][]string{{"", "a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := read(t, tc.text); !slices.EqualFunc(got, tc.want, slices.Equal) {
				t.Fatalf("got %q\nwant %q", got, tc.want)
			}
		})
	}
}

func TestRowsErrTooLong(t *testing.T) {
	got := read(t, "ok\n\""+strings.Repeat("x", maxRow+1)+"\nnext\n")
	if len(got) != 3 || !strings.Contains(got[1][0], "longer than") || got[2][0] != "next" {
		t.Fatalf("got %d rows", len(got))
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestRowsErrReader(t *testing.T) {
	r := newRowReader(io.MultiReader(strings.NewReader("a,b\nc,"), brokenReader{}))
	if _, _, err := r.next(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("got %v", err)
	}
}

// FuzzRows compares with encoding/csv wherever that reads the text without an error, and asks that bad text never panics,
// never loops and never yields text that is not UTF-8.
func FuzzRows(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\"\"b\",c\r\n", "\xef\xbb\xbfa\n", "\"a\nb", "a\"b\n", "\r\r\n", "\xff,\n\n,", "\"\"\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := read(t, text)
		for _, row := range got {
			for _, field := range row {
				if !utf8.ValidString(field) {
					t.Fatalf("not UTF-8: %q", field)
				}
			}
		}
		std := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\xef\xbb\xbf")))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		if err != nil || !utf8.ValidString(text) || strings.Contains(text, "\r") {
			return // encoding/csv rewrites CRLF inside quotes
		}
		want = slices.DeleteFunc(want, func(r []string) bool { return len(r) == 1 && r[0] == "" }) // a lone "" is a blank line here
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("got %q\nwant %q", got, want)
		}
	})
}
