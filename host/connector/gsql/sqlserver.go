package gsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	client "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// sqlserver is the dialect of SQL Server 2016 and later, and of Azure SQL. No server was at hand when it was written: its SQL text is
// compared with what is written down, and nothing more.
type sqlserver struct{}

func (d sqlserver) open(ctx context.Context, t target, k clock) (conn, error) {
	cfg, err := sqlserverDSN(t)
	if err != nil {
		return nil, err
	}
	return openStd(ctx, sql.OpenDB(client.NewConnectorConfig(cfg)), d, k, "SET XACT_ABORT OFF")
}

// sqlserverDSN reads the URL. User and password of the settings take the place of what it says.
func sqlserverDSN(t target) (msdsn.Config, error) {
	cfg, err := msdsn.Parse(strings.Replace(t.url, "mssql://", "sqlserver://", 1))
	if err != nil {
		return cfg, badURL("it cannot be read").WithHint("give sqlserver://user@host:1433?database=name, or sqlserver://user@host/instance?database=name")
	}
	if t.user != "" {
		cfg.User = t.user
	}
	if !t.password.IsZero() {
		cfg.Password = t.password.Reveal()
	}
	cfg.AppName = "sallyport"
	return cfg, nil
}

func (sqlserver) quote(name string) string { return "[" + strings.ReplaceAll(name, "]", "]]") + "]" }

func (sqlserver) facts() facts {
	return facts{name: SQLServer, emptyInsert: "DEFAULT VALUES", maxRows: 256, maxArgs: 2000, timeText: "CONVERT(varchar(26), SYSUTCDATETIME(), 121)",
		toText: "CONVERT(varchar(30), CONVERT(bigint, %s))", savepoint: "SAVE TRANSACTION %s", rollbackTo: "ROLLBACK TRANSACTION %s"}
}

func (sqlserver) native(text string, args []any) (string, []any) {
	return placeholders(text, args, false, func(n int) string { return fmt.Sprintf("@p%d", n) })
}

// giveBack keeps the anchor in a variable: OUTPUT alone is refused on tables with triggers, and does not see what they change.
func (sqlserver) giveBack(w writing) query {
	declared, made := make([]string, len(w.anchor)), make([]string, len(w.anchor))
	for i, a := range w.anchor {
		declared[i] = a.quoted + " " + a.dbFull
		made[i] = "INSERTED." + a.quoted
	}
	return query{args: w.args, out: w.out, text: "SET NOCOUNT ON; DECLARE @sallyport TABLE (" + strings.Join(declared, ", ") + "); " + w.head + " OUTPUT " +
		strings.Join(made, ", ") + " INTO @sallyport " + w.tail + "; SELECT " + selects("m.", w.out) + " FROM " + w.table +
		" m JOIN @sallyport s ON " + joins("s.", w.anchor, "m.", w.anchor)}
}

func (sqlserver) first(text string, n int) string {
	return strings.Replace(text, "SELECT ", fmt.Sprintf("SELECT TOP (%d) ", n), 1)
}

// bind sends what has a type of its own as it is, and the rest as text. Columns without Unicode get theirs, or indexes would not serve.
func (sqlserver) bind(c column, k clock, v entry.Value) (any, error) {
	switch v := v.(type) {
	case []byte:
		if c.kind == connector.Binary {
			return v, nil
		}
		return string(v), nil
	case bool:
		if c.kind != connector.String {
			return v, nil
		}
	case time.Time:
		return sqlserverTime(c, k, v)
	case entry.Complex:
		return nil, fmt.Errorf("%s is not a JSON column; list it in the setting json", c.name)
	}
	s := text(v)
	if !utf8.ValidString(s) {
		return nil, errNotUTF8
	}
	if c.kind == connector.Boolean {
		return toBool(s)
	}
	if c.dbType == "varchar" || c.dbType == "char" {
		return client.VarChar(s), nil
	}
	return s, nil
}

