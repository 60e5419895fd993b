package gsql

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// simple is a layout of one statement for each type.
func simple(settings map[string]string, ddl ...string) func(database) Demo {
	return func(d database) Demo {
		return Demo{DDL: fill(d.name, append([]string{}, ddl...)...), Settings: settings}
	}
}

// fillTable inserts generated rows with the database's own means.
func fillTable(t testing.TB, s *session, d database, table, columns, values string, rows int) {
	t.Helper()
	numbers := fmt.Sprintf("generate_series(1, %d) AS n(i)", rows)
	switch d.name {
	case MariaDB:
		if _, err := s.conn.exec(t.Context(), query{text: "SET SESSION sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')"}); err != nil {
			t.Fatal(err)
		}
		numbers = fmt.Sprintf("(SELECT seq AS i FROM seq_1_to_%d) AS n", rows)
		table, columns = requote(table, s.grammar().quote), requote(columns, s.grammar().quote)
	case SQLite:
		numbers = fmt.Sprintf("(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n)", rows)
	}
	if _, err := s.conn.exec(t.Context(), query{text: "INSERT INTO " + table + " (" + columns + ") SELECT " + values + " FROM " + numbers}); err != nil {
		t.Fatal(err)
	}
}

func importAll(t testing.TB, s *session, kind entry.Type) []entry.Entry {
	t.Helper()
	var out []entry.Entry
	for e, err := range s.Import(t.Context(), kind) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func TestRegressionPagingBeyond5000Objects(t *testing.T) {
	layout := simple(map[string]string{"types": "User=users", "multiValued": "User.phones=phones(owner -> phone)"},
		`CREATE TABLE users (id bigint PRIMARY KEY NOT NULL, name text)`, `CREATE TABLE phones (owner bigint NOT NULL, phone text NOT NULL)`)
	each(t, func(t *testing.T, d database) {
		s := open(t, layout(d), d.url(t))
		fillTable(t, s, d, "users", "id, name", "i, 'n'", 12_345)
		fillTable(t, s, d, "phones", "owner, phone", "i * 2, 'p' || i", 6_000)
		got := importAll(t, s, "User")
		phones := 0
		for _, e := range got {
			for _, p := range e.Attrs["phones"] {
				phones++
				if id := e.Attrs.First("id").(int64); p != fmt.Sprintf("p%d", id/2) {
					t.Fatalf("user %d has %v", id, p)
				}
			}
		}
		if len(got) != 12_345 || phones != 6_000 {
			t.Errorf("%d objects with %d phones", len(got), phones)
		}
	})
}

func TestRegressionDeleteIsNotAnUpdate(t *testing.T) {
	layout := simple(map[string]string{"types": "User=users"}, `CREATE TABLE users (id bigint PRIMARY KEY NOT NULL, name text)`)
	each(t, func(t *testing.T, d database) {
		s := open(t, layout(d), d.url(t))
		e := create(t, s, "User", entry.Attrs{"id": {int64(1)}, "name": {"x"}})
		if err := s.Delete(t.Context(), "User", connector.Anchor(e.ID)); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Count(t.Context(), "User"); n != 0 || err != nil {
			t.Errorf("%d rows left, %v", n, err)
		}
	})
}

func TestRegressionVarbinaryMaxValues(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		kind := map[string]string{PostgreSQL: "bytea", SQLite: "varbinary(2147483647)", MariaDB: "longblob"}[d.name]
		s := open(t, simple(map[string]string{"types": "User=users"}, `CREATE TABLE users (id bigint PRIMARY KEY NOT NULL, photo `+kind+`)`)(d), d.url(t))
		big := bytes.Repeat([]byte{0, 1, 254, 255}, 500_000)
		create(t, s, "User", entry.Attrs{"id": {int64(1)}, "photo": {big}})
		got := importAll(t, s, "User")
		if b, _ := got[0].Attrs.First("photo").([]byte); !bytes.Equal(b, big) {
			t.Errorf("%d bytes came back", len(b))
		}
	})
}

