package graphapi

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/audit"
)

// maxBody is the largest request body taken, after decompression. People.csv has a limit of its own.
const maxBody = 4 << 20

// maxDepth bounds how deep JSON may nest, so that no body costs more than its size.
const maxDepth = 64

// body reads a request body, gzip or plain, up to the limit (graph-api P8). A compressed body is read no further than the limit, so a bomb
// costs no more than an honest large body.
func body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	const op = "read the request"
	var src io.Reader = http.MaxBytesReader(w, r.Body, maxBody)
	switch enc := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); enc {
	case "", "identity":
	case "gzip", "x-gzip":
		var err error
		if src, err = unzipped(src, r.Header.Get("Retry-Attempt") != ""); err != nil || src == nil {
			return nil, err
		}
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType",
			fault.New(fault.Invalid, op, "the content encoding %q is not known", enc).WithHint("send the body plain or with gzip"))
	}
	b, err := io.ReadAll(io.LimitReader(src, maxBody+1))
	if err != nil {
		return nil, unreadable(err, "the body ends early or is damaged: %w")
	}
	if len(b) > maxBody {
		return nil, tooLarge(maxBody)
	}
	if !utf8.Valid(b) { // encoding/json would replace what it cannot read, and somebody's name would silently be another
		return nil, fault.New(fault.Invalid, op, "the body is not UTF-8")
	}
	return b, nil
}

// unzipped decompresses; nil for an empty body, which is empty compressed or not. A body that is sent again may be plain after all:
// msgraph-sdk-go, when it repeats a request after a 429 or 503, says gzip of what it did not compress this time.
func unzipped(src io.Reader, again bool) (io.Reader, error) {
	peeked := bufio.NewReader(src)
	if head, _ := peeked.Peek(2); again && string(head) != "\x1f\x8b" {
		return peeked, nil // a reader that fails does so again when it is read
	}
	z, err := gzip.NewReader(peeked)
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, unreadable(err, "the body is not gzip: %w")
	}
	return z, nil
}

func unreadable(err error, format string) error {
	if m, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(m.Limit)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return refuse(http.StatusRequestTimeout, "RequestTimeout",
			fault.New(fault.Timeout, "read the request", "the body did not come in time").WithHint("send it again, over a connection that carries it"))
	}
	return fault.New(fault.Invalid, "read the request", format, err)
}

func tooLarge(limit int64) error {
	return refuse(http.StatusRequestEntityTooLarge, "RequestTooLarge",
		fault.New(fault.Invalid, "read the request", "it is larger than %d bytes", limit).WithHint("send it in parts"))
}

// decode reads a JSON body into v. An empty body leaves v as it is (graph-api P10). The audit log keeps what the route may show of it.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	b, err := jsonText(w, r)
	if err != nil || len(b) == 0 {
		return err
	}
	audit.After(r.Context(), json.RawMessage(b))
	return unmarshal(b, v)
}

// decodeUnseen does so and tells the audit log nothing: the handler does, once it knows what of the body is no secret.
func decodeUnseen(w http.ResponseWriter, r *http.Request, v any) error {
	b, err := jsonText(w, r)
	if err != nil || len(b) == 0 {
		return err
	}
	return unmarshal(b, v)
}

func jsonText(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	b, err := body(w, r)
	if err != nil {
		return nil, err
	}
	if b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))); len(b) == 0 {
		return nil, nil
	}
	return b, jsonType(r)
}

// jsonType refuses what says of itself that it is no JSON. Nothing said counts as JSON.
func jsonType(r *http.Request) error {
	text := r.Header.Get("Content-Type")
	if text == "" {
		return nil
	}
	kind, _, err := mime.ParseMediaType(text)
	if err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json")) {
		return nil
	}
	return refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType",
		fault.New(fault.Invalid, "read the request", "the content type %q is not JSON", text).WithHint("send Content-Type: application/json; curl -d says of its own accord that it sends a form"))
}

func unmarshal(b []byte, v any) error {
	if tooDeep(b) {
		return fault.New(fault.Invalid, "read the request", "the JSON nests deeper than %d levels", maxDepth)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fault.New(fault.Invalid, "read the request", "the body is not the JSON expected here: %w", err)
	}
	return nil
}

// tooDeep counts brackets outside of strings.
func tooDeep(b []byte) bool {
	depth, inText := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
