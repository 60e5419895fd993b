package node

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/test/compat/site"
)

// TestJavaScriptClient installs the client as its lock file says and runs every *.test.mjs of this folder against one running service.
func TestJavaScriptClient(t *testing.T) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, tool)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Minute)
	defer cancel()
	install(t, ctx)
	s, err := site.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id, secret, err := s.Client(ctx, "javascript", "admin", "")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no tests", err)
	}
	c := exec.CommandContext(ctx, "node", append([]string{"--test", "--test-reporter=spec"}, files...)...)
	c.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+s.CA, "SALLYPORT_URL="+s.URL, "SALLYPORT_CLIENT_ID="+id, "SALLYPORT_CLIENT_SECRET="+secret)
	said, err := c.CombinedOutput()
	t.Logf("%s", said)
	if err != nil {
		t.Errorf("node: %v\nthe service's log ends with:\n%s", err, s.Log())
	}
}

// install is npm ci, left out when the folder holds what the lock file names already.
func install(t *testing.T, ctx context.Context) {
	t.Helper()
	lock, err := os.Stat("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if there, err := os.Stat(filepath.Join("node_modules", ".package-lock.json")); err == nil && there.ModTime().After(lock.ModTime()) {
		return
	}
	if said, err := exec.CommandContext(ctx, "npm", "ci").CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, said)
	}
}

// missing ends the test: loudly, and as a failure where everything must run.
func missing(t *testing.T, tool string) {
	t.Helper()
	if os.Getenv("SALLYPORT_REQUIRE_TARGETS") != "" {
		t.Fatalf("%s is missing: 'make targets' installs it on Debian", tool)
	}
	t.Skipf("SKIPPED, NOT TESTED: %s is missing; 'make targets' installs it on Debian", tool)
}
