package gldap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/text/unicode/norm"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/connectortest"
	"github.com/sallyport-id/sallyport/test/targets"
)

// config is how a test reaches a server, with a container as its only base.
func config(l *targets.LDAP, container string, with map[string]string) connector.Config {
	values := map[string]string{
		"servers": l.Secure, "caFile": l.CA, "user": l.Service, "bases": container,
		"types":       "User=inetOrgPerson\nGroup=groupOfNames",
		"dn":          "User=uid={uid},ou=people," + container + "\nGroup=cn={cn},ou=groups," + container,
		"auxiliaries": "User=sallyportTest", "references": "Group.member=User,Group",
	}
	maps.Copy(values, with)
	return connector.Config{Name: "test", Values: values, Secrets: map[string]connector.Secret{"password": connector.NewSecret(l.Password)}}
}

// opener makes a fresh container for each check.
func opener(start func(testing.TB) (*targets.LDAP, string), with map[string]string, remember func(*targets.LDAP, connector.Config)) func(testing.TB) func(context.Context) (connector.Session, error) {
	d := New()
	return func(t testing.TB) func(context.Context) (connector.Session, error) {
		l, container := start(t)
		c := config(l, container, with)
		remember(l, c)
		return func(ctx context.Context) (connector.Session, error) { return d.Open(ctx, c) }
	}
}

// stand is the server and configuration of the check that runs.
type stand struct {
	server *targets.LDAP
	config connector.Config
}

func (s *stand) set(l *targets.LDAP, c connector.Config) { s.server, s.config = l, c }

// login binds as an object, as its owner would.
func (s *stand) login(ctx context.Context, a connector.Anchor, password connector.Secret) error {
	x, err := New().Open(ctx, s.config)
	if err != nil {
		return err
	}
	defer x.Close()
	o, _ := x.(*session).object("User")
	at, _, err := x.(*session).locate(ctx, "find", o, a)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if s.server.CA != "" {
		roots, err := os.ReadFile(s.server.CA)
		if err != nil {
			return err
		}
		pool.AppendCertsFromPEM(roots)
	}
	c, err := ldap.DialURL(s.server.Secure, ldap.DialWithTLSConfig(&tls.Config{RootCAs: pool, ServerName: s.server.ServerName, MinVersion: tls.VersionTLS12}))
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Bind(at.text(), password.Reveal())
}

// prepared is how OpenLDAP compares texts exactly: normalized, spaces at the edges not counted, and several counted as one.
func prepared(a, b string) bool { return prepare(a) == prepare(b) }

func prepare(s string) string {
	return strings.Join(strings.FieldsFunc(norm.NFKC.String(s), func(r rune) bool { return r == ' ' }), " ")
}

// prepareFold is how Samba compares: case and repeated spaces do not count.
func prepareFold(s string) string {
	return strings.ToUpper(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " "))
}

// prepareSpaces is how 389 Directory Server compares: letters as they are, and what it takes for spaces counts once, within the text.
func prepareSpaces(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("\t\n\v\f\r \u00a0\u3000\ufeff", r) }), " ")
}

// enabledLogin is login for objects that were made disabled.
func (s *stand) enabledLogin(ctx context.Context, a connector.Anchor, password connector.Secret) error {
	x, err := New().Open(ctx, s.config)
	if err != nil {
		return err
	}
	defer x.Close()
	if _, err := x.(connector.Exporter).Update(ctx, "User", a, []entry.Edit{{Op: entry.Replace, Attr: isEnabled, Values: []entry.Value{true}}}); err != nil {
		return err
	}
	return s.login(ctx, a, password)
}

func person(n int) entry.Attrs {
	return entry.Attrs{"uid": {fmt.Sprintf("user%d", n)}, "cn": {fmt.Sprintf("User %d", n)}, "sn": {fmt.Sprintf("Surname %d", n)}}
}

func team(n int) entry.Attrs { return entry.Attrs{"cn": {fmt.Sprintf("Team %d", n)}} }

// fullEnv names the environment variable whose value full asks for the whole kit on every server.
const fullEnv = "SALLYPORT_CONNECTORS"

// onlyFull skips what takes long, unless all is asked for.
func onlyFull(t testing.TB) {
	t.Helper()
	if os.Getenv(fullEnv) != "full" {
		t.Skip("made with " + fullEnv + "=full (make test-connectors)")
	}
}

// quick leaves out what takes long, unless all is asked for. OpenLDAP, the fastest, always gets the whole kit.
func quick(h connectortest.Harness) connectortest.Harness {
	if os.Getenv(fullEnv) == "full" {
		return h
	}
	long := map[string]string{}
	for _, name := range []string{"ImportYieldsEveryObject", "ImportCanBeLeftEarly", "GroupOfThousandsImports", "SessionsWorkInParallel", "OneNameIsCreatedOnceInARace",
		"CancelledContextWritesNothing", "ThousandsAreWrittenAndImported", "TextComesBackByteForByte", "LookupAgreesWithMemory", "BatchAnswersEachInOrder", "ValuesOfEveryTypeComeBack",
		"ObjectsFollowTheModel", "MembersAreAddedAndRemovedOneByOne", "ManyValuesAreAddedAndRemoved", "ChangesCanBeReadAgain", "OldPasswordMustBeRight", "BatchIsWhatSingleWritesAre"} {
		long[name] = "made with " + fullEnv + "=full (make test-connectors)"
	}
	maps.Copy(long, h.Excuses)
	h.Excuses = long
	return h
}

