package expr

import (
	"encoding/base64"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// value is a value of the language. Its dynamic type is nil (null), string, bool, int64, float64, time.Time, []byte, entry.Ref,
// entry.Complex, or list.
type value = any

// list is several values.
type list []any

// Text converts a value to text as the language does: True and False, plain decimals, dates as M/d/yyyy h:mm:ss tt in UTC, a reference's id.
func Text(v entry.Value) string { return text(v) }

func text(v value) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return boolText(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return dateText(v)
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case entry.Ref:
		return v.ID
	case entry.Complex:
		return text(v["value"])
	case list:
		if len(v) > 0 {
			return text(v[0])
		}
	}
	return ""
}

func boolText(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// empty reports whether a value is null, "" or a list without values.
func empty(v value) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case list:
		return len(v) == 0
	}
	return false
}

// items returns the values of a list, or the value itself as the only one, or none for null.
func items(v value) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case list:
		return v
	}
	return []any{v}
}

// truthy reads a value as a condition: a boolean, or the text "true" in any case.
func truthy(v value) bool {
	if b, ok := v.(bool); ok {
		return b
	}
	return strings.EqualFold(text(v), "true")
}

// isDecimal reports whether a text is a number of the language: an optional minus, digits, an optional fraction.
func isDecimal(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, fraction, dotted := strings.Cut(s, ".")
	return digits(whole) && (!dotted || digits(fraction))
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// number reads a value as int64 or float64; nil when it is none.
func number(v value) value {
	switch v := v.(type) {
	case int64, float64:
		return v
	case string:
		return parseNumber(v)
	case list:
		if len(v) > 0 {
			return number(v[0])
		}
	}
	return nil
}

func parseNumber(s string) value {
	if !isDecimal(s) {
		return nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f
	}
	return nil
}

// wholeNumber reads a value as a whole number; a decimal without fraction will do.
func wholeNumber(v value) (int64, bool) {
	switch n := number(v).(type) {
	case int64:
		return n, true
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int64(n), true
		}
	}
	return 0, false
}

// rational is an exact number for comparisons beyond 64 bits; nil when the value is no number.
func rational(v value) *big.Rat {
	switch v := v.(type) {
	case int64:
		return new(big.Rat).SetInt64(v)
	case float64:
		return new(big.Rat).SetFloat64(v)
	case string:
		if len(v) > 200 || !isDecimal(v) {
			return nil
		}
		r, _ := new(big.Rat).SetString(v)
		return r
	case list:
		if len(v) > 0 {
			return rational(v[0])
		}
	}
	return nil
}
