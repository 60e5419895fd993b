package gsql

import (
	"slices"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// logged counts the rows of a log.
func logged(t *testing.T, s *session, what string) int {
	t.Helper()
	found, err := all(t.Context(), s.conn, query{text: "SELECT what FROM log WHERE what = $1", args: []any{what}, out: []column{asText}})
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// TestSectionsGoBeforeTheTableOfValues: a multi-valued table with a section for adding, for removing, or for both, uses these.
func TestSectionsGoBeforeTheTableOfValues(t *testing.T) {
	const (
		adds    = "[User add phones]\nINSERT INTO phones (person, phone) VALUES (@Anchor, @Value); INSERT INTO log (what) VALUES ('added')\n"
		removes = "[User remove phones]\nDELETE FROM phones WHERE person = @Anchor AND phone = @Value; INSERT INTO log (what) VALUES ('removed')\n"
	)
	each(t, func(t *testing.T, d database) {
		for sections, want := range map[string][2]int{adds: {4, 0}, removes: {0, 3}, adds + removes: {4, 3}} {
			s := open(t, simple(map[string]string{"types": "User=persons", "multiValued": "User.phones=phones(person -> phone)", "statements": sections},
				`CREATE TABLE persons (id bigint PRIMARY KEY NOT NULL, name {short})`, `CREATE TABLE phones (person bigint NOT NULL, phone {short} NOT NULL)`, `CREATE TABLE log (what {short})`)(d), d.url(t))
			e := create(t, s, entry.User, entry.Attrs{"id": {int64(1)}, "name": {"A"}, "phones": {"1", "2"}})
			if got := e.Attrs["phones"]; len(got) != 2 {
				t.Errorf("made with %v", got)
			}
			for _, edit := range []entry.Edit{
				{Op: entry.Add, Attr: "phones", Values: []entry.Value{"2", "3"}},     // adds 3
				{Op: entry.Remove, Attr: "phones", Values: []entry.Value{"1", "9"}},  // removes 1
				{Op: entry.Replace, Attr: "phones", Values: []entry.Value{"3", "4"}}, // removes 2, adds 4
				{Op: entry.Remove, Attr: "phones", Values: []entry.Value{"3"}},
			} {
				if _, err := s.Update(t.Context(), entry.User, connector.Anchor(e.ID), []entry.Edit{edit}); err != nil {
					t.Fatal(err)
				}
			}
			if got := importAll(t, s, entry.User)[0]; !slices.Equal(got.Attrs["phones"], []entry.Value{"4"}) {
				t.Errorf("phones are %v", got.Attrs["phones"])
			}
			if got := [2]int{logged(t, s, "added"), logged(t, s, "removed")}; got != want {
				t.Errorf("%sadded and removed %v times by the sections, want %v", sections, got, want)
			}
		}
	})
}

// TestValuesInATableOfAnObjectOfStatements: an object that statements make and read keeps values in a table that the setting multiValued names.
func TestValuesInATableOfAnObjectOfStatements(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, simple(map[string]string{"types": "User=(query)", "anchors": "User=id", "multiValued": "User.phones=phones(person -> phone)",
			"statements": "[User import]\nSELECT id, name FROM persons\n[User lookup id]\nSELECT id, name FROM persons WHERE id = @Value\n" +
				"[User create]\nINSERT INTO persons (id, name) VALUES (@id, @name)\n[User update]\nUPDATE persons SET name = @name WHERE id = @Anchor\n[User delete]\nDELETE FROM phones WHERE person = @Anchor; DELETE FROM persons WHERE id = @Anchor"},
			`CREATE TABLE persons (id bigint PRIMARY KEY NOT NULL, name {short})`, `CREATE TABLE phones (person bigint NOT NULL, phone {short} NOT NULL)`)(d), d.url(t))
		made := create(t, s, entry.User, entry.Attrs{"id": {int64(1)}, "name": {"A"}, "phones": {"1", "2"}})
		many := []entry.Value{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}
		for _, step := range []struct {
			edit entry.Edit
			want []entry.Value
		}{
			{entry.Edit{Op: entry.Add, Attr: "phones", Values: []entry.Value{"2", "3"}}, []entry.Value{"1", "2", "3"}},
			{entry.Edit{Op: entry.Remove, Attr: "phones", Values: []entry.Value{"1"}}, []entry.Value{"2", "3"}},
			{entry.Edit{Op: entry.Replace, Attr: "phones", Values: []entry.Value{"3"}}, []entry.Value{"3"}},
			{entry.Edit{Op: entry.Add, Attr: "phones", Values: many}, many},
			{entry.Edit{Op: entry.Remove, Attr: "phones"}, nil},
		} {
			if _, err := s.Update(t.Context(), entry.User, connector.Anchor(made.ID), []entry.Edit{step.edit}); err != nil {
				t.Fatal(err)
			}
			if got := importAll(t, s, entry.User)[0].Attrs["phones"]; !entry.EqualValues(got, step.want) {
				t.Errorf("after %+v: %v", step.edit, got)
			}
		}
	})
}
