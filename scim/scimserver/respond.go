package scimserver

import (
	"net/http"
	"strconv"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

const mediaType = "application/scim+json"

// Header values that never change are shared; net/http only reads them.
var (
	contentType  = []string{mediaType}
	authenticate = []string{`Bearer realm="scim"`}
	asyncApplied = []string{"respond-async"}
)

// FaultHeader carries the kind of failure by name beside the HTTP status, so that a client of ours can tell an unknown effect
// ("timeout") from a target that was never reached ("unavailable"); both are 503.
const FaultHeader = "Sallyport-Fault"

// write sends an answer and returns the number of body bytes sent.
func (c *call) write(w http.ResponseWriter, r *http.Request, a answer) int {
	h := w.Header()
	h["X-Request-Id"] = []string{c.id}
	setHeaders(h, a)
	if a.status == http.StatusUnauthorized {
		h["Www-Authenticate"] = authenticate
	}
	if a.err != nil {
		h[FaultHeader] = []string{kindOf(a).String()}
	}
	if a.status == http.StatusRequestEntityTooLarge || a.status == http.StatusRequestTimeout {
		h["Connection"] = []string{"close"}
	}
	if len(a.body) > 0 {
		h["Content-Type"] = contentType
		h["Content-Length"] = []string{strconv.Itoa(len(a.body))}
	}
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Now().Add(c.h.config.Limits.AnswerTime)) // without deadlines the Server's own remains
	w.WriteHeader(a.status)
	n, _ := w.Write(a.body) // a client that went away is seen in the request's context
	if a.status == http.StatusRequestEntityTooLarge {
		_ = rc.EnableFullDuplex()
		_ = rc.Flush()
		drain(w, r)
	}
	return n
}

func setHeaders(h http.Header, a answer) {
	if a.version != "" {
		h["Etag"] = []string{etag(a.version)}
	}
	if a.replayed {
		h[ReplayedHeader] = []string{"true"}
	}
	if a.location != "" && a.status != http.StatusOK {
		h["Location"] = []string{a.location}
	}
	if a.allow != "" {
		h["Allow"] = []string{a.allow}
	}
	if a.retry > 0 {
		h["Retry-After"] = []string{seconds(a.retry)}
	}
	if a.txn != "" {
		h["Set-Txn"] = []string{a.txn}
		h["Preference-Applied"] = asyncApplied
	}
}

// seconds writes a waiting time in whole seconds, rounded up, at least 1.
func seconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}

// kindOf names the failure; a refusal of this room takes the kind that its status stands for.
func kindOf(a answer) fault.Kind {
	if k := fault.KindOf(a.err); k != fault.Internal {
		return k
	}
	return fault.OfStatus(a.status)
}
