package gsql

import (
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// singleType is what a database calls a floating point number of 32 bits; SQLite has none, its real has 64.
var singleType = map[string]string{PostgreSQL: "real", MariaDB: "float", SQLite: "real"}

// TestSingleFloatsComeBackAsTheyWereSent: a number of seven digits settles in a column of 32 bits, however it is read.
func TestSingleFloatsComeBackAsTheyWereSent(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, simple(map[string]string{"types": "User=users"}, `CREATE TABLE users (id bigint PRIMARY KEY NOT NULL, score `+singleType[d.name]+`)`)(d), d.url(t))
		for n, want := range []float64{0.1, 16777216, -3.402823e38, 1.1754944e-38, 0, 1234.567} {
			e := create(t, s, entry.User, entry.Attrs{"id": {int64(n)}, "score": {want}})
			if got := e.Attrs.First("score"); got != want {
				t.Errorf("%v was made as %v", want, got)
			}
			if got := one(t, s, entry.User, "score", want); got.ID != e.ID || got.Attrs.First("score") != want {
				t.Errorf("%v is found as %+v", want, got)
			}
			if got := importAll(t, s, entry.User)[n].Attrs.First("score"); got != want {
				t.Errorf("%v is imported as %v", want, got)
			}
		}
		if _, err := s.Update(t.Context(), entry.User, "0", []entry.Edit{{Op: entry.Remove, Attr: "score", Values: []entry.Value{0.1}}}); err != nil {
			t.Fatal(err)
		}
		if got := one(t, s, entry.User, "id", int64(0)); len(got.Attrs["score"]) != 0 {
			t.Errorf("not removed: %v", got.Attrs)
		}
	})
}

// TestUnsignedNumbersBeyond63Bits: MariaDB's bigint unsigned holds more than any integer here, and is a text; none stops an import.
func TestUnsignedNumbersBeyond63Bits(t *testing.T) {
	d := databases[2]
	s := open(t, simple(map[string]string{"types": "User=users"}, "CREATE TABLE users (id bigint unsigned PRIMARY KEY AUTO_INCREMENT, uid bigint unsigned)")(d), d.url(t))
	const most = "18446744073709551615"
	small := create(t, s, entry.User, entry.Attrs{"uid": {int64(7)}})
	large := create(t, s, entry.User, entry.Attrs{"id": {most}, "uid": {"9223372036854775808"}})
	if small.ID != "1" || small.Attrs.First("uid") != "7" || large.ID != most || large.Attrs.First("uid") != "9223372036854775808" {
		t.Errorf("made %+v and %+v", small, large)
	}
	if got := importAll(t, s, entry.User); len(got) != 2 || got[1].ID != most {
		t.Errorf("imported %+v", got)
	}
	for v, id := range map[string]string{"7": "1", "9223372036854775808": most} {
		if got := one(t, s, entry.User, "uid", v); got.ID != id {
			t.Errorf("uid %s is that of %s", v, got.ID)
		}
	}
	for _, v := range []string{"9223372036854775809", "9223372036854775807", "no number", "", "-1", "7x"} {
		if got, err := s.Lookup(t.Context(), entry.User, "uid", v); len(got) != 0 || err != nil {
			t.Errorf("%q finds %v, %v", v, got, err)
		}
	}
	if _, err := s.Update(t.Context(), entry.User, most, []entry.Edit{{Op: entry.Replace, Attr: "uid", Values: []entry.Value{most}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), entry.User, "abc"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an anchor that is no number: %v", err)
	}
	if err := s.Delete(t.Context(), entry.User, most); err != nil {
		t.Fatal(err)
	}
}

// TestRowThatDoesNotFitItsTypeIsNamed: a value that is not of the type the settings say ends the import by naming row and column.
func TestRowThatDoesNotFitItsTypeIsNamed(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s := open(t, simple(map[string]string{"types": "User=users", "dataTypes": "User.n=Integer"}, `CREATE TABLE users (n {long}, id bigint PRIMARY KEY NOT NULL)`)(d), d.url(t))
		for id, n := range []string{"1", "18446744073709551615"} {
			if _, err := s.conn.exec(t.Context(), query{text: "INSERT INTO users (id, n) VALUES ($1, $2)", args: []any{id + 41, n}}); err != nil {
				t.Fatal(err)
			}
		}
		var failed error
		for _, err := range s.Import(t.Context(), entry.User) {
			failed = err
		}
		if failed == nil || !strings.Contains(failed.Error(), "42") || !strings.Contains(failed.Error(), "column n") || !strings.Contains(fault.HintOf(failed), "dataTypes") {
			t.Errorf("%v (%s)", failed, fault.HintOf(failed))
		}
	})
}
