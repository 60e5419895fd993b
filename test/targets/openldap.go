package targets

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
)

// Slapd says how an OpenLDAP server differs from the usual one.
type Slapd struct {
	Schema  string // more of slapd.conf before the databases: attributetype and objectclass lines
	Access  string // access rules of the main database before the usual ones
	Data    string // LDIF that is there from the start
	Durable bool   // sync every write to disk
	NoLog   bool   // without the access log
	NoSync  bool   // without syncprov
	Online  bool   // configured by cn=config, which cn=admin,cn=config may change; the tree is dc=example,dc=com without people and groups
}

var sharedSlapd = sync.OnceValues(func() (*LDAP, error) { return startSlapd(context.Background(), Slapd{Schema: TestSchema}) })

// TestSchema is an auxiliary class sallyportTest with one attribute of every syntax, for slapd.conf.
const TestSchema = `
attributetype ( 1.3.6.1.4.1.55555.1.1 NAME 'testFlag' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.2 NAME 'testNumber' EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.3 NAME 'testWhen' EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.4 NAME 'testBytes' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.5 NAME 'testText' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.6 NAME 'testMany' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.55555.2.1 NAME 'sallyportTest' SUP top AUXILIARY MAY ( testFlag $ testNumber $ testWhen $ testBytes $ testText $ testMany ) )
`

// OpenLDAP gives the test a container of its own in an OpenLDAP server that this test process shares: writes are not synced to disk.
// Stop and Kill would hit other tests: use OpenLDAPAlone for those.
func OpenLDAP(t testing.TB) (server *LDAP, container string) {
	t.Helper()
	return contained(t, sharedSlapd)
}

func contained(t testing.TB, start func() (*LDAP, error)) (server *LDAP, container string) {
	t.Helper()
	l, err := start()
	if err != nil {
		skipOrFail(t, err)
	}
	if container, err = l.Container(); err != nil {
		t.Fatal(err)
	}
	return l, container
}

// OpenLDAPAlone gives the test a server of its own.
func OpenLDAPAlone(t testing.TB, s Slapd) *LDAP {
	t.Helper()
	l, err := startSlapd(t.Context(), s)
	if err != nil {
		skipOrFail(t, err)
	}
	t.Cleanup(func() {
		l.Kill()
		os.RemoveAll(l.dir)
	})
	return l
}

// StartOpenLDAP starts a server in a folder of its own, which goes with this process.
func StartOpenLDAP(ctx context.Context, s Slapd) (*LDAP, error) { return startSlapd(ctx, s) }

func startSlapd(ctx context.Context, s Slapd) (*LDAP, error) {
	slapd, ok := find("slapd")
	if !ok {
		return nil, missing("OpenLDAP", "slapd")
	}
	slapadd, ok := find("slapadd")
	if !ok {
		return nil, missing("OpenLDAP", "slapd")
	}
	dir, err := folder("slapd")
	if err != nil {
		return nil, err
	}
	l, err := prepareSlapd(ctx, dir, slapd, slapadd, s)
	if err == nil {
		err = l.Start(ctx)
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, fault.Wrap(fault.Unavailable, "start OpenLDAP", err)
	}
	return l, nil
}

func prepareSlapd(ctx context.Context, dir, slapd, slapadd string, s Slapd) (*LDAP, error) {
	plain, err := freePort()
	if err != nil {
		return nil, err
	}
	secure, err := freePort()
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "ldapi")
	l := &LDAP{
		URL: fmt.Sprintf("ldap://127.0.0.1:%d", plain), Secure: fmt.Sprintf("ldaps://127.0.0.1:%d", secure),
		Socket: "ldapi://" + url.PathEscape(socket), CA: filepath.Join(dir, "ca.crt"), Client: filepath.Join(dir, "client"),
		Suffix: "dc=example,dc=com", Admin: "cn=admin,dc=example,dc=com", Service: "cn=service,dc=example,dc=com", Password: "s3cret-s3cret",
		dir: dir, temp: true,
	}
	conf := filepath.Join(dir, "slapd.conf")
	l.begin = func(l *LDAP) (*process, error) {
		where := []string{"-f", conf}
		if s.Online {
			where = append(where, "-F", filepath.Join(dir, "online")) // made of the file at the first start
		}
		args := append(where, "-d", "0", "-h", strings.Join([]string{l.URL, l.Secure, l.Socket}, " "))
		return launch("", l.log(), l.folder(), slapd, args...)
	}
	if err := certificates(dir); err != nil {
		return nil, err
	}
	for _, d := range []string{"db", "log", "online"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(conf, []byte(slapdConf(dir, l, s)), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, slapadd, "-q", "-f", conf, "-b", l.Suffix)
	tree := fmt.Sprintf(slapdTree, l.Password)
	if !s.Online {
		tree += slapdPlaces
	}
	cmd.Stdin = strings.NewReader(tree + s.Data)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("slapadd: %w: %s", err, out)
	}
	return l, nil
}

