package gsql

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	client "github.com/microsoft/go-mssqldb"
	"github.com/sijms/go-ora/v2/network"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// judged is what an error of a server means, and a word of what to do about it.
type judged struct {
	kind fault.Kind
	do   string
}

// postgresMeans is by SQLSTATE; a class stands for one state of it that the server is made to say.
var postgresMeans = map[string]judged{
	"22": {fault.Invalid, "correct the value"}, "23": {fault.Invalid, "constraint"}, "23502": {fault.Invalid, "map a value"}, "23505": {fault.Exists, "match it or choose another"},
	"23P01": {fault.Exists, "choose another"}, "23503": {fault.Invalid, "pointed to"}, "23001": {fault.Conflict, "point to this one"}, "25006": {fault.Unavailable, "read-only"},
	"28": {fault.Unauthenticated, "user and password"}, "3D": {fault.Invalid, "name in the URL"}, "40": {fault.Conflict, "try again"}, "42": {fault.Invalid, "read the schema again"},
	"42501": {fault.Denied, "grant the account"}, "42703": {fault.Invalid, "read the schema again"}, "42S22": {fault.Invalid, "read the schema again"}, "44": {fault.Invalid, "view"}, "53": {fault.Unavailable, "connections, memory or disk"}, "54": {fault.Invalid, "shorten"},
	"55P03": {fault.Conflict, "try again later"}, "57014": {fault.Timeout, "commandTimeout"}, "57": {fault.Unavailable, "starting or stopping"}, "P0": {fault.Invalid, "trigger"},
	"XX": {fault.Internal, "own log"},
}

// mariadbMeans is by the server's error number.
var mariadbMeans = map[int]judged{
	1062: {fault.Exists, "choose another"}, 1586: {fault.Exists, "choose another"}, 1048: {fault.Invalid, "map a value"}, 1364: {fault.Invalid, "map a value"}, 1406: {fault.Invalid, "shorten"},
	1264: {fault.Invalid, "correct"}, 1265: {fault.Invalid, "correct"}, 1292: {fault.Invalid, "correct"}, 1366: {fault.Invalid, "correct"}, 1411: {fault.Invalid, "correct"},
	3819: {fault.Invalid, "check"}, 4025: {fault.Invalid, "check"}, 1644: {fault.Invalid, "trigger"}, 1451: {fault.Invalid, "pointed to"}, 1452: {fault.Invalid, "pointed to"},
	1216: {fault.Invalid, "pointed to"}, 1217: {fault.Invalid, "pointed to"}, 1205: {fault.Conflict, "try again"}, 1213: {fault.Conflict, "try again"}, 1020: {fault.Conflict, "try again"},
	1045: {fault.Unauthenticated, "password"}, 1698: {fault.Unauthenticated, "password"}, 1044: {fault.Denied, "GRANT"}, 1142: {fault.Denied, "grant"}, 1143: {fault.Denied, "grant"},
	1370: {fault.Denied, "GRANT EXECUTE"}, 1227: {fault.Denied, "grant"}, 1049: {fault.Invalid, "URL"}, 1146: {fault.Invalid, "schema again"}, 1054: {fault.Invalid, "schema again"},
	1305: {fault.Invalid, "procedure"}, 1064: {fault.Invalid, "statements"}, 1290: {fault.Unavailable, "read-only"}, 1836: {fault.Unavailable, "read-only"}, 1040: {fault.Unavailable, "connections"},
	1203: {fault.Unavailable, "connections"}, 1021: {fault.Unavailable, "disk"}, 1114: {fault.Unavailable, "disk"}, 1317: {fault.Timeout, "commandTimeout"},
	1969: {fault.Timeout, "max_statement_time"}, 3024: {fault.Timeout, "max_execution_time"}, 1105: {fault.Internal, "own log"},
}

// lostCodes end the connection; a server cannot be made to say them without.
var lostCodes = []uint16{1053, 1927}

// TestEveryAnswerOfPostgreSQLIsExplained makes the server say each SQLSTATE: the fault has what it said, what it means, and what to do.
func TestEveryAnswerOfPostgreSQLIsExplained(t *testing.T) {
	for state := range states {
		if _, ok := postgresMeans[state]; !ok {
			t.Errorf("%s is not in the table", state)
		}
	}
	s := open(t, Contoso(PostgreSQL), freshSchema(t))
	for _, state := range slices.Sorted(maps.Keys(postgresMeans)) {
		said := "words of the server for " + state
		raised := (state + "000")[:5]
		if len(state) == 2 && state != "XX" {
			raised = state + "099" // of the class, and of no state that has a word of its own
		}
		err := s.write(t.Context(), "update", func(ctx context.Context, c conn) error {
			_, err := c.exec(ctx, query{text: fmt.Sprintf(`DO $$ BEGIN RAISE EXCEPTION '%s' USING ERRCODE = '%s'; END $$`, said, raised)})
			return err
		})
		explained(t, state, said, postgresMeans[state], err)
	}
}

