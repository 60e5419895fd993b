package targets

import (
	"os"
	"os/exec"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
)

// RequireEnv names the environment variable that turns a missing server from a skip into a failure.
const RequireEnv = "SALLYPORT_REQUIRE_TARGETS"

// missing is the fault of a server that is not installed.
func missing(server, pkg string) *fault.Error {
	return fault.New(fault.Unsupported, "start", "%s is not installed", server).
		WithHint("install the Debian package %s", pkg)
}

// skipOrFail ends the test: a missing server skips it loudly unless servers are required, anything else fails it.
func skipOrFail(t testing.TB, err error) {
	t.Helper()
	if fault.Is(err, fault.Unsupported) && os.Getenv(RequireEnv) != "1" {
		t.Skipf("SKIPPED, NOT PASSED: %v", err)
	}
	t.Fatal(err)
}

// find returns the path of a program, looking beyond PATH into the folders of system programs.
func find(name string) (string, bool) {
	for _, p := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name, "/sbin/" + name} {
		if path, err := exec.LookPath(p); err == nil {
			return path, true
		}
	}
	return "", false
}
