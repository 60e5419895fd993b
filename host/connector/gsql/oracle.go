package gsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	client "github.com/sijms/go-ora/v2"
	"github.com/sijms/go-ora/v2/network"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// oracle is the dialect of Oracle 12c and later. No server was at hand when it was written: its SQL text is compared with what is
// written down, and nothing more. An empty text is NULL there.
type oracle struct{}

func (d oracle) open(ctx context.Context, t target, k clock) (conn, error) {
	u, err := url.Parse(t.url)
	if err != nil || strings.Trim(u.Path, "/") == "" {
		return nil, badURL("it names no service").WithHint("give oracle://user@host:1521/service")
	}
	user := u.User.Username()
	if t.user != "" {
		user = t.user
	}
	u.User = url.UserPassword(user, t.password.Reveal()) // stays in memory: the client library takes nothing else
	return openStd(ctx, sql.OpenDB(client.NewConnector(u.String())), d, k, "ALTER SESSION SET TIME_ZONE = 'UTC'")
}

func (oracle) quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, "") + `"` } // a name cannot hold one there

func (oracle) facts() facts {
	return facts{name: Oracle, maxRows: 1, maxArgs: 1000, timeText: "TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD HH24:MI:SS.FF6')", toText: "TO_CHAR(%s)",
		dual: " FROM DUAL", savepoint: "SAVEPOINT %s", rollbackTo: "ROLLBACK TO SAVEPOINT %s", interleaves: true}
}

func (oracle) native(text string, args []any) (string, []any) {
	return placeholders(text, args, false, func(n int) string { return fmt.Sprintf(":%d", n) })
}

// giveBack reads the row by its address.
func (oracle) giveBack(w writing) query {
	return query{text: w.head + " " + w.tail + fmt.Sprintf(" RETURNING ROWID INTO $%d", len(w.args)+1), args: w.args, key: keyRowID,
		then: &query{text: "SELECT " + selects("", w.out) + " FROM " + w.table + " WHERE ROWID = CHARTOROWID($1)", out: w.out}}
}

func (oracle) first(text string, n int) string {
	return fmt.Sprintf("SELECT * FROM (%s) WHERE ROWNUM <= %d", text, n)
}

func (oracle) bind(c column, k clock, v entry.Value) (any, error) {
	switch v := v.(type) {
	case []byte:
		if c.kind == connector.Binary {
			return v, nil
		}
		return string(v), nil
	case bool:
		if c.kind != connector.String {
			return map[bool]int64{true: 1, false: 0}[v], nil
		}
		return map[bool]string{true: "Y", false: "N"}[v], nil
	case time.Time:
		return oracleTime(c, k, v)
	case int64:
		if c.kind != connector.String {
			return v, nil
		}
	case entry.Complex:
		return nil, fmt.Errorf("%s is not a JSON column; list it in the setting json", c.name)
	}
	s := text(v)
	if !utf8.ValidString(s) {
		return nil, errNotUTF8
	}
	return s, nil
}

// oracleTime gives the client library a time whose wall clock is the data's.
func oracleTime(c column, k clock, t time.Time) (any, error) {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return nil, fmt.Errorf("the year %d is out of range", y)
	}
	switch {
	case strings.Contains(c.dbType, "time zone"):
		return t.UTC(), nil
	case c.dbType == "date" || c.dbType == "timestamp":
		w := t.In(k.zone)
		return time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), w.Nanosecond(), time.UTC), nil
	case c.dbType == "number":
		return t.Unix(), nil
	}
	return k.write(t), nil
}

