package gsql

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/connectortest"
)

// byStatements is a type whose every operation is a statement of the configuration.
func byStatements(d database) Demo {
	return Demo{DDL: fill(d.name, `CREATE TABLE people (login varchar(200) PRIMARY KEY NOT NULL, surname {short} NOT NULL, badge {short} UNIQUE, note {long}, floor bigint, photo {bytes})`,
		`CREATE TABLE phones (login varchar(200) NOT NULL, phone {short} NOT NULL)`, `CREATE TABLE passwords (login varchar(200) NOT NULL, word {short})`,
		`CREATE TABLE audit (what {long})`),
		Settings: map[string]string{"types": "Person=(query)", "anchors": "Person=login", "statements": `
[Person import]
SELECT login, surname, badge, note, floor, photo FROM people ORDER BY login LIMIT @PageSize OFFSET @StartIndex - 1
[Person values phones]
SELECT login, phone FROM phones ORDER BY login, phone
[Person lookup login]
SELECT login, surname, badge, note, floor, photo FROM people WHERE login = @Value
[Person create]
INSERT INTO people (login, surname, badge, note, floor, photo) VALUES (@login, @surname, @badge, @note, @floor, @photo);
INSERT INTO audit VALUES ('created; not split here');
[Person update]
UPDATE people SET login = @login, surname = @surname, badge = @badge, floor = @floor, photo = @photo WHERE login = @Anchor;
UPDATE phones SET login = @login WHERE login = @Anchor_login
[Person update note (Value, Anchor)]
UPDATE people SET note = ? WHERE login = ?
[Person delete]
DELETE FROM phones WHERE login = :Anchor; DELETE FROM people WHERE login = :Anchor
[Person add phones]
INSERT INTO phones (login, phone) VALUES (@Anchor, @Value)
[Person remove phones]
DELETE FROM phones WHERE login = @Anchor AND phone = @Value
[Person password]
DELETE FROM passwords WHERE login = @Anchor;
INSERT INTO passwords (login, word) VALUES (@Anchor, @Password)
`}}
}

// pagedFor writes the page as the dialect can: MariaDB takes no expression there.
func pagedFor(d database, demo Demo) Demo {
	if d.name == MariaDB {
		demo.Settings["statements"] = strings.Replace(demo.Settings["statements"], "SELECT login, surname, badge, note, floor, photo FROM people ORDER BY login LIMIT @PageSize OFFSET @StartIndex - 1",
			"SELECT login, surname, badge, note, floor, photo FROM (SELECT p.*, row_number() OVER (ORDER BY login) AS n FROM people p) x WHERE n BETWEEN @StartIndex AND @EndIndex", 1)
	}
	if d.name == PostgreSQL {
		demo.Settings["statements"] = strings.ReplaceAll(demo.Settings["statements"], "LIMIT @PageSize OFFSET @StartIndex - 1", "LIMIT @PageSize::bigint OFFSET @StartIndex::bigint - 1")
	}
	return demo
}

func TestConformanceOfStatements(t *testing.T) {
	for _, d := range databases {
		if d.name != SQLite && !full() {
			continue // the tests below run the same statements there
		}
		opener := func(t testing.TB) func(context.Context) (connector.Session, error) {
			demo, url := pagedFor(d, byStatements(d)), d.url(t)
			if err := demo.Create(t.Context(), url, connector.Secret{}); err != nil {
				t.Fatal(err)
			}
			return func(ctx context.Context) (connector.Session, error) {
				return New().Open(ctx, demo.Config("x", url, connector.Secret{}))
			}
		}
		h := connectortest.Harness{
			New: opener, Type: "Person", Scale: 50,
			Sample: func(n int) entry.Attrs {
				return entry.Attrs{"login": {fmt.Sprintf("login%d", n)}, "surname": {fmt.Sprintf("Surname %d", n)}, "badge": {fmt.Sprintf("badge-%d", n)}, "floor": {int64(n)}}
			},
			Anchor: "login", Required: "surname", Unique: "badge", Text: "note", Number: "floor", Bytes: "photo", Many: "phones",
			Excuses: map[string]string{
				"SchemaDescribesWhatIsWritten": "a statement's result does not say what is required or unique",
				"LookupAgreesWithMemory":       "the statement of the lookup compares as the database does",
			},
		}
		t.Run(d.name, func(t *testing.T) { connectortest.Run(t, quick(h)) })
	}
}

