package cli

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/internal/tlsx"
	"github.com/sallyport-id/sallyport/service/identity/identitytest"
)

// desk is a person at the command line of a running service.
type desk struct {
	*testing.T
	service *wire.Service
	dir     string
}

func newDesk(t *testing.T, signIn wire.SignIn) *desk {
	t.Helper()
	dir := t.TempDir()
	s, err := wire.StartService(t.Context(), wire.ServiceConfig{
		Data: filepath.Join(dir, "service"), Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler), SignIn: signIn,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &desk{t, s, dir}
}

// file is a path in the person's folder.
func (d *desk) file(name string) string { return filepath.Join(d.dir, name) }

// run runs a command with a profile and returns exit code, output, and errors.
func (d *desk) run(profile, in string, args ...string) (int, string, string) {
	var out, errOut bytes.Buffer
	code := Main(append(args, "--profile", d.file(profile)), strings.NewReader(in), &out, &errOut)
	return code, out.String(), errOut.String()
}

// ok is run as the administrator; it must succeed.
func (d *desk) ok(args ...string) string {
	d.Helper()
	code, out, errOut := d.run("admin.json", "", args...)
	if code != ExitOK {
		d.Fatalf("%v: %d %s %s", args, code, out, errOut)
	}
	return out
}

// login signs in with a bearer secret.
func (d *desk) login(profile, secret string) {
	d.Helper()
	if code, out, errOut := d.run(profile, secret+"\n", "login", "--service", d.service.URL, "--ca", d.service.CertFile); code != ExitOK {
		d.Fatalf("%d %s %s", code, out, errOut)
	}
}

func TestAccessCommands(t *testing.T) {
	d := newDesk(t, wire.SignIn{})
	d.login("admin.json", d.service.AdminSecret)
	if out := d.ok("whoami"); !strings.Contains(out, "administrator (token:administrator) in tenant default: admin.") {
		t.Errorf("whoami %q", out)
	}
	d.ok("access", "client", "add", "pipeline", "--role", "User.ReadWrite.All", "--out", d.file("pipeline.secret"))
	var cs []clientRow
	if err := json.Unmarshal([]byte(d.ok("access", "client", "list", "--output", "json")), &cs); err != nil || len(cs) != 1 {
		t.Fatalf("%v, %v", cs, err)
	}
	login := []string{"login", "--service", d.service.URL, "--ca", d.service.CertFile, "--client-id", cs[0].ID, "--client-secret-file", d.file("pipeline.secret")}
	if code, out, errOut := d.run("client.json", "", login...); code != ExitOK || !strings.Contains(out, "You are pipeline (User.ReadWrite.All)") {
		t.Fatalf("%d %s %s", code, out, errOut)
	}
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"users", "create", "ann@contoso.example", "displayName=Ann Lee", "department=Sales"}, ExitOK, "created"},
		{[]string{"users", "list"}, ExitOK, "ann@contoso.example  Ann Lee  Sales"},
		{[]string{"groups", "create", "Staff"}, ExitOK, "created"},
		{[]string{"apps", "list"}, ExitDenied, ""},
		{[]string{"access", "list"}, ExitDenied, ""},
		{[]string{"users", "list", "--output", "xml"}, ExitUsage, ""},
	} {
		code, out, errOut := d.run("client.json", "", tc.args...)
		if code != tc.code || !strings.Contains(out, tc.says) {
			t.Errorf("%v: %d %s %s", tc.args, code, out, errOut)
		}
	}
	d.ok("access", "client", "rotate", "pipeline", "--out", d.file("pipeline.secret"))
	d.ok("access", "client", "rotate", "pipeline", "--end-old")
	if out := d.ok("access", "client", "show", "pipeline"); strings.Count(out, "secret ") != 1 {
		t.Errorf("show %s", out)
	}
	d.ok("access", "grant", "client:"+cs[0].ID, "reader")
	if code, _, errOut := d.run("client.json", "", "apps", "list"); code != ExitOK {
		t.Errorf("after the grant: %d %s", code, errOut)
	}
	d.ok("access", "revoke", "client:"+cs[0].ID, "reader")
	if out := d.ok("access", "list"); !strings.Contains(out, "pipeline") || strings.Contains(out, " reader") {
		t.Errorf("list %s", out)
	}
	if code, _, _ := d.run("client.json", "", "logout"); code != ExitOK {
		t.Errorf("logout: %d", code)
	}
	if code, _, _ := d.run("client.json", "", "whoami"); code != ExitDenied {
		t.Errorf("whoami after logout: %d", code)
	}
	d.ok("access", "client", "delete", "pipeline")
	if code, _, errOut := d.run("client.json", "", login...); code != ExitDenied || !strings.Contains(errOut, "AADSTS700016") || strings.Contains(errOut, "Trace ID") {
		t.Errorf("a client that is gone: %d %s", code, errOut)
	}
}

