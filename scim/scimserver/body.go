package scimserver

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// checkMedia refuses a body that is not JSON, or is packed. A body without a type is taken as JSON.
func checkMedia(h http.Header) error {
	if enc := h.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return refuse(http.StatusUnsupportedMediaType, "", "a body in Content-Encoding %q is not supported; send it unpacked", enc)
	}
	ct := h["Content-Type"]
	if len(ct) == 0 || ct[0] == "" || ct[0] == mediaType {
		return nil
	}
	media, _, _ := strings.Cut(ct[0], ";")
	media = strings.TrimSpace(media)
	if strings.EqualFold(media, mediaType) || strings.EqualFold(media, "application/json") {
		return nil
	}
	return refuse(http.StatusUnsupportedMediaType, "", "the body must be application/scim+json or application/json, not %q", media)
}

// readBody reads a body of at most limit bytes into dst. A longer one is refused as soon as that is known, without keeping it.
func readBody(w http.ResponseWriter, r *http.Request, dst []byte, limit int64, wait time.Duration) ([]byte, error) {
	if r.ContentLength > limit {
		return dst, tooLarge(limit)
	}
	if r.Body == nil || r.ContentLength == 0 {
		return dst, nil
	}
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(wait)) // not every ResponseWriter has deadlines; the Server's remain then
	defer func() { _ = rc.SetReadDeadline(time.Time{}) }()
	return readAtMost(r.Body, dst, limit)
}

func readAtMost(body io.Reader, dst []byte, limit int64) ([]byte, error) {
	for {
		if int64(len(dst)) > limit {
			return dst, tooLarge(limit)
		}
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		room := dst[len(dst):min(cap(dst), int(limit)+1)]
		n, err := body.Read(room)
		dst = dst[:len(dst)+n]
		switch {
		case errors.Is(err, io.EOF) && int64(len(dst)) <= limit:
			return dst, nil
		case err != nil && int64(len(dst)) <= limit:
			return dst, fault.Wrap(fault.Invalid, "read the body", err)
		}
	}
}

func tooLarge(limit int64) error {
	return refuse(http.StatusRequestEntityTooLarge, "", "the body is larger than %d bytes", limit)
}

// What is read and thrown away of a refused body, so that a client which only reads answers after sending all still gets its 413.
const (
	drainBytes = 64 << 20
	drainTime  = 5 * time.Second
)

// drain throws away the rest of a refused body within bounds and gives the connection up.
func drain(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.ProtoMajor > 1 || r.Header.Get("Expect") != "" {
		return // HTTP/2 tells the client to stop; and who asked first has sent nothing
	}
	rc := http.NewResponseController(w)
	if rc.SetReadDeadline(time.Now().Add(drainTime)) != nil {
		return // without a deadline a slow sender could hold us
	}
	_, _ = io.CopyN(io.Discard, r.Body, drainBytes)
}

// tooDeep reports whether JSON text nests deeper than limit. It looks at brackets outside strings only.
func tooDeep(text []byte, limit int) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
