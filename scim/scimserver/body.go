package scimserver

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/scim"
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

// limitBody gives the sender of a body a time to be done with it, whether it is read or, when the request is refused before,
// thrown away by net/http. Without it a sender that stops in the middle would hold its connection for good.
func limitBody(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	if r.ContentLength != 0 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(wait)) // not every ResponseWriter has deadlines
	}
}

// readBody reads a body of at most limit bytes into dst. A longer one is refused as soon as that is known, without keeping it.
func readBody(w http.ResponseWriter, r *http.Request, dst []byte, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return dst, tooLarge(limit)
	}
	if r.Body == nil || r.ContentLength == 0 {
		return dst, nil
	}
	dst, err := readAtMost(r.Body, dst, limit)
	if err == nil {
		// What follows may take long; a deadline that passes then would end the request's context.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
	return dst, err
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
			return dst, broken(err)
		}
	}
}

// broken names a body that did not come: too late, or not at all.
func broken(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return refuse(http.StatusRequestTimeout, "", "the body did not arrive in time")
	}
	return refuse(http.StatusBadRequest, scim.InvalidSyntax, "the body broke off: %v", err)
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
