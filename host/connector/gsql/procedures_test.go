package gsql

import (
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// further procedures: changes since a watermark, passwords by the place of the parameters, a look-up, values of another table.
var furtherProcedures = map[string][]string{
	PostgreSQL: {
		`CREATE FUNCTION changes_since(since bigint) RETURNS TABLE (id int, login text, name text, "ChangeType" text) LANGUAGE sql AS $$ SELECT c.id, p.login, p.name, c.kind FROM changes c LEFT JOIN people p ON p.id = c.id WHERE c.n > since ORDER BY c.n $$`,
		`CREATE PROCEDURE set_password(which int, word text) LANGUAGE plpgsql AS $$ BEGIN UPDATE people SET word = $2 WHERE id = which; IF NOT FOUND THEN RAISE EXCEPTION 'nobody'; END IF; END $$`,
		`CREATE FUNCTION find_by_login(wanted text) RETURNS TABLE (id int, login text, name text) LANGUAGE sql AS $$ SELECT id, login, name FROM people WHERE login = wanted $$`,
		`CREATE PROCEDURE add_phone(which int, number text) LANGUAGE sql AS $$ INSERT INTO phones VALUES (which, number) $$`,
		`CREATE PROCEDURE remove_phone(which int, number text) LANGUAGE sql AS $$ DELETE FROM phones WHERE id = which AND phone = number $$`,
	},
	MariaDB: {
		`CREATE PROCEDURE changes_since(since bigint) SELECT c.id, p.login, p.name, c.kind AS ChangeType FROM changes c LEFT JOIN people p ON p.id = c.id WHERE c.n > since ORDER BY c.n`,
		`CREATE PROCEDURE set_password(which int, w text) UPDATE people SET word = w WHERE id = which`,
		`CREATE PROCEDURE find_by_login(wanted text) SELECT id, login, name FROM people WHERE login = wanted`,
		`CREATE PROCEDURE add_phone(which int, number text) INSERT INTO phones VALUES (which, number)`,
		`CREATE PROCEDURE remove_phone(which int, number text) DELETE FROM phones WHERE id = which AND phone = number`,
	},
}

// TestEveryOperationByProcedure goes through those that TestStoredProcedures leaves: delta, look-up, password, single values; with
// parameters by name and by place.
func TestEveryOperationByProcedure(t *testing.T) {
	served(t, func(t *testing.T, d database) {
		demo := byProcedures(d)
		demo.DDL = append(demo.DDL, "ALTER TABLE people ADD COLUMN word text", "CREATE TABLE phones (id int, phone text)", "CREATE TABLE changes (n bigint, id int, kind varchar(20))")
		demo.DDL = append(demo.DDL, furtherProcedures[d.name]...)
		demo.Settings["statements"] += `
[Person lookup login procedure find_by_login]
?:INPUT:Value
[Person password procedure set_password]
?:INPUT:Anchor_id
?:INPUT:Password
[Person values phones]
SELECT id, phone FROM phones
[Person add phones procedure add_phone]
@which:INPUT:Anchor_id
@number:INPUT:Value
[Person remove phones procedure remove_phone]
?:INPUT:Anchor_id
?:INPUT:Value
[Person watermark]
SELECT coalesce(max(n), 0) FROM changes
[Person delta procedure changes_since]
@since:INPUT:Watermark
`
		s := open(t, demo, d.url(t))
		e := create(t, s, "Person", entry.Attrs{"login": {"a"}, "name": {"A"}, "phones": {"1", "2"}})
		a := connector.Anchor(e.ID)
		if _, err := s.Update(t.Context(), "Person", a, []entry.Edit{{Op: entry.Remove, Attr: "phones", Values: []entry.Value{"1"}}}); err != nil {
			t.Fatal(err)
		}
		if got := one(t, s, "Person", "login", "a"); got.ID != e.ID || len(got.Attrs["phones"]) != 1 {
			t.Errorf("found %v", got)
		}
		if err := s.SetPassword(t.Context(), "Person", a, connector.NewSecret("it's; secret")); err != nil {
			t.Fatal(err)
		}
		found, err := all(t.Context(), s.conn, query{text: "SELECT word FROM people", out: []column{asText}})
		if err != nil || text(found[0][0]) != "it's; secret" {
			t.Errorf("the password is %v, %v", found, err)
		}
		if err := s.SetPassword(t.Context(), "Person", "99", connector.NewSecret("x")); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid) {
			t.Errorf("a password of nobody: %v", err)
		}
		w, err := s.Mark(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.conn.exec(t.Context(), query{text: "INSERT INTO changes VALUES (1, " + e.ID + ", 'Modify'), (2, 77, 'Delete')"}); err != nil {
			t.Fatal(err)
		}
		changes, next, err := s.ImportSince(t.Context(), "Person", w)
		if err != nil {
			t.Fatal(err)
		}
		told := map[string]bool{}
		for x, err := range changes {
			if err != nil {
				t.Fatal(err)
			}
			told[x.Entry.ID] = x.Deleted
		}
		if deleted, ok := told["77"]; len(told) != 2 || !ok || !deleted || told[e.ID] || next() == w {
			t.Errorf("told %v", told)
		}
	})
}