// sqlserverTime writes a text that every language setting of a login reads alike.
func sqlserverTime(c column, k clock, t time.Time) (any, error) {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return nil, fmt.Errorf("the year %d is out of range", y)
	}
	switch c.dbType {
	case "datetimeoffset":
		return t.UTC().Format("2006-01-02T15:04:05.9999999Z07:00"), nil
	case "datetime2":
		return t.In(k.zone).Format("2006-01-02T15:04:05.9999999"), nil
	case "datetime", "smalldatetime":
		return t.In(k.zone).Format("2006-01-02T15:04:05.000"), nil
	case "date":
		return k.day(t), nil
	case "int", "bigint":
		return fmt.Sprint(t.Unix()), nil
	}
	return k.write(t), nil
}

// sqlserverCodes are the verdicts by the server's error number.
var sqlserverCodes = map[int32]verdict{
	2627:  {kind: fault.Exists, hint: "another row has this value; match it or choose another"},
	2601:  {kind: fault.Exists, hint: "another row has this value; match it or choose another"},
	515:   {kind: fault.Invalid, hint: "map a value to the column"},
	8152:  {kind: fault.Invalid, hint: "shorten the value in the mapping, or widen the column"},
	2628:  {kind: fault.Invalid, hint: "shorten the value in the mapping, or widen the column"},
	241:   {kind: fault.Invalid, hint: "correct the value, or the mapping that makes it"},
	242:   {kind: fault.Invalid, hint: "correct the value, or the mapping that makes it"},
	245:   {kind: fault.Invalid, hint: "correct the value, or the mapping that makes it"},
	8114:  {kind: fault.Invalid, hint: "correct the value, or the mapping that makes it"},
	8115:  {kind: fault.Invalid, hint: "correct the value, or the mapping that makes it"},
	8169:  {kind: fault.Invalid, hint: "the value is no uniqueidentifier"},
	547:   {kind: fault.Invalid, hint: "a constraint of the table refused the row"},
	1205:  {kind: fault.Conflict, again: true, hint: "other sessions kept changing the same rows; try again later"},
	1222:  {kind: fault.Conflict, again: true, hint: "other sessions hold the same rows; try again later"},
	3960:  {kind: fault.Conflict, again: true, hint: "other sessions kept changing the same rows; try again later"},
	18456: {kind: fault.Unauthenticated, hint: "check user and password"},
	4060:  {kind: fault.Invalid, hint: "check the database's name in the URL, and that the login is a user of it"},
	229:   {kind: fault.Denied, hint: "grant the account SELECT, INSERT, UPDATE and DELETE on the tables, EXECUTE on the procedures"},
	230:   {kind: fault.Denied, hint: "grant the account the column"},
	262:   {kind: fault.Denied, hint: "grant the account the right that is named"},
	208:   {kind: fault.Invalid, hint: "the table changed; read the schema again"},
	207:   {kind: fault.Invalid, changed: true, hint: "the table changed; read the schema again"},
	2812:  {kind: fault.Invalid, hint: "check the procedure's name"},
	3906:  {kind: fault.Unavailable, hint: "the database takes no writes now: it is read-only or a secondary"},
	1105:  {kind: fault.Unavailable, hint: "the server's disk is full"},
	9002:  {kind: fault.Unavailable, hint: "the database's log is full"},
	40613: {kind: fault.Unavailable, hint: "the database is being moved or started; try again in a minute"},
	40501: {kind: fault.Throttled, hint: "the server asks for fewer requests"},
	22105: {kind: fault.Invalid, hint: "enable change tracking: ALTER TABLE … ENABLE CHANGE_TRACKING"},
}

func (sqlserver) judge(err error) verdict {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return verdict{kind: f.Kind, hint: f.Hint}
	}
	_, rolledBack := errors.AsType[*rolledBackError](err)
	e, ok := errors.AsType[client.Error](err)
	if !ok {
		return judgeStd(err, rolledBack)
	}
	v, known := sqlserverCodes[e.Number]
	if !known {
		v = verdict{kind: fault.Internal}
		if e.Number >= 50000 {
			v = verdict{kind: fault.Invalid, hint: "a trigger or procedure of the database refused the row"}
		}
	}
	v.foreign = e.Number == 547 && (strings.Contains(e.Message, "FOREIGN KEY") || strings.Contains(e.Message, "REFERENCE"))
	v.lost = e.Class >= 20
	v.safe = v.lost && rolledBack
	return v
}

