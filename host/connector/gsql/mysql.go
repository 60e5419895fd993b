package gsql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	client "github.com/go-sql-driver/mysql"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// mysql is the dialect of MariaDB 10.5 and later, and of MySQL 8.
type mysql struct{ returns bool } // returns: MariaDB's INSERT … RETURNING

// mysqlReady makes a session strict (a value that does not fit is refused, not cut) and its clock UTC.
const mysqlReady = `SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES,NO_ZERO_DATE'), time_zone = '+00:00'`

func (d mysql) open(ctx context.Context, t target, k clock) (conn, error) {
	cfg, err := mysqlConfig(t)
	if err != nil {
		return nil, err
	}
	c, err := client.NewConnector(cfg)
	if err != nil {
		return nil, badURL("it cannot be read").WithHint("give mariadb://user@host:3306/database")
	}
	return openStd(ctx, sql.OpenDB(c), d, k, mysqlReady)
}

// mysqlConfig reads mariadb://user@host:port/database?tls=true&socket=/path. Other parameters go to the client library.
func mysqlConfig(t target) (*client.Config, error) {
	u, err := url.Parse(t.url)
	if err != nil || strings.Trim(u.Path, "/") == "" {
		return nil, badURL("it names no database").WithHint("give mariadb://user@host:3306/database")
	}
	params := u.Query()
	socket := params.Get("socket")
	params.Del("socket")
	for _, no := range []string{"allowAllFiles", "multiStatements", "interpolateParams", "parseTime", "loc", "clientFoundRows"} {
		if params.Has(no) {
			return nil, badURL("the parameter " + no + " is not allowed").WithHint("take it out: the connector sets it itself")
		}
	}
	if !params.Has("tls") {
		params.Set("tls", "preferred")
	}
	cfg, err := client.ParseDSN("/?" + params.Encode())
	if err != nil {
		return nil, badURL("its parameters cannot be read").WithHint("known are tls, socket, and those of the client library, such as timeout=10s")
	}
	cfg.User, cfg.DBName = u.User.Username(), strings.Trim(u.Path, "/")
	cfg.Net, cfg.Addr = "tcp", u.Hostname()+":"+portOr(u.Port(), "3306")
	if socket != "" {
		cfg.Net, cfg.Addr, cfg.TLSConfig, cfg.TLS = "unix", socket, "", nil
	}
	if t.user != "" {
		cfg.User = t.user
	}
	cfg.Passwd = t.password.Reveal()
	cfg.ClientFoundRows, cfg.Collation, cfg.Logger = true, "utf8mb4_general_ci", &client.NopLogger{}
	return cfg, nil
}

func portOr(port, usual string) string {
	if port == "" {
		return usual
	}
	return port
}

func (mysql) quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func (mysql) facts() facts {
	return facts{name: MariaDB, emptyInsert: "() VALUES ()", maxRows: 256, maxArgs: 60_000, timeText: "CAST(utc_timestamp(6) AS char)", toText: "CAST(%s AS char)",
		savepoint: "SAVEPOINT %s", rollbackTo: "ROLLBACK TO SAVEPOINT %s", begin: "START TRANSACTION",
		snapshot: []string{"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"}}
}

func (mysql) native(text string, args []any) (string, []any) {
	return placeholders(text, args, true, func(int) string { return "?" })
}

// giveBack: an UPDATE is read back with a lock, since a plain read sees the state of the transaction's first read.
func (d mysql) giveBack(w writing) query {
	switch {
	case w.update:
		return readBack(w, " FOR UPDATE")
	case d.returns:
		return returning(w)
	}
	return readBack(w, "")
}

// ofResult reads the type of a result's column; TINYINT of a result does not say its width, so it is a number.
func (mysql) ofResult(t *sql.ColumnType) column {
	name := strings.TrimPrefix(strings.ToLower(t.DatabaseTypeName()), "unsigned ")
	full := name
	if precision, scale, ok := t.DecimalSize(); ok {
		full = fmt.Sprintf("%s(%d,%d)", name, precision, scale)
	}
	if strings.HasPrefix(strings.ToLower(t.DatabaseTypeName()), "unsigned ") {
		full += " unsigned"
	}
	return column{dbType: name, kind: mysqlKind(name, full), single: name == "float"}
}

func (mysql) first(text string, n int) string { return fmt.Sprintf("%s LIMIT %d", text, n) }

