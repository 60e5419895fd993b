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

func (sqlite) facts() facts {
	return facts{name: SQLite, emptyInsert: "DEFAULT VALUES", maxRows: 256, maxArgs: 30_000, timeText: "strftime('%Y-%m-%d %H:%M:%f', 'now')", toText: "CAST(%s AS text)",
		savepoint: "SAVEPOINT %s", rollbackTo: "ROLLBACK TO %s", interleaves: true}
}

func (sqlite) giveBack(w writing) query        { return returning(w) }
func (sqlite) first(text string, n int) string { return fmt.Sprintf("%s LIMIT %d", text, n) }

// native turns $1 into ?1.
func (sqlite) native(text string, args []any) (string, []any) {
	return placeholders(text, args, false, func(n int) string { return fmt.Sprintf("?%d", n) })
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
	t, err := c.time(k, v)
	if err != nil {
		return nil, err
	}
	when, ok := t.(time.Time)
	if !ok {
		return nil, fmt.Errorf("the year of %s is out of range", text(v))
	}
	if strings.Contains(c.dbType, "int") {
		return when.Unix(), nil
	}
	if c.isDay() {
		return k.liteDay(when), nil
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
		return verdict{kind: fault.Internal, hint: unforeseen}
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
		return verdict{kind: fault.Timeout, hint: "raise commandTimeout if the statement is only slow"}
	case liteSchema, liteError, liteRange:
		gone := strings.Contains(e.Error(), "no such column") || strings.Contains(e.Error(), "has no column named")
		return verdict{kind: fault.Invalid, changed: gone, hint: "the table may have changed; read the schema again"}
	case liteCorrupt, liteNotADB:
		return verdict{kind: fault.Invalid, hint: "the file is no intact SQLite database"}
	}
	return verdict{kind: fault.Internal, hint: unforeseen}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// writers: SQLite writes one after the other; a few sessions keep the writer busy.
func (sqlite) writers() int { return 4 }

// lacks takes the writer's lock and gives it back, which fails on a file that cannot be written.
func (sqlite) lacks(ctx context.Context, c conn, _ string) ([]string, error) {
	return nil, c.transact(ctx, func() error { return nil })
}