func (sqlserver) writers() int { return 16 }

// sqlserverRights lists the rights that the account lacks. Parameters: the table's name.
const sqlserverRights = `SELECT r FROM (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS x (r) WHERE HAS_PERMS_BY_NAME($1, 'OBJECT', r) = 0`

func (sqlserver) lacks(ctx context.Context, c conn, table string) ([]string, error) {
	return firstTexts(ctx, c, query{text: sqlserverRights, args: []any{table}, out: []column{asText}})
}

// firstTexts returns the first column of a result.
func firstTexts(ctx context.Context, c conn, q query) ([]string, error) {
	found, err := all(ctx, c, q)
	var out []string
	for _, row := range found {
		out = append(out, text(row[0]))
	}
	return out, err
}

const (
	sqlserverRelation = `SELECT s.name, o.name, CONVERT(varchar(20), o.object_id) FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id
WHERE o.type IN ('U', 'V') AND o.name = $1 AND s.name = CASE WHEN $2 = '' THEN SCHEMA_NAME() ELSE $3 END`
	// sqlserverColumns: name, type, length, precision, scale, nullable, has a default or is an identity, identity, computed or row version, collation.
	sqlserverColumns = `SELECT c.name, t.name, c.max_length, c.precision, c.scale, c.is_nullable, CASE WHEN c.default_object_id <> 0 THEN 1 ELSE 0 END, c.is_identity,
CASE WHEN c.is_computed = 1 OR t.name = 'timestamp' OR c.generated_always_type <> 0 THEN 1 ELSE 0 END, c.collation_name
FROM sys.columns c JOIN sys.types t ON t.user_type_id = c.system_type_id WHERE c.object_id = $1 ORDER BY c.column_id`
	sqlserverIndexes = `SELECT i.name, c.name, i.is_primary_key FROM sys.indexes i JOIN sys.index_columns x ON x.object_id = i.object_id AND x.index_id = i.index_id AND x.is_included_column = 0
JOIN sys.columns c ON c.object_id = i.object_id AND c.column_id = x.column_id WHERE i.object_id = $1 AND i.is_unique = 1 AND i.has_filter = 0 ORDER BY i.index_id, x.key_ordinal`
	sqlserverForeign = `SELECT p.name, s.name, o.name, r.name FROM sys.foreign_key_columns f JOIN sys.columns p ON p.object_id = f.parent_object_id AND p.column_id = f.parent_column_id
JOIN sys.objects o ON o.object_id = f.referenced_object_id JOIN sys.schemas s ON s.schema_id = o.schema_id JOIN sys.columns r ON r.object_id = f.referenced_object_id AND r.column_id = f.referenced_column_id
WHERE f.parent_object_id = $1 AND 1 = (SELECT count(*) FROM sys.foreign_key_columns y WHERE y.constraint_object_id = f.constraint_object_id)`
)

func (d sqlserver) table(ctx context.Context, c conn, path []string) (t table, err error) {
	name, schema := path[len(path)-1], ""
	if len(path) > 1 {
		schema = path[len(path)-2]
	}
	found, err := all(ctx, c, query{text: sqlserverRelation, args: []any{name, schema, schema}, out: []column{asText, asText, asText}})
	if err != nil {
		return t, err
	}
	if len(found) == 0 {
		return t, noTable(path).WithHint("check the spelling and the schema, and that the account may see the table's definition")
	}
	t.quoted = d.quote(text(found[0][0])) + "." + d.quote(text(found[0][1]))
	id := []any{text(found[0][2])}
	found, err = all(ctx, c, query{text: sqlserverColumns, args: id, out: []column{asText, asText, asNumber, asNumber, asNumber, asBool, asBool, asBool, asBool, asText}})
	if err != nil {
		return t, err
	}
	for _, row := range found {
		t.columns = append(t.columns, d.column(row))
	}
	if found, err = all(ctx, c, query{text: sqlserverIndexes, args: id, out: []column{asText, asText, asBool}}); err != nil {
		return t, err
	}
	t.index(found)
	found, err = all(ctx, c, query{text: sqlserverForeign, args: id, out: []column{asText, asText, asText, asText}})
	t.foreign = map[string]foreignKey{}
	for _, row := range found {
		t.foreign[text(row[0])] = foreignKey{table: d.quote(text(row[1])) + "." + d.quote(text(row[2])), column: text(row[3])}
	}
	return t, err
}

