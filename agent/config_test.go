package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
)

func TestConfigIsReadStrictly(t *testing.T) {
	dir := t.TempDir()
	for f, content := range map[string]string{"proxy.txt": "secret\n"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "agent.yaml")
	good := "service: https://service.example\ndataDir: data\nproxy:\n  url: http://proxy:3128\n  user: me\n  passwordFile: proxy.txt\napplications:\n  hr:\n    url: https://localhost:8585/ecma2host_hr/scim\n"
	for name, c := range map[string]struct{ text, says string }{
		"OK":                   {good, ""},
		"ErrUnknownKey":        {strings.Replace(good, "dataDir", "datadir", 1), "agent.yaml:2"},
		"ErrUnknownKey in app": {good + "    uri: x\n", "agent.yaml:10"},
		"ErrSyntax":            {"service: [\n", "agent.yaml:"},
		"ErrType":              {good + "maxInFlight: many\n", "agent.yaml:10"},
		"ErrDuplicate":         {good + "  hr:\n    url: https://x/\n", "agent.yaml:10"},
		"ErrService":           {strings.Replace(good, "https://service", "http://service", 1), "agent.yaml:1"},
		"ErrNoData":            {strings.Replace(good, "dataDir: data\n", "", 1), "dataDir is missing"},
		"ErrProxyCredentials":  {strings.Replace(good, "http://proxy", "http://me:hunter2@proxy", 1), "agent.yaml:4"},
		"ErrProxyHalf":         {strings.Replace(good, "  user: me\n", "", 1), "go together"},
		"ErrProxyFile":         {strings.Replace(good, "proxy.txt", "none.txt", 1), "agent.yaml:6"},
		"ErrApplicationURL":    {strings.Replace(good, "https://localhost", "localhost", 1), "agent.yaml:9"},
		"ErrTooManyAtOnce":     {good + "maxInFlight: 100000\n", "agent.yaml:10"},
		"ErrPin":               {good + "    pinSHA256: abc\n", "pinSHA256"},
		"ErrMethod":            {good + "    methods: [TRACE]\n", "TRACE"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseConfig(path, []byte(c.text))
			if c.says == "" {
				if err != nil || got.DataDir != filepath.Join(dir, "data") || got.Applications["hr"].URL == "" {
					t.Fatalf("%+v %v", got, err)
				}
				return
			}
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
				t.Fatal(err)
			}
		})
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte("dataDir: x\napplications:\n  a: {url: 'https://h/'}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig("/x/agent.yaml", data)
		if err == nil && c.Validate() != nil {
			t.Fatal("what was read does not validate")
		}
	})
}
