package endpoint_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/host/connector/mem"
	"github.com/sallyport-id/sallyport/scim/scimtest"
	"github.com/sallyport-id/sallyport/test/targets"
)

// TestConformance runs the whole suite against the endpoint as clients meet it, over TLS, on each kind of target that has room for
// all of SCIM.
func TestConformance(t *testing.T) {
	t.Run("Mem", func(t *testing.T) { conforms(t, "mem", mem.New(), map[string]string{"users": "30", "groups": "2"}) })
	t.Run("SQLite", func(t *testing.T) { conformsSQL(t, "sqlite:"+filepath.Join(t.TempDir(), "target.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { conformsSQL(t, targets.Postgres(t).URL("")) })
}

func conformsSQL(t *testing.T, url string) {
	demo := gsql.FullSCIM(gsql.DialectOf(url))
	if err := demo.Create(t.Context(), url, connector.Secret{}); err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{"url": url}
	for name, value := range demo.Settings {
		settings[name] = value
	}
	conforms(t, "gsql", gsql.New(), settings)
}

func conforms(t *testing.T, kind string, d connector.Driver, settings map[string]string) {
	var text strings.Builder
	fmt.Fprintf(&text, "listen: 127.0.0.1:0\nconnectors:\n  - name: Try\n    kind: %s\n    secretTokenFile: token\n    settings:\n", kind)
	for name, value := range settings {
		fmt.Fprintf(&text, "      %s: %q\n", name, value)
	}
	text.WriteString("    objects: {User: {}, Group: {}}\n    deprovision: {disable: none, delete: delete}\n    deleteBudget: {count: -1}\n")
	h := listening(t, load(t, t.TempDir(), text.String()), map[string]connector.Driver{kind: d})
	ready(t, h)
	client := &http.Client{Transport: trusting(t, h), Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	scimtest.SuiteWith(t, scimtest.Options{BaseURL: h.URL("Try"), Token: token, Client: client})
}
