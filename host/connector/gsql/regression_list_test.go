package gsql

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// regressions maps each defect that was mended in the original's SQL connector over the years (the version history of the MIM
// connectors) to the test that keeps it away here. Those of LDAP and of web services are kept away beside those connectors.
var regressions = []struct{ area, defect, test string }{
	{"Paging", "only the first page imported with custom queries using StartIndex/EndIndex (1.1.953)", "TestRegressionFirstPageOnlyOfStatements"},
	{"Paging", "only the first page imported with tables on SQL Server (1.1.953)", "TestRegressionEveryPageOfSQLServerBeginsAfterTheLast"},
	{"Paging", "only the first 5,000 objects read (1.1.913)", "TestRegressionPagingBeyond5000Objects"},
	{"Export", "delete exported as update (1.1.830)", "TestRegressionDeleteIsNotAnUpdate"},
	{"Export", "attribute values not cleared (1.1.1130)", "TestRegressionValuesAreCleared"},
	{"Export", "last value of a multi-valued attribute not deleted (1.1.1130)", "TestRegressionLastOfManyValuesIsDeleted"},
	{"Export", "varbinary(max) values (1.1.649, 1.1.830)", "TestRegressionVarbinaryMaxValues"},
	{"Schema", "reference attributes set to string on schema refresh (1.1.1130)", "TestRegressionReferencesStayReferencesOnSchemaRefresh"},
	{"Schema", "object type names that are substrings of one another (1.1.861)", "TestRegressionTypeNamesThatContainOneAnother"},
	{"Schema", "case-sensitive names upper-cased (1.1.2005)", "TestRegressionNamesKeepTheirCase"},
	{"Schema", "Oracle case sensitivity (1.1.1130)", "TestRegressionOracleNamesKeepTheirCase"},
	{"Procedures", "parameters truncated to 397 bytes (1.1.1130)", "TestRegressionValuesBeyond397Bytes"},
	{"Procedures", "OUTPUT parameters (1.1.830)", "TestStoredProcedures"},
	{"Procedures", "a section for one operation passed over beside a table", "TestSectionsGoBeforeTheTableOfValues"},
	{"Dates", "12-hour hh format bug (1.1.604)", "TestRegressionTwelveHourFormat"},
	{"Dates", "days moved by the time zone; yyyy-MM-dd and a full date and time both mapped (reference, part 8)", "TestDaysAreNotMovedByTheTimeZone"},
	{"Drivers", "OverflowException with DB2 on AS/400 (1.1.551)", "TestRegressionIntegerOverflow"},
	{"Drivers", "TrustedConnection=false in the DSN breaks SQL auth (1.1.1346)", "TestRegressionWordsInTheURLDoNotChangeHowOneLogsIn"},
	{"Drivers", "MySQL table-method errors (1.1.2025)", "TestRegressionTableMethodOfMySQL"},
	{"Drivers", "one number too large for its type stops every import, and no row is named", "TestRowThatDoesNotFitItsTypeIsNamed"},
	{"Delta", "change tracking of multi-valued tables and group membership (1.1.830, 1.1.861, 1.1.1130)", "TestRegressionDeltaOfValuesAndMembers"},
	{"Timeout", "query longer than 30 s (1.1.953)", "TestRegressionQueryLongerThanTheTimeout"},
}

// TestEveryRegressionHasItsTest sees that the list above names tests that are there.
func TestEveryRegressionHasItsTest(t *testing.T) {
	there := map[string]bool{}
	files, err := fs.Glob(os.DirFS("."), "*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				there[fn.Name.Name] = true
			}
		}
	}
	for _, r := range regressions {
		if !there[r.test] {
			t.Errorf("%s: %s: there is no %s", r.area, r.defect, r.test)
		}
	}
}

// TestRegressionEveryPageOfSQLServerBeginsAfterTheLast reads the SQL that SQL Server would be sent, since no server was at hand: the
// first page has no condition, each later one begins behind the last anchor, and both are in its order.
func TestRegressionEveryPageOfSQLServerBeginsAfterTheLast(t *testing.T) {
	s := goldenSession("sqlserver://u@h?database=d")
	sc := s.scanOf(s.objects["Badge"])
	first, later := sc.page(1000, true), sc.page(1000, false)
	const order = " ORDER BY m.[site], m.[badge]"
	if !strings.Contains(first.text, "TOP (1000)") || strings.Contains(first.text, "$1") || !strings.HasSuffix(first.text, order) {
		t.Errorf("first page: %s", first.text)
	}
	if !strings.Contains(later.text, "TOP (1000)") || !strings.Contains(later.text, "(m.[site] > $1) OR (m.[site] = $1 AND m.[badge] > $2)") || !strings.HasSuffix(later.text, order) {
		t.Errorf("later page: %s", later.text)
	}
}

func TestRegressionValuesAreCleared(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, simple(map[string]string{"types": "User=users", "json": "User.doc"}, `CREATE TABLE users (id bigint PRIMARY KEY NOT NULL, s {long}, n bigint, b boolean, w {when}, x {bytes}, doc {json})`)(d), d.url(t))
		filled := entry.Attrs{"id": {int64(1)}, "s": {"text"}, "n": {int64(7)}, "b": {true}, "x": {[]byte("raw")}, "doc": {entry.Complex{"k": "v"}}}
		create(t, s, entry.User, filled)
		for name := range filled {
			if name == "id" {
				continue
			}
			if _, err := s.Update(t.Context(), entry.User, "1", []entry.Edit{{Op: entry.Replace, Attr: name}}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if got := importAll(t, s, entry.User)[0]; len(got.Attrs) != 1 {
			t.Errorf("not cleared: %v", got.Attrs)
		}
	})
}