func TestPasswordsByStatement(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, pagedFor(d, byStatements(d)), d.url(t))
		e := create(t, s, "Person", entry.Attrs{"login": {"a"}, "surname": {"A"}})
		if err := s.SetPassword(t.Context(), "Person", connector.Anchor(e.ID), connector.NewSecret("s3;cr'et--")); err != nil {
			t.Fatal(err)
		}
		found, err := all(t.Context(), s.conn, query{text: "SELECT word FROM passwords", out: []column{asText}})
		if err != nil || len(found) != 1 || text(found[0][0]) != "s3;cr'et--" {
			t.Errorf("%v %v", found, err)
		}
		if err := s.SetPassword(t.Context(), "Person", "nobody", connector.NewSecret("x")); !fault.Is(err, fault.NotFound) {
			t.Errorf("a password of nobody: %v", err)
		}
		long := connector.NewSecret(strings.Repeat("topsecret", 5000))
		if err := s.SetPassword(t.Context(), "Person", connector.Anchor(e.ID), long); err != nil && strings.Contains(err.Error(), "topsecret") {
			t.Errorf("the password is shown: %.200v", err)
		}
	})
}

func TestRegressionFirstPageOnlyOfStatements(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, pagedFor(d, byStatements(d)), d.url(t))
		fillTable(t, s, d, "people", "login, surname", "'u' || i, 'S'", 3*sectionPage+7)
		fillTable(t, s, d, "phones", "login, phone", "'u' || i, '+46 ' || i", 10)
		phones := 0
		got := importAll(t, s, "Person")
		for _, e := range got {
			phones += len(e.Attrs["phones"])
		}
		if len(got) != 3*sectionPage+7 || phones != 10 {
			t.Errorf("%d people with %d phones", len(got), phones)
		}
	})
}

func TestPagesThatRepeatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		demo := byStatements(d)
		demo.Settings["statements"] = "[Person import]\nSELECT login, surname FROM people WHERE @StartIndex = @StartIndex"
		if d.name == PostgreSQL {
			demo.Settings["statements"] = "[Person import]\nSELECT login, surname FROM people WHERE @StartIndex::int > 0"
		}
		s := open(t, demo, d.url(t))
		fillTable(t, s, d, "people", "login, surname", "'u' || i, 'S'", 10)
		var last error
		for _, err := range s.Import(t.Context(), "Person") {
			last = err
		}
		if !fault.Is(last, fault.Ambiguous) || !strings.Contains(fault.HintOf(last), "StartIndex") {
			t.Errorf("got %v", last)
		}
	})
}

func TestColumnDroppedFromAStatementIsNamed(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		demo := byStatements(d)
		demo.Settings["statements"] = "[Person import]\nSELECT * FROM people"
		s := open(t, demo, d.url(t))
		create := query{text: "INSERT INTO people (login, surname) VALUES ('a', 'A')"}
		for _, q := range []query{create, {text: "ALTER TABLE people DROP COLUMN floor"}} {
			if _, err := s.conn.exec(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		var last error
		for _, err := range s.Import(t.Context(), "Person") {
			last = err
		}
		if !fault.Is(last, fault.Invalid) || !strings.Contains(last.Error(), "floor") {
			t.Errorf("got %v", last)
		}
	})
}

// procedures are the four of the original's stored-procedure method, and one with INOUT.
var procedures = map[string][]string{
	PostgreSQL: {
		`CREATE FUNCTION read_people(first int, last int) RETURNS TABLE (id int, login text, name text) LANGUAGE sql AS $$ SELECT id, login, name FROM (SELECT p.*, row_number() OVER (ORDER BY id) n FROM people p) x WHERE n BETWEEN first AND last $$`,
		`CREATE PROCEDURE add_person(IN new_login text, IN new_name text, INOUT new_id int) LANGUAGE plpgsql AS $$ BEGIN INSERT INTO people (login, name) VALUES (new_login, new_name) RETURNING id INTO new_id; END $$`,
		`CREATE PROCEDURE change_person(which int, new_name text) LANGUAGE sql AS $$ UPDATE people SET name = new_name WHERE id = which $$`,
		`CREATE PROCEDURE remove_person(which int) LANGUAGE sql AS $$ DELETE FROM people WHERE id = which $$`,
	},
	MariaDB: {
		`CREATE PROCEDURE read_people(first int, last int) SELECT id, login, name FROM (SELECT p.*, row_number() OVER (ORDER BY id) n FROM people p) x WHERE n BETWEEN first AND last`,
		`CREATE PROCEDURE add_person(IN new_login text, IN new_name text, OUT new_id int) BEGIN INSERT INTO people (login, name) VALUES (new_login, new_name); SET new_id = LAST_INSERT_ID(); END`,
		`CREATE PROCEDURE change_person(which int, new_name text) UPDATE people SET name = new_name WHERE id = which`,
		`CREATE PROCEDURE remove_person(which int) DELETE FROM people WHERE id = which`,
	},
}

