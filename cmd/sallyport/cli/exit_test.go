package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
)

// TestExitCodesMeanSomething runs client commands into every kind of failure. Scripts rely on the codes, and people on the hints.
func TestExitCodesMeanSomething(t *testing.T) {
	d := newDesk(t, wire.SignIn{})
	d.login("admin.json", d.service.AdminSecret)
	d.ok("access", "token", "add", "watcher", "--role", "reader", "--out", d.file("watcher.token"))
	secret, err := os.ReadFile(d.file("watcher.token"))
	if err != nil {
		t.Fatal(err)
	}
	d.login("reader.json", strings.TrimSpace(string(secret)))
	d.ok("users", "create", "ann@contoso.example")
	d.ok("groups", "create", "Staff")
	for _, tc := range []struct {
		profile string
		args    string
		code    int
		hint    string
	}{
		{"admin.json", "users list", ExitOK, ""},
		{"admin.json", "users list --filter displayName!!", ExitInvalid, ""},
		{"admin.json", "users", ExitOK, ""},
		{"admin.json", "users frobnicate", ExitUsage, "try one of"},
		{"admin.json", "users show", ExitUsage, "usage:"},
		{"admin.json", "users list --limit many", ExitUsage, ""},
		{"admin.json", "users list --output yaml", ExitUsage, "table or json"},
		{"admin.json", "users show nobody@contoso.example", ExitNotFound, ""},
		{"admin.json", "groups members Nobody", ExitNotFound, ""},
		{"admin.json", "jobs status nothing", ExitNotFound, "sallyport app list"},
		{"admin.json", "agents group delete Nowhere", ExitNotFound, "agents group list"},
		{"admin.json", "access grant person:ann@contoso.example owner", ExitInvalid, "--app"},
		{"admin.json", "access client show none", ExitNotFound, ""},
		{"reader.json", "users list", ExitOK, ""},
		{"reader.json", "users create bob@contoso.example", ExitDenied, "access grant"},
		{"reader.json", "access list", ExitDenied, "access grant"},
		{"nobody.json", "users list", ExitDenied, "sallyport login"},
		{"admin.json", "users create ann@contoso.example", ExitConflict, "choose another"},
		{"admin.json", "jobs list --service https://127.0.0.1:1", ExitUnavailable, "is it running"},
		{"admin.json", "jobs list --service ftp://x", ExitInvalid, ""},
	} {
		code, out, errOut := d.run(tc.profile, "", strings.Fields(tc.args)...)
		if code != tc.code || !strings.Contains(errOut, tc.hint) || code != ExitOK && (errOut == "" || out != "") {
			t.Errorf("%s as %s: %d, want %d\nout: %s\nerr: %s", tc.args, tc.profile, code, tc.code, out, errOut)
		}
	}
}

// TestEveryListIsATableOrJSON prints the same list in both forms, with the flag in any of its spellings.
func TestEveryListIsATableOrJSON(t *testing.T) {
	d := newDesk(t, wire.SignIn{})
	d.login("admin.json", d.service.AdminSecret)
	d.ok("users", "create", "ann@contoso.example")
	d.ok("groups", "create", "Staff")
	d.ok("agents", "group", "create", "Plant 2")
	for _, args := range []string{"users list", "groups list", "apps list", "jobs list", "agents list", "agents groups list", "journal", "access roles", "access client list", "audit list"} {
		words := strings.Fields(args)
		table := d.ok(append(words, "--output", "table")...)
		var rows []any
		if json.Unmarshal([]byte(table), &rows) == nil && strings.TrimSpace(table) != "" {
			t.Errorf("%s: the table is JSON: %s", args, table)
		}
		if plain := d.ok(words...); args != "audit list" && plain != table {
			t.Errorf("%s prints no table by default: %s", args, plain)
		}
		for _, flag := range []string{"--json", "--output=json"} {
			for line := range strings.Lines(d.ok(append(words, flag)...)) {
				if !json.Valid([]byte(line)) {
					t.Errorf("%s %s: %s", args, flag, line)
				}
			}
		}
	}
	if out := d.ok("agents", "group", "list"); !strings.Contains(out, "Plant 2") || !strings.Contains(out, "(default)") {
		t.Errorf("groups of agents: %s", out)
	}
	d.ok("agents", "group", "delete", "plant 2")
	if out := d.ok("agents", "group", "list"); strings.Contains(out, "Plant 2") {
		t.Errorf("deleted: %s", out)
	}
}
