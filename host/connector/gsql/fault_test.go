package gsql

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/test/targets"
)

func person(login string) entry.Entry {
	return entry.Entry{Type: entry.User, Attrs: entry.Attrs{"ContosoLogin": {login}, "FirstName": {"F"}, "LastName": {"L"}}}
}

func TestConstraintsBecomeFaultsInTheDatabasesWords(t *testing.T) {
	words := map[string]map[string]string{
		PostgreSQL: {"null": `null value in column "FirstName"`, "unique": "duplicate key value", "foreign": "violates foreign key constraint",
			"check": "violates check constraint", "long": "value too long for type character varying(5)", "cast": "invalid input syntax for type uuid", "held": "still referenced"},
		MariaDB: {"null": "Field 'FirstName' doesn't have a default value", "unique": "Duplicate entry", "foreign": "a foreign key constraint fails",
			"check": "CONSTRAINT", "long": "Data too long for column 'short'", "cast": "Incorrect uuid value", "held": "a foreign key constraint fails"},
		SQLite: {"null": "NOT NULL constraint failed: t.FirstName", "unique": "UNIQUE constraint failed", "foreign": "FOREIGN KEY constraint failed",
			"check": "CHECK constraint failed", "long": "CHECK constraint failed", "cast": "CHECK constraint failed", "held": "FOREIGN KEY constraint failed"},
	}
	each(t, func(t *testing.T, d database) {
		short, guid := "varchar(5)", "uuid"
		if d.name == SQLite {
			short, guid = "varchar(5) CHECK (length(short) <= 5)", "text CHECK (length(guid) = 36)"
		}
		s := open(t, simple(map[string]string{"types": "User=t"}, `CREATE TABLE t (id varchar(50) PRIMARY KEY NOT NULL, "FirstName" text NOT NULL, age integer CHECK (age > 0), boss varchar(50) REFERENCES t (id), short `+short+`, guid `+guid+`)`)(d), d.url(t))
		create(t, s, "User", entry.Attrs{"id": {"boss"}, "FirstName": {"B"}})
		worker := entry.Attrs{"id": {"w"}, "FirstName": {"W"}, "boss": {entry.Ref{ID: "boss"}}}
		create(t, s, "User", worker)
		for name, c := range map[string]struct {
			with entry.Attrs
			want fault.Kind
		}{
			"null":    {entry.Attrs{"FirstName": nil}, fault.Invalid},
			"unique":  {entry.Attrs{"id": {"w"}}, fault.Exists},
			"foreign": {entry.Attrs{"boss": {entry.Ref{ID: "nobody"}}}, fault.Invalid},
			"check":   {entry.Attrs{"age": {int64(0)}}, fault.Invalid},
			"long":    {entry.Attrs{"short": {"123456"}}, fault.Invalid},
			"cast":    {entry.Attrs{"guid": {"no uuid"}}, fault.Invalid},
		} {
			a := entry.Attrs{"id": {"new"}, "FirstName": {"N"}}
			for k, v := range c.with {
				a[k] = v
			}
			_, err := s.Create(t.Context(), entry.Entry{Type: "User", Attrs: a})
			if !fault.Is(err, c.want) || !strings.Contains(err.Error(), words[d.name][name]) {
				t.Errorf("%s: %v (%v)", name, err, fault.KindOf(err))
			}
			if strings.Contains(err.Error(), "Failing row") {
				t.Errorf("%s: the error shows the whole row: %v", name, err)
			}
		}
		err := s.Delete(t.Context(), "User", "boss")
		if !fault.Is(err, fault.Conflict) || fault.HintOf(err) == "" {
			t.Errorf("delete of a row that is pointed to: %v (%v)", err, fault.KindOf(err))
		}
	})
}