func TestRegressionReferencesStayReferencesOnSchemaRefresh(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, Contoso(d.name), d.url(t))
		for range 3 {
			sch, err := s.Schema(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			users, _ := sch.Type(entry.User)
			groups, _ := sch.Type(entry.Group)
			m, _ := users.Attribute("Manager")
			g, _ := groups.Attribute("members")
			if m.Type != connector.Reference || m.RefType != entry.User || g.Type != connector.Reference || !g.MultiValued {
				t.Fatalf("Manager %+v, members %+v", m, g)
			}
		}
	})
}

func TestRegressionTypeNamesThatContainOneAnother(t *testing.T) {
	layout := simple(map[string]string{"types": "User=a\nUserAccount=b\nSuperUser=c", "dataTypes": "UserAccount.v=Integer", "json": "SuperUser.v"},
		`CREATE TABLE a (id bigint PRIMARY KEY NOT NULL, v text)`, `CREATE TABLE b (id bigint PRIMARY KEY NOT NULL, v text)`, `CREATE TABLE c (id bigint PRIMARY KEY NOT NULL, v text)`)
	each(t, func(t *testing.T, d database) {
		s := open(t, layout(d), d.url(t))
		sch, err := s.Schema(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for kind, want := range map[entry.Type]connector.DataType{"User": connector.String, "UserAccount": connector.Integer, "SuperUser": connector.JSON} {
			o, _ := sch.Type(kind)
			if a, _ := o.Attribute("v"); a.Type != want {
				t.Errorf("%s.v is %s, want %s", kind, a.Type, want)
			}
		}
		create(t, s, "UserAccount", entry.Attrs{"id": {int64(1)}, "v": {int64(7)}})
		if len(importAll(t, s, "User")) != 0 || len(importAll(t, s, "UserAccount")) != 1 {
			t.Error("an object landed in another type")
		}
	})
}

func TestRegressionNamesKeepTheirCase(t *testing.T) {
	layout := simple(map[string]string{"types": "User=MixedCase"}, `CREATE TABLE "MixedCase" ("Id" bigint PRIMARY KEY NOT NULL, "lowerUPPER" text)`)
	each(t, func(t *testing.T, d database) {
		s := open(t, layout(d), d.url(t))
		create(t, s, "User", entry.Attrs{"Id": {int64(1)}, "lowerUPPER": {"x"}})
		if e := importAll(t, s, "User")[0]; e.Attrs.Text("lowerUPPER") != "x" {
			t.Errorf("%v", e)
		}
	})
	url := freshSchema(t)
	d := layout(databases[1])
	if err := d.Create(t.Context(), url, connector.Secret{}); err != nil {
		t.Fatal(err)
	}
	d.Settings = map[string]string{"types": "User=mixedcase"}
	_, err := New().Open(t.Context(), d.Config("x", url, connector.Secret{}))
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "did you mean") || !strings.Contains(err.Error(), "MixedCase") {
		t.Errorf("the wrong case is answered with %v", err)
	}
}

func TestRegressionValuesBeyond397Bytes(t *testing.T) {
	layout := simple(map[string]string{"types": "User=users"}, `CREATE TABLE users (id varchar(700) PRIMARY KEY NOT NULL, v text)`)
	each(t, func(t *testing.T, d database) {
		s := open(t, layout(d), d.url(t))
		long := strings.Repeat("å", 398) // 796 bytes
		create(t, s, "User", entry.Attrs{"id": {long}, "v": {long + long}})
		if e := one(t, s, "User", "id", long); e.Attrs.Text("v") != long+long || e.ID != long {
			t.Errorf("truncated: %d", len(e.Attrs.Text("v")))
		}
	})
}

