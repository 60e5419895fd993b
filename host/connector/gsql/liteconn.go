package gsql

import (
	"context"
	"database/sql"
	"sync"

	"github.com/sallyport-id/sallyport/entry"
)

// liteConn is one connection to a SQLite file.
type liteConn struct {
	db       *sql.DB
	sql      *sql.Conn
	clock    clock
	writer   writer
	inside   bool // a transaction is open, and the writer's lock held
	prepared map[string]*sql.Stmt
}

// writer is the right to write one file. SQLite has one writer at a time and makes the others poll; here they queue.
type writer chan struct{}

var (
	writersMu sync.Mutex
	writers   = map[string]writer{} // by path, for the life of the process
)

func writerOf(path string) writer {
	writersMu.Lock()
	defer writersMu.Unlock()
	if writers[path] == nil {
		writers[path] = make(writer, 1)
	}
	return writers[path]
}

func (w writer) lock(ctx context.Context) error {
	select {
	case w <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w writer) unlock() { <-w }

// maxPrepared bounds the statements kept ready; past it all are given up.
const maxPrepared = 256

// statement prepares SQL text once.
func (c *liteConn) statement(ctx context.Context, sqlText string) (*sql.Stmt, error) {
	if s, ok := c.prepared[sqlText]; ok {
		return s, nil
	}
	if len(c.prepared) >= maxPrepared {
		c.forget()
	}
	s, err := c.sql.PrepareContext(ctx, nativeLite(sqlText))
	if err == nil {
		c.prepared[sqlText] = s
	}
	return s, err
}

func nativeLite(text string) string {
	text, _ = sqlite{}.native(text, unbounded)
	return text
}

func (c *liteConn) forget() {
	for _, s := range c.prepared {
		_ = s.Close()
	}
	clear(c.prepared)
}

func (c *liteConn) query(ctx context.Context, q query) (rows, error) {
	s, err := c.statement(ctx, q.text)
	if err != nil {
		return nil, err
	}
	r, err := s.QueryContext(ctx, q.args...)
	if err != nil {
		return nil, err
	}
	return newLiteRows(r, q.out, c.clock), nil
}

func (c *liteConn) ask(ctx context.Context, q query, resolve func([]column) []column) (rows, error) {
	text := q.text
	if !q.ready {
		text = nativeLite(text)
	}
	if !c.inside { // it may write
		if err := c.writer.lock(ctx); err != nil {
			return nil, err
		}
		defer c.writer.unlock()
	}
	r, err := c.sql.QueryContext(ctx, text, q.args...)
	if err != nil {
		return nil, err
	}
	found, err := describeRows(r, func(t *sql.ColumnType) column {
		name := baseType(t.DatabaseTypeName())
		return column{dbType: name, kind: liteKind(name)}
	})
	if err != nil {
		_ = r.Close()
		return nil, err
	}
	return newLiteRows(r, resolve(found), c.clock), nil
}

func (c *liteConn) exec(ctx context.Context, q query) (written, error) {
	if !c.inside {
		if err := c.writer.lock(ctx); err != nil {
			return written{}, err
		}
		defer c.writer.unlock()
	}
	if len(q.out) > 0 {
		found, err := all(ctx, c, q)
		return written{count: len(found), rows: found}, err
	}
	s, err := c.statement(ctx, q.text)
	if err != nil {
		return written{}, err
	}
	r, err := s.ExecContext(ctx, q.args...)
	if err != nil {
		return written{}, err
	}
	n, err := r.RowsAffected()
	return written{count: int(n)}, err
}

func (c *liteConn) transact(ctx context.Context, f func() error) error {
	if c.inside {
		return savepoint(ctx, c, sqlite{}.facts(), f)
	}
	if err := c.writer.lock(ctx); err != nil {
		return err
	}
	defer c.writer.unlock()
	if _, err := c.sql.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	c.inside = true
	defer func() { c.inside = false }()
	err := f()
	if err == nil {
		_, err = c.sql.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		_, _ = c.sql.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	}
	return err
}

// streams reads several results in one read transaction, which in WAL mode is a snapshot.
func (c *liteConn) streams(ctx context.Context, s scan) ([]rows, func(), error) {
	if _, err := c.sql.ExecContext(ctx, "BEGIN"); err != nil {
		return nil, nil, err
	}
	var open []rows
	end := func() {
		for _, r := range open {
			_ = r.close()
		}
		_, _ = c.sql.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	}
	for _, q := range s.queries() {
		r, err := c.query(ctx, q)
		if err != nil {
			end()
			return nil, nil, err
		}
		open = append(open, r)
	}
	return open, end, nil
}

func (c *liteConn) close() error {
	c.forget()
	_ = c.sql.Close()
	return c.db.Close()
}

// liteRows reads a result set.
type liteRows struct {
	sql   *sql.Rows
	out   []column
	clock clock
	cells []any // what the client library scanned
	into  []any // pointers to cells
}

func newLiteRows(r *sql.Rows, out []column, k clock) *liteRows {
	l := &liteRows{sql: r, out: out, clock: k, cells: make([]any, len(out)), into: make([]any, len(out))}
	for i := range l.cells {
		l.into[i] = &l.cells[i]
	}
	return l
}

func (r *liteRows) next(dst []entry.Value) (bool, error) {
	if !r.sql.Next() {
		return false, r.sql.Err()
	}
	if err := r.sql.Scan(r.into...); err != nil {
		return false, err
	}
	var first error
	for i, v := range r.cells {
		dst[i] = nil
		if v == nil {
			continue
		}
		var err error
		if dst[i], err = adapt(&r.out[i], r.clock, v); first == nil {
			first = err
		}
	}
	return true, first
}

func (r *liteRows) close() error {
	err := r.sql.Err()
	if closeErr := r.sql.Close(); err == nil {
		err = closeErr
	}
	return err
}

// unbounded stands for any number of values where only their marks matter.
var unbounded = make([]any, 100_000)