func TestMinimalGrantsSuffice(t *testing.T) {
	url := freshSchema(t)
	d := Contoso(PostgreSQL)
	owner := open(t, d, url)
	run := func(statements ...string) {
		t.Helper()
		for _, sql := range statements {
			if _, err := owner.conn.exec(t.Context(), query{text: sql}); err != nil {
				t.Fatal(err)
			}
		}
	}
	schema := url[strings.LastIndex(url, "=")+1:]
	role := "minimal_" + schema
	run("CREATE ROLE "+role+" LOGIN", "GRANT USAGE ON SCHEMA "+schema+" TO "+role, "GRANT SELECT ON ALL TABLES IN SCHEMA "+schema+" TO "+role)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		_, _ = owner.conn.exec(ctx, query{text: "DROP OWNED BY " + role})
		_, _ = owner.conn.exec(ctx, query{text: "DROP ROLE " + role})
	})
	d.Settings["user"] = role
	s := join(t, d, url)
	if err := s.Test(t.Context()); !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), "INSERT, UPDATE, DELETE") {
		t.Errorf("test with SELECT only: %v", err)
	}
	if _, err := s.Create(t.Context(), person("x")); !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("create with SELECT only: %v", err)
	}
	run("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + schema + " TO " + role)
	if err := s.Test(t.Context()); err != nil {
		t.Fatal(err)
	}
	e, err := s.Create(t.Context(), person("x"))
	if err != nil {
		t.Fatal(err)
	}
	g := create(t, s, entry.Group, entry.Attrs{"GroupName": {"g"}, "members": {entry.Ref{ID: e.ID}}})
	for _, edit := range []entry.Edit{{Op: entry.Remove, Attr: "members"}, {Op: entry.Add, Attr: "members", Values: []entry.Value{entry.Ref{ID: e.ID}}}} {
		if _, err := s.Update(t.Context(), entry.Group, connector.Anchor(g.ID), []entry.Edit{edit}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(importAll(t, s, entry.Group)); n != 1 {
		t.Errorf("%d groups", n)
	}
	if err := s.Delete(t.Context(), entry.User, connector.Anchor(e.ID)); err != nil {
		t.Fatal(err)
	}
}

func TestReadOnlySQLiteFileIsDenied(t *testing.T) {
	d, url := Contoso(SQLite), databases[0].url(t)
	open(t, d, url)
	s := join(t, d, url+"?_pragma=query_only(1)") // as root the file's mode would not count
	_, err := s.Create(t.Context(), person("x"))
	if !fault.Is(err, fault.Denied) {
		t.Errorf("%v (%v)", err, fault.KindOf(err))
	}
}

func TestUnreachableAndUnauthenticated(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	d := Contoso(PostgreSQL)
	_, err = New().Open(t.Context(), d.Config("x", "postgres://u@"+closed+"/db?sslmode=disable", connector.NewSecret("hunter2")))
	if !fault.Is(err, fault.Unavailable) || fault.HintOf(err) == "" {
		t.Errorf("nobody listens: %v (%v)", err, fault.KindOf(err))
	}
	_, err = New().Open(t.Context(), Contoso(SQLite).Config("x", "sqlite:/no/such/file.db", connector.Secret{}))
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("no such file: %v (%v)", err, fault.KindOf(err))
	}
	p := targets.Postgres(t)
	d.Settings["user"] = "nobody_at_all"
	_, err = New().Open(t.Context(), d.Config("x", p.URL(""), connector.NewSecret("hunter2")))
	if !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("no such role: %v (%v)", err, fault.KindOf(err))
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the password is shown: %v", err)
	}
}

func TestWrongPasswordIsUnauthenticated(t *testing.T) {
	p := targets.PostgresAlone(t, "fsync=off")
	d := Contoso(PostgreSQL)
	if err := d.Create(t.Context(), p.URL(""), connector.Secret{}); err != nil {
		t.Fatal(err)
	}
	if err := p.Exec(t.Context(), "", "CREATE ROLE app LOGIN PASSWORD 'right'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO app"); err != nil {
		t.Fatal(err)
	}
	if err := p.RequirePasswords(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	d.Settings["user"] = "app"
	_, err := New().Open(t.Context(), d.Config("x", p.URL(""), connector.NewSecret("wrong")))
	if !fault.Is(err, fault.Unauthenticated) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("%v (%v)", err, fault.KindOf(err))
	}
	s, err := New().Open(t.Context(), d.Config("x", p.URL(""), connector.NewSecret("right")))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func TestSessionsSurviveARestart(t *testing.T) {
	p := targets.PostgresAlone(t)
	d := Contoso(PostgreSQL)
	s := open(t, d, p.URL(""))
	e := create(t, s, entry.User, person("before").Attrs)
	for name, end := range map[string]func(){"Stop": p.Stop, "Kill": p.Kill} {
		end()
		if _, err := s.Create(t.Context(), person("down"+name)); !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Timeout) {
			t.Errorf("%s: create while down: %v (%v)", name, err, fault.KindOf(err))
		}
		if _, err := s.Count(t.Context(), entry.User); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: read while down: %v (%v)", name, err, fault.KindOf(err))
		}
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := one(t, s, entry.User, "InternalGUID", e.ID); got.Attrs.Text("ContosoLogin") != "before" {
			t.Errorf("%s: %v", name, got)
		}
		create(t, s, entry.User, person("after"+name).Attrs)
	}
	// A restart that the session did not notice: the dead connection is seen before the write is sent into it.
	p.Stop()
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	create(t, s, entry.User, person("unnoticed").Attrs)
	if n := len(importAll(t, s, entry.User)); n != 4 {
		t.Errorf("%d rows, want 4", n)
	}
}

