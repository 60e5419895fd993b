//go:build odbc

package gsql

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/cmd/sallyport-odbc/odbc"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/connectortest"
)

func openODBC(source string, o ODBCOptions) *sql.DB { return odbc.Open(source, odbc.Options(o)) }

// odbcSource is the connection string that leads where a URL of targets leads.
func odbcSource(t testing.TB, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	q, db := u.Query(), strings.Trim(u.Path, "/")
	drivers, err := exec.Command("odbcinst", "-q", "-d").CombinedOutput()
	if err != nil {
		t.Fatalf("odbcinst: %v: install unixodbc, odbc-postgresql and odbc-mariadb", err)
	}
	driver, extra := "MariaDB Unicode", ""
	if strings.HasPrefix(u.Scheme, "postgres") {
		driver = "PostgreSQL Unicode"
		if path := q.Get("search_path"); path != "" {
			extra = ";ConnSettings={SET search_path = " + path + "}"
		}
	}
	if !strings.Contains(string(drivers), driver) {
		t.Fatalf("there is no ODBC driver %q: install odbc-postgresql and odbc-mariadb", driver)
	}
	return fmt.Sprintf("Driver=%s;Server=%s;Port=%s;Database=%s;UID=%s%s", driver, u.Hostname(), u.Port(), db, u.User.Username(), extra)
}

// overODBC are the settings of a native configuration over ODBC.
func overODBC(t testing.TB, c connector.Config) connector.Config {
	t.Helper()
	values := maps.Clone(c.Values)
	values["connection"] = odbcSource(t, values["url"])
	delete(values, "url")
	return connector.Config{Name: c.Name, Values: values, Secrets: c.Secrets}
}

// odbcKit is the kit whose tables are made by the native client and whose sessions go over ODBC.
func odbcKit(d database) connectortest.Harness {
	h := kit(d, install)
	h.New = func(t testing.TB) func(context.Context) (connector.Session, error) {
		layout, url := odd(d.name), d.url(t)
		if err := layout.Create(t.Context(), url, connector.Secret{}); err != nil {
			t.Fatal(err)
		}
		config := layout.Config("test", url, connector.Secret{})
		install(t, config)
		over := overODBC(t, config)
		return func(ctx context.Context) (connector.Session, error) { return NewODBC(openODBC).Open(ctx, over) }
	}
	return h
}

func TestConformanceOverODBC(t *testing.T) {
	for _, d := range databases[1:] {
		t.Run(d.name, func(t *testing.T) { connectortest.Run(t, odbcKit(d)) })
	}
}
