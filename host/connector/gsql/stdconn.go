package gsql

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/entry"
)

// stdConn is one connection through database/sql, for dialects that need no more than that.
type stdConn struct {
	db       *sql.DB
	sql      *sql.Conn
	grammar  grammar
	binder   binder
	kinds    kinds
	clock    clock
	tx       *sql.Tx   // open transaction of the client library, nil outside
	open     bool      // a transaction that was begun by a statement is open
	dead     bool      // what state it is in is not known
	used     time.Time // last use
	prepared map[string]*sql.Stmt
}

// binder makes bound values of an anchor's parts when a table is read page by page.
type binder interface {
	bind(c column, k clock, v entry.Value) (any, error)
}

// kinds says what the columns of a result hold.
type kinds interface {
	ofResult(t *sql.ColumnType) column
}

// stdDialect is what a dialect over database/sql gives its connections.
type stdDialect interface {
	grammar
	binder
	kinds
}

// openStd takes one connection out of a pool of one and makes it ready.
func openStd(ctx context.Context, db *sql.DB, d stdDialect, k clock, ready ...string) (*stdConn, error) {
	db.SetMaxOpenConns(1)
	c, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return nil, err
	}
	s := &stdConn{db: db, sql: c, grammar: d, binder: d, kinds: d, clock: k, used: time.Now(), prepared: map[string]*sql.Stmt{}}
	for _, text := range ready {
		if _, err := c.ExecContext(ctx, text); err != nil {
			_ = s.close()
			return nil, err
		}
	}
	return s, nil
}

// broken reports whether the connection must not be used on.
func (c *stdConn) broken() bool { return c.dead }

func (c *stdConn) alive(ctx context.Context) bool {
	if c.dead {
		return false
	}
	if time.Since(c.used) < idle {
		return true
	}
	c.used = time.Now()
	return c.sql.PingContext(ctx) == nil
}

func (c *stdConn) close() error {
	c.forget()
	_ = c.sql.Close()
	return c.db.Close()
}

func (c *stdConn) forget() {
	for _, s := range c.prepared {
		_ = s.Close()
	}
	clear(c.prepared)
}

// statement prepares text once.
func (c *stdConn) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := c.prepared[text]; ok {
		return s, nil
	}
	if len(c.prepared) >= maxPrepared {
		c.forget()
	}
	s, err := c.sql.PrepareContext(ctx, text)
	if err == nil {
		c.prepared[text] = s
	}
	return s, err
}

// rendered returns text and values in the client library's form.
func (c *stdConn) rendered(q query) (string, []any) {
	if !q.ready {
		return c.grammar.native(q.text, q.args)
	}
	args := slices.Clone(q.args)
	for i, a := range args {
		if out, ok := a.(*outValue); ok {
			if out.in != nil {
				out.text = fmt.Sprint(out.in)
			}
			args[i] = sql.Out{Dest: &out.text, In: out.in != nil}
			if c.grammar.facts().name == SQLServer { // whose client library finds OUT values by name
				args[i] = sql.Named(fmt.Sprintf("p%d", i+1), args[i])
			}
		}
	}
	return q.text, args
}

func (c *stdConn) query(ctx context.Context, q query) (rows, error) {
	c.used = time.Now()
	text, args := c.rendered(q)
	r, err := c.run(ctx, text, args)
	if err != nil {
		return nil, err
	}
	return newStdRows(r, q.out, c.clock), nil
}

// runner is what runs statements: inside a transaction of the client library that transaction, since the connection would wait for
// its end, and so for ever, when the server is gone.
type runner interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
}

func (c *stdConn) runner() runner {
	if c.tx != nil {
		return c.tx
	}
	return c.sql
}

