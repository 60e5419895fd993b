package config_test

import (
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/config"
)

const sum = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"

func TestPlugins(t *testing.T) {
	rest := "\nconnectors:\n  - {name: M, kind: mem, objects: {User: {}}}\n"
	for name, tt := range map[string]struct{ text, want string }{
		"OK":             {"plugins:\n  - path: bin/odbc\n    sha256: " + sum + "\n    environment: {ODBCSYSINI: /etc/odbc, DEBUG: 1}", ""},
		"ErrNoPath":      {"plugins:\n  - sha256: " + sum, "host.yaml:2: a plugin has no path"},
		"ErrNoSum":       {"plugins:\n  - path: bin/odbc", "host.yaml:2: the plugin odbc has no checksum"},
		"ErrShortSum":    {"plugins:\n  - path: bin/odbc\n    sha256: abc", "host.yaml:3: the plugin odbc has no checksum"},
		"ErrTwice":       {"plugins:\n  - {path: a, sha256: " + sum + "}\n  - {path: a, sha256: " + sum + "}", "host.yaml:3: the plugin a is listed twice"},
		"ErrVariable":    {"plugins:\n  - path: a\n    sha256: " + sum + "\n    environment: {A-B: x}", `host.yaml:4: "A-B" is not the name of a variable`},
		"ErrStructure":   {"plugins:\n  - path: a\n    sha256: " + sum + "\n    environment: {A: {b: c}}", `the variable "A" is a structure`},
		"ErrUnknownKey":  {"plugins:\n  - path: a\n    sha: x", `unknown key "sha"`},
		"ErrNotAListYet": {"plugins:\n  path: a", "host.yaml:"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := config.Load(write(t, tt.text+rest))
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) || fault.HintOf(err) == "" {
					t.Fatalf("%v, want %s and a hint", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			p := c.Plugins[0]
			if !strings.HasSuffix(p.Path, "/bin/odbc") || p.Path[0] != '/' || p.SHA256 != sum || p.Environment["DEBUG"] != "1" {
				t.Errorf("%+v", p)
			}
			if err := c.InPlugin(p, fault.New(fault.Denied, "start", "no").WithHint("do")); !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), "host.yaml:2: start: no (do)") {
				t.Error(err)
			}
		})
	}
}
