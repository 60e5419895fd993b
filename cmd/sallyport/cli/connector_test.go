package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tried runs a command line and returns its exit code and what it printed.
func tried(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Main(args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func memory(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "host.yaml")
	text := "connectors:\n  - name: M\n    kind: mem\n    settings: {users: 20, batch: 10}\n    objects: {User: {}, Group: {}}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConnectorCommands(t *testing.T) {
	config := memory(t)
	for name, tt := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"List":                {[]string{"list"}, ExitOK, []string{"gsql", "mem", "delta", "push"}},
		"Describe":            {[]string{"describe", "mem"}, ExitOK, []string{"Capabilities", "a population is flat", "users (default 0)"}},
		"ErrDescribeNobody":   {[]string{"describe", "men"}, ExitNotFound, []string{"there are: "}},
		"ErrNoSuchSample":     {[]string{"sample", "mem"}, ExitNotFound, []string{"has no samples"}},
		"TestShowsStages":     {[]string{"test", "M", "--config", config}, ExitOK, []string{"good     Open", "Schema", "User (28 attributes)"}},
		"ErrTestNobody":       {[]string{"test", "m", "--config", config}, ExitNotFound, []string{"case sensitive"}},
		"TestReads":           {[]string{"test", "M", "--config", config, "--kit"}, ExitOK, []string{"passed   import", "0 failed"}},
		"TestWrites":          {[]string{"test", "M", "--config", config, "--write", "--tier", "batch,export"}, ExitOK, []string{"BatchAnswersEachInOrder", "ObjectsFollowTheModel", "0 failed"}},
		"TestTakesSamples":    {[]string{"test", "M", "--config", config, "--write", "--tier", "export", "--sample", "userName=kit{n}@x.test"}, ExitOK, []string{"0 failed"}},
		"ErrNoSuchTier":       {[]string{"test", "M", "--config", config, "--kit", "--tier", "all"}, ExitUsage, []string{"the tiers are"}},
		"ErrNoSuchAttribute":  {[]string{"test", "M", "--config", config, "--write", "--sample", "x=y"}, ExitInvalid, []string{`no attribute "x"`}},
		"ErrNoSuchObjectType": {[]string{"test", "M", "--config", config, "--kit", "--object", "Printer"}, ExitNotFound, []string{"User, Group"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := tried(t, append([]string{"connector"}, tt.args...)...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d\n%s%s", code, tt.code, out, errOut)
			}
			for _, want := range tt.want {
				if !strings.Contains(out+errOut, want) {
					t.Errorf("%q is missing in\n%s%s", want, out, errOut)
				}
			}
		})
	}
	t.Run("JSON", func(t *testing.T) {
		_, out, _ := tried(t, "connector", "list", "--json")
		var lines []connectorLine
		if err := json.Unmarshal([]byte(out), &lines); err != nil || len(lines) < 2 {
			t.Errorf("%v\n%s", err, out)
		}
	})
}
