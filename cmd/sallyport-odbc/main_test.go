//go:build odbc

package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/connectortest"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/host/connector/plugin"
	"github.com/sallyport-id/sallyport/host/connector/plugin/wire"
	"github.com/sallyport-id/sallyport/test/targets"
)

// TestMain makes the test binary the program itself when a host starts it as a plugin.
func TestMain(m *testing.M) {
	if h := wire.Handshake(); os.Getenv(h.MagicCookieKey) == h.MagicCookieValue {
		main()
		return
	}
	os.Exit(m.Run())
}

// buffer is a log that is written and read at once.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func load(t *testing.T) (*plugin.Driver, *buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := &buffer{}
	d, err := plugin.Load(t.Context(), plugin.Config{Path: self, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, log
}

// server is a database with an ODBC driver.
type server struct {
	dialect, driver string
	url             func(testing.TB) string
}

var servers = []server{
	{gsql.PostgreSQL, "PostgreSQL Unicode", func(t testing.TB) string { return targets.Postgres(t).URL("") }},
	{gsql.MariaDB, "MariaDB Unicode", func(t testing.TB) string { return targets.MariaDB(t).URL("") }},
}

// contoso makes the sample tables with the native client, and returns the settings that lead there over ODBC.
func (s server) contoso(t *testing.T) map[string]string {
	t.Helper()
	at := s.url(t)
	demo := gsql.Contoso(s.dialect)
	if err := demo.Create(t.Context(), at, connector.Secret{}); err != nil {
		t.Fatal(err)
	}
	values := maps.Clone(demo.Config("people", at, connector.Secret{}).Values)
	delete(values, "url")
	maps.Copy(values, s.source(t, at))
	return values
}

// source are the settings that lead over ODBC where a URL leads natively.
func (s server) source(t *testing.T, at string) map[string]string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"connection": fmt.Sprintf("Driver=%s;Server=%s;Port=%s;Database=%s", s.driver, u.Hostname(), u.Port(), strings.Trim(u.Path, "/")),
		"user":       u.User.Username(),
	}
}

// words are the types of a database that hold what the kit writes.
var words = map[string][]string{
	gsql.PostgreSQL: {"{long}", "text", "{short}", "varchar(200)", "{when}", "timestamptz", "{bytes}", "bytea"},
	gsql.MariaDB:    {"{long}", "longtext COLLATE utf8mb4_nopad_bin", "{short}", "varchar(200) COLLATE utf8mb4_nopad_bin", "{when}", "datetime(6)", "{bytes}", "longblob"},
}

// people makes tables with a column of every type.
func (s server) people(t *testing.T) map[string]string {
	t.Helper()
	at := s.url(t)
	fill := strings.NewReplacer(words[s.dialect]...)
	demo := gsql.Demo{DDL: []string{
		fill.Replace("CREATE TABLE people (login {short} PRIMARY KEY, surname {short} NOT NULL, badge {short} UNIQUE, note {long}, enabled boolean, floor bigint, hired {when}, photo {bytes}, boss {short} REFERENCES people (login) ON UPDATE CASCADE ON DELETE SET NULL)"),
		fill.Replace("CREATE TABLE phones (person {short} NOT NULL, phone {short} NOT NULL)"),
	}}
	if err := demo.Create(t.Context(), at, connector.Secret{}); err != nil {
		t.Fatal(err)
	}
	values := s.source(t, at)
	values["dialect"], values["types"], values["multiValued"] = s.dialect, "Person=people", "Person.phones=phones(person -> phone)"
	return values
}

// tiers are those of the kit that are checked; all in 'make test-connectors'.
func tiers() []connectortest.Tier {
	if os.Getenv("SALLYPORT_CONNECTORS") == "full" {
		return nil
	}
	return []connectortest.Tier{connectortest.Import, connectortest.Batch}
}

// TestKitThroughThePlugin judges the whole way: protocol, connector, ODBC driver, database.
func TestKitThroughThePlugin(t *testing.T) {
	d, _ := load(t)
	for _, s := range servers {
		t.Run(s.dialect, func(t *testing.T) {
			values := s.people(t)
			h := connectortest.Harness{
				Open: func(ctx context.Context) (connector.Session, error) {
					return d.Open(ctx, connector.Config{Name: s.dialect, Values: values})
				},
				Type: "Person", Scale: 300,
				Sample: func(n int) entry.Attrs {
					return entry.Attrs{"login": {fmt.Sprintf("login%d", n)}, "surname": {fmt.Sprintf("Surname %d", n)}, "badge": {fmt.Sprintf("badge-%d", n)}, "enabled": {n%2 == 0}, "floor": {int64(n)}}
				},
				Anchor: "login", Required: "surname", Unique: "badge", Text: "note", Flag: "enabled", Number: "floor", When: "hired", Bytes: "photo", Many: "phones", Manager: "boss",
			}
			for v := range connectortest.Judge(t.Context(), h, connectortest.Options{Write: true, Tiers: tiers()}) {
				for _, f := range v.Failures {
					t.Errorf("%s: %s", v.Check, f)
				}
			}
		})
	}
}

