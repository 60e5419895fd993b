package gsql

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	hostconfig "github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/connectortest"
	"github.com/sallyport-id/sallyport/test/targets"
)

// sampled is a sample of the driver, set up in a database of its own.
type sampled struct {
	connector.Sample
	owner connector.Config // as the owner of the tables
	least connector.Config // as the account with the least privileges
}

// sampleIn writes the sample's files for a database, and reads them as the host does.
func sampleIn(t *testing.T, name, url string) sampled {
	t.Helper()
	all := Driver{}.Samples()
	s := all[slices.IndexFunc(all, func(s connector.Sample) bool { return s.Name == name })]
	dir := t.TempDir()
	was := s.Config[strings.Index(s.Config, "url: "):]
	was, _, _ = strings.Cut(was, "\n")
	text := strings.Replace(s.Config, was, "url: "+url, 1)
	for file, content := range map[string]string{"host.yaml": text, "hr.password": "change me"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := hostconfig.Load(filepath.Join(dir, "host.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	drivers := map[string]connector.Driver{"gsql": New()}
	if err := cfg.Validate(drivers); err != nil {
		t.Fatal(err)
	}
	x, _ := cfg.Connector("HR")
	out := sampled{Sample: s}
	if out.owner, err = cfg.Open(x, New()); err != nil {
		t.Fatal(err)
	}
	out.least = out.owner
	if name == "sqlite" {
		return out // has no accounts
	}
	out.owner.Secrets = nil
	out.least.Values = maps.Clone(out.owner.Values)
	out.least.Values["user"] = "sallyport"
	return out
}

// ownerRuns runs a script of the sample as the owner.
func (s sampled) ownerRuns(t *testing.T, script string) {
	t.Helper()
	l, err := parseLayout(s.owner)
	if err != nil {
		t.Fatal(err)
	}
	by := &session{layout: l}
	defer by.Close()
	for _, text := range flavorOf(by.grammar().facts().name).split(script) {
		err := by.write(t.Context(), "set up", func(ctx context.Context, c conn) error {
			_, err := c.exec(ctx, query{text: text, ready: true})
			return err
		})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

func (s sampled) prepare(t *testing.T) {
	t.Helper()
	s.ownerRuns(t, s.Setup)
	if s.owner.Values["delta"] == deltaHistory {
		script, err := DeltaScript(t.Context(), s.owner, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := RunScript(t.Context(), s.owner, script); err != nil {
			t.Fatal(err)
		}
	}
	if s.Name == "sqlite" {
		s.shellRuns(t)
		return
	}
	s.ownerRuns(t, s.Privileges)
}

// shellRuns runs the script of privileges for the file of the test, and for the account of the test.
func (s sampled) shellRuns(t *testing.T) {
	t.Helper()
	file := strings.TrimPrefix(s.owner.Values["url"], "sqlite:")
	script := strings.NewReplacer("/var/lib/hr/hr.db", file, "/var/lib/hr", filepath.Dir(file), "chown sallyport", "chown "+strconv.Itoa(os.Getuid())).Replace(s.Privileges)
	if out, err := exec.CommandContext(t.Context(), "sh", "-euc", script).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v %s", script, err, out)
	}
	if i, err := os.Stat(file); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", i.Mode(), err)
	}
}

// emptyFile gives a SQLite sample its file in a folder of its own: the connector never makes one.
func emptyFile(t *testing.T) string {
	file := filepath.Join(t.TempDir(), "hr.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + file
}

// samplesIn are the samples that can be run, and where.
var samplesIn = map[string]func(t *testing.T) string{
	"postgres":   func(t *testing.T) string { return targets.PostgresAlone(t, "fsync=off").URL("") },
	"statements": func(t *testing.T) string { return targets.PostgresAlone(t, "fsync=off").URL("") },
	"sqlite":     emptyFile,
	"mariadb":    func(t *testing.T) string { return targets.MariaDB(t).URL("") },
}

// TestSamplesWorkWithExactlyTheirPrivileges runs the kit (a part of it in the quick form) on each sample as the account that its script makes, and sees that none of
// the rights in it is too much.
func TestSamplesWorkWithExactlyTheirPrivileges(t *testing.T) {
	for name, url := range samplesIn {
		t.Run(name, func(t *testing.T) {
			s := sampleIn(t, name, url(t))
			s.prepare(t)
			h := connectortest.Harness{
				Open: func(ctx context.Context) (connector.Session, error) { return New().Open(ctx, s.least) },
				Type: entry.User,
				Sample: func(n int) entry.Attrs {
					return entry.Attrs{"login": {fmt.Sprint("login", n)}, "name": {fmt.Sprint("Name ", n)}}
				},
				Required: "name", Unique: "login", Scale: 20,
			}
			if name != "statements" {
				h.When, h.Many, h.Manager = "hired", "phones", "boss"
				h.Group, h.Members = entry.Group, "members"
				h.GroupSample = func(n int) entry.Attrs { return entry.Attrs{"title": {fmt.Sprint("Team ", n)}} }
			} else {
				h.Excuses = map[string]string{"SchemaDescribesWhatIsWritten": "a statement's result does not say what is required or unique"}
			}
			connectortest.Run(t, brief(h))
		})
	}
}

func TestPrivilegesAreTheLeast(t *testing.T) {
	s := sampleIn(t, "postgres", targets.PostgresAlone(t, "fsync=off").URL(""))
	s.prepare(t)
	for _, c := range []struct{ revoke, grant, says string }{
		{`REVOKE INSERT ON people FROM sallyport`, `GRANT INSERT ON people TO sallyport`, "INSERT"},
		{`REVOKE DELETE ON phones FROM sallyport`, `GRANT DELETE ON phones TO sallyport`, "DELETE"},
		{`REVOKE UPDATE ON teams FROM sallyport`, `GRANT UPDATE ON teams TO sallyport`, "UPDATE"},
	} {
		s.ownerRuns(t, c.revoke)
		err := opened(t, s.least).Test(t.Context())
		if !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: the test says %v", c.revoke, err)
		}
		s.ownerRuns(t, c.grant)
	}
	s.ownerRuns(t, `REVOKE SELECT ON "sallyport_User" FROM sallyport`)
	if _, err := opened(t, s.least).Mark(t.Context()); !fault.Is(err, fault.Denied) {
		t.Errorf("without SELECT on the history Mark says %v", err)
	}
}
