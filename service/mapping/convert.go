package mapping

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/expr"
)

// fit turns values into what the target's attribute can hold: its type, and one value where it holds one. An empty text is no value of any type
// but text.
func (r *rule) fit(values []entry.Value) ([]entry.Value, error) {
	if r.attribute == nil {
		return values, nil
	}
	out := values
	for i, v := range values {
		c, err := convert(v, r.attribute.Type)
		if err != nil {
			return nil, r.fault(fault.New(fault.Invalid, "", "%w", r.hide(v, err)).WithCode(fault.CodeOneValueOnly).WithHint("%s is of type %s in the target; convert the value in the mapping", r.target, r.attribute.Type))
		}
		if c != nil && entry.Equal(c, v) {
			continue
		}
		if &out[0] == &values[0] {
			out = append([]entry.Value(nil), values...)
		}
		out[i] = c
	}
	if len(out) > 1 && !r.attribute.MultiValued {
		return nil, r.fault(fault.New(fault.Invalid, "", "the source has %d values, the target holds one (SchemaPropertyCanOnlyAcceptValue)", len(out)).
			WithCode(fault.CodeOneValueOnly).WithHint("take one with Item, or put them together with Join"))
	}
	return present(out), nil
}

// hide keeps a value that no log may show out of an error.
func (r *rule) hide(v entry.Value, err error) error {
	if r.expression != nil && r.expression.Redacted() {
		return fmt.Errorf("[Redact] does not fit")
	}
	return fmt.Errorf("%q %w", expr.Text(v), err)
}

// present drops what conversion made nothing of.
func present(values []entry.Value) []entry.Value {
	for i, v := range values {
		if v == nil {
			out := append([]entry.Value(nil), values[:i]...)
			for _, v := range values[i:] {
				if v != nil {
					out = append(out, v)
				}
			}
			return out
		}
	}
	return values
}

// convert returns the value in the kind's own type, nil for an empty text that the kind has no room for. Sub-objects and references pass: only
// the target itself knows their parts.
func convert(v entry.Value, k app.Kind) (entry.Value, error) {
	switch v := v.(type) {
	case entry.Complex, entry.Ref:
		return v, nil
	case string:
		return fromText(v, k)
	}
	switch k {
	case app.Boolean:
		return toBoolean(v)
	case app.Integer:
		return toInteger(v)
	case app.Decimal:
		return toDecimal(v)
	case app.DateTime:
		if t, ok := v.(time.Time); ok {
			return t, nil
		}
		return nil, fmt.Errorf("is not a date")
	case app.Binary:
		if b, ok := v.([]byte); ok {
			return b, nil
		}
		return nil, fmt.Errorf("is not binary")
	}
	return expr.Text(v), nil
}

func fromText(s string, k app.Kind) (entry.Value, error) {
	if k == app.String || k == app.Reference || k == "" {
		return s, nil
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, nil
	}
	switch k {
	case app.Boolean:
		switch strings.ToLower(s) {
		case "true", "1":
			return true, nil
		case "false", "0":
			return false, nil
		}
		return nil, fmt.Errorf("is neither true nor false")
	case app.Integer:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n, nil
		}
		return nil, fmt.Errorf("is not a whole number")
	case app.Decimal:
		if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f, nil
		}
		return nil, fmt.Errorf("is not a number")
	case app.DateTime:
		if t, ok := expr.Date(s); ok {
			return t, nil
		}
		return nil, fmt.Errorf("is not a date")
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("is not base64")
	}
	return b, nil
}

func toBoolean(v entry.Value) (entry.Value, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case int64:
		if v == 0 || v == 1 {
			return v == 1, nil
		}
	}
	return nil, fmt.Errorf("is neither true nor false")
}

func toInteger(v entry.Value) (entry.Value, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v), nil
		}
	}
	return nil, fmt.Errorf("is not a whole number")
}

func toDecimal(v entry.Value) (entry.Value, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case int64:
		return float64(v), nil
	}
	return nil, fmt.Errorf("is not a number")
}