func TestRegressionTwelveHourFormat(t *testing.T) {
	_, err := newClock("yyyy-MM-dd hh:mm:ss", "")
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "HH") {
		t.Errorf("hh without tt: %v", err)
	}
	settings := map[string]string{"types": "User=users", "dataTypes": "User.hired=DateTime", "timeZone": "Europe/Stockholm"}
	each(t, func(t *testing.T, d database) {
		for _, format := range []string{"yyyy-MM-dd HH:mm:ss", "dd.MM.yyyy hh:mm:ss tt", "yyyyMMdd'T'HHmmss", ""} {
			settings["dateTimeFormat"] = format
			s := open(t, simple(settings, `CREATE TABLE users (id bigint PRIMARY KEY NOT NULL, hired text)`)(d), d.url(t))
			when := time.Date(2026, 7, 1, 21, 30, 15, 0, time.UTC)
			create(t, s, "User", entry.Attrs{"id": {int64(1)}, "hired": {when}})
			if e := importAll(t, s, "User")[0]; !entry.Equal(e.Attrs.First("hired"), when) {
				t.Errorf("%q: %v", format, e.Attrs["hired"])
			}
			raw, err := all(t.Context(), s.conn, query{text: "SELECT hired FROM users", out: []column{asText}})
			if err != nil || format == "yyyy-MM-dd HH:mm:ss" && text(raw[0][0]) != "2026-07-01 23:30:15" {
				t.Errorf("%q is stored as %v, %v", format, raw, err)
			}
		}
	})
}

func TestRegressionQueryLongerThanTheTimeout(t *testing.T) {
	d := Contoso(PostgreSQL)
	d.Settings["commandTimeout"] = "300ms"
	s := open(t, d, freshSchema(t))
	slow := query{text: "SELECT pg_sleep(30)::text", out: []column{asText}}
	err := s.read(t.Context(), "read", func(ctx context.Context, c conn) error { _, err := all(ctx, c, slow); return err })
	if !fault.Is(err, fault.Timeout) || !strings.Contains(fault.HintOf(err), "commandTimeout") {
		t.Errorf("%v", err)
	}
	s.layout.timeout = 30 * time.Second
	if _, err := s.Count(t.Context(), entry.User); err != nil {
		t.Errorf("the session is of no use afterwards: %v", err)
	}
}

