package scimtest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/scim/scimtest"
	"github.com/sallyport-id/sallyport/scim/scimtest/mapstore"
)

// broken puts a handler between client and server that gets one thing wrong.
func broken(t *testing.T, wrong func(h http.Handler) http.Handler) string {
	t.Helper()
	rts := types(t)
	h := scimserver.New(scimserver.Config{Types: rts, Authenticate: scimserver.NewTokens(scimserver.Caller{}, token, "").Authenticate}, mapstore.New(rts...))
	srv := httptest.NewServer(wrong(h))
	t.Cleanup(srv.Close)
	return srv.URL
}

// rewrite changes the text of every answer.
func rewrite(old, with string) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			for k, v := range rec.Header() {
				if k != "Content-Length" {
					w.Header()[k] = v
				}
			}
			w.WriteHeader(rec.Code)
			_, _ = w.Write([]byte(strings.ReplaceAll(rec.Body.String(), old, with))) // a test server
		})
	}
}

func TestRunFindsDefects(t *testing.T) {
	for _, c := range []struct {
		name, check string
		wrong       func(http.Handler) http.Handler
	}{
		{"ErrStatusAsNumber", "auth-01", rewrite(`"status":"401"`, `"status":401`)},
		{"ErrPasswordReturned", "create-13", rewrite(`"userName":`, `"password":"x","userName":`)},
		{"ErrNullInSchemas", "discovery-06", rewrite(`"multiValued":`, `"x":null,"multiValued":`)},
		{"ErrNoTotal", "list-01", rewrite(`"totalResults"`, `"total"`)},
		{"ErrFilterIgnored", "filter-01", func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.URL.RawQuery = ""
				h.ServeHTTP(w, r)
			})
		}},
		{"ErrIfMatchIgnored", "etag-03", func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Del("If-Match")
				h.ServeHTTP(w, r)
			})
		}},
		{"ErrNoAuthentication", "auth-02", func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Set("Authorization", "Bearer "+token)
				h.ServeHTTP(w, r)
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := scimtest.Run(t.Context(), scimtest.Options{BaseURL: broken(t, c.wrong), Token: token, Only: regexp.MustCompile("^" + c.check + "$")})
			if r.Fatal != "" || len(r.Results) != 1 || r.Results[0].Verdict != scimtest.Failed || len(r.Results[0].Why) == 0 {
				t.Fatalf("%+v", r)
			}
			if r.OK() {
				t.Error("a failed run is OK")
			}
		})
	}
}

func TestRunErrNothingDecided(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	if r := scimtest.Run(t.Context(), scimtest.Options{BaseURL: srv.URL}); r.Fatal == "" || r.OK() {
		t.Fatalf("%+v", r)
	}
}

func TestRunLeavesNothingBehind(t *testing.T) {
	base := serve(t, nil)
	if r := scimtest.Run(t.Context(), scimtest.Options{BaseURL: base, Token: token}); !r.OK() {
		t.Fatalf("%+v", r.Fatal)
	}
	for _, path := range []string{"/Users", "/Groups"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path+"?count=5", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ TotalResults int }
		if err := json.NewDecoder(res.Body).Decode(&list); err != nil || list.TotalResults != 0 {
			t.Errorf("%s: %d left, %v", path, list.TotalResults, err)
		}
		_ = res.Body.Close()
	}
}

func TestReport(t *testing.T) {
	r := scimtest.Run(t.Context(), scimtest.Options{BaseURL: serve(t, nil), Token: token, Levels: []scimtest.Level{scimtest.May}})
	if len(r.Results) == 0 || slices.ContainsFunc(r.Results, func(x scimtest.Result) bool { return x.Level != scimtest.May }) {
		t.Fatalf("%+v", r.Results)
	}
	r.Results[0].Verdict, r.Results[0].Why = scimtest.Failed, []string{"seen <this>"}
	var text, doc bytes.Buffer
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "seen <this>") || !strings.Contains(text.String(), "1 failed") {
		t.Errorf("%v %s", err, text.String())
	}
	var back scimtest.Report
	if err := r.WriteJSON(&doc); err != nil || json.Unmarshal(doc.Bytes(), &back) != nil || back.Count(scimtest.May, scimtest.Failed) != 1 || back.OK() {
		t.Errorf("%v %s", err, doc.String())
	}
}

func TestChecksHaveStableNames(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range scimtest.Checks() {
		if seen[c.ID] || c.Title == "" || c.Source == "" || c.Level == "" {
			t.Errorf("%+v", c)
		}
		seen[c.ID] = true
	}
	if len(seen) < 150 {
		t.Errorf("%d checks", len(seen))
	}
}
