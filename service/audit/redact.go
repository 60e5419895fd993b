package audit

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Redacted is what stands in place of a secret.
const Redacted = "[Redact]"

// maxValue bounds what one entry keeps of an object, in bytes of JSON, and maxText each of its texts.
const (
	maxValue = 8 << 10
	maxText  = 1 << 10
)

// secretName finds properties whose values are secrets. "value" is one beside a key that is (see secretPair).
var secretName = regexp.MustCompile(`(?i)(secret|password|passwd|token|bearer|credential|privatekey|apikey|appkey|authorization|assertion)`)

// Redact returns v as JSON without secrets: what goes by a name that looks like a secret's is replaced, texts are cut to a length
// that people read, and a value that is too large is replaced by its size.
func Redact(v any) json.RawMessage {
	text, ok := v.(json.RawMessage)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil {
			return nil
		}
		text = b
	}
	var tree any
	if len(text) > 4<<20 || json.Unmarshal(text, &tree) != nil {
		return size(len(text))
	}
	out, err := json.Marshal(clean(tree))
	if err != nil || len(out) > maxValue {
		return size(len(text))
	}
	return out
}

func size(n int) json.RawMessage { return json.RawMessage(fmt.Sprintf(`"[%d bytes]"`, n)) }

func clean(v any) any {
	switch v := v.(type) {
	case map[string]any:
		pair := secretPair(v)
		for k, x := range v {
			if secretName.MatchString(k) && !isEmpty(x) || pair && strings.EqualFold(k, "value") {
				v[k] = Redacted
			} else {
				v[k] = clean(x)
			}
		}
	case []any:
		for i := range v {
			v[i] = clean(v[i])
		}
	case string:
		if len(v) > maxText {
			return v[:maxText] + "…"
		}
	}
	return v
}

// secretPair reports whether the object is a {"key", "value"} pair whose key is that of a secret.
func secretPair(m map[string]any) bool {
	for k, x := range m {
		if name, ok := x.(string); ok && (strings.EqualFold(k, "key") || strings.EqualFold(k, "name")) && secretName.MatchString(name) {
			return true
		}
	}
	return false
}

// isEmpty reports whether there is nothing to hide; numbers and booleans are no secrets.
func isEmpty(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case nil, bool, float64:
		return true
	}
	return false
}