func TestProfilesOfClientsRenewTheirToken(t *testing.T) {
	d := newDesk(t, wire.SignIn{})
	d.login("admin.json", d.service.AdminSecret)
	d.ok("access", "client", "add", "pipeline", "--role", "reader", "--out", d.file("pipeline.secret"))
	var cs []clientRow
	if err := json.Unmarshal([]byte(d.ok("access", "client", "list", "--json")), &cs); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := d.run("client.json", "", "login", "--service", d.service.URL, "--ca", d.service.CertFile, "--client-id", cs[0].ID, "--client-secret-file", d.file("pipeline.secret")); code != ExitOK {
		t.Fatal(errOut)
	}
	text, err := os.ReadFile(d.file("client.json"))
	if err != nil {
		t.Fatal(err)
	}
	var p map[string]any
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	p["token"], p["expires"] = "a.b.c", "2020-01-01T00:00:00Z"
	if text, err = json.Marshal(p); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.file("client.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errOut := d.run("client.json", "", "whoami"); code != ExitOK || !strings.Contains(out, "pipeline") {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	if info, err := os.Stat(d.file("client.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("profile %v, %v", info, err)
	}
}

func TestAdministratorsSecretIsReplaced(t *testing.T) {
	d := newDesk(t, wire.SignIn{})
	d.login("admin.json", d.service.AdminSecret)
	d.login("old.json", d.service.AdminSecret)
	d.ok("access", "admin", "rotate", "--keep")
	d.ok("whoami")
	if code, _, _ := d.run("old.json", "", "whoami"); code != ExitDenied {
		t.Errorf("the first secret still works: %d", code)
	}
	secret := strings.TrimSpace(d.ok("access", "admin", "rotate"))
	if code, _, _ := d.run("admin.json", "", "whoami"); code != ExitDenied {
		t.Errorf("the second secret still works: %d", code)
	}
	d.login("admin.json", secret)
	if code, _, errOut := d.run("admin.json", "", "access", "token", "revoke", "administrator"); code != ExitInvalid || !strings.Contains(errOut, "last administrator") {
		t.Errorf("%d %s", code, errOut)
	}
	d.ok("access", "token", "add", "ci", "--role", "operator", "--out", d.file("ci.token"))
	d.ok("access", "token", "rotate", "ci", "--out", d.file("ci.token"))
	if code, out, _ := d.run("ci.json", "", "whoami", "--service", d.service.URL, "--ca", d.service.CertFile, "--token-file", d.file("ci.token")); code != ExitOK || !strings.Contains(out, "operator") {
		t.Errorf("%d %s", code, out)
	}
	d.ok("access", "token", "revoke", "ci")
}

