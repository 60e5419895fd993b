package wire_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
)

// TestW40CommandLineClient lets an unmodified Azure CLI register the service as a cloud, sign in, and administer people, groups and
// applications. It is played where the program is: SALLYPORT_AZ names it, else the path is searched.
func TestW40CommandLineClient(t *testing.T) {
	program := os.Getenv("SALLYPORT_AZ")
	if program == "" {
		found, err := exec.LookPath("az")
		if err != nil {
			t.Skip("there is no Azure CLI here; name one with SALLYPORT_AZ to play this test")
		}
		program = found
	}
	s := startFor(t, "localhost")
	status, _, client := s.ask("POST", "/sallyport/v1/access/clients", s.secret, map[string]any{"name": "az", "roles": []string{"Directory.ReadWrite.All", "Application.ReadWrite.All"}}, nil)
	if status >= 300 {
		t.Fatalf("%d %v", status, client)
	}
	env := append(os.Environ(), "AZURE_CONFIG_DIR="+t.TempDir(), "REQUESTS_CA_BUNDLE="+s.ca, "AZURE_CORE_COLLECT_TELEMETRY=false", "AZURE_CORE_INSTANCE_DISCOVERY=false")
	az := func(args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, program, append(args, "-o", "json")...)
		cmd.Env = env
		var said strings.Builder
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("az %s: %v\n%s", strings.Join(args[:min(4, len(args))], " "), err, said.String())
		}
		return string(out)
	}
	id := func(out string) string {
		var o struct{ ID, AppID string }
		if err := json.Unmarshal([]byte(out), &o); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return o.ID
	}
	want := func(out string, words ...string) {
		t.Helper()
		for _, w := range words {
			if !strings.Contains(out, w) {
				t.Errorf("%q is not in %s", w, out)
			}
		}
	}
	az("cloud", "register", "-n", "Sallyport", "--endpoint-resource-manager", s.url)
	az("cloud", "set", "-n", "Sallyport")
	want(az("login", "--service-principal", "-u", fmt.Sprint(client["id"]), "-p", fmt.Sprint(client["secret"]), "--tenant", "adfs", "--allow-no-subscriptions"), "servicePrincipal")
	ann := id(az("ad", "user", "create", "--display-name", "Ann", "--user-principal-name", "ann@x.example", "--password", "Xy12345678!"))
	id(az("ad", "group", "create", "--display-name", "Staff", "--mail-nickname", "staff"))
	az("ad", "group", "member", "add", "--group", "Staff", "--member-id", ann)
	want(az("ad", "group", "member", "check", "--group", "Staff", "--member-id", ann), "true")
	want(az("ad", "group", "member", "list", "--group", "Staff"), "ann@x.example")
	want(az("ad", "user", "list", "--filter", "startswith(displayName,'An')"), "ann@x.example")
	want(az("ad", "sp", "show", "--id", fmt.Sprint(client["id"])), `"az"`)
	app := az("ad", "app", "create", "--display-name", "Payroll")
	want(app, "appId")
	want(az("rest", "--method", "get", "--url", s.url+"/beta/onPremisesPublishingProfiles/provisioning/agentGroups", "--resource", s.url), `"default"`, "publishingType")
	az("ad", "group", "member", "remove", "--group", "Staff", "--member-id", ann)
	az("ad", "group", "delete", "--group", "Staff")
	az("ad", "user", "delete", "--id", "ann@x.example")
	want(az("ad", "user", "list"), "[]")
}

// startFor starts a service that is known by a name, with its certificate for clients that read a file.
func startFor(t *testing.T, name string) *wired {
	t.Helper()
	w := newWired(t, wire.ServiceConfig{Names: []string{name}})
	w.url = strings.Replace(w.url, "127.0.0.1", name, 1)
	return w
}
