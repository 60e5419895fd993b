package tunnel

import "slices"

// Field is one header that may cross the wall. Name is spelled as in the allow-list.
type Field struct{ Name, Value string }

// The headers that cross, by number on the wire: appended, never reordered. Hop-by-hop headers, Host, cookies and anything that could
// change where a request goes are absent on purpose. The idempotency key travels as Request.Key.
var (
	requestFields  = []string{"Accept", "Content-Type", "Authorization", "If-Match", "If-None-Match", "Prefer", "User-Agent", "Accept-Language", "X-Correlation-Id", "Traceparent", "X-Request-Id"}
	responseFields = []string{"Content-Type", "Location", "Etag", "Retry-After", "Www-Authenticate", "Last-Modified", "Preference-Applied", "X-Correlation-Id", "Sallyport-Fault", "Set-Txn", "X-Request-Id"}
)

// RequestFields returns the names of the headers that may travel with a request, in canonical MIME spelling.
func RequestFields() []string { return slices.Clone(requestFields) }

// ResponseFields returns the names of the headers that may travel with a response, in canonical MIME spelling.
func ResponseFields() []string { return slices.Clone(responseFields) }

// PickRequest collects the headers that may travel from any multi-map of canonical names, such as http.Header; values are joined by ", ".
func PickRequest(h map[string][]string) []Field { return pick(requestFields, h) }

// PickResponse is PickRequest for a response.
func PickResponse(h map[string][]string) []Field { return pick(responseFields, h) }

func pick(allowed []string, h map[string][]string) []Field {
	out := make([]Field, 0, 4)
	for _, name := range allowed {
		switch v := h[name]; len(v) {
		case 0:
		case 1:
			out = append(out, Field{name, v[0]})
		default:
			joined := v[0]
			for _, more := range v[1:] {
				joined += ", " + more
			}
			out = append(out, Field{name, joined})
		}
	}
	return out
}

// appendFields writes the fields that are in the allow-list; others do not travel.
func appendFields(b []byte, allowed []string, fields []Field) []byte {
	at := len(b)
	b = append(b, 0)
	for _, f := range fields {
		i := slices.Index(allowed, f.Name)
		if i < 0 || !cleanValue(f.Value) {
			continue
		}
		b[at]++
		b = append(b, byte(i))
		b = appendString(b, f.Value)
	}
	return b
}

// fields reads what appendFields wrote. A field number this build does not know comes from a newer end and is left out.
func (r *reader) fields(allowed []string) []Field {
	n := int(r.byte())
	if n == 0 {
		return nil
	}
	out := make([]Field, 0, min(n, len(allowed)))
	for range n {
		i, v := int(r.byte()), r.string(maxHead)
		if r.bad {
			return nil
		}
		if !cleanValue(v) {
			r.fail()
			return nil
		}
		if i < len(allowed) && len(out) < cap(out) {
			out = append(out, Field{allowed[i], v})
		}
	}
	return out
}

// cleanValue refuses control characters: a header value never splits into two.
func cleanValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' && c != '\t') || c == 0x7f {
			return false
		}
	}
	return true
}
