package gsql

import (
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// TestDaysAreNotMovedByTheTimeZone: a column of days holds the day that was sent, and shows the day that it holds.
func TestDaysAreNotMovedByTheTimeZone(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		for _, zone := range []string{"America/New_York", "Europe/Stockholm", "Pacific/Kiritimati"} {
			s := open(t, simple(map[string]string{"types": "User=users", "timeZone": zone}, `CREATE TABLE users (id bigint PRIMARY KEY NOT NULL, born date)`)(d), d.url(t))
			for n, day := range []string{"2000-02-29", "9999-12-31", "1990-01-01", "1582-10-15"} {
				when, err := time.Parse(time.DateOnly, day)
				if err != nil {
					t.Fatal(err)
				}
				made := create(t, s, entry.User, entry.Attrs{"id": {int64(n)}, "born": {when}})
				if !entry.Equal(made.Attrs.First("born"), when) {
					t.Errorf("%s: %s was made as %v", zone, day, made.Attrs["born"])
				}
				raw, err := all(t.Context(), s.conn, query{text: "SELECT born FROM users WHERE id = $1", args: []any{n}, out: []column{{name: "born", kind: connector.DateTime, dbType: "date"}}})
				if d.name != PostgreSQL {
					raw, err = all(t.Context(), s.conn, query{text: "SELECT CAST(born AS char(10)) FROM users WHERE id = $1", args: []any{n}, out: []column{asText}})
				}
				if err != nil || text(raw[0][0])[:10] != day {
					t.Errorf("%s: the row of %s holds %v, %v", zone, day, raw, err)
				}
				if got := one(t, s, entry.User, "born", when); !entry.Equal(got.Attrs.First("born"), when) {
					t.Errorf("%s: %s is read back as %v", zone, day, got.Attrs["born"])
				}
				if got := one(t, s, entry.User, "born", day); got.ID != made.ID {
					t.Errorf("%s: %s as a text finds %v", zone, day, got.ID)
				}
			}
		}
	})
}

// TestDaysOfTheConfiguredFormat: SQLite keeps days as texts, in the configured format or in that of before, with a time of day.
func TestDaysOfTheConfiguredFormat(t *testing.T) {
	d, day := databases[0], time.Date(2000, 2, 29, 0, 0, 0, 0, time.UTC)
	for format, want := range map[string]string{"dd.MM.yyyy": "29.02.2000", "dd.MM.yyyy HH:mm": "2000-02-29"} {
		s := open(t, simple(map[string]string{"types": "User=users", "timeZone": "Europe/Stockholm", "dateTimeFormat": format}, `CREATE TABLE users (id bigint PRIMARY KEY NOT NULL, born date)`)(d), d.url(t))
		create(t, s, entry.User, entry.Attrs{"id": {int64(1)}, "born": {day}})
		raw, err := all(t.Context(), s.conn, query{text: "SELECT CAST(born AS text) FROM users", out: []column{asText}})
		if err != nil || text(raw[0][0]) != want {
			t.Errorf("%s: %v, %v", format, raw, err)
		}
		if _, err := s.conn.exec(t.Context(), query{text: "INSERT INTO users VALUES (2, '2000-02-29 01:00:00')"}); err != nil {
			t.Fatal(err)
		}
		for _, e := range importAll(t, s, entry.User) {
			if !entry.Equal(e.Attrs.First("born"), day) {
				t.Errorf("%s: %s is %v", format, e.ID, e.Attrs["born"])
			}
		}
	}
}

// TestYearsThatADateTimeCannotSay: what no date and time of SCIM can say is no value; the last second of 9999, kept for "never", is one.
func TestYearsThatADateTimeCannotSay(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		stamp := map[string]string{PostgreSQL: "timestamp", SQLite: "datetime", MariaDB: "datetime"}[d.name]
		for _, zone := range []string{"America/New_York", "Pacific/Kiritimati"} {
			s := open(t, simple(map[string]string{"types": "User=users", "timeZone": zone}, `CREATE TABLE users (id bigint PRIMARY KEY NOT NULL, until `+stamp+`)`)(d), d.url(t))
			for n, text := range []string{"9999-12-31 23:59:59", "0001-01-01 00:00:00", "0044-03-15 BC", "20000-01-01"} {
				if _, err := s.conn.exec(t.Context(), query{text: "INSERT INTO users VALUES ($1, $2)", args: []any{n, text}}); err != nil && n < 2 {
					t.Fatal(err)
				}
				if n > 1 && d.name != PostgreSQL {
					break // which has no such years
				}
				var got entry.Entry
				for _, e := range importAll(t, s, entry.User) {
					if e.Attrs.First("id") == int64(n) {
						got = e
					}
				}
				when, ok := got.Attrs.First("until").(time.Time)
				if has := n < 2; has != ok || has && (when.Year() < 1 || when.Year() > 9999) {
					t.Errorf("%s in %s is shown as %v", text, zone, got.Attrs["until"])
				}
			}
		}
	})
}
