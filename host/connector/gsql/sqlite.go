package gsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	driver "modernc.org/sqlite"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// sqlite is the dialect of SQLite 3.35 and later.
type sqlite struct{}

// open opens an existing file, puts it into WAL mode (readers and the writer do not wait for each other), and turns
// foreign keys on.
func (sqlite) open(ctx context.Context, t target, k clock) (conn, error) {
	path, dsn, err := sqliteFile(t.url)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	writer := writerOf(path)
	if err := writer.lock(ctx); err != nil { // the change to WAL mode is a write
		db.Close()
		return nil, err
	}
	defer writer.unlock()
	c, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return nil, err
	}
	return &liteConn{db: db, sql: c, clock: k, writer: writer, prepared: map[string]*sql.Stmt{}}, nil
}

// sqliteFile returns the file's absolute path and what the client library is to be given.
func sqliteFile(raw string) (path, dsn string, err error) {
	name, params, _ := strings.Cut(raw, "?")
	if path, err = filepath.Abs(name); err != nil {
		return "", "", badURL("the path cannot be resolved")
	}
	if _, err := os.Stat(path); err != nil {
		return "", "", fault.New(fault.Unavailable, "open the database", "%w", err).
			WithHint("create the file first: a target that is made empty would hide a wrong path")
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	fixed := "mode=rw&_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)&_dqs=0"
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: fixed}
	if params != "" {
		u.RawQuery += "&" + params
	}
	return path, u.String(), nil
}

func (sqlite) quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// bind checks the type itself, since most SQLite columns take anything.
func (sqlite) bind(c column, k clock, v entry.Value) (any, error) {
	switch c.kind {
	case connector.Integer:
		n, err := toInteger(v)
		return n, err
	case connector.Decimal:
		return toDecimal(v)
	case connector.Boolean:
		b, err := toBool(v)
		if b == true {
			return int64(1), err
		}
		return int64(0), err
	case connector.DateTime:
		return liteTime(c, k, v)
	case connector.Binary:
		if s, ok := v.(string); ok {
			return []byte(s), nil
		}
		b, ok := v.([]byte)
		if !ok {
			return nil, fmt.Errorf("%s takes bytes, not %T", c.name, v)
		}
		if b == nil {
			b = []byte{}
		}
		return b, nil
	}
	if _, ok := v.(entry.Complex); ok {
		return nil, fmt.Errorf("%s is not a JSON column; list it in the setting json", c.name)
	}
	s := text(v)
	if !utf8.ValidString(s) {
		return nil, errNotUTF8
	}
	return s, nil
}

func liteTime(c column, k clock, v entry.Value) (any, error) {
	t, err := toTime(k, v)
	if err != nil {
		return nil, err
	}
	when := t.(time.Time)
	if y := when.Year(); y < 1 || y > 9999 {
		return nil, fmt.Errorf("the year %d is out of range", y)
	}
	if strings.Contains(c.dbType, "int") {
		return when.Unix(), nil
	}
	return k.write(when), nil
}

// SQLite's result codes (sqlite.org/rescode.html).
const (
	liteError, litePerm, liteBusy, liteLocked, liteReadOnly, liteInterrupt, liteIO = 1, 3, 5, 6, 8, 9, 10
	liteCorrupt, liteFull, liteCantOpen, liteSchema, liteTooBig                    = 11, 13, 14, 17, 18
	liteConstraint, liteMismatch, liteAuth, liteRange, liteNotADB                  = 19, 20, 23, 25, 26
	litePrimaryKey, liteRowID, liteUnique, liteForeignKey                          = 1555, 2579, 2067, 787
)

