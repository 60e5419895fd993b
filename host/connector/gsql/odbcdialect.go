package gsql

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

var errNUL = errors.New("it holds a NUL character")

var errNoDialect = errors.New("it is none of detect, postgres, mariadb, mysql, sqlserver, oracle, generic")

// fullDialect is all that a database brings.
type fullDialect interface {
	dialect
	counsel
	grammar
}

// odbcDialect is a dialect whose SQL goes through an ODBC driver: with ? for values, and one result at a time.
type odbcDialect struct {
	fullDialect
	opener OpenODBC
	ready  []string // statements at the begin of a connection
	source []string // parts of the connection string
	below  ODBCOptions
}

// odbcOf returns the dialect of a name.
func odbcOf(name string, open OpenODBC) (odbcDialect, bool) {
	const snapshot = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
	switch name {
	case PostgreSQL:
		return odbcDialect{fullDialect: postgres{}, opener: open, below: ODBCOptions{Begin: snapshot},
			source: []string{"PROTOCOL=7.4-0", "USESERVERSIDEPREPARE=0"}, // no savepoints and no names of statements but ours: its own outlive a rollback
			ready:  []string{"SET TIME ZONE 'UTC'", "SET datestyle = 'ISO, MDY'", "SET application_name = 'sallyport'"}}, true
	case MariaDB, dialectMySQL:
		return odbcDialect{fullDialect: mysql{returns: name == MariaDB}, opener: open, ready: []string{mysqlReady},
			below: ODBCOptions{LastID: "SELECT LAST_INSERT_ID()", Begin: snapshot, UTF8: true}, source: []string{"CHARSET=utf8mb4", "OPTION=2"}}, true // 2: matched rows are counted, not changed ones
	case SQLServer:
		return odbcDialect{fullDialect: sqlserver{}, opener: open, ready: []string{"SET XACT_ABORT OFF"}}, true
	case Oracle:
		return odbcDialect{fullDialect: oracle{}, opener: open, below: ODBCOptions{Begin: "SET TRANSACTION READ ONLY"}}, true
	case dialectGeneric:
		return odbcDialect{fullDialect: generic{}, opener: open}, true
	}
	return odbcDialect{}, false
}

func (d odbcDialect) open(ctx context.Context, t target, k clock) (conn, error) {
	c, err := openStd(ctx, d.opener(t.source(d.source...), d.below), d, k, d.ready...)
	if err != nil {
		return nil, err
	}
	return odbcConn{c}, nil
}

// odbcConn reads imports page by page: drivers keep whole results in memory.
type odbcConn struct{ *stdConn }

func (c odbcConn) streams(ctx context.Context, s scan) ([]rows, func(), error) {
	tx, err := c.sql.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, nil, err
	}
	return newPager(ctx, c.stdConn, s).rows(), func() { _ = tx.Rollback() }, nil
}

func (d odbcDialect) facts() facts {
	f := d.fullDialect.facts()
	f.interleaves, f.maxArgs = false, min(f.maxArgs, 2000)
	return f
}

func (odbcDialect) native(text string, args []any) (string, []any) {
	return placeholders(text, args, true, func(int) string { return "?" })
}

// bind refuses what would not come through: ODBC's texts are UTF-16, and some drivers end them at a NUL.
func (d odbcDialect) bind(c column, k clock, v entry.Value) (any, error) {
	bound, err := d.fullDialect.bind(c, k, v)
	if s, ok := bound.(string); ok && err == nil {
		if !utf8.ValidString(s) {
			return nil, errNotUTF8
		}
		if strings.ContainsRune(s, 0) {
			return nil, errNUL
		}
	}
	return bound, err
}

// giveBack of Oracle goes by what was written, since OUT values do not pass.
func (d odbcDialect) giveBack(w writing) query {
	if d.fullDialect.facts().name == Oracle {
		return readBack(w, "")
	}
	return d.fullDialect.giveBack(w)
}

// table notes what a client library knows of a type by itself.
func (d odbcDialect) table(ctx context.Context, c conn, path []string) (table, error) {
	t, err := d.fullDialect.table(ctx, c, path)
	if d.fullDialect.facts().name != PostgreSQL {
		return t, err
	}
	for i := range t.columns {
		switch t.columns[i].dbType {
		case "timestamp":
			t.columns[i].wall = true
		case "uuid": // the driver writes it in capitals, the server does not
			t.columns[i].reads = "(%s)::text"
		}
	}
	return t, err
}

// ofResult goes by the ODBC type, whose names are those of the driver in cmd/sallyport-odbc.
func (odbcDialect) ofResult(t *sql.ColumnType) column {
	name := strings.ToLower(t.DatabaseTypeName())
	c := column{dbType: name, kind: connector.String}
	switch name {
	case "bigint":
		c.kind = connector.Integer
	case "double":
		c.kind = connector.Decimal
	case "boolean":
		c.kind = connector.Boolean
	case "varbinary":
		c.kind = connector.Binary
	case "timestamp", "date":
		c.kind, c.wall = connector.DateTime, name == "timestamp"
	case "decimal":
		if precision, scale, ok := t.DecimalSize(); ok && scale == 0 && precision <= 18 {
			c.kind = connector.Integer
		} else if ok && scale > 0 && precision <= 15 {
			c.kind = connector.Decimal
		}
	}
	return c
}

// judge reads the database's own number where the dialect knows it, and the SQLSTATE otherwise.
func (d odbcDialect) judge(err error) verdict {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return verdict{kind: f.Kind, hint: f.Hint}
	}
	_, rolledBack := errors.AsType[*rolledBackError](err)
	e, ok := errors.AsType[ODBCError](err)
	if !ok {
		return judgeStd(err, rolledBack)
	}
	state, native := e.Diagnosis()
	v, known := d.byNumber(native)
	switch {
	case known:
	case strings.Contains(e.Error(), "authentication failed"), strings.Contains(e.Error(), "no password supplied"):
		return verdict{kind: fault.Unauthenticated, hint: "check user and password"}
	case state == "IM002", state == "IM003", state == "01000" && strings.Contains(e.Error(), "Can't open lib"):
		return verdict{kind: fault.Invalid, hint: "check the connection string; odbcinst -q -d lists the drivers of this machine, odbcinst -q -s its data sources"}
	case state == "08001", e.Lost() && rolledBack:
		return verdict{kind: fault.Unavailable, lost: true, safe: true}
	case e.Lost():
		return verdict{kind: fault.Timeout, lost: true, hint: "the connection was lost before the database answered; look the object up before repeating"}
	default:
		v = judgeState(&pgconn.PgError{Code: state})
	}
	v.lost = v.lost || e.Lost()
	v.safe = v.lost && rolledBack
	return v
}

// byNumber looks the database's own number up.
func (d odbcDialect) byNumber(native int) (v verdict, ok bool) {
	switch d.fullDialect.facts().name {
	case MariaDB:
		if native > 0 && native < 1<<16 {
			v, ok = mysqlCodes[uint16(native)]
		}
	case SQLServer:
		v, ok = sqlserverCodes[int32(native)] //nolint:gosec // ODBC's numbers have 32 bits
	case Oracle:
		v, ok = oracleCodes[native]
	}
	return v, ok
}