func TestDialectIsDetectedAndGenericDoesWithoutACatalogue(t *testing.T) {
	d, _ := load(t)
	for _, s := range servers {
		t.Run(s.dialect, func(t *testing.T) {
			values := s.contoso(t)
			ctx := t.Context()
			detected, err := d.Open(ctx, connector.Config{Name: "x", Values: values})
			if err != nil {
				t.Fatal(err)
			}
			defer detected.Close()
			ann := entry.Entry{Type: entry.User, Attrs: entry.Attrs{"ContosoLogin": {"ann"}, "FirstName": {"Ann"}, "LastName": {"Öberg ☃ 😀"}}}
			made, err := detected.(connector.Exporter).Create(ctx, ann)
			if err != nil || len(made.ID) != 36 {
				t.Fatalf("a generated anchor was not read back: %+v %v", made, err)
			}
			if s.dialect == gsql.MariaDB {
				return // its names are quoted otherwise than the standard has it
			}
			values["dialect"], values["anchors"] = "generic", "User=InternalGUID\nGroup=GroupGUID"
			s, err := d.Open(ctx, connector.Config{Name: "x", Values: values})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			bo := entry.Entry{Type: entry.User, Attrs: entry.Attrs{"InternalGUID": {"11111111-2222-3333-4444-555555555555"}, "ContosoLogin": {"bo"}, "FirstName": {"Bo"}, "LastName": {"Ek"}, "Enabled": {true}}}
			if _, err := s.(connector.Exporter).Create(ctx, bo); err != nil {
				t.Fatal(err)
			}
			names := map[string]string{}
			for e, err := range s.Import(ctx, entry.User) {
				if err != nil {
					t.Fatal(err)
				}
				names[e.Attrs.Text("ContosoLogin")] = e.Attrs.Text("LastName")
			}
			if len(names) != 2 || names["ann"] != "Öberg ☃ 😀" || names["bo"] != "Ek" {
				t.Errorf("imported %v", names)
			}
			if err := s.(connector.Exporter).Delete(ctx, entry.User, "11111111-2222-3333-4444-555555555555"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPasswordOfAnyCharactersArrives logs in with what a connection string finds hard to carry.
func TestPasswordOfAnyCharactersArrives(t *testing.T) {
	d, _ := load(t)
	const odd = "a;b=c{d%41+e f,g"
	for _, s := range servers {
		t.Run(s.dialect, func(t *testing.T) {
			values := s.contoso(t)
			switch s.dialect {
			case gsql.PostgreSQL:
				p := targets.PostgresAlone(t)
				if err := p.Exec(t.Context(), "", "CREATE ROLE odbc LOGIN PASSWORD '"+odd+"'; CREATE TABLE \"Employees\" (id int PRIMARY KEY); GRANT ALL ON \"Employees\" TO odbc"); err != nil {
					t.Fatal(err)
				}
				if err := p.RequirePasswords(t.Context(), "odbc"); err != nil {
					t.Fatal(err)
				}
				values = map[string]string{"connection": fmt.Sprintf("Driver=%s;Server=127.0.0.1;Port=%d;Database=postgres", s.driver, p.Port), "types": "User=Employees"}
			case gsql.MariaDB:
				m := targets.MariaDB(t)
				if err := m.Exec(t.Context(), "", "CREATE USER odbc IDENTIFIED BY '"+odd+"'; GRANT ALL ON *.* TO odbc"); err != nil {
					t.Fatal(err)
				}
			}
			values["user"] = "odbc"
			x, err := d.Open(t.Context(), connector.Config{Name: "x", Values: values, Secrets: map[string]connector.Secret{"password": connector.NewSecret(odd)}})
			if err != nil {
				t.Fatal(err)
			}
			if err := x.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatIsWrongIsSaidPlainly(t *testing.T) {
	d, log := load(t)
	const secret = "wrong {pass};word}"
	p := targets.PostgresAlone(t)
	if err := p.Exec(t.Context(), "", "CREATE ROLE odbc LOGIN PASSWORD 'right'"); err != nil {
		t.Fatal(err)
	}
	if err := p.RequirePasswords(t.Context(), "odbc"); err != nil {
		t.Fatal(err)
	}
	good := fmt.Sprintf("Driver=PostgreSQL Unicode;Server=127.0.0.1;Port=%d;Database=postgres", p.Port)
	for name, tt := range map[string]struct {
		connection, password string
		kind                 fault.Kind
		words                string
	}{
		"ErrPasswordInTheString": {good + ";PWD=x", "", fault.Invalid, "it contains a password"},
		"ErrWrongPassword":       {good, secret, fault.Unauthenticated, "authentication failed"},
		"ErrNoSuchDriver":        {"Driver=Nothing;Server=x", secret, fault.Invalid, "odbcinst"},
		"ErrNoSuchSource":        {"DSN=nothing", secret, fault.Invalid, "odbcinst"},
		"ErrNobodyListens":       {"Driver=PostgreSQL Unicode;Server=127.0.0.1;Port=1;Database=x", secret, fault.Unavailable, "check that the database runs"},
		"ErrNoSuchTable":         {good, "right", fault.Invalid, "nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			c := connector.Config{Name: "x", Values: map[string]string{"connection": tt.connection, "user": "odbc", "types": "User=nowhere"}, Secrets: map[string]connector.Secret{}}
			if tt.password != "" {
				c.Secrets["password"] = connector.NewSecret(tt.password)
			}
			_, err := d.Open(t.Context(), c)
			if !fault.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.words) || fault.HintOf(err) == "" {
				t.Fatalf("%v (%s)", err, fault.KindOf(err))
			}
			if strings.Contains(err.Error()+log.String(), "pass};word") {
				t.Errorf("the password shows: %v\n%s", err, log)
			}
		})
	}
}
