package binding

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/scim"
)

// toSCIM turns a column's value into what SCIM shows; nil when it cannot be shown as that type.
func toSCIM(p part, v entry.Value) entry.Value {
	switch p.scim {
	case scim.Boolean:
		if b, ok := toBool(v); ok {
			return b
		}
		return nil
	case scim.Integer:
		if n, ok := toInt(v); ok {
			return n
		}
		return nil
	case scim.Decimal:
		if f, ok := toFloat(v); ok {
			return f
		}
		return nil
	case scim.DateTime:
		if t, ok := toTime(v); ok {
			return t
		}
		return nil
	case scim.Binary:
		if b, ok := toBytes(v); ok {
			return b
		}
		return nil
	case scim.Complex:
		return v
	}
	return toText(v)
}

// toColumn turns a SCIM value into what the column holds. fault.Invalid names the attribute.
func toColumn(p part, v entry.Value) (entry.Value, error) {
	out, ok := v, true
	switch p.column.Type {
	case connector.Boolean:
		out, ok = toBool(v)
	case connector.Integer:
		out, ok = toInt(v)
	case connector.Decimal:
		out, ok = toFloat(v)
	case connector.DateTime:
		out, ok = toTime(v)
	case connector.Binary:
		out, ok = toBytes(v)
	case connector.Reference:
		out, ok = toRef(v)
	case connector.JSON:
		if p.scim != scim.Complex {
			out, ok = toStructure(v)
		}
	default:
		if _, nested := v.(entry.Complex); nested {
			return nil, badValue(p)
		}
		out = toText(v)
	}
	if !ok {
		return nil, badValue(p)
	}
	return out, nil
}

func badValue(p part) error {
	return fault.New(fault.Invalid, "", "%s: the value does not fit the target's attribute %s, which holds %s", dotted(p), p.column.Name, p.column.Type).
		About(p.attr).WithHint("correct the value or the attribute mapping")
}

func toBool(v entry.Value) (bool, bool) {
	switch x := v.(type) {
	case bool:
		return x, true
	case int64:
		return x != 0, x == 0 || x == 1
	case float64:
		return x != 0, x == 0 || x == 1
	case string:
		switch strings.ToLower(strings.TrimSpace(x)) {
		case "true", "1", "yes", "y", "t":
			return true, true
		case "false", "0", "no", "n", "f":
			return false, true
		}
	}
	return false, false
}

func toInt(v entry.Value) (int64, bool) {
	switch x := v.(type) {
	case int64:
		return x, true
	case bool:
		if x {
			return 1, true
		}
		return 0, true
	case float64:
		return int64(x), x == math.Trunc(x) && math.Abs(x) < 1<<53
	case string:
		n, err := strconv.ParseInt(strings.TrimSpace(x), 10, 64)
		return n, err == nil
	}
	return 0, false
}

func toFloat(v entry.Value) (float64, bool) {
	switch x := v.(type) {
	case float64:
		return x, true
	case int64:
		return float64(x), true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return 0, false
}

func toTime(v entry.Value) (time.Time, bool) {
	switch x := v.(type) {
	case time.Time:
		return x, true
	case string:
		for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly} {
			if t, err := time.Parse(layout, x); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

func toBytes(v entry.Value) ([]byte, bool) {
	switch x := v.(type) {
	case []byte:
		return x, true
	case string:
		b, err := base64.StdEncoding.DecodeString(x)
		return b, err == nil
	}
	return nil, false
}

func toRef(v entry.Value) (entry.Ref, bool) {
	switch x := v.(type) {
	case entry.Ref:
		return x, x.ID != ""
	case string:
		return entry.Ref{ID: x}, x != ""
	case entry.Complex:
		id, _ := x["value"].(string)
		return entry.Ref{ID: id}, id != ""
	}
	return entry.Ref{}, false
}

// toText writes any value as text; a structure becomes JSON.
func toText(v entry.Value) entry.Value {
	switch x := v.(type) {
	case string:
		return x
	case bool:
		return strconv.FormatBool(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano)
	case []byte:
		return base64.StdEncoding.EncodeToString(x)
	case entry.Ref:
		return x.ID
	case entry.Complex:
		return string(scim.AppendValue(nil, x))
	}
	return nil
}

// toStructure reads JSON text into a Complex or a plain value; a text that is not JSON stays a text.
func toStructure(v entry.Value) (entry.Value, bool) {
	text, isText := v.(string)
	if !isText {
		return v, true
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var x any
	if err := d.Decode(&x); err != nil || d.More() {
		return text, true
	}
	return structure(x)
}

func structure(x any) (entry.Value, bool) {
	switch x := x.(type) {
	case map[string]any:
		c := make(entry.Complex, len(x))
		for k, sub := range x {
			if sub == nil {
				continue
			}
			v, ok := structure(sub)
			if !ok {
				return nil, false
			}
			c[k] = v
		}
		return c, true
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return n, true
		}
		f, err := x.Float64()
		return f, err == nil
	case string, bool:
		return x, true
	}
	return nil, false
}

// Value turns a configured text into a value of the column. fault.Invalid when the column is unknown or the text does not fit.
func (b *Binding) Value(column, text string) (entry.Value, error) {
	a, ok := b.columns[column]
	if !ok {
		return nil, b.unknown(column)
	}
	return toColumn(part{attr: column, column: a, scim: scim.String}, text)
}

// Text writes any value as text, the form in which it can be part of an anchor.
func Text(v entry.Value) string {
	s, _ := toText(v).(string)
	return s
}
