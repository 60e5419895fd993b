package gsql

import (
	"net"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// steps runs the staged tests and returns their names, with ! behind the one that failed, and its error.
func steps(t *testing.T, c connector.Config) (names []string, failed error) {
	t.Helper()
	note := func(s connector.Stage) bool {
		if s.Err != nil {
			names, failed = append(names, s.Name+"!"), s.Err
			return false
		}
		names = append(names, s.Name)
		return true
	}
	for s := range New().OpenStages(t.Context(), c) {
		note(s)
	}
	if failed != nil {
		return names, failed
	}
	for s := range opened(t, c).TestStages(t.Context()) {
		note(s)
	}
	return names, failed
}

func TestStagesShowHowFarItComes(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		layout, url := Contoso(d.name), d.url(t)
		if err := layout.Create(t.Context(), url, connector.Secret{}); err != nil {
			t.Fatal(err)
		}
		c := layout.Config("x", url, connector.Secret{})
		install(t, c)
		names, err := steps(t, c)
		want := "Read the settings, Resolve the name, Connect to the port, Log in, Read the catalogue, Rights on User, Rights on Group, Where changes stand"
		if d.name == SQLite {
			want = strings.Replace(want, "Resolve the name, Connect to the port", "Find the file", 1)
		}
		if got := strings.Join(names, ", "); got != want || err != nil {
			t.Errorf("%s: %v", got, err)
		}
	})
}

func TestStagesEndAtWhatFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	real := freshSchema(t)
	for _, c := range []struct {
		url, user, last string
		kind            fault.Kind
	}{
		{"db2://h/d", "", "Read the settings!", fault.Invalid},
		{"sqlite:/no/such/file.db", "", "Find the file!", fault.Unavailable},
		{"postgres://u@" + closed + "/d", "", "Connect to the port!", fault.Unavailable},
		{"mariadb://u@name.invalid/d", "", "Resolve the name!", fault.Unavailable},
		{real, "nobody_at_all", "Log in!", fault.Unauthenticated},
	} {
		names, err := steps(t, config("url", c.url, "user", c.user))
		if len(names) == 0 || names[len(names)-1] != c.last || !fault.Is(err, c.kind) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v: %v (%v)", c.url, names, err, fault.KindOf(err))
		}
	}
}
