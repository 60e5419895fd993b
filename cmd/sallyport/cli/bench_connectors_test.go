package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/test/targets"
)

// TestBenchOfConnectorsMeasures sees that both ways did the work; what came of it is a matter of the machine.
func TestBenchOfConnectorsMeasures(t *testing.T) {
	url := targets.Postgres(t).URL("")
	for _, name := range []string{"import", "export"} {
		code, out, errOut := tried(t, "bench", name, "--target", url, "--users", "700", "--rounds", "1", "--json")
		if code != ExitOK {
			t.Fatalf("%s: %d %s", name, code, errOut)
		}
		var got struct{ Figures []figure }
		if err := json.Unmarshal([]byte(out), &got); err != nil || len(got.Figures) != 2 {
			t.Fatalf("%s: %v in %s", name, err, out)
		}
		if f := got.Figures[1]; f.Users != 700 || f.PerSecond <= 0 || f.Ratio <= 0 || f.Kept == nil {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if code, _, errOut := tried(t, "bench", "import", "--target", "db2://x"); code != ExitInvalid || !strings.Contains(errOut, "postgres") {
		t.Errorf("%d %s", code, errOut)
	}
}

func TestSQLDeltaIsPrintedAndRunOnlyWhenAsked(t *testing.T) {
	dir := t.TempDir()
	url := "sqlite:" + filepath.Join(dir, "target.db")
	if err := gsql.Contoso(gsql.SQLite).Create(t.Context(), url, connector.Secret{}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "host.yaml")
	text := "connectors:\n  - name: HR\n    kind: gsql\n    settings: {url: '" + url + "', types: [User=Employees], anchors: [User=InternalGUID], delta: history}\n    objects: {User: {}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	mark := func() error {
		s, err := gsql.New().Open(t.Context(), connector.Config{Name: "x", Values: map[string]string{"url": url, "types": "User=Employees", "anchors": "User=InternalGUID", "delta": "history"}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, err = s.(connector.DeltaImporter).Mark(t.Context())
		return err
	}
	code, out, errOut := tried(t, "connector", "sql-delta", "HR", "--config", file)
	if code != ExitOK || !strings.Contains(out, "CREATE TRIGGER") || mark() == nil {
		t.Fatalf("printed: %d %s %s, mark: %v", code, out, errOut, mark())
	}
	if code, _, errOut := tried(t, "connector", "sql-delta", "HR", "--config", file, "--apply"); code != ExitOK || mark() != nil {
		t.Errorf("applied: %d %s, mark: %v", code, errOut, mark())
	}
	if code, _, errOut := tried(t, "connector", "sql-delta", "HR", "--config", file, "--apply", "--drop"); code != ExitOK || mark() == nil {
		t.Errorf("dropped: %d %s, mark: %v", code, errOut, mark())
	}
	if code, _, _ := tried(t, "connector", "sql-delta", "Nobody", "--config", file); code != ExitNotFound {
		t.Errorf("nobody: %d", code)
	}
}