const slapdTree = `dn: dc=example,dc=com
objectClass: organization
objectClass: dcObject
dc: example
o: Example

dn: cn=service,dc=example,dc=com
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: service
userPassword: %s

dn: ou=policies,dc=example,dc=com
objectClass: organizationalUnit
ou: policies

dn: cn=default,ou=policies,dc=example,dc=com
objectClass: applicationProcess
objectClass: pwdPolicy
cn: default
pwdAttribute: userPassword
pwdMinLength: 8
pwdMaxFailure: 3
pwdLockout: TRUE
pwdCheckQuality: 2

`

const slapdPlaces = `dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=com
objectClass: organizationalUnit
ou: groups

`

func slapdConf(dir string, l *LDAP, s Slapd) string {
	var b strings.Builder
	for _, name := range []string{"core", "cosine", "nis", "inetorgperson"} {
		fmt.Fprintf(&b, "include /etc/ldap/schema/%s.schema\n", name)
	}
	fmt.Fprintf(&b, "modulepath /usr/lib/ldap\n")
	for _, name := range []string{"back_mdb", "accesslog", "syncprov", "memberof", "refint", "ppolicy", "sssvlv"} {
		fmt.Fprintf(&b, "moduleload %s\n", name)
	}
	b.WriteString(s.Schema)
	b.WriteString(strings.NewReplacer("$D", dir).Replace(slapdGlobal))
	if s.Online {
		b.WriteString("database config\nrootdn cn=admin,cn=config\nrootpw " + l.Password + "\n")
	}
	sync := ""
	if !s.Durable {
		sync = "dbnosync\n"
	}
	if !s.NoLog {
		b.WriteString(strings.NewReplacer("$D", dir, "$P", l.Password).Replace(slapdLog))
	}
	b.WriteString(strings.NewReplacer("$D", dir, "$P", l.Password, "$ACCESS", s.Access, "$SYNC", sync).Replace(slapdMain))
	if !s.NoSync {
		b.WriteString("overlay syncprov\nsyncprov-sessionlog 100000\n")
	}
	if !s.NoLog {
		b.WriteString("overlay accesslog\nlogdb cn=accesslog\nlogops writes\nlogsuccess TRUE\nlogold (objectClass=*)\n")
	}
	b.WriteString(slapdOverlays)
	return b.String()
}

const slapdGlobal = `
pidfile $D/slapd.pid
argsfile $D/slapd.args
TLSCACertificateFile $D/ca.crt
TLSCertificateFile $D/server.crt
TLSCertificateKeyFile $D/server.key
TLSVerifyClient allow
sizelimit unlimited
threads 8
authz-regexp "gidNumber=.*,cn=peercred,cn=external,cn=auth" "cn=service,dc=example,dc=com"
authz-regexp "cn=client" "cn=service,dc=example,dc=com"
`

const slapdLog = `
database mdb
suffix cn=accesslog
directory $D/log
rootdn cn=admin,cn=accesslog
rootpw $P
maxsize 4294967296
dbnosync
index default eq
index entryCSN,objectClass,reqEnd,reqResult,reqStart,reqDN
limits dn.exact="cn=service,dc=example,dc=com" time=unlimited size=unlimited
access to * by dn.exact="cn=service,dc=example,dc=com" read by * none
`

const slapdMain = `
database mdb
suffix dc=example,dc=com
rootdn cn=admin,dc=example,dc=com
rootpw $P
directory $D/db
maxsize 8589934592
$SYNC
index objectClass,entryCSN,entryUUID eq
index uid,mail,employeeNumber,member,memberOf,modifyTimestamp,cn,sn,manager eq
limits dn.exact="cn=service,dc=example,dc=com" time=unlimited size=unlimited
$ACCESS
access to attrs=userPassword by dn.exact="cn=service,dc=example,dc=com" manage by self write by anonymous auth by * none
access to * by dn.exact="cn=service,dc=example,dc=com" manage by users read by * none
`

const slapdOverlays = `
overlay memberof
memberof-group-oc groupOfNames
memberof-member-ad member
memberof-memberof-ad memberOf
memberof-refint FALSE
overlay refint
refint_attributes member manager uniqueMember
refint_nothing cn=nobody,dc=example,dc=com
overlay ppolicy
ppolicy_default "cn=default,ou=policies,dc=example,dc=com"
ppolicy_hash_cleartext
overlay sssvlv
`
