package gsql

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// OpenODBC returns a handle of database/sql for an ODBC connection string. The driver lies outside this room, since it needs cgo; its
// errors are ODBCErrors.
type OpenODBC func(source string, o ODBCOptions) *sql.DB

// ODBCOptions are what the driver must know of a dialect.
type ODBCOptions struct {
	LastID string // query for the number that the last INSERT made; "" = there is none
	Begin  string // statement that makes a transaction one state of the data, read only; "" = none
	UTF8   bool   // texts are sent and read as their bytes, which are UTF-8
}

// ODBCError is what an ODBC driver says.
type ODBCError interface {
	error
	// Lost reports whether the connection is of no use any more.
	Lost() bool
	// Diagnosis is the SQLSTATE and the database's own number.
	Diagnosis() (state string, native int)
}

// ODBCDriver is this connector over an ODBC driver in the place of a client library of its own.
type ODBCDriver struct{ open OpenODBC }

// NewODBC returns the connector "odbc".
func NewODBC(open OpenODBC) ODBCDriver { return ODBCDriver{open} }

// Name returns "odbc".
func (ODBCDriver) Name() string { return "odbc" }

// The words of the setting dialect beside the dialects' own names.
const (
	dialectDetected = "detect"
	dialectMySQL    = "mysql"
	dialectGeneric  = "generic"
)

// Settings are those of the SQL connector, with an ODBC connection string in the place of the URL.
func (ODBCDriver) Settings() []connector.Setting {
	own := []connector.Setting{
		{Name: "connection", Label: "ODBC connection string", Type: connector.Text, Required: true, Page: "Connectivity",
			Help: "DSN=hr for a data source of odbc.ini, or Driver=PostgreSQL Unicode;Server=db.example.org;Port=5432;Database=hr, without the password. The drivers are those of this machine's odbcinst.ini."},
		{Name: "dialect", Label: "SQL dialect", Type: connector.Choice, Default: dialectDetected, Page: "Connectivity",
			Choices: []string{dialectDetected, PostgreSQL, MariaDB, dialectMySQL, SQLServer, Oracle, dialectGeneric},
			Help:    "Which database's SQL is written. detect asks the database; generic uses only what the SQL standard has, and needs the setting anchors, since it reads no catalogue."},
	}
	for _, s := range (Driver{}).Settings() {
		if s.Name != "url" {
			own = append(own, s)
		}
	}
	return own
}

// Capabilities are those of the SQL connector.
func (ODBCDriver) Capabilities() connector.Capabilities { return Driver{}.Capabilities() }

// Samples are configurations for the ODBC drivers of PostgreSQL and MariaDB.
func (ODBCDriver) Samples() []connector.Sample {
	var out []connector.Sample
	for _, s := range (Driver{}).Samples() {
		source, ok := map[string]string{
			PostgreSQL: "Driver=PostgreSQL Unicode;Server=db.example.org;Port=5432;Database=hr;SSLmode=verify-full",
			MariaDB:    "Driver=MariaDB Unicode;Server=db.example.org;Port=3306;Database=hr;FORCETLS=1",
		}[s.Name]
		if ok {
			s.Config = odbcConfig(s.Config, source)
			out = append(out, s)
		}
	}
	return out
}

// odbcConfig puts a connection string in the place of a sample's URL.
func odbcConfig(config, source string) string {
	lines := strings.Split(config, "\n")
	for i, line := range lines {
		switch word := strings.TrimSpace(line); {
		case strings.HasPrefix(word, "url:"):
			indent := line[:strings.Index(line, "url:")]
			lines[i] = indent + "connection: " + source + "\n" + indent + "user: sallyport"
		case strings.HasPrefix(word, "kind: gsql"):
			lines[i] = strings.Replace(line, "gsql", "odbc", 1)
		}
	}
	plugin := "plugins:\n  - path: /usr/local/lib/sallyport/sallyport-odbc\n    sha256: \"what sha256sum prints of it\"\n"
	return plugin + strings.Join(lines, "\n")
}

