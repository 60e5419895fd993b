package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport-id/sallyport/fault"
)

// refusal is an error of the token endpoint: RFC 6749 §5.2 with the numbers that Azure's identity libraries look at.
type refusal struct {
	status int
	code   string // RFC 6749 error
	number int    // AADSTS number
	text   string
	wait   time.Duration // for 429
}

func (r *refusal) Error() string { return fmt.Sprintf("AADSTS%d: %s", r.number, r.text) }

func refuse(status int, code string, number int, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, number: number, text: fmt.Sprintf(format, args...)}
}

// The refusals that more than one place gives.
func badSecret() *refusal {
	return refuse(http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent is the client secret's value and not its id.")
}

func unknownClient(id string) *refusal {
	return refuse(http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '%s' was not found in the directory. Check the client id and the tenant.", clip(id))
}

func badAssertion(why string) *refusal {
	return refuse(http.StatusUnauthorized, "invalid_client", 700027, "Client assertion failed signature validation or is not acceptable: %s.", why)
}

// clip keeps what a stranger sent from filling the answer or a terminal.
func clip(s string) string {
	if len(s) > 64 {
		s = s[:64] + "…"
	}
	q := strconv.QuoteToASCII(s)
	return q[1 : len(q)-1]
}

type refusalBody struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
}

// answerRefusal writes an error; whatever is not a refusal is a failure of the service, noted in its log.
func (s *Server) answerRefusal(w http.ResponseWriter, r *http.Request, err error) {
	x, ok := errors.AsType[*refusal](err)
	if !ok {
		x = refuse(http.StatusServiceUnavailable, "temporarily_unavailable", 90033, "The service failed for a moment. Try again.")
		if fault.Is(err, fault.Internal) {
			s.Logger.Error("token request failed", "path", r.URL.Path, "error", err)
		}
	}
	now, trace := time.Now().UTC(), uuid.NewString()
	correlation := r.Header.Get("client-request-id")
	if _, err := uuid.Parse(correlation); err != nil {
		correlation = uuid.NewString()
	}
	if x.wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(x.wait.Seconds())+1))
	}
	if x.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="sallyport"`)
	}
	answer(w, x.status, refusalBody{
		Error: x.code, Codes: []int{x.number}, Timestamp: now.Format("2006-01-02 15:04:05Z"), TraceID: trace, CorrelationID: correlation,
		Description: fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s", x.Error(), trace, correlation, now.Format("2006-01-02 15:04:05Z")),
	})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client has gone; there is nobody to tell
}
