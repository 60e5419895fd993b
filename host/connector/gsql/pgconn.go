package gsql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sallyport-id/sallyport/entry"
)

// pgConn is one connection to PostgreSQL.
type pgConn struct {
	pg      *pgx.Conn
	clock   clock
	used    time.Time         // last use
	cursors int               // names given to cursors so far
	names   map[string]string // of the statements prepared for pipelines, by text
}

// idle is after how long without use a connection is asked before it is used again: a server that restarted meanwhile
// has closed it, and a write sent into it would have an unknown effect.
const idle = 200 * time.Millisecond

func (c *pgConn) alive(ctx context.Context) bool {
	if c.pg.IsClosed() {
		return false
	}
	if time.Since(c.used) < idle {
		return true
	}
	c.used = time.Now()
	return c.pg.Ping(ctx) == nil
}

// broken reports whether the client library gave the connection up.
func (c *pgConn) broken() bool { return c.pg.IsClosed() }

func (c *pgConn) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return c.pg.Close(ctx)
}

func (c *pgConn) query(ctx context.Context, q query) (rows, error) {
	c.used = time.Now()
	r, err := c.pg.Query(ctx, q.text, arguments(q)...)
	if err != nil {
		return nil, err
	}
	return &pgRows{pg: r, out: q.out, clock: c.clock}, nil
}

func (c *pgConn) ask(ctx context.Context, q query, resolve func([]column) []column) (rows, error) {
	c.used = time.Now()
	r, err := c.pg.Query(ctx, q.text, append([]any{pgx.QueryExecModeDescribeExec, binaryByOID}, q.args...)...)
	if err != nil {
		return nil, err
	}
	var found []column
	for _, f := range r.FieldDescriptions() {
		name, full := "text", ""
		if t, ok := c.pg.TypeMap().TypeForOID(f.DataTypeOID); ok {
			name = t.Name
		}
		if name == "numeric" && f.TypeModifier > 4 {
			full = fmt.Sprintf("numeric(%d,%d)", (f.TypeModifier-4)>>16, (f.TypeModifier-4)&0xffff)
		}
		found = append(found, column{name: f.Name, dbType: name, kind: postgresKind(name, full), nullable: true, caseExact: name != "citext"})
	}
	return &pgRows{pg: r, out: resolve(found), clock: c.clock}, nil
}

// binaryByOID asks for the binary form of the types that format does.
var binaryByOID = pgx.QueryResultFormatsByOID{
	pgtype.Int2OID: 1, pgtype.Int4OID: 1, pgtype.Int8OID: 1, pgtype.Float4OID: 1, pgtype.Float8OID: 1, pgtype.BoolOID: 1,
	pgtype.ByteaOID: 1, pgtype.TimestamptzOID: 1, pgtype.TimestampOID: 1, pgtype.DateOID: 1,
}

// arguments puts the wanted wire formats before the bound values.
func arguments(q query) []any {
	formats := make(pgx.QueryResultFormats, len(q.out))
	for i, c := range q.out {
		formats[i] = format(c.dbType)
	}
	return append([]any{formats}, q.args...)
}

// format says how a type travels: as binary where that is quicker to read, else as text.
func format(dbType string) int16 {
	switch dbType {
	case "int2", "int4", "int8", "float4", "float8", "bool", "bytea", "timestamptz", "timestamp", "date":
		return pgx.BinaryFormatCode
	}
	return pgx.TextFormatCode
}

func (c *pgConn) exec(ctx context.Context, q query) (written, error) {
	c.used = time.Now()
	if len(q.out) == 0 {
		tag, err := c.pg.Exec(ctx, q.text, q.args...)
		return written{count: int(tag.RowsAffected())}, refused(tag, err)
	}
	r, err := c.pg.Query(ctx, q.text, arguments(q)...)
	if err != nil {
		return written{}, refused(pgconn.CommandTag{}, err)
	}
	rows := &pgRows{pg: r, out: q.out, clock: c.clock}
	found, err := drain(rows, len(q.out))
	if closeErr := rows.close(); err == nil {
		err = closeErr
	}
	return written{count: len(found), rows: found}, refused(r.CommandTag(), err)
}