// index takes note of unique indexes: rows of index, column, whether it is the primary key.
func (t *table) index(found [][]entry.Value) {
	last := ""
	for _, row := range found {
		if name := text(row[0]); name != last || len(t.unique) == 0 {
			t.unique = append(t.unique, nil)
			last = name
		}
		n := len(t.unique) - 1
		t.unique[n] = append(t.unique[n], text(row[1]))
		if row[2] == true {
			t.primary = t.unique[n]
		}
	}
	t.markUnique()
}

func (d sqlserver) column(row []entry.Value) column {
	c := column{name: text(row[0]), quoted: d.quote(text(row[0])), dbType: strings.ToLower(text(row[1]))}
	length, precision, scale := row[2].(int64), row[3].(int64), row[4].(int64)
	filled, identity, computed := row[6] == true, row[7] == true, row[8] == true
	c.dbFull, c.length = sqlserverFull(c.dbType, length, precision, scale)
	c.kind, c.single = sqlserverKind(c.dbType, precision, scale), c.dbType == "real"
	c.nullable, c.counter = row[5] == true, identity
	c.readOnly = computed || identity
	c.filled = filled || c.readOnly
	c.required = !c.nullable && !c.filled
	c.caseExact = row[9] == nil || !strings.Contains(text(row[9]), "_CI")
	switch c.dbType {
	case "uniqueidentifier":
		c.reads, c.caseExact = "LOWER(CONVERT(varchar(36), %s))", false
	case "money", "smallmoney":
		c.reads = "CONVERT(decimal(19, 4), %s)"
	case "timestamp":
		c.dbFull = "binary(8)"
	}
	return c
}

// sqlserverFull writes a type as a declaration does, and says how much it holds.
func sqlserverFull(name string, length, precision, scale int64) (full string, most int) {
	switch name {
	case "nvarchar", "nchar":
		length /= 2
		fallthrough
	case "varchar", "char", "varbinary", "binary":
		if length <= 0 {
			return name + "(max)", 0
		}
		return fmt.Sprintf("%s(%d)", name, length), int(length)
	case "decimal", "numeric":
		return fmt.Sprintf("%s(%d, %d)", name, precision, scale), 0
	case "datetime2", "datetimeoffset", "time":
		return fmt.Sprintf("%s(%d)", name, scale), 0
	}
	return name, 0
}

func sqlserverKind(name string, precision, scale int64) connector.DataType {
	switch name {
	case "tinyint", "smallint", "int", "bigint":
		return connector.Integer
	case "bit":
		return connector.Boolean
	case "real", "float", "money", "smallmoney":
		return connector.Decimal
	case "decimal", "numeric":
		return decimalKind(fmt.Sprintf("decimal(%d,%d)", precision, scale), "decimal(%d,%d)")
	case "date", "datetime", "datetime2", "smalldatetime", "datetimeoffset":
		return connector.DateTime
	case "binary", "varbinary", "image", "timestamp", "rowversion":
		return connector.Binary
	}
	return connector.String
}

func (sqlserver) ofResult(t *sql.ColumnType) column {
	name := strings.ToLower(t.DatabaseTypeName())
	precision, scale, _ := t.DecimalSize()
	return column{dbType: name, kind: sqlserverKind(name, precision, scale), single: name == "real"}
}
