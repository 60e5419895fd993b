package gsql

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
)

// postgres is the dialect of PostgreSQL 12 and later.
type postgres struct{}

// open connects with a statement cache. A cancelled statement is cancelled in the server too.
func (postgres) open(ctx context.Context, t target, k clock) (conn, error) {
	cfg, err := pgx.ParseConfig(t.url)
	if err != nil {
		return nil, badURL("it cannot be read").WithHint("give postgres://user@host:5432/database")
	}
	if t.user != "" {
		cfg.User = t.user
	}
	if !t.password.IsZero() {
		cfg.Password = t.password.Reveal()
	}
	cfg.RuntimeParams["application_name"] = "sallyport"
	cfg.RuntimeParams["timezone"] = "UTC"
	cfg.RuntimeParams["datestyle"] = "ISO, MDY"
	cfg.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: time.Second}
	}
	c, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &pgConn{pg: c, clock: k, used: time.Now()}, nil
}

func (postgres) facts() facts {
	return facts{name: PostgreSQL, emptyInsert: "DEFAULT VALUES", maxRows: 256, maxArgs: 60_000, timeText: "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')", toText: "(%s)::text",
		savepoint: "SAVEPOINT %s", rollbackTo: "ROLLBACK TO SAVEPOINT %s", interleaves: true}
}

func (postgres) native(text string, args []any) (string, []any) { return text, args }
func (postgres) giveBack(w writing) query                       { return returning(w) }
func (postgres) first(text string, n int) string                { return fmt.Sprintf("%s LIMIT %d", text, n) }

func (postgres) quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// bind sends everything but bytes as text: the server reads it as the column's type and says in its own words what is wrong.
func (postgres) bind(c column, k clock, v entry.Value) (any, error) {
	switch v := v.(type) {
	case []byte:
		if c.dbType == "bytea" {
			return v, nil
		}
		return string(v), nil
	case time.Time:
		return postgresTime(c, k, v)
	case bool:
		if strings.HasPrefix(c.dbType, "int") || c.dbType == "numeric" {
			return map[bool]string{true: "1", false: "0"}[v], nil
		}
	case entry.Complex:
		return nil, fmt.Errorf("%s is not a JSON column; list it in the setting json", c.name)
	}
	s := text(v)
	if !utf8.ValidString(s) {
		return nil, errNotUTF8
	}
	if strings.ContainsRune(s, 0) {
		return nil, errNUL
	}
	return s, nil
}

func postgresTime(c column, k clock, t time.Time) (any, error) {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return nil, fmt.Errorf("the year %d is out of range", y)
	}
	switch c.dbType {
	case "timestamptz":
		return t.UTC().Format(fullLayout) + "+00", nil
	case "timestamp":
		return k.plain(t), nil
	case "date":
		return k.day(t), nil
	case "int4", "int8", "numeric":
		return strconv.FormatInt(t.Unix(), 10), nil
	}
	return k.write(t), nil
}

// judge reads the SQLSTATE.
func (postgres) judge(err error) verdict {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return verdict{kind: f.Kind, hint: f.Hint}
	}
	_, rolledBack := errors.AsType[*rolledBackError](err)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		v := judgeState(pg)
		v.safe = v.lost && rolledBack
		return v
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return verdict{kind: fault.Unavailable, lost: true, safe: true}
	}
	closed := errors.Is(err, pgconn.ErrConnClosed) // also said, as safe to retry, when the connection ends while an answer is read
	if pgconn.SafeToRetry(err) && !closed || rolledBack {
		return verdict{kind: fault.Unavailable, lost: true, safe: true}
	}
	if closed || lostConnection(err) {
		return verdict{kind: fault.Timeout, lost: true, hint: lostHint}
	}
	return verdict{kind: fault.Internal}
}

// unforeseen is what to do about what no table of codes knows.
const unforeseen = "the connector does not know this error; the database's own log says more"

// states are the verdicts by SQLSTATE, or by its first two characters.
var states = map[string]verdict{
	"22":    {kind: fault.Invalid, hint: "correct the value, or the mapping that makes it"},
	"23":    {kind: fault.Invalid, hint: "a constraint of the table refused the row; its name says which"},
	"23502": {kind: fault.Invalid, hint: "map a value to the column"},
	"23505": {kind: fault.Exists, hint: "another row has this value; match it or choose another"},
	"23P01": {kind: fault.Exists, hint: "another row excludes this one; match it or choose another value"},
	"23503": {kind: fault.Invalid, foreign: true, hint: "the object pointed to does not exist, or this object is still pointed to"},
	"23001": {kind: fault.Conflict, hint: "other rows still point to this one; delete or change them first, or let the foreign key cascade"},
	"25006": {kind: fault.Unavailable, hint: "the database takes no writes now: it is read-only or a standby"},
	"28":    {kind: fault.Unauthenticated, hint: "check user and password"},
	"3D":    {kind: fault.Invalid, hint: "check the database's name in the URL"},
	"40":    {kind: fault.Conflict, again: true, hint: "other sessions kept changing the same rows; try again later"},
	"42":    {kind: fault.Invalid, hint: "the table changed; read the schema again"},
	"42703": {kind: fault.Invalid, changed: true, hint: "the table changed; read the schema again"},
	"42S22": {kind: fault.Invalid, changed: true, hint: "the table changed; read the schema again"},
	"42501": {kind: fault.Denied, hint: "grant the account SELECT, INSERT, UPDATE and DELETE on the tables"},
	"44":    {kind: fault.Invalid, hint: "the view does not show such a row; correct the value, or write to the table"},
	"53":    {kind: fault.Unavailable, hint: "the server lacks connections, memory or disk"},
	"54":    {kind: fault.Invalid, hint: "the row or statement is larger than the server can take; shorten the value"},
	"55P03": {kind: fault.Conflict, again: true, hint: "other sessions hold the same rows; try again later"},
	"57014": {kind: fault.Timeout, hint: "raise commandTimeout if the statement is only slow"},
	"57":    {kind: fault.Unavailable, hint: "the server is starting or stopping"},
	"P0":    {kind: fault.Invalid, hint: "a trigger of the database refused the row"},
}

func judgeState(pg *pgconn.PgError) verdict {
	v, ok := states[pg.Code]
	if !ok && len(pg.Code) == 5 {
		v, ok = states[pg.Code[:2]]
	}
	if !ok {
		v = verdict{kind: fault.Internal, hint: unforeseen}
	}
	if pg.Code == "0A000" && pg.Routine == "RevalidateCachedQuery" {
		v = verdict{kind: fault.Conflict, again: true, hint: "the table changed under the statement; try again"}
	}
	if pg.Severity == "FATAL" || pg.SeverityUnlocalized == "FATAL" {
		v.lost = true
		if v.kind == fault.Unavailable {
			v.kind = fault.Timeout // while connecting this is Unavailable again
		}
	}
	return v
}

// rightsOf lists the rights the account lacks on a table, whole or on any column.
const rightsOf = `SELECT r FROM unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE']) AS r
WHERE NOT CASE r WHEN 'DELETE' THEN has_table_privilege($1::text, r) ELSE has_any_column_privilege($2::text, r) END`

func (postgres) writers() int { return 16 }

func (postgres) lacks(ctx context.Context, c conn, table string) ([]string, error) {
	found, err := all(ctx, c, query{text: rightsOf, args: []any{table, table}, out: []column{asText}})
	var missing []string
	for _, row := range found {
		missing = append(missing, text(row[0]))
	}
	return missing, err
}
