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

// Shown are the properties of a body whose values the log keeps, by their path in lower case: true for a value, false for what is only
// looked into. What is not in it is never kept, so that a body of which nobody thought tells nothing but the names of its properties.
type Shown map[string]bool

// Show lists properties, several in a text with blanks between them. One within an object, or within the objects of a list, is written
// with its way, as "criteria/resetScope".
func Show(names ...string) Shown {
	s := Shown{}
	for _, text := range names {
		for name := range strings.FieldsSeq(strings.ToLower(text)) {
			s[name] = true
			for at := strings.LastIndexByte(name, '/'); at > 0; at = strings.LastIndexByte(name[:at], '/') {
				s[name[:at]] = s[name[:at]] || false
			}
		}
	}
	return s
}

// secretName finds properties whose values are secrets, whatever is listed. "value" is one beside a key that is (see secretPair).
var secretName = regexp.MustCompile(`(?i)(secret|password|passwd|token|bearer|credential|privatekey|apikey|appkey|authorization|assertion)`)

// userInfo finds a name and password within an address.
var userInfo = regexp.MustCompile(`://[^/?#\s"'@]*@`)

// Redact returns v, which somebody sent, as JSON with the values of the properties that may be shown: every other one is replaced, as is
// what goes by a name that looks like a secret's, and a password in an address. Texts are cut to a length that people read, and a value
// that is too large is replaced by its size.
func Redact(v any, shown Shown) json.RawMessage { return redact(v, cleaner{shown, false}) }

// RedactAnswer does so with an answer of the API: everybody who may read may see it, and still nothing that looks like a secret stays.
func RedactAnswer(v any) json.RawMessage { return redact(v, cleaner{nil, true}) }

func redact(v any, c cleaner) json.RawMessage {
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
	out, err := json.Marshal(c.value("", tree))
	if err != nil || len(out) > maxValue {
		return size(len(text))
	}
	return out
}

func size(n int) json.RawMessage { return json.RawMessage(fmt.Sprintf(`"[%d bytes]"`, n)) }

// cleaner replaces what may not be shown.
type cleaner struct {
	shown Shown
	all   bool // show everything that does not look like a secret
}

// value cleans what stands at a path; "" is the whole.
func (c cleaner) value(path string, v any) any {
	if isEmpty(v) {
		return v
	}
	kept, listed := c.shown[path]
	switch v := v.(type) {
	case map[string]any:
		if c.all || listed || path == "" {
			return c.object(path, v)
		}
	case []any:
		if c.all || listed {
			for i := range v {
				v[i] = c.value(path, v[i])
			}
			return v
		}
	default:
		if c.all || kept {
			return cleanText(v)
		}
	}
	return Redacted
}

func (c cleaner) object(path string, m map[string]any) any {
	if path != "" {
		path += "/"
	}
	pair := secretPair(m)
	for k, x := range m {
		if !isEmpty(x) && (secretName.MatchString(k) && !isNumber(x) || pair && strings.EqualFold(k, "value")) {
			m[k] = Redacted
		} else {
			m[k] = c.value(path+strings.ToLower(k), x)
		}
	}
	return m
}

func cleanText(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	s = userInfo.ReplaceAllLiteralString(s, "://"+Redacted+"@")
	if len(s) > maxText {
		return s[:maxText] + "…"
	}
	return s
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

// isEmpty reports whether there is nothing to hide; yes and no are no secrets.
func isEmpty(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case nil, bool:
		return true
	}
	return false
}

func isNumber(v any) bool {
	_, ok := v.(float64)
	return ok
}
