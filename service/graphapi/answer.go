package graphapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// errorBody is what every answer that is no success carries (graph-api P5).
type errorBody struct {
	Error errorJSON `json:"error"`
}

type errorJSON struct {
	Code    string        `json:"code"`
	Message string        `json:"message"`
	Target  string        `json:"target,omitempty"`
	Details []errorDetail `json:"details,omitempty"`
	Inner   innerError    `json:"innerError"`
}

type errorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target,omitempty"`
}

type innerError struct {
	Date    string `json:"date"`
	Request string `json:"request-id"`
	Client  string `json:"client-request-id"`
}

// refusal is a fault with a status and code of its own, where the table of kinds is too coarse: 405, 410, 413, 415, 424.
type refusal struct {
	error
	status  int
	code    string
	details []errorDetail
}

func (e *refusal) Unwrap() error { return e.error }

func isRefusal(err error) bool {
	_, ok := errors.AsType[*refusal](err)
	return ok
}

// refuse gives an error the status and code it is answered with.
func refuse(status int, code string, err error) error {
	return &refusal{error: err, status: status, code: code}
}

// writeError writes Graph's error body.
func writeError(w http.ResponseWriter, id string, err error) {
	d := fault.KindOf(err).Door()
	b := errorBody{Error: errorJSON{Code: d.Graph, Message: err.Error()}}
	if m, ok := errors.AsType[*http.MaxBytesError](err); ok {
		d.Status, b.Error.Code = http.StatusRequestEntityTooLarge, "RequestTooLarge"
		b.Error.Message = fmt.Sprintf("the request is larger than %d bytes", m.Limit)
	} else if s, ok := errors.AsType[*refusal](err); ok {
		d.Status, b.Error.Code, b.Error.Details = s.status, s.code, s.details
	} else if d.Name == "internal" {
		b.Error.Message = "the service failed; its log has the details under this request-id"
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && d.Status < 500 {
		b.Error.Target = f.Object
	}
	client := w.Header().Get("client-request-id")
	if client == "" {
		client = id
	}
	b.Error.Inner = innerError{
		Date: time.Now().UTC().Format("2006-01-02T15:04:05"), Request: id, Client: client,
	}
	if wait := fault.RetryAfterOf(err); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds()+0.999)))
	}
	writeJSON(w, d.Status, b)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", jsonContent)
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client has gone; there is nobody to tell
}

func noContent(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func notFound(_ http.ResponseWriter, r *http.Request) error {
	path := "/v1.0/" + strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/v1.0/"), "/beta/")
	return coded(path, fault.New(fault.NotFound, "", "there is nothing at %s %s", r.Method, clip(r.URL.Path)).
		WithHint("see docs/api.md for the paths there are"))
}

// jsonContent is what every JSON answer says it is.
const jsonContent = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
