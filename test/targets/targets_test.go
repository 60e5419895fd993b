package targets

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestPostgresIsFreshForEachTest(t *testing.T) {
	a, b := Postgres(t), Postgres(t)
	if a.Port != b.Port || a.URL("") == b.URL("") {
		t.Fatalf("want one server and two databases, got %s and %s", a.URL(""), b.URL(""))
	}
	if err := a.Exec(t.Context(), "", "CREATE TABLE x(i int); INSERT INTO x VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	if err := b.Exec(t.Context(), "", "SELECT * FROM x"); err == nil {
		t.Fatal("the second database sees the first one's table")
	}
}

func TestPostgresSurvivesStopAndKill(t *testing.T) {
	p := PostgresAlone(t)
	if err := p.Exec(t.Context(), "", "CREATE TABLE x(i int)"); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(){"Stop": p.Stop, "Kill": p.Kill} {
		if err := p.Exec(t.Context(), "", "INSERT INTO x VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		end()
		if err := p.ping(t.Context()); err == nil {
			t.Fatalf("%s: still answers", name)
		}
		if err := p.Start(t.Context()); err != nil {
			t.Fatalf("start after %s: %v", name, err)
		}
	}
	c, err := pgx.Connect(t.Context(), p.URL(""))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	var n int
	if err := c.QueryRow(t.Context(), "SELECT count(*) FROM x").Scan(&n); err != nil || n != 2 {
		t.Fatalf("%d committed rows after two ends, want 2: %v", n, err)
	}
}

func TestKeeperRemovesServerAndFolderWithItsOwner(t *testing.T) {
	p := PostgresAlone(t, "fsync=off")
	p.process.life.Close() // what the end of this process would do
	select {
	case <-p.process.gone:
	case <-time.After(20 * time.Second):
		t.Fatal("the server outlived its owner")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := poll(ctx, nil, func(context.Context) error {
		if _, err := os.Stat(p.dir); err == nil {
			return errors.New("folder is still there")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestCompareVersions(t *testing.T) {
	base := "/usr/lib/postgresql/"
	if compareVersions(filepath.Join(base, "9/bin/initdb"), filepath.Join(base, "15/bin/initdb")) >= 0 {
		t.Error("9 is not older than 15")
	}
	if compareVersions(filepath.Join(base, "17/bin/initdb"), filepath.Join(base, "15/bin/initdb")) <= 0 {
		t.Error("17 is not newer than 15")
	}
}

func TestProxies(t *testing.T) {
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer site.Close()
	other := httptest.NewTLSServer(http.NotFoundHandler())
	defer other.Close()
	for name, start := range map[string]func(testing.TB, string, string, ...int) *Proxy{"Tinyproxy": Tinyproxy, "Squid": Squid} {
		t.Run(name, func(t *testing.T) {
			p := start(t, "agent", "s3cret-word", portOf(t, site.URL))
			get := func(proxy *url.URL, target string) (int, error) {
				tr := site.Client().Transport.(*http.Transport).Clone()
				tr.Proxy = func(*http.Request) (*url.URL, error) { return proxy, nil }
				defer tr.CloseIdleConnections()
				r, err := (&http.Client{Transport: tr}).Get(target)
				if err != nil {
					return 0, err
				}
				return r.StatusCode, r.Body.Close()
			}
			if status, err := get(p.URL(), site.URL); err != nil || status != http.StatusTeapot {
				t.Errorf("with the credential: %d, %v", status, err)
			}
			if _, err := get(p.Bare(), site.URL); err == nil {
				t.Error("relays without the credential")
			}
			if _, err := get(p.URL(), other.URL); err == nil {
				t.Error("relays to a port that is not allowed")
			}
		})
	}
}

func portOf(t *testing.T, raw string) int {
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
