package scimserver

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// requestIDs makes short ids that are unique over restarts: a random word for the process and a counter.
type requestIDs struct {
	prefix string
	next   atomic.Uint64
}

func newRequestIDs() *requestIDs {
	return &requestIDs{prefix: strings.ToLower(rand.Text()[:10]) + "-"}
}

// of returns the id the client gave, when it is one that may go into a log line, else a new one.
func (ids *requestIDs) of(h http.Header) string {
	if id := h["X-Request-Id"]; len(id) == 1 && plainWord(id[0]) {
		return id[0]
	}
	return ids.prefix + strconv.FormatUint(ids.next.Add(1), 36)
}

func plainWord(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