func explained(t *testing.T, code, said string, want judged, err error) {
	t.Helper()
	if !fault.Is(err, want.kind) || !strings.Contains(err.Error(), said) || !strings.Contains(fault.HintOf(err), want.do) {
		t.Errorf("%s: %v (%v), want %v with %q", code, err, fault.KindOf(err), want.kind, want.do)
	}
}

// TestEveryAnswerOfMariaDBIsExplained does the same by error number.
func TestEveryAnswerOfMariaDBIsExplained(t *testing.T) {
	for code := range mysqlCodes {
		if _, ok := mariadbMeans[int(code)]; !ok && !slices.Contains(lostCodes, code) {
			t.Errorf("%d is not in the table", code)
		}
	}
	s := open(t, Contoso(MariaDB), databases[2].url(t))
	for _, code := range slices.Sorted(maps.Keys(mariadbMeans)) {
		said := "words of the server for " + strconv.Itoa(code)
		err := s.write(t.Context(), "update", func(ctx context.Context, c conn) error {
			_, err := c.exec(ctx, query{text: fmt.Sprintf("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = %d, MESSAGE_TEXT = '%s'", code, said)})
			return err
		})
		explained(t, strconv.Itoa(code), said, mariadbMeans[code], err)
	}
}

// TestEveryAnswerOfSQLiteIsExplained makes the library say what can be made: each has a hint.
func TestEveryAnswerOfSQLiteIsExplained(t *testing.T) {
	s := open(t, simple(map[string]string{"types": "User=t"}, `CREATE TABLE t (id integer PRIMARY KEY NOT NULL, u text UNIQUE, n integer NOT NULL DEFAULT 1 CHECK (n > 0), up integer REFERENCES t (id))`)(databases[0]), databases[0].url(t))
	for _, c := range []struct {
		text string
		want judged
	}{
		{"INSERT INTO t (id, u) VALUES (1, 'a')", judged{}}, {"INSERT INTO t (id) VALUES (1)", judged{fault.Exists, "match it"}}, {"INSERT INTO t (id, u) VALUES (2, 'a')", judged{fault.Exists, "match it"}},
		{"INSERT INTO t (id, n) VALUES (3, NULL)", judged{fault.Invalid, "correct the value"}}, {"INSERT INTO t (id, n) VALUES (3, 0)", judged{fault.Invalid, "correct the value"}},
		{"INSERT INTO t (id, up) VALUES (4, 99)", judged{fault.Invalid, "pointed to"}}, {"INSERT INTO t (id) VALUES ('x')", judged{fault.Invalid, "correct the value"}},
		{"INSERT INTO gone VALUES (1)", judged{fault.Invalid, "schema again"}}, {"PRAGMA query_only = 1", judged{}}, {"DELETE FROM t", judged{fault.Denied, "right to write"}},
	} {
		_, err := s.conn.exec(t.Context(), query{text: c.text})
		if c.want == (judged{}) {
			if err != nil {
				t.Fatal(c.text, err)
			}
			continue
		}
		explained(t, c.text, "", c.want, s.failure("update", s.judge(err), err))
	}
}

// TestEveryKnownCodeHasAWayOut: no code is known without something to do about it, also of the servers that no test starts.
func TestEveryKnownCodeHasAWayOut(t *testing.T) {
	for code, v := range states {
		if v.hint == "" {
			t.Errorf("PostgreSQL %s has no hint", code)
		}
	}
	for code, v := range mysqlCodes {
		if v.hint == "" {
			t.Errorf("MariaDB %d has no hint", code)
		}
	}
	for code := range sqlserverCodes {
		v := sqlserver{}.judge(client.Error{Number: code, Message: "said"})
		if v.hint == "" || v.kind == fault.Internal {
			t.Errorf("SQL Server %d: %+v", code, v)
		}
	}
	for code := range oracleCodes {
		v := oracle{}.judge(&network.OracleError{ErrCode: code, ErrMsg: "said"})
		if v.hint == "" || v.kind == fault.Internal {
			t.Errorf("Oracle %d: %+v", code, v)
		}
	}
	if _, err := (&session{layout: layout{target: target{dialect: postgres{}}}}).object(entry.Type("x")); fault.HintOf(err) == "" {
		t.Error("an unknown type has no hint")
	}
}
