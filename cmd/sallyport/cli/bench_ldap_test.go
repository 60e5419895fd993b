package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/test/targets"
)

// TestBenchOfLDAPMeasures sees that both ways did the work; what came of it is a matter of the machine. SALLYPORT_BENCH_USERS gives it
// more to do, and -v shows the figures.
func TestBenchOfLDAPMeasures(t *testing.T) {
	l := targets.OpenLDAPAlone(t, targets.Slapd{NoLog: true, NoSync: true})
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(l.Password), 0o600); err != nil {
		t.Fatal(err)
	}
	target := l.URL + "/" + l.Suffix + "????bindname=" + strings.ReplaceAll(l.Service, ",", "%2c") + ",x-passwordfile=" + file
	users, rounds := "700", "1"
	if n := os.Getenv("SALLYPORT_BENCH_USERS"); n != "" {
		users, rounds = n, "5"
	}
	names := []string{"export"}
	if _, err := exec.LookPath("ldapsearch"); err == nil {
		names = append(names, "import")
	} else if os.Getenv(targets.RequireEnv) == "1" {
		t.Fatal(err)
	}
	for _, name := range names {
		many := users
		if name == "export" && rounds == "5" {
			many = "10000"
		}
		code, out, errOut := tried(t, "bench", name, "--target", target, "--users", many, "--rounds", rounds, "--json")
		if code != ExitOK {
			t.Fatalf("%s: %d %s", name, code, errOut)
		}
		var got struct{ Figures []figure }
		if err := json.Unmarshal([]byte(out), &got); err != nil || len(got.Figures) != 2 {
			t.Fatalf("%s: %v in %s", name, err, out)
		}
		if f := got.Figures[1]; f.Users == 0 || f.PerSecond <= 0 || f.Ratio <= 0 || f.Kept == nil {
			t.Errorf("%s: %+v", name, f)
		}
		t.Log(name, out)
	}
}

func TestBenchLDAPTargetIsExplained(t *testing.T) {
	for _, target := range []string{"ldap://host", "ldap://host/dc=x", "ldap://host/dc=x????bindname=cn=a", "ldap://host/dc=x????bindname=cn=a,x-passwordfile=/no/such/file"} {
		if code, _, errOut := tried(t, "bench", "import", "--target", target); code != ExitInvalid || !strings.Contains(errOut, "x-passwordfile=") {
			t.Errorf("%s: %d %s", target, code, errOut)
		}
	}
}
