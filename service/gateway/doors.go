package gateway

import (
	"encoding/json"
	"net/http"
	"strconv"

	"golang.org/x/time/rate"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/tunnel"
)

// limiter slows guessing at the two unauthenticated doors down, for all callers together.
type limiter struct{ *rate.Limiter }

func newLimiter() *limiter { return &limiter{rate.NewLimiter(20, 100)} }

const maxRequest = 16 << 10

func (g *Gateway) serveEnrol(w http.ResponseWriter, r *http.Request) {
	var in tunnel.EnrolRequest
	if err := g.read(w, r, &in); err != nil {
		refuse(w, err)
		return
	}
	out, err := g.Enrol(r.Context(), in)
	if err != nil {
		// An alarm, not only a note: a token that is used twice may have been stolen.
		g.log.Warn("enrolment refused", "event", "enrolment_refused", "from", r.RemoteAddr, "name", in.Name, "reason", err)
		refuse(w, err)
		return
	}
	reply(w, http.StatusCreated, out)
}

func (g *Gateway) serveRenew(w http.ResponseWriter, r *http.Request) {
	var in tunnel.RenewRequest
	if err := g.read(w, r, &in); err != nil {
		refuse(w, err)
		return
	}
	out, err := g.Renew(r.Context(), in)
	if err != nil {
		g.log.Warn("renewal refused", "event", "renewal_refused", "from", r.RemoteAddr, "agent", in.Agent, "reason", err)
		refuse(w, err)
		return
	}
	reply(w, http.StatusOK, out)
}

// read decodes the request's JSON.
func (g *Gateway) read(w http.ResponseWriter, r *http.Request, v any) error {
	if !g.limit.Allow() {
		return &fault.Error{Op: "answer agent", Kind: fault.Throttled, Hint: "try again in a few seconds", RetryAfter: 5e9}
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	if err := d.Decode(v); err != nil {
		return fault.New(fault.Invalid, "read request", "it is not the JSON expected here")
	}
	return nil
}

func refuse(w http.ResponseWriter, err error) {
	if wait := fault.RetryAfterOf(err); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
	}
	reply(w, fault.KindOf(err).Door().Status, tunnel.ProblemOf(err))
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller hung up; there is nobody to tell
}