// oracleCodes are the verdicts by ORA number.
var oracleCodes = map[int]verdict{
	1:     {kind: fault.Exists, hint: "another row has this value; match it or choose another"},
	1400:  {kind: fault.Invalid, hint: "map a value to the column; an empty text counts as none"},
	1407:  {kind: fault.Invalid, hint: "the column cannot be cleared; an empty text counts as none"},
	12899: {kind: fault.Invalid, hint: "shorten the value in the mapping, or widen the column"},
	1438:  {kind: fault.Invalid, hint: "the number is too large for the column"},
	1722:  {kind: fault.Invalid, hint: "correct the value, or the mapping that makes it"},
	1830:  {kind: fault.Invalid, hint: "correct the date, or the setting dateTimeFormat"},
	1843:  {kind: fault.Invalid, hint: "correct the date, or the setting dateTimeFormat"},
	1858:  {kind: fault.Invalid, hint: "correct the date, or the setting dateTimeFormat"},
	1861:  {kind: fault.Invalid, hint: "correct the date, or the setting dateTimeFormat"},
	2290:  {kind: fault.Invalid, hint: "a check of the table refused the row"},
	2291:  {kind: fault.Invalid, foreign: true, hint: "the object pointed to does not exist"},
	2292:  {kind: fault.Invalid, foreign: true, hint: "this object is still pointed to"},
	54:    {kind: fault.Conflict, again: true, hint: "other sessions hold the same rows; try again later"},
	60:    {kind: fault.Conflict, again: true, hint: "other sessions kept changing the same rows; try again later"},
	8177:  {kind: fault.Conflict, again: true, hint: "other sessions kept changing the same rows; try again later"},
	1017:  {kind: fault.Unauthenticated, hint: "check user and password"},
	28000: {kind: fault.Unauthenticated, hint: "the account is locked"},
	28001: {kind: fault.Unauthenticated, hint: "the account's password has expired"},
	1031:  {kind: fault.Denied, hint: "grant the account SELECT, INSERT, UPDATE and DELETE on the tables"},
	41900: {kind: fault.Denied, hint: "grant the account the right that is named"},
	942:   {kind: fault.Invalid, hint: "the table changed, or the account has no right on it"},
	904:   {kind: fault.Invalid, changed: true, hint: "the table changed; read the schema again"},
	1013:  {kind: fault.Timeout, hint: "raise commandTimeout if the statement is only slow"},
	1653:  {kind: fault.Unavailable, hint: "the tablespace is full"},
	1654:  {kind: fault.Unavailable, hint: "the tablespace is full"},
	16000: {kind: fault.Unavailable, hint: "the database takes no writes now: it is read-only or a standby"},
	1033:  {kind: fault.Unavailable, lost: true, hint: "the server is starting or stopping"},
	1034:  {kind: fault.Unavailable, lost: true, hint: "the server does not run"},
	12514: {kind: fault.Unavailable, lost: true, hint: "the listener knows no such service: check the URL"},
	28:    {kind: fault.Timeout, lost: true, hint: "the session was ended at the server"},
	3113:  {kind: fault.Timeout, lost: true, hint: "the connection was lost before the database answered; look the object up before repeating"},
	3135:  {kind: fault.Timeout, lost: true, hint: "the connection was lost before the database answered; look the object up before repeating"},
}

func (oracle) judge(err error) verdict {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return verdict{kind: f.Kind, hint: f.Hint}
	}
	_, rolledBack := errors.AsType[*rolledBackError](err)
	e, ok := errors.AsType[*network.OracleError](err)
	if !ok {
		return judgeStd(err, rolledBack)
	}
	v, known := oracleCodes[e.ErrCode]
	if !known {
		v = verdict{kind: fault.Internal}
		if e.ErrCode >= 20000 && e.ErrCode < 21000 {
			v = verdict{kind: fault.Invalid, hint: "a trigger or procedure of the database refused the row"}
		}
	}
	v.safe = v.lost && rolledBack
	return v
}

func (oracle) writers() int { return 16 }

// oracleRights lists what the account holds on a table: as its owner everything, else what was granted to it, a role of it or everyone.
const oracleRights = `SELECT privilege FROM all_tab_privs WHERE table_schema = $1 AND table_name = $2
UNION SELECT 'ALL' FROM DUAL WHERE $3 = SYS_CONTEXT('USERENV', 'SESSION_USER')`

func (oracle) lacks(ctx context.Context, c conn, table string) ([]string, error) {
	schema, name := splitQuoted(table)
	has, err := firstTexts(ctx, c, query{text: oracleRights, args: []any{schema, name, schema}, out: []column{asText}})
	if err != nil {
		return nil, err
	}
	granted := strings.Join(has, " ") + " "
	var missing []string
	for _, right := range []string{"SELECT", "INSERT", "UPDATE", "DELETE"} {
		if !strings.Contains(granted, right+" ") && !strings.Contains(granted, "ALL ") {
			missing = append(missing, right)
		}
	}
	return missing, nil
}

const (
	oracleRelation = `SELECT owner, object_name FROM all_objects WHERE object_type IN ('TABLE', 'VIEW', 'MATERIALIZED VIEW') AND object_name = $1
AND owner = CASE WHEN $2 = '-' THEN SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') ELSE $3 END AND ROWNUM = 1`
	oracleAlike = `SELECT owner || '.' || object_name FROM all_objects WHERE object_type IN ('TABLE', 'VIEW') AND UPPER(object_name) = UPPER($1) AND ROWNUM = 1`
	// oracleColumns: name, type, characters, bytes, precision, scale, nullable, has a default, identity, virtual.
	oracleColumns = `SELECT column_name, data_type, char_length, data_length, data_precision, data_scale, nullable, CASE WHEN default_length IS NULL THEN 'N' ELSE 'Y' END, identity_column, virtual_column
FROM all_tab_cols WHERE owner = $1 AND table_name = $2 AND hidden_column = 'NO' ORDER BY column_id`
	oracleIndexes = `SELECT i.index_name, x.column_name, CASE WHEN k.constraint_type = 'P' THEN 1 ELSE 0 END FROM all_indexes i
JOIN all_ind_columns x ON x.index_owner = i.owner AND x.index_name = i.index_name
LEFT JOIN all_constraints k ON k.owner = i.table_owner AND k.index_name = i.index_name AND k.constraint_type = 'P'
WHERE i.table_owner = $1 AND i.table_name = $2 AND i.uniqueness = 'UNIQUE' ORDER BY i.index_name, x.column_position`
	oracleForeign = `SELECT c.column_name, r.owner, r.table_name, r.column_name FROM all_constraints k JOIN all_cons_columns c ON c.owner = k.owner AND c.constraint_name = k.constraint_name
JOIN all_cons_columns r ON r.owner = k.r_owner AND r.constraint_name = k.r_constraint_name AND r.position = c.position
WHERE k.constraint_type = 'R' AND k.owner = $1 AND k.table_name = $2 AND 1 = (SELECT COUNT(*) FROM all_cons_columns n WHERE n.owner = k.owner AND n.constraint_name = k.constraint_name)`
)