// tier makes the checks of some tiers only.
func tier(t *testing.T, h connectortest.Harness, tiers ...connectortest.Tier) {
	excuses := maps.Clone(h.Excuses)
	if excuses == nil {
		excuses = map[string]string{}
	}
	for _, c := range connectortest.Checks() {
		if !slices.Contains(tiers, c.Tier) {
			excuses[c.Name] = "of another tier"
		}
	}
	h.Excuses = excuses
	connectortest.Run(t, h)
}

func openLDAPHarness(with map[string]string) connectortest.Harness {
	at := new(stand)
	return connectortest.Harness{
		New:  opener(targets.OpenLDAP, with, at.set),
		Type: "User", Sample: person, Required: "sn", Unique: "uid", Text: "testText", Flag: "testFlag", Number: "testNumber", When: "testWhen",
		Bytes: "testBytes", Many: "testMany", Manager: "manager", Group: "Group", GroupSample: team, Members: "member",
		DNSample: func(n int) string {
			return fmt.Sprintf("uid=moved%d,%s", n, at.config.Values["bases"])
		},
		Login: at.login, Same: prepared,
		Takes: func(s string) bool { return s != "" },
	}
}

// TestOpenLDAP, TestDirsrv and TestSamba run beside each other: each has a server of its own.
func TestOpenLDAP(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, openLDAPHarness(nil))
}

// dirsrvHarness is OpenLDAP's: 389 Directory Server compares and stores the same classes alike.
func dirsrvHarness(with map[string]string) connectortest.Harness {
	h := openLDAPHarness(nil)
	at := new(stand)
	plain := map[string]string{"tls": "none", "caFile": ""}
	maps.Copy(plain, with)
	h.New = opener(targets.Dirsrv, plain, at.set)
	h.DNSample = func(n int) string { return fmt.Sprintf("uid=moved%d,%s", n, at.config.Values["bases"]) }
	h.Login = at.login
	h.Same = func(a, b string) bool { return prepareSpaces(a) == prepareSpaces(b) }
	h.Scale = 1200 // some 300 writes a second
	return h
}

func TestDirsrv(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, quick(dirsrvHarness(nil)))
}

// sambaSettings lay the types over Active Directory's classes.
func sambaSettings(container string) map[string]string {
	return map[string]string{
		"types": "User=user\nGroup=group", "auxiliaries": "",
		"dn": "User=CN={cn},OU=people," + container + "\nGroup=CN={cn},OU=groups," + container,
	}
}

func sambaHarness(with map[string]string) connectortest.Harness {
	at := new(stand)
	d := New()
	return connectortest.Harness{
		New: func(t testing.TB) func(context.Context) (connector.Session, error) {
			l, container := targets.Samba(t)
			c := config(l, container, sambaSettings(container))
			c.Values["serverName"] = l.ServerName
			maps.Copy(c.Values, with)
			at.set(l, c)
			return func(ctx context.Context) (connector.Session, error) { return d.Open(ctx, c) }
		},
		Type: "User", Required: "cn", Unique: "sAMAccountName", Text: "info", Flag: "msNPAllowDialin", Number: "maxStorage", When: "msTSExpireDate",
		Bytes: "thumbnailPhoto", Many: "otherTelephone", Manager: "manager", Group: "Group", GroupSample: team, Members: "member",
		Sample: func(n int) entry.Attrs {
			_, number, _ := strings.Cut(at.config.Values["bases"], "-") // accounts are unique in the whole domain
			number, _, _ = strings.Cut(number, ",")
			return entry.Attrs{"cn": {fmt.Sprintf("User %d", n)}, "sn": {fmt.Sprintf("Surname %d", n)}, "sAMAccountName": {fmt.Sprintf("u%s-%d", number, n)}, "accountEnabled": {false}}
		},
		DNSample: func(n int) string { return fmt.Sprintf("CN=moved%d,%s", n, at.config.Values["bases"]) },
		Login:    at.enabledLogin,
		Same:     func(a, b string) bool { return prepareFold(a) == prepareFold(b) },
		Takes:    func(s string) bool { return s != "" },
		Excuses: map[string]string{
			"UpdateTouchesNothingElse": "the only attribute that Active Directory demands names the object, and -dn-, name and cn change with it",
		},
		MaxText: 1024,
		Times:   []time.Time{time.Date(2026, 2, 28, 23, 59, 58, 0, time.UTC), time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
		Blobs:   [][]byte{{0, 255, 0}, []byte("text"), []byte(strings.Repeat("\x00\xff", 40_000))},
		Scale:   300,
	}
}

func TestSamba(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, quick(sambaHarness(nil)))
}
