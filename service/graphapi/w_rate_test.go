package graphapi_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/sallyport-id/sallyport/service/graphapi"
)

// TestW36OneCallerTooOften: who asks more than its share is told when to come again, and nobody else is.
func TestW36OneCallerTooOften(t *testing.T) {
	w := newWorld(t)
	c := w.api.Config
	c.Rate = 1
	slow := graphapi.New(c)
	ask := func(credential string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://x.example/v1.0/organization", nil)
		r.Header.Set("Authorization", "Bearer "+credential)
		slow.ServeHTTP(rec, r)
		return rec
	}
	for n := range 100 {
		rec := ask(w.admin)
		if rec.Code == http.StatusOK {
			continue
		}
		wait, err := strconv.Atoi(rec.Header().Get("Retry-After"))
		if rec.Code != http.StatusTooManyRequests || n < 2 || err != nil || wait < 1 {
			t.Errorf("after %d: %d %v", n, rec.Code, rec.Header())
		}
		if other := ask(w.reader); other.Code != http.StatusOK {
			t.Errorf("another caller pays for it: %d", other.Code)
		}
		return
	}
	t.Error("a hundred requests at once were all answered")
}
