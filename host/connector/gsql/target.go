package gsql

import (
	"net/url"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// parseTarget picks the dialect by the URL's scheme. It refuses a password in the URL without repeating the URL.
func parseTarget(c connector.Config) (target, error) {
	t := target{url: strings.TrimSpace(c.Values["url"]), user: c.Values["user"], password: c.Secrets["password"]}
	scheme, rest, _ := strings.Cut(t.url, ":")
	switch scheme {
	case "postgres", "postgresql":
		t.dialect, t.counsel, t.grammar = postgres{}, postgres{}, postgres{}
		return t, checkURL(t.url)
	case "sqlite", "file":
		t.dialect, t.counsel, t.grammar = sqlite{}, sqlite{}, sqlite{}
		t.url = strings.TrimPrefix(rest, "//")
		if t.url == "" || strings.HasPrefix(t.url, ":memory:") || strings.Contains(rest, "mode=memory") {
			return t, badURL("a SQLite target is a file").WithHint("give sqlite:/path/to/file.db; for a target in memory use the connector mem")
		}
		return t, nil
	case "sqlserver", "mssql":
		t.dialect, t.counsel, t.grammar = sqlserver{}, sqlserver{}, sqlserver{}
		return t, checkURL(t.url)
	case "oracle":
		t.dialect, t.counsel, t.grammar = oracle{}, oracle{}, oracle{}
		return t, checkURL(t.url)
	case "mariadb", "mysql":
		d := mysql{returns: scheme == "mariadb"}
		t.dialect, t.counsel, t.grammar = d, d, d
		return t, checkURL(t.url)
	}
	return t, badURL("the scheme is of no known database").
		WithHint("give postgres://user@host:5432/database, mariadb://user@host:3306/database, mysql://…, sqlserver://user@host:1433?database=name, oracle://user@host:1521/service or sqlite:/path/to/file.db")
}

func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return badURL("it cannot be read as a URL").WithHint("give postgres://user@host:5432/database; write odd characters as %%XX")
	}
	if _, has := u.User.Password(); has || u.Query().Has("password") {
		return badURL("it contains a password").WithHint("take it out of the url, put it alone into a file and name that file in the setting passwordFile")
	}
	return nil
}

func badURL(reason string) *fault.Error {
	return fault.New(fault.Invalid, "read the settings", "%s", reason).About("url")
}