func (d oracle) table(ctx context.Context, c conn, path []string) (t table, err error) {
	where, err := d.find(ctx, c, path)
	if err != nil {
		return t, err
	}
	t.quoted = d.quote(text(where[0])) + "." + d.quote(text(where[1]))
	found, err := all(ctx, c, query{text: oracleColumns, args: where, out: []column{asText, asText, asNumber, asNumber, asNumber, asNumber, asText, asText, asText, asText}})
	if err != nil {
		return t, err
	}
	for _, row := range found {
		t.columns = append(t.columns, d.column(row))
	}
	if found, err = all(ctx, c, query{text: oracleIndexes, args: where, out: []column{asText, asText, asBool}}); err != nil {
		return t, err
	}
	t.index(found)
	found, err = all(ctx, c, query{text: oracleForeign, args: where, out: []column{asText, asText, asText, asText}})
	t.foreign = map[string]foreignKey{}
	for _, row := range found {
		t.foreign[text(row[0])] = foreignKey{table: d.quote(text(row[1])) + "." + d.quote(text(row[2])), column: text(row[3])}
	}
	return t, err
}

// find returns owner and name; names are used exactly as typed, though Oracle itself folds what has no quotes to upper case.
func (oracle) find(ctx context.Context, c conn, path []string) ([]any, error) {
	name, owner := path[len(path)-1], "-"
	if len(path) > 1 {
		owner = path[len(path)-2]
	}
	found, err := all(ctx, c, query{text: oracleRelation, args: []any{name, owner, owner}, out: []column{asText, asText}})
	if err != nil {
		return nil, err
	}
	if len(found) == 1 {
		return []any{text(found[0][0]), text(found[0][1])}, nil
	}
	if alike, err := firstTexts(ctx, c, query{text: oracleAlike, args: []any{name}, out: []column{asText}}); err == nil && len(alike) == 1 {
		return nil, noTable(path).WithHint("names are used exactly as typed: did you mean %s?", alike[0])
	}
	return nil, noTable(path).WithHint("check the spelling and the owner, and that the account has a right on the table")
}

func (d oracle) column(row []entry.Value) column {
	c := column{name: text(row[0]), quoted: d.quote(text(row[0])), caseExact: true}
	full := strings.ToLower(text(row[1]))
	c.dbType = full
	if i := strings.IndexByte(full, '('); i >= 0 { // TIMESTAMP(6) WITH TIME ZONE
		c.dbType = full[:i] + full[strings.IndexByte(full, ')')+1:]
	}
	chars, _ := row[2].(int64)
	bytes, _ := row[3].(int64)
	c.kind = oracleKind(c.dbType, row[4], row[5])
	switch {
	case c.kind == connector.Binary && c.dbType == "raw":
		c.length = int(bytes)
	case strings.Contains(c.dbType, "char"):
		c.length = int(chars)
	}
	identity, virtual := text(row[8]) == "YES", text(row[9]) == "YES"
	c.nullable = text(row[6]) == "Y"
	c.wall = c.dbType == "timestamp" || c.dbType == "date"
	c.readOnly = virtual
	c.filled = text(row[7]) == "Y" || identity || virtual
	c.required = !c.nullable && !c.filled
	return c
}

// oracleKind maps a type. A NUMBER of unknown size stays text: it may hold more than any number here.
func oracleKind(name string, precision, scale entry.Value) connector.DataType {
	switch name {
	case "number":
		p, known := precision.(int64)
		s, _ := scale.(int64)
		if !known {
			return connector.String
		}
		return decimalKind(fmt.Sprintf("number(%d,%d)", p, s), "number(%d,%d)")
	case "float", "binary_float", "binary_double":
		return connector.Decimal
	case "boolean":
		return connector.Boolean
	case "date":
		return connector.DateTime
	case "raw", "long raw", "blob":
		return connector.Binary
	}
	if strings.HasPrefix(name, "timestamp") {
		return connector.DateTime
	}
	return connector.String
}

func (oracle) ofResult(t *sql.ColumnType) column {
	name := strings.ToLower(t.DatabaseTypeName())
	if strings.HasPrefix(name, "timestamp") {
		return column{dbType: "timestamp", wall: !strings.Contains(name, "tz"), kind: connector.DateTime}
	}
	var precision, scale entry.Value
	if p, s, ok := t.DecimalSize(); ok && p > 0 {
		precision, scale = p, s
	}
	return column{dbType: name, kind: oracleKind(name, precision, scale)}
}
