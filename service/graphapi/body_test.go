package graphapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// late is a body that does not come in time.
type late struct{}

func (late) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// TestBodiesThatAreNoFault: what a client sends too much of, or too late, is its own mistake: neither an error in the service's log, nor one
// of its own in the audit log.
func TestBodiesThatAreNoFault(t *testing.T) {
	h := newHouse(t)
	for _, tc := range []struct {
		body   io.Reader
		status int
		code   string
		result string
	}{
		{strings.NewReader(`{"displayName":"` + strings.Repeat("x", 4<<20) + `"}`), http.StatusRequestEntityTooLarge, "RequestTooLarge", "invalid"},
		{late{}, http.StatusRequestTimeout, "RequestTimeout", "timeout"},
	} {
		r := httptest.NewRequestWithContext(h.ctx, "PATCH", "/v1.0/users/"+userID, tc.body)
		r.Header.Set("Authorization", "Bearer "+h.admin)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.api.ServeHTTP(w, r)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), `"`+tc.code+`"`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		acts := h.acts()
		if last := acts[len(acts)-1]; last.Result != tc.result {
			t.Errorf("the audit log says %q: %s", last.Result, last.Reason)
		}
	}
	if text := h.logs.String(); strings.Contains(text, "request failed") {
		t.Errorf("the service's log: %s", text)
	}
}
