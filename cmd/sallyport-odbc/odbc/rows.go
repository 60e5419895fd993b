//go:build odbc

package odbc

import (
	"database/sql/driver"
	"fmt"
	"io"
	"time"
	"unicode/utf16"
	"unsafe"

	"github.com/alexbrainman/odbc/api"
)

// wideOf returns a text in UTF-16 with a zero at its end.
func wideOf(s string) []uint16 { return append(utf16.Encode([]rune(s)), 0) }

// col is a column of a result.
type col struct {
	name             string
	kind             api.SQLSMALLINT
	precision, scale int64
}

// rows is a result.
type rows struct {
	stmt  *stmt
	cols  []col
	names []string
	cell  []byte // for pieces of a value
	ended bool
}

var (
	_ driver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*rows)(nil)
	_ driver.RowsColumnTypeLength           = (*rows)(nil)
)

func (s *stmt) rows(n int) (driver.Rows, error) {
	r := &rows{stmt: s, cols: make([]col, n), names: make([]string, n), cell: make([]byte, 4096)}
	for i := range r.cols {
		name := make([]uint16, 512)
		var length, scale, nullable api.SQLSMALLINT
		var size api.SQLULEN
		ret := api.SQLDescribeCol(s.h, api.SQLUSMALLINT(i+1), (*api.SQLWCHAR)(unsafe.Pointer(&name[0])), api.SQLSMALLINT(len(name)), &length, &r.cols[i].kind, &size, &scale, &nullable)
		if failed(ret) {
			return nil, s.failure("SQLDescribeCol")
		}
		r.cols[i].name, r.cols[i].precision, r.cols[i].scale = api.UTF16ToString(name), int64(size), int64(scale)
		r.names[i] = r.cols[i].name
	}
	return r, nil
}

func (r *rows) Columns() []string { return r.names }

// typeNames are the names of types; what is not here is text.
var typeNames = map[api.SQLSMALLINT]string{
	api.SQL_BIT: "boolean", api.SQL_TINYINT: "bigint", api.SQL_SMALLINT: "bigint", api.SQL_INTEGER: "bigint", api.SQL_BIGINT: "bigint",
	api.SQL_NUMERIC: "decimal", api.SQL_DECIMAL: "decimal", api.SQL_FLOAT: "double", api.SQL_REAL: "double", api.SQL_DOUBLE: "double",
	api.SQL_TYPE_TIMESTAMP: "timestamp", api.SQL_TYPE_DATE: "date", api.SQL_BINARY: "varbinary", api.SQL_VARBINARY: "varbinary", api.SQL_LONGVARBINARY: "varbinary",
}

func (r *rows) ColumnTypeDatabaseTypeName(i int) string {
	if name, ok := typeNames[r.cols[i].kind]; ok {
		return name
	}
	return "varchar"
}

func (r *rows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	return r.cols[i].precision, r.cols[i].scale, r.ColumnTypeDatabaseTypeName(i) == "decimal"
}

func (r *rows) ColumnTypeLength(i int) (int64, bool) {
	name := r.ColumnTypeDatabaseTypeName(i)
	return r.cols[i].precision, name == "varchar" || name == "varbinary"
}

// Close leaves the statement ready for its next execution.
func (r *rows) Close() error {
	for !r.ended {
		r.ended = failed(api.SQLMoreResults(r.stmt.h)) // none, or no way to get at it
	}
	api.SQLCloseCursor(r.stmt.h) // an error says that it is closed already
	return nil
}

func (r *rows) Next(dest []driver.Value) error {
	if r.ended {
		return io.EOF
	}
	ret := api.SQLFetch(r.stmt.h)
	if ret == api.SQL_NO_DATA {
		return io.EOF
	}
	if failed(ret) {
		return r.stmt.failure("SQLFetch")
	}
	for i := range dest {
		v, err := r.value(i)
		if err != nil {
			return fmt.Errorf("column %s: %w", r.names[i], err)
		}
		dest[i] = v
	}
	return nil
}

// value reads one cell: numbers and dates as such, decimals and all else as text, so that no digit is lost.
func (r *rows) value(i int) (driver.Value, error) {
	switch r.ColumnTypeDatabaseTypeName(i) {
	case "bigint":
		var n int64
		null, err := r.fixed(i, api.SQL_C_SBIGINT, unsafe.Pointer(&n), 8)
		return unless(null, n), err
	case "boolean":
		var b byte
		null, err := r.fixed(i, api.SQL_C_BIT, unsafe.Pointer(&b), 1)
		return unless(null, b != 0), err
	case "double":
		var f float64
		null, err := r.fixed(i, api.SQL_C_DOUBLE, unsafe.Pointer(&f), 8)
		return unless(null, f), err
	case "timestamp", "date":
		var t api.SQL_TIMESTAMP_STRUCT
		null, err := r.fixed(i, api.SQL_C_TYPE_TIMESTAMP, unsafe.Pointer(&t), int(unsafe.Sizeof(t)))
		at := time.Date(int(t.Year), time.Month(t.Month), int(t.Day), int(t.Hour), int(t.Minute), int(t.Second), int(t.Fraction), time.UTC)
		return unless(null, at), err
	case "varbinary":
		raw, null, err := r.long(i, api.SQL_C_BINARY, 0)
		return unless(null, raw), err
	}
	if r.stmt.conn.options.UTF8 {
		raw, null, err := r.long(i, api.SQL_C_BINARY, 0)
		return unless(null, string(raw)), err
	}
	raw, null, err := r.long(i, api.SQL_C_WCHAR, 2)
	if err != nil || null {
		return nil, err
	}
	wide := make([]uint16, len(raw)/2)
	for j := range wide {
		wide[j] = uint16(raw[2*j]) | uint16(raw[2*j+1])<<8
	}
	return string(utf16.Decode(wide)), nil
}

func unless[T any](null bool, v T) driver.Value {
	if null {
		return nil
	}
	return v
}

// fixed reads a value of a known size.
func (r *rows) fixed(i int, form api.SQLSMALLINT, into unsafe.Pointer, size int) (null bool, err error) {
	var length api.SQLLEN
	ret := api.SQLGetData(r.stmt.h, api.SQLUSMALLINT(i+1), form, api.SQLPOINTER(into), api.SQLLEN(size), &length)
	if failed(ret) {
		return false, r.stmt.failure("SQLGetData")
	}
	return length == api.SQL_NULL_DATA, nil
}

// long reads a value of any length piece by piece; tail is how many bytes of each piece but the last are the driver's own zero.
func (r *rows) long(i int, form api.SQLSMALLINT, tail int) (raw []byte, null bool, err error) {
	raw = []byte{}
	for {
		var length api.SQLLEN
		ret := api.SQLGetData(r.stmt.h, api.SQLUSMALLINT(i+1), form, api.SQLPOINTER(unsafe.Pointer(&r.cell[0])), api.SQLLEN(len(r.cell)), &length)
		switch {
		case ret == api.SQL_NO_DATA:
			return raw, false, nil
		case failed(ret):
			return nil, false, r.stmt.failure("SQLGetData")
		case length == api.SQL_NULL_DATA:
			return nil, true, nil
		case length == api.SQL_NO_TOTAL || int(length) > len(r.cell)-tail:
			raw = append(raw, r.cell[:len(r.cell)-tail]...)
			if length != api.SQL_NO_TOTAL { // the rest in one piece
				if rest := int(length) - (len(r.cell) - tail) + tail; rest > len(r.cell) {
					r.cell = make([]byte, rest)
				}
			}
		default:
			return append(raw, r.cell[:length]...), false, nil
		}
	}
}
