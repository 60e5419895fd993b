package scimserver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"
)

// position is where a walk over pages stands.
type position struct {
	issued time.Time
	total  int    // as the first page had it, for stores that do not count again
	index  int    // 1-based index of the first resource of the page
	leg    int    // which resource type, in a walk over all of them
	token  string // the store's own
}

// cursors makes and checks the opaque page cursors of RFC 9865: a position and an HMAC over it and over the question it
// belongs to, so that a cursor cannot be forged, read across tenants, or used with another filter.
type cursors struct {
	key []byte
	age time.Duration
}

func newCursors(key []byte, age time.Duration) *cursors { return &cursors{key: key, age: age} }

const macSize = 16

func (c *cursors) seal(p position, question string) string {
	raw := make([]byte, 0, 40+len(p.token)+macSize)
	raw = append(raw, 1)
	raw = binary.AppendVarint(raw, p.issued.Unix())
	raw = binary.AppendVarint(raw, int64(p.total))
	raw = binary.AppendVarint(raw, int64(p.index))
	raw = binary.AppendVarint(raw, int64(p.leg))
	raw = append(raw, p.token...)
	return base64.RawURLEncoding.EncodeToString(append(raw, c.mac(raw, question)...))
}

func (c *cursors) open(cursor, question string, now time.Time) (position, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) <= macSize {
		return position{}, badCursor()
	}
	raw, mac := raw[:len(raw)-macSize], raw[len(raw)-macSize:]
	if !hmac.Equal(mac, c.mac(raw, question)) {
		return position{}, badCursor()
	}
	var fields [4]int64
	rest := raw[1:]
	for i := range fields {
		n, size := binary.Varint(rest)
		if size <= 0 {
			return position{}, badCursor()
		}
		fields[i], rest = n, rest[size:]
	}
	p := position{issued: time.Unix(fields[0], 0), total: int(fields[1]), index: int(fields[2]), leg: int(fields[3]), token: string(rest)}
	if now.Sub(p.issued) > c.age {
		return position{}, refuse(http.StatusBadRequest, "expiredCursor", "the cursor is older than %v; start again with an empty cursor", c.age)
	}
	return p, nil
}

func (c *cursors) mac(raw []byte, question string) []byte {
	m := hmac.New(sha256.New, c.key)
	_, _ = m.Write(raw) // a hash never fails to write
	_, _ = m.Write([]byte{0})
	_, _ = m.Write([]byte(question))
	return m.Sum(nil)[:macSize]
}

func badCursor() error {
	return refuse(http.StatusBadRequest, "invalidCursor", "the cursor is not one of this query; start again with an empty cursor")
}

// question is what a cursor is bound to.
func (c *call) question(scope string) string {
	p := &c.params
	return c.caller.Tenant + "\x00" + scope + "\x00" + p.filter + "\x00" + p.sortBy + "\x00" + p.sortOrder
}
