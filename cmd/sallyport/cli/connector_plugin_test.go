package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/mem"
	"github.com/sallyport-id/sallyport/host/connector/plugin"
	"github.com/sallyport-id/sallyport/host/connector/plugin/serve"
	pluginwire "github.com/sallyport-id/sallyport/host/connector/plugin/wire"
)

// elsewhere is memory under another name, which this test binary serves when it is started as a plugin.
type elsewhere struct{ *mem.Driver }

func (elsewhere) Name() string { return "elsewhere" }

func (elsewhere) Samples() []connector.Sample {
	return []connector.Sample{{Name: "people", For: "people", Config: "# from the plugin", Setup: "# nothing"}}
}

// servePluginIfAsked makes this test binary a plugin when a host started it as one.
func servePluginIfAsked() {
	if h := pluginwire.Handshake(); os.Getenv(h.MagicCookieKey) == h.MagicCookieValue {
		serve.Main(elsewhere{mem.New()})
		os.Exit(0)
	}
}

// pluginHost writes a host's configuration with this test binary as a plugin.
func pluginHost(t *testing.T, sum, settings string) (program, file string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if sum == "" {
		if sum, err = plugin.Checksum(program); err != nil {
			t.Fatal(err)
		}
	}
	file = filepath.Join(t.TempDir(), "host.yaml")
	text := fmt.Sprintf("plugins:\n  - path: %s\n    sha256: %s\nconnectors:\n  - name: M\n    kind: elsewhere\n    settings: {%s}\n    objects: {User: {}, Group: {}}\n", program, sum, settings)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return program, file
}

func TestConnectorsInPlugins(t *testing.T) {
	program, file := pluginHost(t, "", "users: 20, batch: 10")
	_, changed := pluginHost(t, strings.Repeat("f", 64), "")
	_, misspelt := pluginHost(t, "", "user: 20")
	for name, tt := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"List":                   {[]string{"connector", "list", "--plugin", program}, ExitOK, []string{"elsewhere import, export", "gsql"}},
		"Describe":               {[]string{"connector", "describe", "elsewhere", "--plugin", program}, ExitOK, []string{"users (default 0)", "a population is flat", "Samples: people"}},
		"Sample":                 {[]string{"connector", "sample", "elsewhere", "--plugin", program}, ExitOK, []string{"# from the plugin"}},
		"ErrNoProgram":           {[]string{"connector", "list", "--plugin", file + ".none"}, ExitInvalid, []string{"no such file"}},
		"TestShowsStages":        {[]string{"connector", "test", "M", "--config", file}, ExitOK, []string{"good     Start the plugin", "good     Open", "User (28 attributes)"}},
		"TestWrites":             {[]string{"connector", "test", "M", "--config", file, "--write", "--tier", "batch,export"}, ExitOK, []string{"BatchAnswersEachInOrder", "0 failed"}},
		"Validate":               {[]string{"validate", file}, ExitOK, nil},
		"ErrValidateOtherSum":    {[]string{"validate", "--offline", changed}, ExitDenied, []string{"host.yaml:2: ", "not the one that is configured"}},
		"ErrValidateUnknownName": {[]string{"validate", "--offline", misspelt}, ExitInvalid, []string{"host.yaml:7: ", `did you mean "users"`}},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := tried(t, tt.args...)
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
}