func (sqlite) judge(err error) verdict {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return verdict{kind: f.Kind, hint: f.Hint}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return verdict{kind: fault.Timeout, hint: "raise commandTimeout if the statement is only slow"}
	}
	if errors.Is(err, sql.ErrConnDone) {
		return verdict{kind: fault.Unavailable, lost: true, safe: true}
	}
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return verdict{kind: fault.Internal}
	}
	switch e.Code() {
	case litePrimaryKey, liteRowID, liteUnique:
		return verdict{kind: fault.Exists, hint: "another row has this value; match it or choose another"}
	case liteForeignKey:
		return verdict{kind: fault.Invalid, foreign: true, hint: "the object pointed to does not exist, or this object is still pointed to"}
	}
	switch e.Code() & 0xff {
	case liteBusy, liteLocked:
		return verdict{kind: fault.Unavailable, again: true, hint: "another program keeps the file locked"}
	case liteConstraint, liteMismatch, liteTooBig:
		return verdict{kind: fault.Invalid, hint: "correct the value, or the mapping that makes it"}
	case litePerm, liteReadOnly, liteAuth:
		return verdict{kind: fault.Denied, hint: "give the account of this process the right to write the file and its folder"}
	case liteIO, liteFull, liteCantOpen:
		return verdict{kind: fault.Unavailable, hint: "check the disk and the file"}
	case liteInterrupt:
		return verdict{kind: fault.Timeout}
	case liteSchema, liteError, liteRange:
		return verdict{kind: fault.Invalid, hint: "the table may have changed; read the schema again"}
	case liteCorrupt, liteNotADB:
		return verdict{kind: fault.Invalid, hint: "the file is no intact SQLite database"}
	}
	return verdict{kind: fault.Internal}
}

const (
	liteRelation = `SELECT name FROM sqlite_schema WHERE type IN ('table','view') AND name = $1 COLLATE NOCASE`
	// liteColumns: name, declared type, NOT NULL, has a default, place in the primary key, hidden (2 and 3 are generated).
	liteColumns     = `SELECT name, type, "notnull", dflt_value IS NOT NULL, pk, hidden FROM pragma_table_xinfo($1) WHERE hidden <> 1 ORDER BY cid`
	liteIndexes     = `SELECT l.name, i.name FROM pragma_index_list($1) l JOIN pragma_index_xinfo(l.name) i WHERE l."unique" AND NOT l.partial AND i.key ORDER BY l.seq, i.seqno`
	liteForeignKeys = `SELECT f."from", f."table", coalesce(f."to", (SELECT name FROM pragma_table_info(f."table") WHERE pk = 1)) FROM pragma_foreign_key_list($1) f
WHERE (SELECT count(*) FROM pragma_foreign_key_list($2) g WHERE g.id = f.id) = 1`
)

var asNumber = column{name: "number", kind: connector.Integer, dbType: "integer"}

func (d sqlite) table(ctx context.Context, c conn, path []string) (table, error) {
	var t table
	name := path[len(path)-1]
	if len(path) > 2 || len(path) == 2 && path[0] != "main" {
		return t, noTable(path).WithHint("SQLite has no schemas: write the table's name alone")
	}
	found, err := all(ctx, c, query{text: liteRelation, args: []any{name}, out: []column{asText}})
	if err != nil {
		return t, err
	}
	if len(found) == 0 {
		return t, noTable(path).WithHint("check the spelling and the file")
	}
	name = text(found[0][0])
	t.quoted = d.quote(name)
	found, err = all(ctx, c, query{text: liteColumns, args: []any{name}, out: []column{asText, asText, asNumber, asNumber, asNumber, asNumber}})
	if err != nil {
		return t, err
	}
	t.describe(found)
	if err := d.indexes(ctx, c, name, &t); err != nil {
		return t, err
	}
	if err := d.foreign(ctx, c, name, &t); err != nil {
		return t, err
	}
	return t, d.collations(ctx, c, &t)
}

func noTable(path []string) *fault.Error {
	name := strings.Join(path, ".")
	return fault.New(fault.Invalid, "read the database's schema", "there is no table or view %s", name).About(name)
}