// run sends text without values as it is and prepares it otherwise, so that values never become text.
func (c *stdConn) run(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if len(args) == 0 || c.tx != nil {
		return c.runner().QueryContext(ctx, text, args...)
	}
	s, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (c *stdConn) ask(ctx context.Context, q query, resolve func([]column) []column) (rows, error) {
	c.used = time.Now()
	text, args := c.rendered(q)
	r, err := c.runner().QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	found, err := describeRows(r, c.kinds.ofResult)
	if err != nil {
		_ = r.Close()
		return nil, err
	}
	return newStdRows(r, resolve(found), c.clock), nil
}

// describeRows returns the columns of a result.
func describeRows(r *sql.Rows, kind func(*sql.ColumnType) column) ([]column, error) {
	types, err := r.ColumnTypes()
	if err != nil {
		return nil, err
	}
	out := make([]column, len(types))
	for i, t := range types {
		out[i] = kind(t)
		out[i].name, out[i].nullable, out[i].caseExact = t.Name(), true, true
		if n, ok := t.Length(); ok && n < 1<<20 {
			out[i].length = int(n)
		}
	}
	return out, nil
}

func (c *stdConn) exec(ctx context.Context, q query) (written, error) {
	if len(q.out) > 0 {
		found, err := all(ctx, c, q)
		return written{count: len(found), rows: found}, err
	}
	c.used = time.Now()
	var address string
	if q.key == keyRowID {
		q.args = append(slices.Clone(q.args), sql.Out{Dest: &address})
	}
	text, args := c.rendered(q)
	r, err := c.send(ctx, text, args)
	if err != nil {
		return written{}, err
	}
	n, err := r.RowsAffected()
	if err != nil || q.then == nil || n == 0 {
		return written{count: int(n)}, err
	}
	then := *q.then
	switch q.key {
	case keyLastID:
		id, err := r.LastInsertId()
		if err != nil {
			return written{}, err
		}
		then.args = []any{id}
	case keyRowID:
		then.args = []any{address}
	}
	found, err := all(ctx, c, then)
	return written{count: int(n), rows: found}, err
}

func (c *stdConn) send(ctx context.Context, text string, args []any) (sql.Result, error) {
	if len(args) == 0 || c.tx != nil {
		return c.runner().ExecContext(ctx, text, args...)
	}
	s, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (c *stdConn) transact(ctx context.Context, f func() error) error {
	if c.tx != nil || c.open {
		return savepoint(ctx, c, c.grammar.facts(), f)
	}
	if begin := c.grammar.facts().begin; begin != "" {
		return c.transactPlainly(ctx, begin, f)
	}
	tx, err := c.sql.BeginTx(context.WithoutCancel(ctx), nil) // rolled back below; a transaction that ends by itself would be used on
	if err != nil {
		return &rolledBackError{err}
	}
	c.tx = tx
	defer func() { c.tx = nil }()
	if err := f(); err != nil {
		c.dead = tx.Rollback() != nil
		return &rolledBackError{err}
	}
	if err := ctx.Err(); err != nil {
		c.dead = tx.Rollback() != nil
		return &rolledBackError{err}
	}
	return tx.Commit()
}

// transactPlainly begins and ends the transaction by statements, so that what is prepared on the connection serves inside it too.
func (c *stdConn) transactPlainly(ctx context.Context, begin string, f func() error) error {
	if _, err := c.sql.ExecContext(ctx, begin); err != nil {
		return &rolledBackError{err}
	}
	c.open = true
	defer func() { c.open = false }()
	err := f()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		c.rollback(ctx)
		return &rolledBackError{err}
	}
	_, err = c.sql.ExecContext(ctx, "COMMIT")
	return err
}

// rollback undoes the open transaction; a connection on which that fails is not used again.
func (c *stdConn) rollback(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, err := c.sql.ExecContext(ctx, "ROLLBACK")
	c.dead = c.dead || err != nil
}

// pageSize is how many objects are read at once where a connection cannot read several result sets in turn.
const pageSize = 1000

// streams sends a single query as it is. Several are read in turn where the client library can, else page by page of the anchor,
// in one transaction.
func (c *stdConn) streams(ctx context.Context, s scan) ([]rows, func(), error) {
	qs := s.queries()
	if len(qs) == 1 {
		r, err := c.query(ctx, qs[0])
		if err != nil {
			return nil, nil, err
		}
		return []rows{r}, func() { _ = r.close() }, nil
	}
	end, err := c.snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !c.grammar.facts().interleaves {
		return newPager(ctx, c, s).rows(), end, nil
	}
	var open []rows
	closing := func() {
		for _, r := range open {
			_ = r.close()
		}
		end()
	}
	for _, q := range qs {
		r, err := c.query(ctx, q)
		if err != nil {
			closing()
			return nil, nil, err
		}
		open = append(open, r)
	}
	return open, closing, nil
}

// snapshot begins a transaction that sees one state of the data throughout, where the database has such.
func (c *stdConn) snapshot(ctx context.Context) (end func(), err error) {
	f := c.grammar.facts()
	if f.begin == "" {
		tx, err := c.sql.BeginTx(ctx, &sql.TxOptions{ReadOnly: f.name == Oracle})
		c.tx = tx
		return func() { c.tx = nil; _ = tx.Rollback() }, err
	}
	for _, text := range f.snapshot {
		if _, err := c.sql.ExecContext(ctx, text); err != nil {
			return nil, err
		}
	}
	c.open = true
	return func() { c.open = false; c.rollback(ctx) }, nil
}

// stdRows reads a result set of database/sql.
type stdRows struct {
	sql   *sql.Rows
	out   []column
	clock clock
	cells []any
	into  []any // pointers to cells
}

func newStdRows(r *sql.Rows, out []column, k clock) *stdRows {
	s := &stdRows{sql: r, out: out, clock: k, cells: make([]any, len(out)), into: make([]any, len(out))}
	for i := range s.cells {
		s.into[i] = &s.cells[i]
	}
	return s
}

func (r *stdRows) next(dst []entry.Value) (bool, error) {
	if !r.sql.Next() {
		return false, r.sql.Err()
	}
	if err := r.sql.Scan(r.into...); err != nil {
		return false, err
	}
	var first error
	for i, v := range r.cells {
		var err error
		if dst[i], err = delivered(&r.out[i], r.clock, v); first == nil {
			first = err
		}
	}
	return true, first
}

// delivered turns what a client library handed over into the column's type.
func delivered(c *column, k clock, v any) (entry.Value, error) {
	switch raw := v.(type) {
	case nil:
		return nil, nil
	case []byte:
		if c.kind == "Binary" {
			return raw, nil
		}
		if c.dbType == "bit" {
			v = bits(raw)
			break
		}
		if c.dbType == "uniqueidentifier" && len(raw) == 16 {
			v = guid(raw)
			break
		}
		v = string(raw)
	case float32:
		v = shortest(raw)
	case uint64:
		v = fmt.Sprint(raw)
	case time.Time:
		if c.zoneless() {
			v = inZone(raw, k)
		}
	}
	if text, ok := v.(string); ok && c.kind == "DateTime" && len(text) >= 10 && text[:10] == "0000-00-00" {
		return nil, nil // MySQL's way of no date
	}
	if text, ok := v.(string); ok && c.dbType == "char" {
		v = trimmed(c, text)
	}
	return adapt(c, k, v)
}

// guid writes SQL Server's sixteen bytes, whose first three groups are turned round.
func guid(b []byte) string {
	return fmt.Sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%x-%x", b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8:10], b[10:])
}

// zoneless reports whether the column holds a wall clock time.
func (c *column) zoneless() bool {
	switch c.dbType {
	case "datetime", "datetime2", "smalldatetime":
		return true
	case "timestamp", "date":
		return c.wall
	}
	return false
}

// bits reads a number of up to 64 bits, big end first.
func bits(b []byte) int64 {
	var n int64
	for _, x := range b {
		n = n<<8 | int64(x)
	}
	return n
}

func (r *stdRows) close() error {
	err := r.sql.Err()
	if closeErr := r.sql.Close(); err == nil {
		err = closeErr
	}
	return err
}
