package directory

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxRow bounds one row of a people file, so that a quote nobody closes cannot fill the memory.
const maxRow = 8 << 20

// rowReader takes a people file apart into rows: RFC 4180 with comma, fields in double quotes where needed, LF or CRLF, a byte
// order mark tolerated, blank lines skipped. It holds one row in memory. Text is kept byte for byte.
type rowReader struct {
	in    *bufio.Reader
	line  int   // lines read
	bytes int64 // bytes read
	ahead error // met while looking ahead; due when what is buffered has been read
	buf   []byte
	ends  []int // end of each field in buf
}

// rowError says why one row cannot be read; the rows after it can.
type rowError struct {
	line   int
	column int // 0-based, -1 when the row as a whole is meant
	reason string
}

func (e *rowError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.reason) }

func newRowReader(r io.Reader) *rowReader {
	rr := &rowReader{in: bufio.NewReaderSize(r, 64<<10)}
	if mark := rr.peek(3); string(mark) == "\xef\xbb\xbf" {
		n, _ := rr.in.Discard(3)
		rr.bytes += int64(n)
	}
	return rr
}

// next returns the fields of the next row and the line it begins on. The error is io.EOF at the end, a *rowError when this row
// is bad and reading may go on, anything else when it may not.
func (r *rowReader) next() ([]string, int, error) {
	for {
		r.buf, r.ends = r.buf[:0], r.ends[:0]
		line := r.line + 1
		err := r.row(line)
		if err != nil {
			return nil, line, err
		}
		if len(r.ends) == 1 && r.ends[0] == 0 {
			continue // blank line
		}
		fields, err := r.fields(line)
		return fields, line, err
	}
}

// fields cuts the row; each text is its own copy.
func (r *rowReader) fields(line int) ([]string, error) {
	fields := make([]string, len(r.ends))
	begin := 0
	for i, end := range r.ends {
		if !utf8.Valid(r.buf[begin:end]) {
			return nil, &rowError{line, i, "the text is not valid UTF-8"}
		}
		fields[i] = string(r.buf[begin:end])
		begin = end
	}
	return fields, nil
}

// What the reader is inside of.
const (
	atStart = iota // before a field
	inPlain
	inQuotes
	afterQuote // a quote inside quotes: the end, or half of a doubled one
)

func (r *rowReader) row(line int) error {
	for state := atStart; ; {
		c, err := r.byte()
		if err != nil {
			return r.end(line, state, err)
		}
		if c == '\r' && state != inQuotes && string(r.peek(1)) == "\n" {
			continue
		}
		if c == '\n' && state != inQuotes {
			r.endField()
			return nil
		}
		if state, err = r.step(line, state, c); err != nil {
			return err
		}
		if len(r.buf) > maxRow {
			return r.skip(line, fmt.Sprintf("the row is longer than %d MiB; is a quote not closed?", maxRow>>20))
		}
	}
}

// step takes one byte in and returns the next state.
func (r *rowReader) step(line, state int, c byte) (int, error) {
	switch {
	case state == inQuotes && c == '"':
		return afterQuote, nil
	case state == inQuotes:
		r.buf = append(r.buf, c)
		return inQuotes, nil
	case c == ',':
		r.endField()
		return atStart, nil
	case c == '"' && state == atStart:
		return inQuotes, nil
	case c == '"' && state == afterQuote:
		r.buf = append(r.buf, c)
		return inQuotes, nil
	case c == '"':
		return state, r.skip(line, `a quote stands inside a field without quotes; write "a ""quoted"" word"`)
	case state == afterQuote:
		return state, r.skip(line, "text follows the closing quote of a field")
	}
	r.buf = append(r.buf, c)
	return inPlain, nil
}

func (r *rowReader) endField() { r.ends = append(r.ends, len(r.buf)) }

// end closes the last row of a file without a line break.
func (r *rowReader) end(line, state int, err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case state == inQuotes:
		return &rowError{line, -1, "a quote is not closed"}
	case state == atStart && len(r.ends) == 0:
		return io.EOF
	}
	r.endField()
	r.line++
	return nil
}

// skip leaves the rest of the line out.
func (r *rowReader) skip(line int, reason string) error {
	for {
		c, err := r.byte()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil || c == '\n' {
			return &rowError{line, -1, reason}
		}
	}
}

func (r *rowReader) byte() (byte, error) {
	if r.ahead != nil && r.in.Buffered() == 0 {
		return 0, r.ahead
	}
	c, err := r.in.ReadByte()
	if err == nil {
		r.bytes++
		if c == '\n' {
			r.line++
		}
	}
	return c, err
}

// peek looks up to n bytes ahead. Looking takes an error off the reader below, so it is kept.
func (r *rowReader) peek(n int) []byte {
	b, err := r.in.Peek(n)
	if err != nil && r.ahead == nil {
		r.ahead = err
	}
	return b
}
