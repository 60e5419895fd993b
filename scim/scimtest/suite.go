package scimtest

import (
	"net/http"
	"testing"
)

// Suite runs every check against an endpoint as subtests, named by area and check. client may be nil.
func Suite(t *testing.T, base, token string, client *http.Client) {
	t.Helper()
	SuiteWith(t, Options{BaseURL: base, Token: token, Client: client})
}

// SuiteWith is Suite with all options.
func SuiteWith(t *testing.T, o Options) {
	t.Helper()
	r := Run(t.Context(), o)
	if r.Fatal != "" {
		t.Fatal(r.Fatal)
	}
	for _, res := range r.Results {
		t.Run(res.ID, func(t *testing.T) {
			switch res.Verdict {
			case Failed:
				t.Errorf("%s %s (%s): %q", res.Level, res.Title, res.Source, res.Why)
			case Skipped:
				t.Skip(res.Why)
			}
		})
	}
}
