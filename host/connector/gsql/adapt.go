package gsql

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// adapt turns what the database delivered into the column's data type, which the configuration may have chosen.
func adapt(c *column, k clock, v entry.Value) (entry.Value, error) {
	var err error
	switch c.kind {
	case connector.Integer:
		v, err = toInteger(v)
	case connector.Decimal:
		if v, err = toDecimal(v); err == nil && c.single {
			v = shortest(float32(v.(float64)))
		}
	case connector.Boolean:
		v, err = toBool(v)
	case connector.DateTime:
		v, err = c.time(k, v)
	case connector.Binary:
		if s, ok := v.(string); ok {
			v = []byte(s)
		}
	default:
		if b, ok := v.([]byte); ok {
			return string(b), nil
		}
		if _, ok := v.(string); !ok {
			return text(v), nil
		}
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "read", "column %s: %w", c.name, err).About(c.name).
			WithHint("correct the row, or give the column a type that holds what is there in the setting dataTypes, such as String")
	}
	return v, nil
}

// shortest is the decimal that a number of 32 bits stands for: what was written as 0.1 is 0.1 again.
func shortest(f float32) float64 {
	d, _ := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64) // what was just written
	return d
}

func toInteger(v entry.Value) (entry.Value, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case float64:
		if i := int64(v); float64(i) == v {
			return i, nil
		}
	case string:
		return strconv.ParseInt(strings.TrimSpace(v), 10, 64)
	}
	return nil, fmt.Errorf("%v is no integer", v)
}

func toDecimal(v entry.Value) (entry.Value, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case int64:
		return float64(v), nil
	case string:
		return strconv.ParseFloat(strings.TrimSpace(v), 64)
	}
	return nil, fmt.Errorf("%v is no number", v)
}

func toBool(v entry.Value) (entry.Value, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case int64:
		return v != 0, nil
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true", "t", "yes", "y", "1":
			return true, nil
		case "false", "f", "no", "n", "0", "":
			return false, nil
		}
	}
	return nil, fmt.Errorf("%v is neither true nor false", v)
}

// time reads what the column holds, or is to hold, as a date; nil for one that a date and time of SCIM cannot say.
func (c *column) time(k clock, v entry.Value) (entry.Value, error) {
	var t time.Time
	var err error
	if s, ok := v.(string); ok && c.isDay() {
		t, err = k.readDay(s)
	} else {
		t, err = toTime(k, v)
	}
	if y := t.Year(); err != nil || y < 1 || y > 9999 {
		return nil, err
	}
	return t, nil
}

// toTime reads a date; a number is seconds since 1970.
func toTime(k clock, v entry.Value) (time.Time, error) {
	switch v := v.(type) {
	case time.Time:
		return v.UTC(), nil
	case int64:
		return time.Unix(v, 0).UTC(), nil
	case string:
		return k.read(v)
	}
	return time.Time{}, fmt.Errorf("%v is no date", v)
}