func TestRegressionLastOfManyValuesIsDeleted(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, simple(map[string]string{"types": "User=users", "multiValued": "User.phones=phones(owner -> phone)"},
			`CREATE TABLE users (id bigint PRIMARY KEY NOT NULL)`, `CREATE TABLE phones (owner bigint NOT NULL, phone {short} NOT NULL)`)(d), d.url(t))
		for n, edit := range []entry.Edit{{Op: entry.Remove, Attr: "phones", Values: []entry.Value{"1"}}, {Op: entry.Remove, Attr: "phones"}, {Op: entry.Replace, Attr: "phones"}} {
			a := create(t, s, entry.User, entry.Attrs{"id": {int64(n)}, "phones": {"1"}})
			if _, err := s.Update(t.Context(), entry.User, connector.Anchor(a.ID), []entry.Edit{edit}); err != nil {
				t.Fatal(err)
			}
		}
		for _, e := range importAll(t, s, entry.User) {
			if len(e.Attrs["phones"]) != 0 {
				t.Errorf("%s still has %v", e.ID, e.Attrs["phones"])
			}
		}
	})
}

func TestRegressionOracleNamesKeepTheirCase(t *testing.T) {
	g := oracle{}
	for _, name := range []string{"people", "PEOPLE", "People", "öre", "SELECT"} {
		if got, want := g.quote(name), `"`+strings.ReplaceAll(name, `"`, `""`)+`"`; got != want {
			t.Errorf("%s is sent as %s", name, got)
		}
	}
}

// TestRegressionWordsInTheURLDoNotChangeHowOneLogsIn: with a user and a password, SQL Server's login is by these, whatever else is said.
func TestRegressionWordsInTheURLDoNotChangeHowOneLogsIn(t *testing.T) {
	for _, words := range []string{"", "&TrustedConnection=false", "&trusted_connection=no", "&integrated security=false"} {
		c := config("url", "sqlserver://somebody@h:1433?database=d"+strings.ReplaceAll(words, " ", "%20"), "user", "app")
		c.Secrets = map[string]connector.Secret{"password": connector.NewSecret("right")}
		l, err := parseLayout(c)
		if err != nil {
			t.Fatalf("%s: %v", words, err)
		}
		dsn, err := sqlserverDSN(l.target)
		if err != nil || dsn.User != "app" || dsn.Password != "right" || dsn.Database != "d" {
			t.Errorf("%s: logs in as %s, %v", words, dsn.User, err)
		}
	}
}

func TestRegressionTableMethodOfMySQL(t *testing.T) {
	for _, scheme := range []string{"mariadb:", "mysql:"} { // the second without INSERT … RETURNING
		url := scheme + strings.TrimPrefix(databases[2].url(t), "mariadb:")
		s := open(t, simple(map[string]string{"types": "User=users"}, "CREATE TABLE users (id bigint AUTO_INCREMENT PRIMARY KEY, login varchar(100) NOT NULL UNIQUE, photo longblob, enabled boolean NOT NULL DEFAULT true)")(databases[2]), url)
		e := create(t, s, entry.User, entry.Attrs{"login": {"ada"}, "photo": {[]byte{0, 255}}})
		if e.ID == "" || e.Attrs.First("enabled") != true {
			t.Fatalf("%s made %+v", scheme, e)
		}
		if _, err := s.Update(t.Context(), entry.User, connector.Anchor(e.ID), []entry.Edit{{Op: entry.Replace, Attr: "enabled", Values: []entry.Value{false}}}); err != nil {
			t.Fatal(err)
		}
		got := one(t, s, entry.User, "login", "ada")
		if photo, _ := got.Attrs.First("photo").([]byte); got.Attrs.First("enabled") != false || !bytes.Equal(photo, []byte{0, 255}) || len(importAll(t, s, entry.User)) != 1 {
			t.Errorf("%s: %+v", scheme, got)
		}
		if err := s.Delete(t.Context(), entry.User, connector.Anchor(e.ID)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRegressionDeltaOfValuesAndMembers: a change in a table of values or of members is a change of its object.
func TestRegressionDeltaOfValuesAndMembers(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		layout := simple(map[string]string{"types": "User=users\nGroup=teams", "multiValued": "User.phones=phones(owner -> phone)\nGroup.members=members(team -> person) ref User"},
			`CREATE TABLE users (id bigint PRIMARY KEY NOT NULL)`, `CREATE TABLE phones (owner bigint NOT NULL, phone {short} NOT NULL)`,
			`CREATE TABLE teams (id bigint PRIMARY KEY NOT NULL)`, `CREATE TABLE members (team bigint NOT NULL, person bigint NOT NULL)`)(d)
		url := d.url(t)
		if err := layout.Create(t.Context(), url, connector.Secret{}); err != nil {
			t.Fatal(err)
		}
		c := layout.Config("x", url, connector.Secret{})
		install(t, c)
		s := opened(t, c)
		create(t, s, entry.User, entry.Attrs{"id": {int64(1)}})
		create(t, s, entry.Group, entry.Attrs{"id": {int64(1)}})
		w, err := s.Mark(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"INSERT INTO phones VALUES (1, '+46')", "INSERT INTO members VALUES (1, 1)"} {
			if _, err := s.conn.exec(t.Context(), query{text: text}); err != nil {
				t.Fatal(err)
			}
		}
		for kind, attr := range map[entry.Type]string{entry.User: "phones", entry.Group: "members"} {
			changes, _, err := s.ImportSince(t.Context(), kind, w)
			if err != nil {
				t.Fatal(err)
			}
			told := 0
			for x, err := range changes {
				if err != nil {
					t.Fatal(err)
				}
				told = len(x.Entry.Attrs[attr])
			}
			if told != 1 {
				t.Errorf("%s: %d values of %s told", kind, told, attr)
			}
		}
	})
}
