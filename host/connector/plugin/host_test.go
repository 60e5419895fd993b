package plugin

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/endpoint"
)

// TestHostReadsBackWhatAKilledPluginHadWritten kills the plugin after the commit and before its answer: the SCIM client is told that
// the person was created, and there is one such person.
func TestHostReadsBackWhatAKilledPluginHadWritten(t *testing.T) {
	d, said := load(t, "sql")
	values := people(t)
	var settings strings.Builder
	for name, v := range values {
		fmt.Fprintf(&settings, "      %s: %q\n", name, v)
	}
	file := filepath.Join(t.TempDir(), "host.yaml")
	text := "connectors:\n  - name: People\n    kind: gsql\n    settings:\n" + settings.String() + "    objects:\n      User: {match: [ContosoLogin], core: {userName: ContosoLogin, name.givenName: FirstName, name.familyName: LastName}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	hostLog := newRecord()
	h, err := endpoint.Open(cfg, map[string]connector.Driver{"gsql": d}, slog.New(slog.NewTextHandler(hostLog, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Work(ctx) }()
	defer func() {
		stop()
		<-ended
	}()
	if err := h.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() {
		said.await(t, "stuck after ")
		if p, err := d.live(); err == nil {
			_ = p.child.cmd.Process.Kill()
		}
	}()
	code, body := ask(t, h, http.MethodPost, "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada","name":{"givenName":"Ada","familyName":"Ek"}}`)
	if code != http.StatusCreated || !strings.Contains(body, `"ada"`) {
		t.Fatalf("%d %s\n%s", code, body, hostLog)
	}
	hostLog.await(t, "host.outcome.read")
	if code, body := ask(t, h, http.MethodGet, "/Users?filter=userName+eq+%22ada%22", ""); code != http.StatusOK || !strings.Contains(body, `"totalResults":1`) {
		t.Fatalf("%d %s", code, body)
	}
}

// ask sends a SCIM request to the connector People.
func ask(t *testing.T, h *endpoint.Host, method, path, body string) (int, string) {
	t.Helper()
	token, _ := h.Token("People")
	r := httptest.NewRequest(method, "/ecma2host_People/scim"+path, strings.NewReader(body)).WithContext(t.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/scim+json")
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	answer, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(answer)
}
