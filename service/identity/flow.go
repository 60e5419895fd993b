package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/sallyport-id/sallyport/internal/tenant"
)

// How long the steps of a sign-in may take, and how many may be under way at once.
const (
	signInTime = 10 * time.Minute // from the first page to the provider's answer
	codeTime   = time.Minute      // from our code to the token
	maxFlows   = 1000
)

// CLI is the client id under which programs of people sign in: a public client, bound to its own PKCE verifier.
const CLI = "sallyport-cli"

// pending is a sign-in that is at the provider.
type pending struct {
	tenant                 tenant.ID
	state, nonce, verifier string // between us and the provider
	redirect, back         string // the caller's address and state
	challenge              string // the caller's PKCE challenge
	device                 string // or the device code that is to be approved
	until                  time.Time
}

// granted is a sign-in that ended well and waits to be collected.
type granted struct {
	tenant              tenant.ID
	who                 person
	redirect, challenge string
	until               time.Time
}

// flows remembers sign-ins under way, in memory: a restart of the service ends them, and people begin again.
type flows struct {
	mu      sync.Mutex
	pending map[string]pending // by state
	codes   map[string]granted
	devices map[string]*device // by device code
}

func newPending(id tenant.ID, now time.Time) pending {
	return pending{tenant: id, state: rand.Text(), nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), until: now.Add(signInTime)}
}

var errBusy = refuse(http.StatusServiceUnavailable, "temporarily_unavailable", 90033, "Too many people are signing in. Try again in a minute.")

// begin keeps a sign-in.
func (f *flows) begin(p pending, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	sweep(f.pending, now, func(p pending) time.Time { return p.until })
	if len(f.pending) >= maxFlows {
		return errBusy
	}
	if f.pending == nil {
		f.pending = map[string]pending{}
	}
	f.pending[p.state] = p
	return nil
}

// take returns a sign-in by its state, once.
func (f *flows) take(state string, now time.Time) (pending, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, ok := f.pending[state]
	delete(f.pending, state)
	return p, ok && now.Before(p.until)
}

// grant keeps what a code stands for and returns the code.
func (f *flows) grant(g granted, now time.Time) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	sweep(f.codes, now, func(g granted) time.Time { return g.until })
	if f.codes == nil {
		f.codes = map[string]granted{}
	}
	code := rand.Text() + rand.Text()
	f.codes[code] = g
	return code
}

// collect returns what a code stands for, once.
func (f *flows) collect(code string, now time.Time) (granted, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g, ok := f.codes[code]
	delete(f.codes, code)
	return g, ok && now.Before(g.until)
}

func sweep[V any](m map[string]V, now time.Time, until func(V) time.Time) {
	for k, v := range m {
		if !now.Before(until(v)) {
			delete(m, k)
		}
	}
}

// challengeOf is PKCE's S256 (RFC 7636 §4.2).
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