// Open connects as Driver.Open does, through the ODBC driver that the connection string names.
func (d ODBCDriver) Open(ctx context.Context, config connector.Config) (connector.Session, error) {
	t, err := d.target(ctx, config)
	if err != nil {
		return nil, err
	}
	l, err := layoutOn(t, config)
	if err != nil {
		return nil, err
	}
	return openOn(ctx, config, l)
}

// target reads the connection string, and asks the database what it is where the setting does not say.
func (d ODBCDriver) target(ctx context.Context, c connector.Config) (target, error) {
	t := target{url: strings.Trim(c.Values["connection"], "; \t\n"), user: c.Values["user"], password: c.Secrets["password"]}
	if err := checkSource(t.url); err != nil {
		return t, err
	}
	name := c.Values["dialect"]
	if name == "" || name == dialectDetected {
		var err error
		if name, err = d.detect(ctx, t); err != nil {
			return t, err
		}
	}
	o, ok := odbcOf(name, d.open)
	if !ok {
		return t, wrong("dialect", name, errNoDialect)
	}
	t.dialect, t.counsel, t.grammar = o, o, o
	return t, nil
}

// checkSource refuses a connection string that has a password, without repeating it.
func checkSource(source string) error {
	if source == "" {
		return fault.New(fault.Invalid, "read the settings", "it is empty").About("connection").WithHint("give DSN=name, or Driver=…;Server=…;Database=…")
	}
	for part := range strings.SplitSeq(source, ";") {
		key, _, _ := strings.Cut(part, "=")
		if slices.Contains([]string{"PWD", "PASSWORD"}, strings.ToUpper(strings.TrimSpace(key))) {
			return fault.New(fault.Invalid, "read the settings", "it contains a password").About("connection").
				WithHint("take it out, put it alone into a file and name that file in the setting passwordFile")
		}
	}
	return nil
}

// source is the whole connection string; more is what the dialect adds where it is not there.
func (t target) source(more ...string) string {
	parts := []string{t.url}
	for _, m := range more {
		key, _, _ := strings.Cut(m, "=")
		if !strings.Contains(strings.ToUpper(";"+t.url), ";"+key+"=") {
			parts = append(parts, m)
		}
	}
	if t.user != "" {
		parts = append(parts, "UID="+braced(t.user))
	}
	if !t.password.IsZero() {
		parts = append(parts, "PWD="+braced(t.password.Reveal()))
	}
	return strings.Join(parts, ";")
}

// braced quotes a value of a connection string, where that must be: some drivers take braces for a part of the value.
func braced(s string) string {
	if !strings.ContainsAny(s, "[]{}(),;?*=!@%+ \\") {
		return s
	}
	return "{" + strings.ReplaceAll(s, "}", "}}") + "}"
}

// versions are the questions after what a database is, and the words of the answers.
var versions = []struct {
	query   string
	answers map[string]string
}{
	{"SELECT version()", map[string]string{"PostgreSQL": PostgreSQL, "MariaDB": MariaDB, ".": dialectMySQL}},
	{"SELECT @@version", map[string]string{"Microsoft": SQLServer}},
	{"SELECT banner FROM v$version", map[string]string{"Oracle": Oracle}},
}

// detect asks the database what it is; what it does not say is generic.
func (d ODBCDriver) detect(ctx context.Context, t target) (string, error) {
	limited, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	db := d.open(t.source(), ODBCOptions{})
	defer db.Close()
	if err := db.PingContext(limited); err != nil {
		g, _ := odbcOf(dialectGeneric, d.open)
		s := &session{layout: layout{target: target{dialect: g}}}
		return "", s.failure("connect to the database", s.connectVerdict(err), err)
	}
	for _, v := range versions {
		var said string
		if db.QueryRowContext(limited, v.query).Scan(&said) != nil {
			continue
		}
		for _, word := range []string{"PostgreSQL", "MariaDB", "Microsoft", "Oracle", "."} {
			if name, ok := v.answers[word]; ok && strings.Contains(said, word) {
				return name, nil
			}
		}
	}
	return dialectGeneric, nil
}
