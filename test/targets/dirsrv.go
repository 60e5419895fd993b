package targets

import (
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // {SSHA} is what the server reads
	"encoding/base64"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sallyport-id/sallyport/fault"
)

var sharedDirsrv = sync.OnceValues(func() (*LDAP, error) { return startDirsrv(context.Background()) })

// Dirsrv gives the test a container of its own in a 389 Directory Server that this test process shares, with its retro changelog on.
// Connections to it are not encrypted.
func Dirsrv(t testing.TB) (server *LDAP, container string) {
	t.Helper()
	return contained(t, sharedDirsrv)
}

// DirsrvAlone gives the test a server of its own, whose tree, access rules and change log no other test has touched.
func DirsrvAlone(t testing.TB) *LDAP {
	t.Helper()
	l, err := startDirsrv(t.Context())
	if err != nil {
		skipOrFail(t, err)
	}
	t.Cleanup(func() {
		l.Kill()
		os.RemoveAll(l.dir)
	})
	return l
}

const dirsrvData = "/usr/share/dirsrv/data/template-dse.ldif"

// startDirsrv configures a server by the template of its package, without the tools that want to be root and to own the machine.
func startDirsrv(ctx context.Context) (*LDAP, error) {
	program, ok := find("ns-slapd")
	template, err := os.ReadFile(dirsrvData)
	if !ok || err != nil {
		return nil, missing("389 Directory Server", "389-ds-base")
	}
	dir, err := folder("dirsrv")
	if err != nil {
		return nil, err
	}
	l, err := prepareDirsrv(dir, program, string(template))
	if err == nil {
		err = l.Start(ctx)
	}
	if err == nil {
		err = l.dirsrvTree()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, fault.Wrap(fault.Unavailable, "start 389 Directory Server", err)
	}
	return l, nil
}