func TestRegressionIntegerOverflow(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, simple(map[string]string{"types": "User=users"}, `CREATE TABLE users (id integer PRIMARY KEY NOT NULL, huge numeric(38,0), v text)`)(d), d.url(t))
		if d.name == PostgreSQL {
			number := "99999999999999999999999999999999999999"
			create(t, s, "User", entry.Attrs{"id": {int64(1)}, "huge": {number}})
			if e := importAll(t, s, "User")[0]; e.Attrs.Text("huge") != number {
				t.Errorf("%v", e.Attrs["huge"])
			}
			_, err := s.Create(t.Context(), entry.Entry{Type: "User", Attrs: entry.Attrs{"id": {int64(1) << 40}}})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "out of range for type integer") {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestDuplicateAnchorsAreRefusedAndNamed(t *testing.T) {
	layout := simple(map[string]string{"types": "User=users", "anchors": "User=login"}, `CREATE TABLE users (login {short}, name text)`)
	each(t, func(t *testing.T, d database) {
		s := open(t, layout(d), d.url(t))
		for _, login := range []string{"a", "b", "b"} {
			create(t, s, "User", entry.Attrs{"login": {login}, "name": {"n"}})
		}
		if _, err := s.conn.exec(t.Context(), query{text: "INSERT INTO users (name) VALUES ('no anchor')"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Create(t.Context(), entry.Entry{Type: "User", Attrs: entry.Attrs{"name": {"nameless"}}}); !fault.Is(err, fault.Invalid) {
			t.Errorf("create without an anchor: %v", err)
		}
		if found, err := all(t.Context(), s.conn, query{text: "SELECT name FROM users WHERE name = 'nameless'", out: []column{asText}}); len(found) != 0 || err != nil {
			t.Errorf("a row without an anchor stayed: %v %v", found, err)
		}
		var last error
		for _, err := range s.Import(t.Context(), "User") {
			last = err
		}
		if !fault.Is(last, fault.Ambiguous) || !strings.Contains(last.Error(), "b") {
			t.Errorf("import: %v", last)
		}
		_, err := s.Update(t.Context(), "User", "b", []entry.Edit{{Op: entry.Replace, Attr: "name", Values: []entry.Value{"changed"}}})
		if !fault.Is(err, fault.Ambiguous) {
			t.Errorf("update: %v", err)
		}
		if !fault.Is(s.Delete(t.Context(), "User", "b"), fault.Ambiguous) {
			t.Error("delete of two rows is not refused")
		}
		found, err := s.Lookup(t.Context(), "User", "name", "n")
		if err != nil || len(found) != 3 {
			t.Errorf("a refused write changed something: %d, %v", len(found), err)
		}
	})
}

func TestCompoundAnchors(t *testing.T) {
	layout := simple(map[string]string{"types": "User=[USERS]\nTeam=teams", "anchors": "User=USERNAME,EMPLOYEEID",
		"multiValued": "User.phones=phones(u, e -> phone)\nTeam.members=members(team -> u, e) ref User"},
		`CREATE TABLE "USERS" ("USERNAME" {short} NOT NULL, "EMPLOYEEID" integer NOT NULL, "note" text, PRIMARY KEY ("USERNAME", "EMPLOYEEID"))`,
		`CREATE TABLE phones (u text, e integer, phone text)`, `CREATE TABLE teams (id integer PRIMARY KEY NOT NULL)`,
		`CREATE TABLE members (team integer, u text, e integer)`)
	each(t, func(t *testing.T, d database) {
		s := open(t, layout(d), d.url(t))
		e := create(t, s, "User", entry.Attrs{"USERNAME": {"a\x1fb\\"}, "EMPLOYEEID": {int64(7)}, "phones": {"1", "2"}})
		create(t, s, "User", entry.Attrs{"USERNAME": {"a"}, "EMPLOYEEID": {int64(8)}, "phones": {"3"}})
		create(t, s, "Team", entry.Attrs{"id": {int64(1)}, "members": {entry.Ref{ID: e.ID}}})
		after, err := s.Update(t.Context(), "User", connector.Anchor(e.ID), []entry.Edit{
			{Op: entry.Replace, Attr: "EMPLOYEEID", Values: []entry.Value{int64(9)}}, {Op: entry.Add, Attr: "phones", Values: []entry.Value{"4"}}})
		if err != nil || after != connector.JoinAnchor("a\x1fb\\", "9") {
			t.Fatalf("%q %v", after, err)
		}
		for _, u := range importAll(t, s, "User") {
			if u.ID == string(after) && len(u.Attrs["phones"]) != 3 {
				t.Errorf("phones after the rename: %v", u.Attrs["phones"])
			}
		}
		if team := importAll(t, s, "Team")[0]; !entry.Equal(team.Attrs.First("members"), entry.Ref{ID: e.ID}) {
			t.Errorf("members: %v", team.Attrs)
		}
		if err := s.Delete(t.Context(), "User", after); err != nil {
			t.Fatal(err)
		}
	})
}

// TestSmallestEdit counts statements by the database's own triggers: adding one member to a large group is one INSERT.
func TestSmallestEdit(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		layout := simple(map[string]string{"types": "User=users\nGroup=groups", "multiValued": "Group.members=members(g -> u) ref User"},
			`CREATE TABLE users (id bigint PRIMARY KEY NOT NULL)`, `CREATE TABLE groups (id bigint PRIMARY KEY NOT NULL, title text, note text)`,
			`CREATE TABLE members (g bigint NOT NULL, u bigint NOT NULL, PRIMARY KEY (g, u))`, `CREATE TABLE log (what text)`)(d)
		for _, c := range []struct{ table, verb string }{{"members", "INSERT"}, {"members", "DELETE"}, {"members", "UPDATE"}, {"groups", "UPDATE"}} {
			layout.DDL = append(layout.DDL, triggers(d, c.table, c.verb)...)
		}
		s := open(t, layout, d.url(t))
		create(t, s, "Group", entry.Attrs{"id": {int64(1)}, "title": {"all"}})
		fillTable(t, s, d, "members", "g, u", "1, i", 50_000)
		clearLog := query{text: "DELETE FROM log"}
		step := func(want string, edits ...entry.Edit) {
			t.Helper()
			if _, err := s.conn.exec(t.Context(), clearLog); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Update(t.Context(), "Group", "1", edits); err != nil {
				t.Fatal(err)
			}
			rows, err := all(t.Context(), s.conn, query{text: "SELECT what FROM log ORDER BY what", out: []column{asText}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rows {
				got = append(got, text(r[0]))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%v made %v, want %s", edits, got, want)
			}
		}
		ref := func(i int) entry.Value { return entry.Ref{Type: "User", ID: fmt.Sprint(i)} }
		step("members.INSERT", entry.Edit{Op: entry.Add, Attr: "members", Values: []entry.Value{ref(60_000)}})
		step("", entry.Edit{Op: entry.Add, Attr: "members", Values: []entry.Value{ref(60_000)}})
		step("members.DELETE", entry.Edit{Op: entry.Remove, Attr: "members", Values: []entry.Value{ref(5)}})
		step("members.DELETE members.INSERT", entry.Edit{Op: entry.Remove, Attr: "members", Values: []entry.Value{ref(6)}}, entry.Edit{Op: entry.Add, Attr: "members", Values: []entry.Value{ref(6_000_000)}})
		step("groups.UPDATE", entry.Edit{Op: entry.Replace, Attr: "note", Values: []entry.Value{"x"}})
	})
}

// triggers log each row that a verb touches.
func triggers(d database, table, verb string) []string {
	what := table + "." + verb
	if d.name == MariaDB {
		return []string{fmt.Sprintf("CREATE TRIGGER %s_%s AFTER %s ON %s FOR EACH ROW INSERT INTO log SELECT '%s' FROM (SELECT 1) x WHERE (SELECT count(*) FROM log) < 10", table, verb, verb, table, what)}
	}
	if d.name == SQLite {
		return []string{fmt.Sprintf("CREATE TRIGGER %s_%s AFTER %s ON %s BEGIN INSERT INTO log VALUES ('%s'); END", table, verb, verb, table, what)}
	}
	f := fmt.Sprintf("log_%s_%s", table, verb)
	return []string{
		fmt.Sprintf("CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN IF (SELECT count(*) FROM log) < 10 THEN INSERT INTO log VALUES ('%s'); END IF; RETURN NULL; END $f$", f, what),
		fmt.Sprintf("CREATE TRIGGER %s AFTER %s ON %s FOR EACH ROW EXECUTE FUNCTION %s()", f, verb, table, f),
	}
}

// TestRegressionSeveralRemovesOfOneColumn clears a column that holds any of the values, whichever edit names it.
func TestRegressionSeveralRemovesOfOneColumn(t *testing.T) {
	layout := simple(map[string]string{"types": "User=users"}, `CREATE TABLE users (id bigint PRIMARY KEY NOT NULL, name varchar(100))`)
	each(t, func(t *testing.T, d database) {
		s := open(t, layout(d), d.url(t))
		gone := func(vs ...entry.Value) entry.Edit {
			return entry.Edit{Op: entry.Remove, Attr: "name", Values: vs}
		}
		for i, c := range []struct {
			edits []entry.Edit
			want  entry.Value
		}{
			{[]entry.Edit{gone("held"), gone("other")}, nil},
			{[]entry.Edit{gone("other"), gone("held")}, nil},
			{[]entry.Edit{gone("other", "held")}, nil},
			{[]entry.Edit{gone("other"), gone("another")}, "held"},
		} {
			e, err := s.Create(t.Context(), entry.Entry{Type: "User", Attrs: entry.Attrs{"id": {int64(i)}, "name": {"held"}}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Update(t.Context(), "User", connector.Anchor(e.ID), c.edits); err != nil {
				t.Fatalf("%v: %v", c.edits, err)
			}
			found, err := s.Lookup(t.Context(), "User", "id", e.ID)
			if err != nil || len(found) != 1 || found[0].Attrs.First("name") != c.want {
				t.Errorf("%v: %v %v, want %v", c.edits, found, err, c.want)
			}
		}
	})
}