// refused marks an error that the server itself sent before it had reported the statement complete. It commits only
// after that report, and both travel in order: nothing took effect, even if the connection ended with the error.
func refused(tag pgconn.CommandTag, err error) error {
	if _, ok := errors.AsType[*pgconn.PgError](err); ok && tag.String() == "" {
		return &rolledBackError{err}
	}
	return err
}

// rolledBackError is an error of a transaction that was not committed: nothing of it took effect.
type rolledBackError struct{ err error }

func (e *rolledBackError) Error() string { return e.err.Error() }
func (e *rolledBackError) Unwrap() error { return e.err }

func (c *pgConn) transact(ctx context.Context, f func() error) error {
	if c.pg.PgConn().TxStatus() != 'I' {
		return savepoint(ctx, c, postgres{}.facts(), f)
	}
	tx, err := c.pg.Begin(ctx)
	if err != nil {
		return &rolledBackError{err}
	}
	if err := f(); err != nil {
		c.rollback(ctx, tx)
		return &rolledBackError{err}
	}
	c.used = time.Now()
	return tx.Commit(ctx)
}

func (c *pgConn) rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if tx.Rollback(ctx) != nil {
		_ = c.pg.Close(ctx)
	}
}

// fetch is how many rows a cursor is asked for at once.
const fetch = 2000

// streams sends a single query as it is. Several become cursors of one read-only snapshot.
func (c *pgConn) streams(ctx context.Context, s scan) ([]rows, func(), error) {
	qs := s.queries()
	if len(qs) == 1 {
		r, err := c.query(ctx, qs[0])
		if err != nil {
			return nil, nil, err
		}
		return []rows{r}, func() { _ = r.close() }, nil
	}
	c.used = time.Now()
	tx, err := c.pg.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, nil, err
	}
	open := make([]rows, len(qs))
	for i, q := range qs {
		c.cursors++
		name := fmt.Sprintf("sallyport_%d", c.cursors)
		if _, err := c.pg.Exec(ctx, "DECLARE "+name+" NO SCROLL CURSOR FOR "+q.text, pgx.QueryExecModeExec); err != nil {
			c.rollback(ctx, tx)
			return nil, nil, err
		}
		open[i] = &cursor{ctx: ctx, conn: c, fetch: query{text: fmt.Sprintf("FETCH %d FROM %s", fetch, name), out: q.out}}
	}
	return open, func() { c.rollback(ctx, tx) }, nil
}

// cursor reads one of several result sets, some rows at a time.
type cursor struct {
	ctx   context.Context
	conn  *pgConn
	fetch query
	held  [][]entry.Value
	done  bool
}

func (c *cursor) next(dst []entry.Value) (bool, error) {
	if len(c.held) == 0 {
		if c.done {
			return false, nil
		}
		if err := c.refill(); err != nil || len(c.held) == 0 {
			return false, err
		}
	}
	copy(dst, c.held[0])
	c.held = c.held[1:]
	return true, nil
}

func (c *cursor) refill() error {
	pg, err := c.conn.pg.Query(c.ctx, c.fetch.text, append([]any{pgx.QueryExecModeDescribeExec}, arguments(c.fetch)...)...)
	if err != nil {
		return err
	}
	r := &pgRows{pg: pg, out: c.fetch.out, clock: c.conn.clock}
	c.held, err = drain(r, len(r.out))
	if closeErr := r.close(); err == nil {
		err = closeErr
	}
	c.done = len(c.held) < fetch
	return err
}

func (c *cursor) close() error { return nil }

// lostConnection reports whether an error is of the connection, not of the server.
func lostConnection(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || pgconn.Timeout(err) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	_, ok := errors.AsType[net.Error](err)
	return ok
}