// describe makes columns of the rows of liteColumns.
func (t *table) describe(found [][]entry.Value) {
	keys := map[int64]string{}
	for _, row := range found {
		declared := text(row[1])
		c := column{name: text(row[0]), quoted: sqlite{}.quote(text(row[0])), dbType: baseType(declared), caseExact: true}
		c.kind = liteKind(c.dbType)
		c.plain = c.kind == connector.DateTime
		notNull, filled, pk, computed := row[2] != int64(0), row[3] != int64(0), row[4].(int64), row[5] != int64(0)
		c.readOnly = computed
		c.nullable = !notNull
		c.required = notNull && !filled && !computed
		if pk > 0 {
			keys[pk] = c.name
		}
		t.columns = append(t.columns, c)
	}
	for i := range int64(len(keys)) {
		t.primary = append(t.primary, keys[i+1])
	}
	if len(t.primary) == 0 {
		return
	}
	t.unique = append(t.unique, t.primary)
	if c := t.pointer(t.primary[0]); len(t.primary) == 1 && c.dbType == "integer" {
		c.required, c.nullable = false, false // another name for the row's number, made by SQLite
	}
}

func (t *table) pointer(name string) *column {
	for i := range t.columns {
		if t.columns[i].name == name {
			return &t.columns[i]
		}
	}
	return &column{}
}

// baseType is the declared type in lower case, without its length.
func baseType(declared string) string {
	base, _, _ := strings.Cut(declared, "(")
	return strings.ToLower(strings.TrimSpace(base))
}

// liteKind goes by the words that SQLite's own affinity rules and common usage know.
func liteKind(t string) connector.DataType {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(t, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("char", "text", "clob", "json", "uuid", "guid", "unique"):
		return connector.String
	case has("bool") || t == "bit":
		return connector.Boolean
	case has("date", "timestamp"):
		return connector.DateTime
	case has("int"):
		return connector.Integer
	case has("blob", "binary"):
		return connector.Binary
	case has("real", "floa", "doub", "dec", "numeric"):
		return connector.Decimal
	}
	return connector.String
}

func (sqlite) indexes(ctx context.Context, c conn, name string, t *table) error {
	found, err := all(ctx, c, query{text: liteIndexes, args: []any{name}, out: []column{asText, asText}})
	if err != nil {
		return err
	}
	last := ""
	for _, row := range found {
		if index := text(row[0]); index != last {
			t.unique = append(t.unique, nil)
			last = index
		}
		n := len(t.unique) - 1
		if row[1] == nil {
			t.unique[n] = append(t.unique[n], "\x00expression") // no column has this name
			continue
		}
		t.unique[n] = append(t.unique[n], text(row[1]))
	}
	t.markUnique()
	return nil
}

func (d sqlite) foreign(ctx context.Context, c conn, name string, t *table) error {
	found, err := all(ctx, c, query{text: liteForeignKeys, args: []any{name, name}, out: []column{asText, asText, asText}})
	t.foreign = map[string]foreignKey{}
	for _, row := range found {
		if row[2] != nil {
			t.foreign[text(row[0])] = foreignKey{table: d.quote(text(row[1])), column: text(row[2])}
		}
	}
	return err
}

// collations asks how each text column compares: the compound's first part lends its collation to the comparison.
func (sqlite) collations(ctx context.Context, c conn, t *table) error {
	for i := range t.columns {
		col := &t.columns[i]
		if col.kind != connector.String {
			continue
		}
		q := query{text: "SELECT c = 'a' FROM (SELECT " + col.quoted + " AS c FROM " + t.quoted + " WHERE 0 UNION ALL SELECT 'A') LIMIT 1", out: []column{asNumber}}
		found, err := all(ctx, c, q)
		if err != nil {
			return err
		}
		col.caseExact = len(found) != 1 || found[0][0] != int64(1)
	}
	return nil
}

// numbered turns $1 into ?1, outside of quoted names and texts.
func numbered(sqlText string) string {
	b := []byte(sqlText)
	var inside byte
	for i, ch := range b {
		switch {
		case inside != 0:
			if ch == inside {
				inside = 0
			}
		case ch == '"' || ch == '\'':
			inside = ch
		case ch == '$' && i+1 < len(b) && isDigit(b[i+1]):
			b[i] = '?'
		}
	}
	return string(b)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
