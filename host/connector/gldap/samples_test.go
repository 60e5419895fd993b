package gldap

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	hostconfig "github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/connectortest"
	"github.com/sallyport-id/sallyport/test/targets"
)

const samplePassword = "Ch4nge.me-now"

// sampled is a sample of the driver, read as the host reads it, with the address of a test's server.
type sampled struct {
	connector.Sample
	config connector.Config
}

func sampleFor(t *testing.T, name string, l *targets.LDAP) sampled {
	t.Helper()
	all := New().Samples()
	s := all[slices.IndexFunc(all, func(s connector.Sample) bool { return s.Name == name })]
	dir := t.TempDir()
	lines := strings.Split(s.Config, "\n")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "      servers: "):
			lines[i] = "      servers: " + l.Secure + "\n      tls: none\n      serverName: " + l.ServerName
		case strings.HasPrefix(line, "      caFile: "):
			lines[i] = "      caFile: " + l.CA
		}
	}
	text := strings.Replace(strings.Join(lines, "\n"), "      serverName: \n", "", 1)
	if l.CA == "" {
		text = strings.Replace(text, "      caFile: \n", "", 1)
	}
	for file, content := range map[string]string{"host.yaml": text, "ldap.password": samplePassword} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := hostconfig.Load(filepath.Join(dir, "host.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Validate(map[string]connector.Driver{"gldap": New()}); err != nil {
		t.Fatal(err)
	}
	x, _ := cfg.Connector("LDAP")
	out := sampled{Sample: s}
	if out.config, err = cfg.Open(x, New()); err != nil {
		t.Fatal(err)
	}
	return out
}

// applies runs LDIF with the tools of OpenLDAP, as the sample's first line says.
func applies(t *testing.T, l *targets.LDAP, as, ldif string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ldapmodify", append(args, "-x", "-H", l.URL, "-D", as, "-y", passwordFile(t, l.Password))...)
	cmd.Stdin = strings.NewReader(strings.ReplaceAll(ldif, "change me", samplePassword))
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func passwordFile(t *testing.T, password string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(name, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// sampleServers are the samples that can be run, on servers prepared by their own scripts.
var sampleServers = map[string]func(t *testing.T) sampled{
	"openldap": func(t *testing.T) sampled {
		l := targets.OpenLDAPAlone(t, targets.Slapd{NoLog: true, Online: true})
		s := sampleFor(t, "openldap", l)
		applies(t, l, l.Admin, s.Setup, "-a")
		applies(t, l, "cn=admin,cn=config", s.Privileges)
		return s
	},
	"389ds": func(t *testing.T) sampled {
		l := targets.DirsrvAlone(t)
		s := sampleFor(t, "389ds", l)
		applies(t, l, l.Admin, s.Setup, "-a")
		applies(t, l, l.Admin, s.Privileges)
		return s
	},
	"ad": func(t *testing.T) sampled {
		l, _ := targets.Samba(t)
		s := sampleFor(t, "ad", l)
		for _, script := range []string{s.Setup, s.Privileges} {
			if err := l.Script(t.Context(), script, samplePassword); err != nil {
				t.Fatal(err)
			}
		}
		return s
	},
}

// sampleHarness tells the kit about a sample: the account has exactly the rights of its script.
func sampleHarness(s sampled) connectortest.Harness {
	d := New()
	h := connectortest.Harness{
		Open: func(ctx context.Context) (connector.Session, error) { return d.Open(ctx, s.config) },
		Type: entry.User, Sample: person, Required: "sn", Unique: "uid", Manager: "manager", Group: entry.Group, GroupSample: team, Members: "member",
		DNSample: func(n int) string { return fmt.Sprintf("uid=moved%d,ou=people,dc=example,dc=com", n) }, Scale: 20,
	}
	if s.Name == "ad" {
		h.Required, h.Unique, h.Text = "cn", "sAMAccountName", "displayName"
		h.Same = func(a, b string) bool { return prepareFold(a) == prepareFold(b) }
		h.Takes, h.MaxText = func(s string) bool { return s != "" }, 256
		h.Sample = func(n int) entry.Attrs {
			return entry.Attrs{"cn": {fmt.Sprintf("Person %d", n)}, "sn": {"S"}, "sAMAccountName": {fmt.Sprintf("person%d", n)}, "accountEnabled": {false}}
		}
		h.DNSample = func(n int) string { return fmt.Sprintf("CN=moved%d,OU=Staff,DC=ad,DC=test", n) }
		h.Excuses = map[string]string{"UpdateTouchesNothingElse": "the only attribute that Active Directory demands names the object"}
	}
	return h
}

// TestSamplesWorkWithExactlyTheirPrivileges makes the kit's checks on each sample as the account that its script makes, and uses what
// the kit leaves out: passwords, and disabling.
func TestSamplesWorkWithExactlyTheirPrivileges(t *testing.T) {
	for name, prepare := range sampleServers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := prepare(t)
			tiers := []connectortest.Tier{connectortest.Export, connectortest.Delta}
			if os.Getenv(fullEnv) == "full" {
				tiers = append(tiers, connectortest.Describe, connectortest.Lookup, connectortest.References, connectortest.Rename, connectortest.Batch, connectortest.Concurrency)
			}
			tier(t, quick(sampleHarness(s)), tiers...)
			t.Run("PasswordAndDisabling", func(t *testing.T) { samplePeople(t, s) })
		})
	}
}

func samplePeople(t *testing.T, s sampled) {
	x, err := New().Open(t.Context(), s.config)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	h := sampleHarness(s)
	at := x.(*session)
	made, err := at.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: h.Sample(77)})
	if err != nil {
		t.Fatal(err)
	}
	a := connector.Anchor(made.ID)
	defer func() {
		if err := at.Delete(t.Context(), entry.User, a); err != nil {
			t.Error(err)
		}
	}()
	if err := at.SetPassword(t.Context(), entry.User, a, connector.NewSecret("Wholly.new-1")); err != nil {
		t.Fatal(err)
	}
	for _, enabled := range []bool{true, false, true} {
		if _, err := at.Update(t.Context(), entry.User, a, []entry.Edit{{Op: entry.Replace, Attr: isEnabled, Values: []entry.Value{enabled}}}); err != nil {
			t.Fatal(err)
		}
		found, err := at.Lookup(t.Context(), entry.User, at.objects[0].anchor.Name, made.ID)
		if err != nil || len(found) != 1 || found[0].Attrs.First(isEnabled) != enabled {
			t.Fatalf("%v: %v %v", enabled, found, err)
		}
		name := found[0].Attrs.Text(nameDN)
		if err := at.proves(t.Context(), name, connector.NewSecret("Wholly.new-1")); (err == nil) != enabled {
			t.Errorf("enabled %v, logging in: %v", enabled, err)
		}
	}
	outside := entry.Attrs{}
	for k, v := range h.Sample(78) {
		outside[k] = v
	}
	at.layout.bases = append(at.layout.bases, dn{{{"dc", "com"}}}, dn{{{"DC", "test"}}}) // as if the configuration allowed it
	outside[nameDN] = []entry.Value{"cn=outside," + strings.SplitN(at.layout.bases[0].text(), ",", 2)[1]}
	if _, err := at.Create(t.Context(), entry.Entry{Type: entry.User, Attrs: outside}); !fault.Is(err, fault.Denied) {
		t.Errorf("the account may write beyond its place: %v", err)
	}
}
