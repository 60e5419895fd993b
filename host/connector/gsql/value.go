package gsql

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// text writes a value as an anchor part or a text parameter shows it.
func text(v entry.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case []byte:
		return hex.EncodeToString(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case entry.Ref:
		return v.ID
	}
	return fmt.Sprint(v)
}

// anchorOf joins the values of the anchor columns.
func anchorOf(values []entry.Value) string {
	if len(values) == 1 {
		return text(values[0])
	}
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = text(v)
	}
	return string(connector.JoinAnchor(parts...))
}

// errNoSuch says that an anchor cannot be any object's: it has the wrong number of parts, or a part is not of the column's type.
var errNoSuch = fault.New(fault.NotFound, "find the object", "there is no such object")

// bindAnchor returns the bound values of an anchor's parts.
func (s *session) bindAnchor(cs []column, anchor string) ([]any, error) {
	parts := connector.SplitAnchor(connector.Anchor(anchor), len(cs))
	if parts == nil {
		return nil, errNoSuch.About(anchor)
	}
	args := make([]any, len(cs))
	for i, c := range cs {
		v, err := part(c, parts[i])
		if err != nil {
			return nil, errNoSuch.About(anchor)
		}
		if args[i], err = s.dialect().bind(c, s.layout.clock, v); err != nil {
			return nil, errNoSuch.About(anchor)
		}
	}
	return args, nil
}

// part is the inverse of text for a column.
func part(c column, s string) (entry.Value, error) {
	switch c.kind {
	case connector.Integer:
		return strconv.ParseInt(s, 10, 64)
	case connector.Decimal:
		return strconv.ParseFloat(s, 64)
	case connector.Binary:
		return hex.DecodeString(s)
	case connector.DateTime:
		return time.Parse(time.RFC3339Nano, s)
	}
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return nil, errNoSuch
	}
	return s, nil
}

// jsonText writes values as JSON: an array for a list, else the one value. It refuses what JSON cannot hold.
func jsonText(c column, vs []entry.Value) (string, error) {
	var b bytes.Buffer
	if !c.list {
		err := appendJSON(&b, vs[0])
		return b.String(), err
	}
	b.WriteByte('[')
	for i, v := range vs {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := appendJSON(&b, v); err != nil {
			return "", err
		}
	}
	b.WriteByte(']')
	return b.String(), nil
}

// appendJSON writes one value; a decimal always shows that it is one, so that it comes back as one.
func appendJSON(b *bytes.Buffer, v entry.Value) error {
	switch v := v.(type) {
	case entry.Complex:
		return appendObject(b, v)
	case string:
		return appendString(b, v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("JSON has no number %v", v)
		}
		n := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(n, ".e") {
			n += ".0"
		}
		b.WriteString(n)
	case int64, bool:
		b.WriteString(text(v))
	case []byte:
		return appendAny(b, v) // base64
	default:
		return appendString(b, text(v))
	}
	return nil
}

func appendObject(b *bytes.Buffer, v entry.Complex) error {
	b.WriteByte('{')
	first := true
	for _, k := range sortedKeys(v) {
		if !first {
			b.WriteByte(',')
		}
		first = false
		if err := appendString(b, k); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := appendJSON(b, v[k]); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

func appendString(b *bytes.Buffer, s string) error {
	if !utf8.ValidString(s) {
		return errNotUTF8
	}
	return appendAny(b, s)
}

func appendAny(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder ends with a newline
	return nil
}

var errNotUTF8 = fmt.Errorf("the text is not valid UTF-8")

// parseJSON reads a column's JSON text into values; a list column's other document counts as a list of one.
func parseJSON(c column, doc string) ([]entry.Value, error) {
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	var raw any
	if err := d.Decode(&raw); err != nil {
		return nil, fmt.Errorf("column %s: %w", c.name, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("column %s holds more than one JSON document", c.name)
	}
	items, isList := raw.([]any)
	if !isList || !c.list {
		items = []any{raw}
	}
	var out []entry.Value
	for _, item := range items {
		v, err := jsonValue(item)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.name, err)
		}
		if v != nil {
			out = append(out, v)
		}
	}
	return out, nil
}

// jsonValue turns decoded JSON into a Value; null is nil. An array inside is kept as its JSON text.
func jsonValue(raw any) (entry.Value, error) {
	switch raw := raw.(type) {
	case nil:
		return nil, nil
	case json.Number:
		if n, err := strconv.ParseInt(raw.String(), 10, 64); err == nil {
			return n, nil
		}
		return raw.Float64()
	case map[string]any:
		out := make(entry.Complex, len(raw))
		for k, sub := range raw {
			v, err := jsonValue(sub)
			if err != nil {
				return nil, err
			}
			if v != nil {
				out[k] = v
			}
		}
		return out, nil
	case []any:
		b, err := json.Marshal(raw)
		return string(b), err
	}
	return raw, nil
}

func sortedKeys(c entry.Complex) []string {
	keys := make([]string, 0, len(c))
	for k := range c {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