func TestAuditCommands(t *testing.T) {
	d := newDesk(t, wire.SignIn{})
	d.login("admin.json", d.service.AdminSecret)
	d.ok("users", "create", "ann@contoso.example")
	d.ok("audit", "export", "--out", d.file("older.jsonl"))
	d.ok("users", "set", "ann@contoso.example", "department=Sales")
	if out := d.ok("audit", "list", "--changes"); !strings.Contains(out, "success") || !strings.Contains(out, `after  {"department":"Sales"}`) {
		t.Errorf("list %s", out)
	}
	key := strings.TrimSpace(d.ok("audit", "key"))
	d.ok("audit", "export", "--out", d.file("audit.jsonl"))
	verify := func(args ...string) (int, string, string) {
		var out, errOut bytes.Buffer
		code := Main(append([]string{"audit", "verify"}, args...), strings.NewReader(""), &out, &errOut)
		return code, out.String(), errOut.String()
	}
	if code, out, errOut := verify(d.file("audit.jsonl"), "--key", key, "--older", d.file("older.jsonl")); code != ExitOK || !strings.Contains(out, "Genuine: 2 entries") {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	if code, out, _ := verify(d.file("audit.jsonl")); code != ExitOK || !strings.Contains(out, key) {
		t.Errorf("%d %s", code, out)
	}
	text, err := os.ReadFile(d.file("audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.file("forged.jsonl"), bytes.Replace(text, []byte("Sales"), []byte("Board"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := verify(d.file("forged.jsonl"), "--key", key); code != ExitConflict || !strings.Contains(errOut, "was edited") {
		t.Errorf("%d %s", code, errOut)
	}
	if code, _, _ := verify(d.file("older.jsonl"), "--older", d.file("audit.jsonl")); code != ExitConflict {
		t.Errorf("the older export after the newer: %d", code)
	}
	if code, _, _ := verify(d.file("none.jsonl")); code != ExitInvalid {
		t.Errorf("no file: %d", code)
	}
}

func TestSignInIsToldWhenThereIsNoProvider(t *testing.T) {
	d := newDesk(t, wire.SignIn{})
	if code, _, errOut := d.run("p.json", "", "login", "--service", d.service.URL, "--ca", d.service.CertFile, "--device"); code != ExitDenied || !strings.Contains(errOut, "--oidc-issuer") {
		t.Errorf("%d %s", code, errOut)
	}
}

// prompt runs a command that waits for a browser, and returns what it prints line by line, and its end.
func (d *desk) prompt(profile string, args ...string) (*bufio.Scanner, func() (int, string)) {
	d.Helper()
	var out bytes.Buffer
	said, errOut := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- Main(append(args, "--service", d.service.URL, "--ca", d.service.CertFile, "--profile", d.file(profile)), strings.NewReader(""), &out, errOut)
		_ = errOut.Close()
	}()
	lines := bufio.NewScanner(said)
	return lines, func() (int, string) {
		_, _ = io.Copy(io.Discard, said)
		return <-code, out.String()
	}
}

// browser trusts the service and keeps its cookies.
func (d *desk) browser() *http.Client {
	d.Helper()
	pool, err := tlsx.Pool(d.service.CertFile)
	if err != nil {
		d.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.Fatal(err)
	}
	return &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
}

// withProvider is a service whose people sign in at a provider, where Ann is an operator.
func withProvider(t *testing.T) (*desk, *identitytest.Provider) {
	t.Helper()
	p := identitytest.New(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(p.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, wire.SignIn{Issuer: p.URL, ClientID: "sallyport", SecretFile: secret})
	d.login("admin.json", d.service.AdminSecret)
	d.ok("access", "grant", "person:ann@x.example", "operator")
	return d, p
}

func TestSignInWithTheBrowser(t *testing.T) {
	d, p := withProvider(t)
	visit := func(lines *bufio.Scanner) {
		t.Helper()
		for lines.Scan() {
			if at := strings.TrimSpace(lines.Text()); strings.HasPrefix(at, "https://") {
				resp, err := d.browser().Get(at)
				if err != nil {
					t.Error(err)
					return
				}
				_ = resp.Body.Close()
				return
			}
		}
	}
	lines, wait := d.prompt("ann.json", "login", "--browser", "--no-open")
	visit(lines)
	if code, out := wait(); code != ExitOK || !strings.Contains(out, "You are Ann@x.example (operator)") {
		t.Fatalf("%d %s", code, out)
	}
	if code, out, _ := d.run("ann.json", "", "whoami"); code != ExitOK || !strings.Contains(out, "person:ann@x.example") {
		t.Errorf("%d %s", code, out)
	}
	if out := d.ok("audit", "list", "--subject", "person:ann@x.example"); !strings.Contains(out, "sign in authorization_code") {
		t.Errorf("audit %s", out)
	}
	token, err := os.ReadFile(d.file("ann.json"))
	if err != nil {
		t.Fatal(err)
	}
	if code, _, _ := d.run("ann.json", "", "logout"); code != ExitOK {
		t.Errorf("logout %d", code)
	}
	if err := os.WriteFile(d.file("stolen.json"), token, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := d.run("stolen.json", "", "whoami"); code != ExitDenied || !strings.Contains(errOut, "signed out") {
		t.Errorf("the token after logout: %d %s", code, errOut)
	}
	p.Claims["preferred_username"], p.Claims["groups"] = "bob@x.example", []string{}
	lines, wait = d.prompt("bob.json", "login", "--browser", "--no-open")
	visit(lines)
	if code, _ := wait(); code != ExitDenied {
		t.Errorf("somebody without a role: %d", code)
	}
}

func TestSignInWithACode(t *testing.T) {
	d, _ := withProvider(t)
	lines, wait := d.prompt("ann.json", "login", "--device")
	if !lines.Scan() {
		t.Fatal("nothing was printed")
	}
	words := strings.Fields(lines.Text()) // Open URL in any browser and enter the code CODE
	resp, err := d.browser().PostForm(words[1], url.Values{"user_code": {words[len(words)-1]}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if code, out := wait(); code != ExitOK || !strings.Contains(out, "You are Ann@x.example (operator)") {
		t.Errorf("%d %s", code, out)
	}
}
