package cli

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const appTail = `name: Contoso
objects:
  - source: User
    match: [{precedence: 1, target: userName}]
    mappings: [{target: userName, source: userPrincipalName}]
`

// Every mistake is told with file, line, what is wrong and what to do, once.
func TestValidateTellsMistakes(t *testing.T) {
	t.Setenv("NO_PROXY", "*")
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are the matter here
	tls.StartTLS()
	defer tls.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	plain := "http://" + strings.TrimPrefix(tls.URL, "https://")
	files := map[string]string{
		"secret": "s3cret-s3cret", "empty": "\n", "text.pem": "no certificate"}
	app := func(target string) string { return "id: contoso\ntarget:\n  " + target + "\n" + appTail }
	agent := func(lines string) string {
		return "dataDir: d\napplications:\n  hr:\n    allowLoopback: true\n    " + lines + "\n"
	}
	for name, c := range map[string]struct {
		text    string
		offline bool
		want    []string
	}{
		"a tab":                  {"connectors:\n\t- name: x\n", true, []string{"x.yaml:2:", "spaces"}},
		"a key twice":            {"id: a\nid: b\nobjects: []\n", true, []string{"x.yaml:2:", "keep only one"}},
		"an open quote":          {"id: a\nname: \"b\nobjects: []\n", true, []string{"x.yaml:2", "quotes"}},
		"an empty secret":        {app("url: https://h/scim\n  secretFile: empty"), true, []string{"x.yaml:4:", "is empty", "alone into the file"}},
		"no secret file":         {app("url: https://h/scim\n  secretFile: no.secret"), true, []string{"x.yaml:4:", "no.secret", "relative to the application file"}},
		"no CA of the target":    {app("url: https://h/scim\n  secretFile: secret\n  caFile: no.pem"), true, []string{"x.yaml:5:", "no.pem"}},
		"a CA that is none":      {app("url: https://h/scim\n  secretFile: secret\n  caFile: text.pem"), true, []string{"x.yaml:5:", "no PEM certificate", "BEGIN CERTIFICATE"}},
		"a target that is gone":  {app("secretFile: secret\n  url: " + gone.URL), false, []string{"x.yaml:4:", "refused", "check that the application runs"}},
		"an agent's unknown key": {"dataDir: d\nservise: https://x\napplications: {}\n", true, []string{"x.yaml:2:", `did you mean "service"?`}},
		"an agent's strange key": {"dataDir: d\nentirelyElse: 1\napplications: {}\n", true, []string{"x.yaml:2:", "maxInFlight"}},
		"no proxy password":      {"dataDir: d\nproxy: {url: 'http://p:1', user: u, passwordFile: no}\napplications: {}\n", true, []string{"x.yaml:2:", "password cannot be read", "put the proxy's password"}},
		"an agent's missing CA":  {agent("url: " + tls.URL + "\n    caFile: no.pem"), true, []string{"x.yaml:4:", "caFile cannot be read", "name a PEM file"}},
		"an untrusted endpoint":  {agent("url: " + tls.URL), false, []string{"x.yaml:5:", "unknown authority", "is not trusted"}},
		"an endpoint gone":       {agent("url: " + gone.URL), false, []string{"x.yaml:5:", "refused", "check that the application runs"}},
		"http for https":         {agent("url: " + plain), false, []string{"x.yaml:5:", "write https://"}},
		"https for http":         {agent("url: https://" + strings.TrimPrefix(plainServer(t), "http://")), false, []string{"x.yaml:5:", "use http://"}},
		"a password in the URL": {"connectors:\n  - name: a\n    kind: gsql\n    settings: {url: 'postgres://u:p@h/d', types: [User=T]}\n    objects: {User: {}}\n",
			false, []string{"x.yaml:4:", "passwordFile"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"validate", put(t, files, map[string]string{"x.yaml": c.text})[0]}
			if c.offline {
				args = append(args, "--offline")
			}
			out := refused(t, args)
			for _, want := range c.want {
				if strings.Count(out, want) != 1 {
					t.Errorf("want %q once in: %s", want, out)
				}
			}
		})
	}
}

func TestValidateRefusesOneIDTwice(t *testing.T) {
	text := "target: {url: 'https://h/scim', secretFile: secret}\nid: contoso\n" + appTail
	paths := put(t, map[string]string{"secret": "s3cret-s3cret"}, map[string]string{"a.yaml": text, "b.yaml": text})
	out := refused(t, append([]string{"validate", "--offline"}, paths...))
	if !strings.Contains(out, "a.yaml: good") || !strings.Contains(out, "b.yaml:2: the id \"contoso\" is also in "+paths[0]+":2") {
		t.Error(out)
	}
}

// A mapping may name a column of the host's by whatever name that has.
func TestValidateTakesAnyColumn(t *testing.T) {
	text := "id: odd\nname: Odd\ntarget: {url: 'https://h/scim', secretFile: secret}\nobjects:\n  - source: User\n    match: [{precedence: 1, target: 'EXT:x[1]'}]\n    mappings:\n"
	for column, source := range map[string]string{"x[1]": "mail", `we"ird`: "surname", "Tëxt 名": "givenName", "a.b": "jobTitle", "open[": "department"} {
		text += "      - {target: 'EXT:" + column + "', source: " + source + "}\n"
	}
	text = strings.ReplaceAll(text, "EXT", "urn:ietf:params:scim:schemas:extension:ECMA2Host:2.0:User")
	paths := put(t, map[string]string{"secret": "s3cret-s3cret"}, map[string]string{"x.yaml": text})
	var out bytes.Buffer
	if code := Main([]string{"validate", "--offline", paths[0]}, nil, &out, &out); code != ExitOK {
		t.Error(out.String())
	}
}

func plainServer(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return s.URL
}

// put writes files into one folder and returns the paths of those in main, in order of their names.
func put(t *testing.T, beside, main map[string]string) []string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, text := range beside {
		write(name, text)
	}
	var paths []string
	for _, name := range []string{"a.yaml", "b.yaml", "x.yaml"} {
		if text, ok := main[name]; ok {
			paths = append(paths, write(name, text))
		}
	}
	return paths
}

// refused runs the command line, which must call its files invalid or unreachable, and returns what it printed.
func refused(t *testing.T, args []string) string {
	t.Helper()
	var out bytes.Buffer
	if code := Main(args, nil, &out, &out); code != ExitInvalid && code != ExitUnavailable {
		t.Fatalf("exit code %d: %s", code, out.String())
	}
	return out.String()
}
