package gsql

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// pgRows reads a result set from the wire, without reflection.
type pgRows struct {
	pg    pgx.Rows
	out   []column
	clock clock
	text  []byte // the text of one row, so that it becomes one string
	sound bool   // the columns are of the types that out says
}

func (r *pgRows) close() error {
	r.pg.Close()
	return r.pg.Err()
}

// arena is up to how much text of a row becomes one string; longer values are copied each for itself, so that keeping a
// short one does not keep them.
const arena = 1024

func (r *pgRows) next(dst []entry.Value) (bool, error) {
	if !r.pg.Next() {
		return false, r.pg.Err()
	}
	if err := r.expect(r.pg.FieldDescriptions()); err != nil {
		return false, err
	}
	return true, r.read(r.pg.RawValues(), dst)
}

// binaryOIDs are the types that travel as binary: read as another type, their bytes would be a wrong value.
var binaryOIDs = map[string]uint32{
	"bool": pgtype.BoolOID, "int2": pgtype.Int2OID, "int4": pgtype.Int4OID, "int8": pgtype.Int8OID, "float4": pgtype.Float4OID, "float8": pgtype.Float8OID,
	"bytea": pgtype.ByteaOID, "timestamptz": pgtype.TimestamptzOID, "timestamp": pgtype.TimestampOID, "date": pgtype.DateOID,
}

// expect refuses a result whose columns changed their type since the schema was read, naming the column.
func (r *pgRows) expect(fields []pgconn.FieldDescription) error {
	if r.sound {
		return nil
	}
	for i, f := range fields[:min(len(fields), len(r.out))] {
		if want, ok := binaryOIDs[r.out[i].dbType]; ok && f.DataTypeOID != want {
			return retyped(r.out[i], f.DataTypeOID)
		}
	}
	r.sound = true
	return nil
}

func retyped(c column, now uint32) error {
	name := fmt.Sprintf("another type (%d)", now)
	if t, ok := pgtype.NewMap().TypeForOID(now); ok {
		name = t.Name
	}
	return &retypedError{fault.New(fault.Invalid, "read", "the column %s was %s and is %s now", c.name, c.dbType, name).About(c.name).
		WithHint("the table was changed meanwhile, and its description is read anew now: try again")}
}

// retypedError says that a column is of another type than the session knows.
type retypedError struct{ fault error }

func (e *retypedError) Error() string { return e.fault.Error() }
func (e *retypedError) Unwrap() error { return e.fault }

// read fills dst with the cells of one row.
func (r *pgRows) read(raw [][]byte, dst []entry.Value) error {
	r.text = r.text[:0]
	for i, b := range raw {
		if len(b) <= arena && format(r.out[i].dbType) == pgx.TextFormatCode {
			r.text = append(r.text, b...)
		}
	}
	shared := string(r.text)
	var first error
	for i, b := range raw {
		c := &r.out[i]
		switch {
		case b == nil:
			dst[i] = nil
			continue
		case format(c.dbType) == pgx.BinaryFormatCode:
			dst[i] = decode(c, r.clock, b)
		case len(b) <= arena:
			dst[i] = trimmed(c, shared[:len(b)])
			shared = shared[len(b):]
		default:
			dst[i] = trimmed(c, string(b))
		}
		if dst[i] == nil {
			continue
		}
		v, err := adapt(c, r.clock, dst[i])
		if first == nil {
			first = err
		}
		dst[i] = v
	}
	return first
}

// trimmed takes off the spaces that char(n) pads with: the server ignores them in comparisons.
func trimmed(c *column, s string) entry.Value {
	if c.dbType == "bpchar" {
		return strings.TrimRight(s, " ")
	}
	return s
}

// epoch is PostgreSQL's day zero.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// decode reads the binary form of a type; nil for a date that is infinite, which no time.Time is.
func decode(c *column, k clock, b []byte) entry.Value {
	switch c.dbType {
	case "bool":
		return b[0] != 0
	case "int2":
		return int64(int16(binary.BigEndian.Uint16(b)))
	case "int4":
		return int64(int32(binary.BigEndian.Uint32(b)))
	case "int8":
		return int64(binary.BigEndian.Uint64(b))
	case "float4":
		return shortest(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case "float8":
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	case "bytea":
		return append(make([]byte, 0, len(b)), b...)
	case "date":
		days := int32(binary.BigEndian.Uint32(b))
		if days == math.MaxInt32 || days == math.MinInt32 {
			return nil
		}
		return epoch.AddDate(0, 0, int(days))
	}
	micros := int64(binary.BigEndian.Uint64(b))
	if micros == math.MaxInt64 || micros == math.MinInt64 {
		return nil
	}
	t := time.Unix(epoch.Unix()+micros/1_000_000, micros%1_000_000*1000).UTC()
	if c.dbType == "timestamp" {
		return inZone(t, k)
	}
	return t
}

// inZone reads a wall clock time as one of the data's zone. The last second of the year 9999, which many keep for "never", and the
// first of the year 1 are not moved out of the years that a date and time can say.
func inZone(t time.Time, k clock) time.Time {
	u := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), k.zone).UTC()
	if y := t.Year(); y >= 1 && y <= 9999 && u.Year() != y && (u.Year() < 1 || u.Year() > 9999) {
		return t
	}
	return u
}
