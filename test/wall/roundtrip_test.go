package wall

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	s := startService(t, nil)
	app := application(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/scim+json")
		w.Header().Set("Set-Cookie", "must=not-travel")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization")+" "+string(body))
	})
	s.startAgent("site", "one", app)
	s.present(1)
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "https://elsewhere.example/Users?x=%2F1", strings.NewReader(`{"a":"é"}`))
	req.Header.Set("Authorization", "Bearer s")
	resp, err := s.client("site").Do(req)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	if want := `POST /scim/Users?x=%2F1 Bearer s {"a":"é"}`; string(body) != want || resp.StatusCode != 201 {
		t.Fatalf("got %d %q, want %q", resp.StatusCode, body, want)
	}
	if resp.Header.Get("Set-Cookie") != "" || resp.Header.Get("Content-Type") != "application/scim+json" {
		t.Fatalf("headers %v", resp.Header)
	}
}

// TestLargeBodiesStream sends 20 MB there and back.
func TestLargeBodiesStream(t *testing.T) {
	s := startService(t, nil)
	s.startAgent("site", "one", application(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	s.present(1)
	want := strings.Repeat("0123456789abcdef\x00é\n", 1_000_000)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://hr/Bulk", strings.NewReader(want))
	must(t, err)
	resp, err := s.client("site").Do(req)
	must(t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || string(got) != want {
		t.Fatalf("%d of %d bytes, %v", len(got), len(want), err)
	}
}
