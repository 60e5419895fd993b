package scimserver

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
)

// refusal is an answer that this room itself decides on; failures of the store and of parsing stay faults until the door.
type refusal struct {
	status   int
	scimType string
	detail   string
	allow    string        // Allow header of a 405
	retry    time.Duration // Retry-After; 0 leaves it out
}

// Error returns the detail.
func (r *refusal) Error() string { return r.detail }

func refuse(status int, scimType, format string, args ...any) error {
	return &refusal{status: status, scimType: scimType, detail: fmt.Sprintf(format, args...)}
}

func notAllowed(allow string) error {
	return &refusal{status: http.StatusMethodNotAllowed, detail: "this path does not take that method; it takes " + allow, allow: allow}
}

// Waiting times for clients when the fault does not name one.
const (
	retryThrottled   = time.Second
	retryUnavailable = 10 * time.Second
)

// judge turns an error into what is sent: the SCIM error, the Allow header and the time to wait. id names the request in the
// detail of a failure of ours, whose cause is for the log only.
func judge(err error, id string) (e scim.Error, allow string, retry time.Duration) {
	if r, ok := errors.AsType[*refusal](err); ok {
		return scim.Error{Status: r.status, ScimType: r.scimType, Detail: r.detail}, r.allow, r.retry
	}
	e = scim.ErrorOf(err)
	retry = fault.RetryAfterOf(err)
	switch fault.KindOf(err) {
	case fault.Timeout:
		// The effect is unknown, but 504 is what proxies on the way say, too: 503 is the answer that makes clients wait and look again.
		e.Status, retry = http.StatusServiceUnavailable, max(retry, retryUnavailable)
	case fault.Unavailable:
		if retry == 0 {
			retry = retryUnavailable
		}
	case fault.Throttled:
		if retry == 0 {
			retry = retryThrottled
		}
	case fault.Internal:
		e = scim.Error{Status: http.StatusInternalServerError, Detail: "internal error; ask the operator about request " + id}
	}
	if e.Detail == "" {
		e.Detail = http.StatusText(e.Status)
	}
	return e, allow, retry
}
