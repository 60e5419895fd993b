package gsql

import (
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name, dialect, text string
		want                []string
	}{
		{"Statements", PostgreSQL, "SELECT 1; SELECT 2 ;\n", []string{"SELECT 1", "SELECT 2"}},
		{"TextsHoldSemicolons", PostgreSQL, `SELECT ';', "a;b", 'it''s; not'; SELECT E'\';'`, []string{`SELECT ';', "a;b", 'it''s; not'`, `SELECT E'\';'`}},
		{"CommentsHoldSemicolons", PostgreSQL, "SELECT 1 -- a; b\n, 2 /* c; /* d; */ e; */; SELECT 3", []string{"SELECT 1 -- a; b\n, 2 /* c; /* d; */ e; */", "SELECT 3"}},
		{"DollarQuotes", PostgreSQL, "DO $x$ BEGIN a; END $x$; SELECT $1; SELECT $$;$$", []string{"DO $x$ BEGIN a; END $x$", "SELECT $1", "SELECT $$;$$"}},
		{"AtomicBodies", PostgreSQL, "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3", []string{"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END", "SELECT 3"}},
		{"TransactionsAreNoBlocks", PostgreSQL, "BEGIN; UPDATE t SET a = 1; COMMIT", []string{"BEGIN", "UPDATE t SET a = 1", "COMMIT"}},
		{"CaseIsNoBlock", SQLite, "SELECT CASE WHEN a THEN 1 ELSE 2 END FROM t; SELECT 2", []string{"SELECT CASE WHEN a THEN 1 ELSE 2 END FROM t", "SELECT 2"}},
		{"Triggers", SQLite, "CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO l VALUES (CASE WHEN 1 THEN 2 END); DELETE FROM m; END; SELECT 1", []string{"CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO l VALUES (CASE WHEN 1 THEN 2 END); DELETE FROM m; END", "SELECT 1"}},
		{"Brackets", SQLite, "SELECT [a;b]; SELECT 1", []string{"SELECT [a;b]", "SELECT 1"}},
		{"Delimiter", MariaDB, "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//\nDELIMITER ;\nSELECT 2; # c;\nSELECT `x;y`", []string{"CREATE PROCEDURE p() BEGIN SELECT 1; END", "SELECT 2", "# c;\nSELECT `x;y`"}},
		{"RoutineWithoutDelimiter", MariaDB, "CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; WHILE b DO SELECT 2; END WHILE; END; SELECT 3", []string{"CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; WHILE b DO SELECT 2; END WHILE; END", "SELECT 3"}},
		{"Backslashes", MariaDB, `SELECT 'a\';b'; SELECT 2--1; SELECT 3`, []string{`SELECT 'a\';b'`, "SELECT 2--1", "SELECT 3"}},
		{"Go", SQLServer, "SELECT 1\nGO\nCREATE PROC p AS SELECT 2; SELECT 3\ngo\nSELECT [a;]]b]; SELECT 4", []string{"SELECT 1", "CREATE PROC p AS SELECT 2; SELECT 3", "SELECT [a;]]b]", "SELECT 4"}},
		{"VariablesStayTogether", SQLServer, "DECLARE @n int = 1; SELECT @n;", []string{"DECLARE @n int = 1; SELECT @n;"}},
		{"Blocks", Oracle, "DECLARE n int; BEGIN p(n); IF n > 1 THEN q; END IF; END;\n/\nSELECT q'[a;'b]' FROM dual; SELECT 2 FROM dual", []string{"DECLARE n int; BEGIN p(n); IF n > 1 THEN q; END IF; END;", "SELECT q'[a;'b]' FROM dual", "SELECT 2 FROM dual"}},
		{"OnlyComments", PostgreSQL, " -- nothing\n ; /* here */ ", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := flavorOf(c.dialect).split(c.text); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// FuzzSplit: nothing but white space, comments and ends of statements is lost, and pieces do not fall into more pieces.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"SELECT 1; SELECT ';'", "CREATE TRIGGER x BEGIN a; END; b", "$a$;$a$", "DELIMITER //\na;//", "GO\na", "BEGIN x; END;\n/\n", "'", "/*", "q'[", "E'\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, dialect := range []string{PostgreSQL, SQLite, MariaDB, SQLServer, Oracle} {
			fl := flavorOf(dialect)
			at := 0
			for _, s := range fl.split(text) {
				body := strings.TrimSuffix(s, ";")
				n := strings.Index(text[at:], body)
				if n < 0 {
					t.Fatalf("%s: %q is not in the rest of %q", dialect, s, text)
				}
				at += n + len(body)
			}
			if tpl, err := fl.template(text, nil, func(n string) (string, bool) { return n, n == "name" }); err == nil {
				if len(tpl.parts) != len(tpl.params)+1 {
					t.Fatalf("%s: %d parts for %d parameters", dialect, len(tpl.parts), len(tpl.params))
				}
			}
		}
	})
}

func TestParameters(t *testing.T) {
	known := func(n string) (string, bool) { return n, n == "login" || n == "Name" }
	for _, c := range []struct {
		name, dialect, text string
		positional          []string
		want                string // parts and <params>
		fails               string
	}{
		{"Named", PostgreSQL, "INSERT INTO t VALUES (@login, :Name)", nil, "INSERT INTO t VALUES (<login>, <Name>)", ""},
		{"CastsAndOperators", PostgreSQL, "SELECT a::text, b @> c WHERE x = :login::int", nil, "SELECT a::text, b @> c WHERE x = <login>::int", ""},
		{"TextsAndComments", PostgreSQL, "SELECT '@login', \"@login\" -- @login\n, @login", nil, "SELECT '@login', \"@login\" -- @login\n, <login>", ""},
		{"ServerVariables", SQLServer, "SELECT @@ROWCOUNT, @own, @login", nil, "SELECT @@ROWCOUNT, @own, <login>", ""},
		{"Assignments", MariaDB, "SET @own := @login", nil, "SET @own := <login>", ""},
		{"MailAddressesInTexts", SQLite, "SELECT 'a@login'", nil, "SELECT 'a@login'", ""},
		{"Positional", MariaDB, "UPDATE t SET a = ? WHERE b = ?", []string{"Name", "login"}, "UPDATE t SET a = <Name> WHERE b = <login>", ""},
		{"QuestionsWithoutNames", PostgreSQL, "SELECT a ? 'b'", nil, "SELECT a ? 'b'", ""},
		{"TooFew", MariaDB, "SELECT 1", []string{"login"}, "", "0 ?"},
		{"Unknown", PostgreSQL, "SELECT @nobody", nil, "", "@nobody"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tpl, err := flavorOf(c.dialect).template(c.text, c.positional, known)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for i, p := range tpl.parts {
				b.WriteString(p)
				if i < len(tpl.params) {
					b.WriteString("<" + tpl.params[i] + ">")
				}
			}
			if b.String() != c.want {
				t.Errorf("got %q, want %q", b.String(), c.want)
			}
		})
	}
}
