package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/test/targets"
)

// TestConnectorCommandsKnowLDAP lists, describes and samples the connector, and judges a directory by the kit as an administrator would.
func TestConnectorCommandsKnowLDAP(t *testing.T) {
	for _, c := range []struct{ command, says string }{
		{"list", "gldap"}, {"describe gldap", "servicePrincipal"}, {"sample gldap", "kind: gldap"}, {"sample gldap 389ds --privileges", "version 3.0; acl"},
		{"sample gldap ad --privileges", "samba-tool dsacl set"}, {"sample gldap openldap --setup", "ou=people"},
	} {
		if code, out, errOut := tried(t, append([]string{"connector"}, strings.Fields(c.command)...)...); code != ExitOK || !strings.Contains(out, c.says) {
			t.Errorf("%s: %d %s %s", c.command, code, out, errOut)
		}
	}
	l := targets.OpenLDAPAlone(t, targets.Slapd{})
	dir := t.TempDir()
	text := "connectors:\n  - name: LDAP\n    kind: gldap\n    settings:\n      servers: " + l.Secure + "\n      caFile: " + l.CA + "\n      user: " + l.Service +
		"\n      passwordFile: password\n      bases: " + l.Suffix + "\n      types: [User=inetOrgPerson, Group=groupOfNames]\n      attributes: [\"User=uid,cn,sn,mail,displayName,description,manager\"]\n      dn:\n        - User=uid={uid},ou=people," + l.Suffix + "\n        - Group=cn={cn},ou=groups," + l.Suffix + "\n    objects: {User: {match: [uid]}}\n"
	for name, content := range map[string]string{"host.yaml": text, "password": l.Password} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errOut := tried(t, "connector", "test", "LDAP", "--config", filepath.Join(dir, "host.yaml"), "--write", "--tier", "lookup,values,references,rename,batch")
	if code != ExitOK || !strings.Contains(out, "Log in") || !strings.Contains(out, "anchor entryUUID") || !strings.Contains(out, " 0 failed") {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	for _, check := range []string{"LookupAgreesWithMemory", "ManyValuesAreAddedAndRemoved", "ReferencesPointToAnchors", "MembersAreAddedAndRemovedOneByOne", "MovedObjectsKeepTheirValues"} {
		if !regexp.MustCompile("passed +[a-z]+ +" + check).MatchString(out) {
			t.Errorf("%s is not made:\n%s", check, out)
		}
	}
}
