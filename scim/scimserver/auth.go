package scimserver

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// Caller is who a bearer token belongs to.
type Caller struct {
	ID     string    // names the token or application in the log
	Tenant string    // whose data is served; cursors, rates and idempotency keys are kept apart by it
	Self   entry.Ref // the person's own resource, for /Me; zero for an application
}

// Authenticate judges the bearer token of a request. It returns the context the store is called with (which carries the tenant)
// and the caller. Errors are faults: Unauthenticated (401), Denied (403), Throttled (429), Unavailable (503).
// It must compare secrets in constant time.
type Authenticate func(r *http.Request, token string) (context.Context, Caller, error)

// Tokens are the live bearer tokens of one endpoint: a current one, and while clients change over, the one before.
// It keeps only their hashes. It is safe for concurrent use.
type Tokens struct {
	caller Caller
	live   atomic.Pointer[[2][sha256.Size]byte]
}

// NewTokens makes the verifier; caller is who a valid token stands for. Without tokens everything is refused.
func NewTokens(caller Caller, current, previous string) *Tokens {
	t := &Tokens{caller: caller}
	t.Set(current, previous)
	return t
}

// Set replaces both tokens at once; "" is no token.
func (t *Tokens) Set(current, previous string) {
	var sums [2][sha256.Size]byte
	for i, token := range [2]string{current, previous} {
		if token != "" {
			sums[i] = sha256.Sum256([]byte(token))
		}
	}
	t.live.Store(&sums)
}

// Authenticate implements the Authenticate function. Both tokens are always compared, in constant time.
func (t *Tokens) Authenticate(r *http.Request, token string) (context.Context, Caller, error) {
	sum := sha256.Sum256([]byte(token))
	live := t.live.Load()
	ok := subtle.ConstantTimeCompare(sum[:], live[0][:]) | subtle.ConstantTimeCompare(sum[:], live[1][:])
	if ok != 1 || token == "" {
		return nil, Caller{}, fault.New(fault.Unauthenticated, "authenticate", "the bearer token is not valid").
			WithHint("use the current secret token of this endpoint")
	}
	return r.Context(), t.caller, nil
}

// bearer returns the token of an Authorization header value; the scheme is matched without regard to case.
func bearer(header string) (string, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	token = strings.TrimLeft(token, " ")
	return token, token != "" && !strings.ContainsAny(token, " \t,")
}