// bind sends text: the server reads it as the column's type and says in its own words what is wrong.
func (mysql) bind(c column, k clock, v entry.Value) (any, error) {
	switch v := v.(type) {
	case []byte:
		if c.kind == connector.Binary {
			return v, nil
		}
		return string(v), nil
	case bool:
		if c.kind == connector.String {
			return text(v), nil
		}
		return map[bool]int64{true: 1, false: 0}[v], nil
	case float64:
		if c.single { // compared as a number of 64 bits
			return float64(float32(v)), nil
		}
		return v, nil
	case int64:
		return v, nil
	case time.Time:
		return mysqlTime(c, k, v)
	case entry.Complex:
		return nil, fmt.Errorf("%s is not a JSON column; list it in the setting json", c.name)
	}
	s := text(v)
	if !utf8.ValidString(s) {
		return nil, errNotUTF8
	}
	return mysqlText(c, k, s)
}

// mysqlText turns the words of other types into what the server takes.
func mysqlText(c column, k clock, s string) (any, error) {
	switch c.kind {
	case connector.String:
		if c.dbType == "bigint" { // without a sign; what is no number would be found as 0
			if n, err := strconv.ParseInt(s, 10, 64); err == nil {
				return n, nil
			}
			if _, err := strconv.ParseUint(s, 10, 64); err != nil {
				return nil, fmt.Errorf("%q is no whole number of 64 bits", s)
			}
		}
	case connector.Boolean:
		b, err := toBool(s)
		if err != nil {
			return nil, err
		}
		return map[bool]int64{true: 1, false: 0}[b == true], nil
	case connector.DateTime:
		if v, err := c.time(k, s); err == nil && v != nil {
			return mysqlTime(c, k, v.(time.Time))
		}
	}
	return s, nil
}

func mysqlTime(c column, k clock, t time.Time) (any, error) {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return nil, fmt.Errorf("the year %d is out of range", y)
	}
	switch c.dbType {
	case "timestamp":
		return t.UTC().Format(microLayout), nil
	case "datetime":
		return t.In(k.zone).Format(microLayout), nil
	case "date":
		return k.day(t), nil
	case "int", "bigint":
		return t.Unix(), nil
	}
	return k.write(t), nil
}

// microLayout keeps what columns of six digits can hold.
const microLayout = "2006-01-02 15:04:05.999999"

// mysqlCodes are the verdicts by the server's error number.
var mysqlCodes = map[uint16]verdict{
	1062: {kind: fault.Exists, hint: "another row has this value; match it or choose another"},
	1586: {kind: fault.Exists, hint: "another row has this value; match it or choose another"},
	1048: {kind: fault.Invalid, hint: "map a value to the column"},
	1364: {kind: fault.Invalid, hint: "map a value to the column"},
	1406: {kind: fault.Invalid, hint: "shorten the value in the mapping, or widen the column"},
	1264: {kind: fault.Invalid, hint: "correct the value, or the mapping that makes it"},
	1265: {kind: fault.Invalid, hint: "correct the value, or the mapping that makes it"},
	1292: {kind: fault.Invalid, hint: "correct the value, or the mapping that makes it"},
	1366: {kind: fault.Invalid, hint: "correct the value, or the mapping that makes it"},
	1411: {kind: fault.Invalid, hint: "correct the value, or the mapping that makes it"},
	3819: {kind: fault.Invalid, hint: "a check of the table refused the row"},
	4025: {kind: fault.Invalid, hint: "a check of the table refused the row"},
	1644: {kind: fault.Invalid, hint: "a trigger of the database refused the row"},
	1451: {kind: fault.Invalid, foreign: true, hint: "the object pointed to does not exist, or this object is still pointed to"},
	1452: {kind: fault.Invalid, foreign: true, hint: "the object pointed to does not exist, or this object is still pointed to"},
	1216: {kind: fault.Invalid, foreign: true, hint: "the object pointed to does not exist, or this object is still pointed to"},
	1217: {kind: fault.Invalid, foreign: true, hint: "the object pointed to does not exist, or this object is still pointed to"},
	1205: {kind: fault.Conflict, again: true, hint: "other sessions hold the same rows; try again later"},
	1213: {kind: fault.Conflict, again: true, hint: "other sessions kept changing the same rows; try again later"},
	1020: {kind: fault.Conflict, again: true, hint: "other sessions kept changing the same rows; try again later"},
	1045: {kind: fault.Unauthenticated, hint: "check user and password"},
	1698: {kind: fault.Unauthenticated, hint: "this account logs in by another means; create one with a password"},
	1044: {kind: fault.Denied, hint: "grant the account the database: GRANT SELECT, INSERT, UPDATE, DELETE ON database.table TO the account"},
	1142: {kind: fault.Denied, hint: "grant the account SELECT, INSERT, UPDATE and DELETE on the tables"},
	1143: {kind: fault.Denied, hint: "grant the account the column"},
	1370: {kind: fault.Denied, hint: "GRANT EXECUTE on the procedure to the account"},
	1227: {kind: fault.Denied, hint: "grant the account the right that is named"},
	1049: {kind: fault.Invalid, hint: "check the database's name in the URL"},
	1146: {kind: fault.Invalid, hint: "the table changed; read the schema again"},
	1054: {kind: fault.Invalid, changed: true, hint: "the table changed; read the schema again"},
	1305: {kind: fault.Invalid, hint: "check the procedure's name"},
	1064: {kind: fault.Invalid, hint: "check the statement in the setting statements"},
	1290: {kind: fault.Unavailable, hint: "the database takes no writes now: it is read-only or a replica"},
	1836: {kind: fault.Unavailable, hint: "the database takes no writes now: it is read-only or a replica"},
	1040: {kind: fault.Unavailable, hint: "the server lacks connections"},
	1203: {kind: fault.Unavailable, hint: "the account has too many connections"},
	1021: {kind: fault.Unavailable, hint: "the server's disk is full"},
	1114: {kind: fault.Unavailable, hint: "the server's disk is full"},
	1053: {kind: fault.Timeout, lost: true, hint: "the server is stopping"},
	1927: {kind: fault.Timeout, lost: true, hint: "the connection was ended at the server"},
	1317: {kind: fault.Timeout, hint: "raise commandTimeout if the statement is only slow"},
	1969: {kind: fault.Timeout, hint: "raise the server's max_statement_time if the statement is only slow"},
	3024: {kind: fault.Timeout, hint: "raise the server's max_execution_time if the statement is only slow"},
}

