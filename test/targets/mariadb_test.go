package targets

import "testing"

func TestMariaDBIsFreshForEachTest(t *testing.T) {
	a, b := MariaDB(t), MariaDB(t)
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

func TestMariaDBSurvivesStopAndKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server three times")
	}
	m := MariaDBAlone(t)
	if err := m.Exec(t.Context(), "", "CREATE TABLE x(i int)"); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(){"Stop": m.Stop, "Kill": m.Kill} {
		if err := m.Exec(t.Context(), "", "INSERT INTO x VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		end()
		if err := m.ping(t.Context()); err == nil {
			t.Fatalf("%s: still answers", name)
		}
		if err := m.Start(t.Context()); err != nil {
			t.Fatalf("start after %s: %v", name, err)
		}
	}
	pool, err := m.open(m.database)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var n int
	if err := pool.QueryRowContext(t.Context(), "SELECT count(*) FROM x").Scan(&n); err != nil || n != 2 {
		t.Fatalf("%d committed rows after two ends, want 2: %v", n, err)
	}
}
