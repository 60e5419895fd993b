package graphapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/access"
)

// maxBatch is how many requests one batch holds (graph-api §7).
const maxBatch = 20

type batchItem struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
	Depends []string          `json:"dependsOn"`

	done   chan struct{} // closed when the answer is there
	answer batchAnswer
}

type batchAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// batch answers several requests at once. Those that depend on none run side by side; each is let in, throttled and noted as if it had
// come alone.
func (a *API) batch(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Requests []*batchItem `json:"requests"`
	}
	if err := decode(w, r, &b); err != nil {
		return err
	}
	byID, err := batchPlan(b.Requests)
	if err != nil {
		return err
	}
	var wait sync.WaitGroup
	for _, item := range b.Requests {
		wait.Go(func() {
			defer close(item.done)
			a.runItem(r, item, byID)
		})
	}
	wait.Wait()
	out := struct {
		Context   string        `json:"@odata.context"`
		Responses []batchAnswer `json:"responses"`
	}{contextURL(r, "Collection(microsoft.graph.batchResponse)"), make([]batchAnswer, len(b.Requests))}
	for i, item := range b.Requests {
		out.Responses[i] = item.answer
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// batchPlan checks the batch as a whole: ids, methods, addresses, and that nobody waits for itself.
func batchPlan(items []*batchItem) (map[string]*batchItem, error) {
	malformed := func(format string, args ...any) error {
		return refuse(http.StatusBadRequest, "BadRequest", fault.New(fault.Invalid, "read the batch", format, args...))
	}
	if len(items) == 0 || len(items) > maxBatch {
		return nil, malformed("it holds %d requests, not 1 to %d", len(items), maxBatch)
	}
	byID := map[string]*batchItem{}
	for _, item := range items {
		switch {
		case item == nil || item.ID == "" || len(item.ID) > 128:
			return nil, malformed("a request has no id, or one that is too long")
		case byID[item.ID] != nil:
			return nil, malformed("two requests have the id %q", item.ID)
		case !strings.Contains(" GET POST PUT PATCH DELETE HEAD ", " "+strings.ToUpper(item.Method)+" ") || item.Method == "":
			return nil, malformed("request %q has the method %q", item.ID, clip(item.Method))
		case item.URL == "" || strings.Contains(item.URL, "://") || strings.HasPrefix(item.URL, "//"):
			return nil, malformed("the url of request %q is not relative to the version: %q", item.ID, clip(item.URL))
		}
		for _, d := range item.Depends { // only on those before it, so that no two wait for each other
			if byID[d] == nil {
				return nil, malformed("request %q depends on %q, which does not stand before it", item.ID, clip(d))
			}
		}
		item.Method, item.done = strings.ToUpper(item.Method), make(chan struct{})
		byID[item.ID] = item
	}
	return byID, nil
}

func (a *API) runItem(r *http.Request, item *batchItem, byID map[string]*batchItem) {
	for _, d := range item.Depends {
		<-byID[d].done
		if byID[d].answer.Status >= 400 {
			rec := &reply{header: http.Header{}}
			writeError(rec, requestID(), refuse(http.StatusFailedDependency, "FailedDependency",
				fault.New(fault.Conflict, "", "request %q, on which it depends, failed", d)))
			item.answer = rec.answer(item.ID)
			return
		}
	}
	item.answer = a.askItem(r, item).answer(item.ID)
}

func (a *API) askItem(r *http.Request, item *batchItem) *reply {
	rec := &reply{header: http.Header{}}
	sub, err := item.request(r)
	if err != nil {
		writeError(rec, requestID(), err)
		return rec
	}
	a.ServeHTTP(rec, sub)
	return rec
}

// request makes the request of an item, under the version and with the credential of the batch.
func (item *batchItem) request(r *http.Request) (*http.Request, error) {
	u, err := url.Parse("/" + visitOf(r).version + "/" + strings.TrimLeft(item.URL, "/"))
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the batch", "%q is not a URL", clip(item.URL))
	}
	if parts, err := segments(u.EscapedPath()); err != nil || len(parts) > 1 && strings.EqualFold(parts[1], "$batch") {
		return nil, fault.New(fault.Invalid, "read the batch", "a batch cannot hold a batch")
	}
	sub := r.Clone(r.Context())
	sub.Method, sub.URL, sub.RequestURI = item.Method, u, u.RequestURI()
	sub.Header = http.Header{}
	for _, keep := range []string{"Authorization", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix"} {
		if vs := r.Header.Values(keep); len(vs) > 0 {
			sub.Header[keep] = vs
		}
	}
	for name, value := range item.Headers {
		if c := http.CanonicalHeaderKey(name); c != "Authorization" && !strings.HasPrefix(c, "X-Forwarded") && c != "Content-Encoding" && c != "Accept-Encoding" {
			sub.Header.Set(name, value)
		}
	}
	body, err := item.body(sub.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	sub.Body, sub.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return sub, nil
}

// body is the JSON as it stands; a text is base64 of something that is no JSON.
func (item *batchItem) body(contentType string) ([]byte, error) {
	b := bytes.TrimSpace(item.Body)
	if len(b) == 0 || isNull(b) {
		return nil, nil
	}
	if b[0] != '"' || contentType == "" || strings.Contains(contentType, "json") {
		return b, nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fault.New(fault.Invalid, "read the batch", "%w", err)
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the batch", "the body of request %q is not base64", item.ID)
	}
	return raw, nil
}

// reply takes the answer of one request of a batch.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *reply) Header() http.Header { return w.header }

func (w *reply) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *reply) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *reply) answer(id string) batchAnswer {
	out := batchAnswer{ID: id, Status: w.status, Headers: map[string]string{}}
	if out.Status == 0 {
		out.Status = http.StatusOK
	}
	for name := range w.header {
		out.Headers[name] = w.header.Get(name)
	}
	if b := bytes.TrimSpace(w.body.Bytes()); json.Valid(b) {
		out.Body = b
	} else if len(b) > 0 {
		if text, err := json.Marshal(base64.StdEncoding.EncodeToString(b)); err == nil {
			out.Body = text
		}
	}
	return out
}

func (a *API) batchRoutes() []Route {
	return []Route{{"POST /v1.0/$batch", access.SignedIn, a.batch}}
}
