package scim

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// simple converts a value that is not complex.
func (c convert) simple(f *field, n *node) (entry.Value, error) {
	switch f.attr.Type {
	case Boolean:
		return c.boolean(f, n)
	case Integer, Decimal:
		return number(f, n)
	}
	if n.kind != kindString {
		return nil, wrongType(f, n)
	}
	switch f.attr.Type {
	case DateTime:
		t, ok := parseTime(n.text)
		if !ok {
			return nil, refuse(InvalidValue, "attribute %q takes a date and time such as 2008-01-23T04:56:22Z", f.name)
		}
		return t, nil
	case Binary:
		b, ok := parseBinary(n.text)
		if !ok {
			return nil, refuse(InvalidValue, "attribute %q takes base64", f.name)
		}
		return b, nil
	}
	return strings.Clone(n.text), nil
}

func (c convert) boolean(f *field, n *node) (entry.Value, error) {
	if n.kind == kindString && c.mode == Entra {
		if b, ok := parseBool(n.text); ok {
			return b, nil
		}
		return nil, refuse(InvalidValue, "attribute %q takes true or false", f.name)
	}
	if n.kind != kindBool {
		return nil, wrongType(f, n)
	}
	return n.text == "true", nil
}

func parseBool(s string) (value, ok bool) {
	switch {
	case equalFoldASCII(s, "true"):
		return true, true
	case equalFoldASCII(s, "false"):
		return false, true
	}
	return false, false
}

func number(f *field, n *node) (entry.Value, error) {
	if n.kind != kindNumber {
		return nil, wrongType(f, n)
	}
	v := parseNumber(n.text)
	if f.attr.Type == Decimal {
		if i, ok := v.(int64); ok {
			v = float64(i)
		}
		if v == nil {
			return nil, refuse(InvalidValue, "attribute %q: the number is too large", f.name)
		}
		return v, nil
	}
	if i, ok := v.(int64); ok {
		return i, nil
	}
	return nil, refuse(InvalidValue, "attribute %q takes a whole number of at most 64 bits", f.name)
}

// parseNumber reads the digits of a JSON number: int64 when it is whole and fits, else float64, nil when too large for both.
func parseNumber(digits string) entry.Value {
	if i, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return i
	}
	x, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return nil
	}
	if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
		return int64(x)
	}
	return x
}

// parseTime reads an xsd:dateTime; without an offset it is UTC. A day alone, as mappings give one ("9999-12-31" for never), is its
// first moment in UTC.
func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseBinary reads base64 in the standard or the URL alphabet, with or without padding.
func parseBinary(s string) ([]byte, bool) {
	s = strings.TrimRight(s, "=")
	enc := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		enc = base64.RawURLEncoding
	}
	b, err := enc.DecodeString(s)
	return b, err == nil
}