func byProcedures(d database) Demo {
	id := map[string]string{PostgreSQL: "int GENERATED ALWAYS AS IDENTITY PRIMARY KEY", MariaDB: "int AUTO_INCREMENT PRIMARY KEY"}[d.name]
	direction := map[string]string{PostgreSQL: "INOUT", MariaDB: "OUTPUT"}[d.name]
	return Demo{DDL: append([]string{"CREATE TABLE people (id " + id + ", login text, name text)"}, procedures[d.name]...),
		Settings: map[string]string{"types": "Person=(query)", "anchors": "Person=id", "statements": `
[Person import procedure read_people]
@first:INPUT:StartIndex
@last:INPUT:EndIndex
[Person create procedure add_person]
@new_login:INPUT:login
@new_name:INPUT:name
@new_id:` + direction + `:id
[Person update procedure change_person]
@which:INPUT:Anchor_id
@new_name:INPUT:name
[Person delete procedure remove_person]
@which:INPUT:id
`}}
}

func TestStoredProcedures(t *testing.T) {
	for _, d := range databases {
		if procedures[d.name] == nil {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			s := open(t, byProcedures(d), d.url(t))
			long := strings.Repeat("å", 500) // the original cut parameters at 397 bytes
			e := create(t, s, "Person", entry.Attrs{"login": {"a"}, "name": {long}})
			other := create(t, s, "Person", entry.Attrs{"login": {"b"}})
			if e.ID == "" || e.ID == other.ID || e.Attrs.Text("name") != long {
				t.Fatalf("the OUTPUT parameter gave %q and %q", e.ID, other.ID)
			}
			if _, err := s.Update(t.Context(), "Person", connector.Anchor(e.ID), []entry.Edit{{Op: entry.Replace, Attr: "name"}}); err != nil {
				t.Fatal(err)
			}
			if got := one(t, s, "Person", "login", "a"); len(got.Attrs["name"]) != 0 {
				t.Errorf("the name was not cleared: %v", got.Attrs)
			}
			if err := s.Delete(t.Context(), "Person", connector.Anchor(other.ID)); err != nil {
				t.Fatal(err)
			}
			if err := s.Delete(t.Context(), "Person", connector.Anchor(other.ID)); !fault.Is(err, fault.NotFound) {
				t.Errorf("the second delete: %v", err)
			}
			if got := importAll(t, s, "Person"); len(got) != 1 || got[0].ID != e.ID {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestDeltaByStatement(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		column := map[bool]string{true: "`JobTitle`", false: `"JobTitle"`}[d.name == MariaDB]
		s := open(t, simple(map[string]string{"types": "User=t", "statements": `
[User watermark]
SELECT max(n) FROM changes
[User delta]
SELECT c.id, t.` + column + `, c.kind AS ChangeType FROM changes c LEFT JOIN t ON t.id = c.id WHERE c.n > ` + map[string]string{PostgreSQL: "@Watermark::bigint"}[d.name] + map[bool]string{true: "@Watermark"}[d.name != PostgreSQL]},
			`CREATE TABLE t (id bigint PRIMARY KEY NOT NULL, "JobTitle" {short})`, `CREATE TABLE changes (n bigint PRIMARY KEY NOT NULL, id bigint, kind {short})`)(d), d.url(t))
		run := func(text string) {
			t.Helper()
			if _, err := s.conn.exec(t.Context(), query{text: fill(d.name, text)[len(fill(d.name, text))-1]}); err != nil {
				t.Fatal(err)
			}
		}
		run(`INSERT INTO changes VALUES (1, 0, 'Modify')`)
		w, err := s.Mark(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		run(`INSERT INTO t VALUES (5, 'boss')`)
		run(`INSERT INTO changes VALUES (2, 5, 'Add'), (3, 6, 'Delete')`)
		w = after(t, s, w, map[string]string{"5": "boss", "6": "deleted"})
		if got := after(t, s, w, nil); got != w {
			t.Errorf("nothing changed, and the watermark moved from %s to %s", w, got)
		}
	})
}
