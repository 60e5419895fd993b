package scim

import (
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// Quote returns s as a string literal for a filter or a value path: a JSON string. Whatever s holds, it stays one literal. In a
// URL it still has to be query-escaped.
func Quote(s string) string { return string(AppendString(nil, s)) }

// Literal returns a value as a literal for a filter: text, times, bytes and references quoted, booleans and numbers plain. A
// Complex stands for its "value".
func Literal(v entry.Value) string {
	switch v := v.(type) {
	case entry.Ref:
		return Quote(v.ID)
	case entry.Complex:
		return Literal(v["value"])
	case time.Time:
		return string(appendTime(nil, v.UTC()))
	}
	return string(AppendValue(nil, v))
}