// judge reads the server's error number. A connection lost in an open transaction is no loss: the server rolls it back.
func (mysql) judge(err error) verdict {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return verdict{kind: f.Kind, hint: f.Hint}
	}
	_, rolledBack := errors.AsType[*rolledBackError](err)
	if e, ok := errors.AsType[*client.MySQLError](err); ok {
		v, known := mysqlCodes[e.Number]
		if !known {
			v = verdict{kind: fault.Internal, hint: unforeseen}
			if strings.HasPrefix(string(e.SQLState[:]), "22") || strings.HasPrefix(string(e.SQLState[:]), "23") || strings.HasPrefix(string(e.SQLState[:]), "45") {
				v.kind, v.hint = fault.Invalid, "correct the value, or the mapping that makes it"
			}
		}
		v.safe = v.lost && rolledBack
		return v
	}
	return judgeStd(err, rolledBack)
}

// judgeStd judges what is no answer of the server.
func judgeStd(err error, rolledBack bool) verdict {
	switch {
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone):
		return verdict{kind: fault.Unavailable, lost: true, safe: true}
	case rolledBack && (lostConnection(err) || garbled(err)):
		return verdict{kind: fault.Unavailable, lost: true, safe: true}
	case lostConnection(err), garbled(err):
		return verdict{kind: fault.Timeout, lost: true, hint: lostHint}
	}
	return verdict{kind: fault.Internal, hint: unforeseen}
}

// garbled reports whether what came over the connection was no answer; the client library does not use it any more.
func garbled(err error) bool {
	return slices.ContainsFunc([]error{client.ErrInvalidConn, client.ErrMalformPkt, client.ErrPktSync, client.ErrPktSyncMul, client.ErrBusyBuffer, client.ErrUnknownPlugin},
		func(e error) bool { return errors.Is(err, e) })
}

func (mysql) writers() int { return 16 }

// mysqlRights lists what the account may do: with everything, with the database, with the table.
const mysqlRights = `SELECT privilege_type FROM information_schema.user_privileges WHERE grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')
UNION SELECT privilege_type FROM information_schema.schema_privileges WHERE DATABASE() LIKE table_schema
UNION SELECT privilege_type FROM information_schema.table_privileges WHERE table_schema = $1 AND table_name = $2
UNION SELECT privilege_type FROM information_schema.column_privileges WHERE table_schema = $3 AND table_name = $4`

func (mysql) lacks(ctx context.Context, c conn, table string) ([]string, error) {
	schema, name := splitQuoted(table)
	found, err := all(ctx, c, query{text: mysqlRights, args: []any{schema, name, schema, name}, out: []column{asText}})
	if err != nil {
		return nil, err
	}
	has := map[string]bool{}
	for _, row := range found {
		has[text(row[0])] = true
	}
	var missing []string
	for _, right := range []string{"SELECT", "INSERT", "UPDATE", "DELETE"} {
		if !has[right] {
			missing = append(missing, right)
		}
	}
	return missing, nil
}

// splitQuoted is the inverse of writing `schema`.`name`.
func splitQuoted(table string) (schema, name string) {
	s := &scanner{rest: table}
	parts, _ := s.path()
	return parts[0], parts[len(parts)-1]
}