func TestConnectionLostAfterSendingAWriteIsTimeout(t *testing.T) {
	p := targets.PostgresAlone(t, "fsync=off")
	s := open(t, Contoso(PostgreSQL), p.URL(""))
	if err := p.Exec(t.Context(), "", `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN PERFORM pg_notify('busy', ''); PERFORM pg_sleep(60); RETURN NEW; END $f$;
CREATE TRIGGER slow BEFORE INSERT ON "Employees" FOR EACH ROW EXECUTE FUNCTION slow()`); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.Create(t.Context(), person("x"))
		done <- err
	}()
	if err := p.Await(t.Context(), `SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'`); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	if err := <-done; !fault.Is(err, fault.Timeout) {
		t.Errorf("%v (%v)", err, fault.KindOf(err))
	}
}

func TestDeadlocksAndBusyFilesAreRetried(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		url := d.url(t)
		layout := simple(map[string]string{"types": "Group=g", "multiValued": "Group.members=m(g -> u)"},
			`CREATE TABLE g (id bigint PRIMARY KEY NOT NULL, n text)`, `CREATE TABLE m (g bigint NOT NULL REFERENCES g (id), u {short} NOT NULL, PRIMARY KEY (g, u))`)(d)
		first := open(t, layout, url)
		create(t, first, "Group", entry.Attrs{"id": {int64(1)}})
		var wg sync.WaitGroup
		for w := range 8 {
			s := join(t, layout, url)
			wg.Go(func() {
				for range 10 { // child first and parent first, in one transaction: they meet head on
					edits := []entry.Edit{{Op: entry.Replace, Attr: "n", Values: []entry.Value{"x"}}, {Op: entry.Add, Attr: "members", Values: []entry.Value{"a", "b"}}, {Op: entry.Remove, Attr: "members", Values: []entry.Value{"b", "a"}}}
					if w%2 == 0 {
						edits = edits[1:]
					}
					if _, err := s.Update(t.Context(), "Group", "1", edits); err != nil {
						t.Errorf("session %d: %v", w, err)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestSerializationFailureIsRetriedABoundedNumberOfTimes(t *testing.T) {
	s := open(t, Contoso(PostgreSQL), freshSchema(t))
	for _, refusals := range []int{3, 1000} {
		tries := 0
		err := s.write(t.Context(), "update", func(ctx context.Context, c conn) error {
			if tries++; tries > refusals {
				return nil
			}
			_, err := c.exec(ctx, query{text: `DO $$ BEGIN RAISE EXCEPTION 'could not serialize' USING ERRCODE = '40001'; END $$`})
			return err
		})
		if refusals == 3 && (err != nil || tries != 4) || refusals == 1000 && (!fault.Is(err, fault.Conflict) || tries != attempts) {
			t.Errorf("%d refusals: %d tries, %v", refusals, tries, err)
		}
	}
}

func TestWriteThatTimesOutSaysSo(t *testing.T) {
	url := freshSchema(t)
	s := open(t, Contoso(PostgreSQL), url)
	e := create(t, s, entry.User, person("x").Attrs)
	blocker := join(t, Contoso(PostgreSQL), url)
	err := blocker.conn.transact(t.Context(), func() error {
		if _, err := blocker.conn.exec(t.Context(), query{text: `UPDATE "Employees" SET "Email" = 'held'`}); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300e6)
		defer cancel()
		_, err := s.Update(ctx, entry.User, connector.Anchor(e.ID), []entry.Edit{{Op: entry.Replace, Attr: "Email", Values: []entry.Value{"late"}}})
		if !fault.Is(err, fault.Timeout) {
			t.Errorf("%v (%v)", err, fault.KindOf(err))
		}
		return errors.New("roll back")
	})
	if err == nil {
		t.Fatal("the blocker committed")
	}
	if got := one(t, s, entry.User, "InternalGUID", e.ID); got.Attrs.First("Email") != nil {
		t.Errorf("a timed out write took effect: %v", got.Attrs["Email"])
	}
}