func prepareDirsrv(dir, program, template string) (*LDAP, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("ldap://127.0.0.1:%d", port)
	l := &LDAP{URL: address, Secure: address, Suffix: "dc=example,dc=com", Admin: "cn=Directory Manager", Service: "cn=service,dc=example,dc=com",
		Password: "s3cret-s3cret", dir: dir, temp: true, logFile: filepath.Join(dir, "log", "errors")}
	for _, d := range []string{"config/schema", "lock", "tmp", "cert", "ldif", "bak", "run", "inst", "log", "db"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	config := filepath.Join(dir, "config")
	usual, _ := filepath.Glob("/etc/dirsrv/config/*.conf")
	for _, file := range usual {
		b, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(config, filepath.Base(file)), b, 0o600)
		}
		if err != nil {
			return nil, err
		}
	}
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	files := map[string]string{
		"dse.ldif":           dirsrvConfig(template, dir, port, me.Username, l),
		"schema/99user.ldif": "dn: cn=schema\nobjectclass: top\nobjectclass: ldapSubentry\nobjectclass: subschema\ncn: schema\n" + schemaLDIF(TestSchema),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(config, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	l.begin = func(l *LDAP) (*process, error) {
		return launch("", l.log(), l.folder(), program, "-D", config, "-i", filepath.Join(dir, "run", "pid"), "-d", "0")
	}
	return l, nil
}

// schemaLDIF turns lines of slapd.conf into lines of LDIF.
func schemaLDIF(s string) string {
	return strings.NewReplacer("attributetype (", "attributeTypes: (", "objectclass (", "objectClasses: (").Replace(strings.TrimLeft(s, "\n"))
}

// dirsrvConfig fills the template in and adds a backend for the suffix, the retro changelog and referential integrity, which looks after
// secretary without an index for it, as happens where nobody thought of one.
func dirsrvConfig(template, dir string, port int, account string, l *LDAP) string {
	at := func(name string) string { return filepath.Join(dir, name) }
	text := strings.NewReplacer("%schema_dir%", at("config/schema"), "%lock_dir%", at("lock"), "%tmp_dir%", at("tmp"), "%cert_dir%", at("cert"),
		"%ldif_dir%", at("ldif"), "%bak_dir%", at("bak"), "%run_dir%", at("run"), "%inst_dir%", at("inst"), "%log_dir%", at("log"), "%db_dir%", at("db"),
		"%db_home_dir%", at("db"), "%db_lib%", "bdb", "%fqdn%", "localhost", "%ds_port%", fmt.Sprint(port)+"\nnsslapd-listenhost: 127.0.0.1",
		"%ds_user%", account, "%rootdn%", l.Admin, "%ds_passwd%", ssha(l.Password), "%ldapi_enabled%", "off", "%ldapi%", at("run/ldapi"),
		"%ldapi_autobind%", "off", "%config_dir%", at("config"), "%ds_suffix%", l.Suffix).Replace(template)
	text = switchOn(text, "dn: cn=Retro Changelog Plugin,", "nsslapd-attribute: nsuniqueid:targetUniqueId")
	text = switchOn(text, "dn: cn=referential integrity postoperation,", "referint-membership-attr: manager\nreferint-membership-attr: secretary\nnsslapd-plugincontainerscope: "+l.Suffix)
	text = switchOn(text, "dn: cn=config,cn=ldbm database,", "nsslapd-cache-autosize: 0\nnsslapd-dbcachesize: 20000000")
	text = strings.TrimRight(text, "\n") + "\n" // two empty lines end the file for this server
	return text + strings.ReplaceAll(dirsrvBackend, "$S", l.Suffix)
}

// switchOn enables the plug-in whose entry begins so, and adds lines to the entry.
func switchOn(text, begin, lines string) string {
	i := strings.Index(strings.ToLower(text), strings.ToLower(begin))
	if i < 0 {
		return text
	}
	end := i + strings.Index(text[i:], "\n\n")
	one := strings.Replace(text[i:end], "nsslapd-pluginenabled: off", "nsslapd-pluginenabled: on", 1)
	if lines != "" {
		one += "\n" + lines
	}
	return text[:i] + one + text[end:]
}

const dirsrvBackend = `
dn: cn=bdb,cn=config,cn=ldbm database,cn=plugins,cn=config
objectClass: top
objectClass: extensibleObject
cn: bdb
nsslapd-db-durable-transaction: off
nsslapd-db-transaction-batch-val: 0
nsslapd-dbcachesize: 20000000

dn: cn=userRoot,cn=ldbm database,cn=plugins,cn=config
objectClass: top
objectClass: extensibleObject
objectClass: nsBackendInstance
cn: userRoot
nsslapd-suffix: $S
nsslapd-cachememsize: 20000000

dn: cn=index,cn=userRoot,cn=ldbm database,cn=plugins,cn=config
objectClass: top
objectClass: extensibleObject
cn: index

dn: cn=manager,cn=index,cn=userRoot,cn=ldbm database,cn=plugins,cn=config
objectClass: top
objectClass: nsIndex
cn: manager
nsSystemIndex: false
nsIndexType: eq

dn: cn="$S",cn=mapping tree,cn=config
objectClass: top
objectClass: extensibleObject
objectClass: nsMappingTree
cn: "$S"
nsslapd-state: backend
nsslapd-backend: userRoot
`

func ssha(password string) string {
	salt := make([]byte, 8)
	_, _ = rand.Read(salt)
	sum := sha1.Sum(append([]byte(password), salt...)) //nolint:gosec
	return "{SSHA}" + base64.StdEncoding.EncodeToString(append(sum[:], salt...))
}

// dirsrvTree makes the suffix, and the ordinary account with its rights.
func (l *LDAP) dirsrvTree() error {
	c, err := l.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	top := ldap.NewAddRequest(l.Suffix, nil)
	top.Attribute("objectClass", []string{"domain"})
	top.Attribute("dc", []string{"example"})
	top.Attribute("aci", []string{`(targetattr="*")(version 3.0; acl "service"; allow (all) userdn="ldap:///` + l.Service + `";)`})
	if err := c.Add(top); err != nil {
		return err
	}
	r := ldap.NewAddRequest(l.Service, nil)
	r.Attribute("objectClass", []string{"organizationalRole", "simpleSecurityObject"})
	r.Attribute("cn", []string{"service"})
	r.Attribute("userPassword", []string{l.Password})
	for _, limit := range []string{"nsLookThroughLimit", "nsPagedLookThroughLimit", "nsSizeLimit", "nsPagedSizeLimit", "nsIDListScanLimit", "nsPagedIDListScanLimit", "nsTimeLimit"} {
		r.Attribute(limit, []string{"-1"})
	}
	if err := c.Add(r); err != nil {
		return err
	}
	m := ldap.NewModifyRequest("cn=changelog", nil)
	m.Add("aci", []string{`(targetattr="*")(version 3.0; acl "service"; allow (read, search, compare) userdn="ldap:///` + l.Service + `";)`})
	return c.Modify(m)
}
