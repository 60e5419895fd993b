package gsql

import (
	"fmt"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

func creates(from, to int) []connector.Export {
	var xs []connector.Export
	for n := from; n < to; n++ {
		xs = append(xs, connector.Export{Op: entry.Add, Type: entry.User, Entry: person(fmt.Sprint("login", n))})
	}
	return xs
}

// TestBatchOfCreatesGivesEachItsOwnKey: many rows go in one INSERT, and each result has the key of its own row.
func TestBatchOfCreatesGivesEachItsOwnKey(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, Contoso(d.name), d.url(t))
		xs := creates(0, 777)
		for i, r := range s.Export(t.Context(), xs) {
			login := xs[i].Entry.Attrs.Text("ContosoLogin")
			if r.Err != nil || r.Entry.Attrs.Text("ContosoLogin") != login || r.Entry.Attrs.First("Enabled") != true {
				t.Fatalf("%s: %+v", login, r)
			}
			if i%100 == 0 && one(t, s, entry.User, "ContosoLogin", login).ID != string(r.Anchor) {
				t.Errorf("%s has the key of another row", login)
			}
		}
		if n, err := s.Count(t.Context(), entry.User); n != len(xs) || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

// TestOneBadRowOfABatchFailsAlone: what is refused is named, the others are written, wherever it stands.
func TestOneBadRowOfABatchFailsAlone(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, Contoso(d.name), d.url(t))
		for round, bad := range [][]int{{0}, {63}, {64, 65}, {0, 1, 2, 3, 4, 199}} {
			xs := creates(round*1000, round*1000+200)
			for _, i := range bad {
				delete(xs[i].Entry.Attrs, "FirstName")
			}
			refused := map[int]bool{}
			for i, r := range s.Export(t.Context(), xs) {
				if r.Err != nil {
					refused[i] = true
					if !fault.Is(r.Err, fault.Invalid) {
						t.Errorf("%v: write %d: %v", bad, i, r.Err)
					}
				}
			}
			for _, i := range bad {
				if !refused[i] {
					t.Errorf("%v: write %d was taken", bad, i)
				}
			}
			if len(refused) != len(bad) {
				t.Errorf("%v: refused are %v", bad, refused)
			}
		}
	})
}

// TestTriggerThatChangesRowsIsNotMistaken: where a trigger rewrites what shows the order of rows, or takes rows away, each row is sent
// alone, and each result is that of its own row.
func TestTriggerThatChangesRowsIsNotMistaken(t *testing.T) {
	s := open(t, Contoso(PostgreSQL), freshSchema(t))
	for _, text := range []string{
		`CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN IF NEW."ContosoLogin" LIKE '%13' THEN RETURN NULL; END IF; NEW."ContosoLogin" = upper(NEW."ContosoLogin"); RETURN NEW; END $f$`,
		`CREATE TRIGGER shout BEFORE INSERT ON "Employees" FOR EACH ROW EXECUTE FUNCTION shout()`,
	} {
		if _, err := s.conn.exec(t.Context(), query{text: text}); err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range s.Export(t.Context(), creates(0, 100)) {
		if i == 13 {
			if !fault.Is(r.Err, fault.Conflict) {
				t.Errorf("the row that the trigger took away: %v", r.Err)
			}
			continue
		}
		if r.Err != nil || r.Entry.Attrs.Text("ContosoLogin") != fmt.Sprint("LOGIN", i) {
			t.Fatalf("%d: %+v", i, r)
		}
	}
	if n, err := s.Count(t.Context(), entry.User); n != 99 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}

// TestBatchOfCreatesAmongOthers: a change stands alone between the rows of one INSERT.
func TestBatchOfCreatesAmongOthers(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, Contoso(d.name), d.url(t))
		first := s.Export(t.Context(), creates(0, 1))[0]
		if first.Err != nil {
			t.Fatal(first.Err)
		}
		change := connector.Export{Op: entry.Replace, Type: entry.User, Anchor: first.Anchor, Edits: []entry.Edit{{Op: entry.Replace, Attr: "JobTitle", Values: []entry.Value{"Clerk"}}}}
		xs := append(append(creates(1, 4), change), append(creates(4, 9), change)...)
		for i, r := range s.Export(t.Context(), xs) {
			if r.Err != nil {
				t.Errorf("write %d: %v", i, r.Err)
			}
		}
		if one(t, s, entry.User, "ContosoLogin", "login0").Attrs.Text("JobTitle") != "Clerk" {
			t.Error("the change is not there")
		}
		if n, err := s.Count(t.Context(), entry.User); n != 9 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}
