package inbound

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// text returns a place as a position token: the kind of its key, the id, and the key as text. The object need not exist any more
// when the walk goes on from there.
func (p place) text() string {
	kind, key := "-", ""
	switch v := p.key.(type) {
	case string:
		kind, key = "s", v
	case bool:
		kind, key = "b", strconv.FormatBool(v)
	case int64:
		kind, key = "i", strconv.FormatInt(v, 10)
	case float64:
		kind, key = "f", strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		kind, key = "t", v.UTC().Format(time.RFC3339Nano)
	case []byte:
		kind, key = "x", string(v)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(kind + p.id + "\x00" + key))
}

// parsePlace is the inverse of text; fault.Invalid for anything else.
func parsePlace(token string) (p place, err error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	head, key, ok := strings.Cut(string(b), "\x00")
	if err != nil || !ok || len(head) < 2 {
		return p, badPlace()
	}
	p.id = head[1:]
	if p.key, err = parseKey(head[0], key); err != nil {
		return p, badPlace()
	}
	return p, nil
}

func parseKey(kind byte, key string) (entry.Value, error) {
	switch kind {
	case '-':
		return nil, nil //nolint:nilnil // an absent value is nil
	case 's':
		return key, nil
	case 'b':
		return strconv.ParseBool(key)
	case 'i':
		return strconv.ParseInt(key, 10, 64)
	case 'f':
		return strconv.ParseFloat(key, 64)
	case 't':
		return time.Parse(time.RFC3339Nano, key)
	case 'x':
		return []byte(key), nil
	}
	return nil, badPlace()
}

func badPlace() error {
	return fault.New(fault.Invalid, "find", "the position is not one of this directory")
}
