//go:build odbc

package odbc

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"runtime"
	"time"
	"unsafe"

	"github.com/alexbrainman/odbc/api"
)

// PrepareContext prepares a statement with ? for its values.
func (c *conn) PrepareContext(_ context.Context, text string) (driver.Stmt, error) {
	var out api.SQLHANDLE
	if ret := api.SQLAllocHandle(api.SQL_HANDLE_STMT, api.SQLHANDLE(c.h), &out); failed(ret) {
		return nil, c.failure("SQLAllocHandle", api.SQL_HANDLE_DBC, api.SQLHANDLE(c.h))
	}
	s := &stmt{conn: c, h: api.SQLHSTMT(out)}
	wide := api.StringToUTF16(text)
	if ret := api.SQLPrepare(s.h, (*api.SQLWCHAR)(unsafe.Pointer(&wide[0])), api.SQL_NTS); failed(ret) {
		err := s.failure("SQLPrepare")
		_ = s.Close()
		return nil, err
	}
	var n api.SQLSMALLINT
	if ret := api.SQLNumParams(s.h, &n); failed(ret) {
		err := s.failure("SQLNumParams")
		_ = s.Close()
		return nil, err
	}
	s.inputs = int(n)
	return s, nil
}

func (c *conn) Prepare(text string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), text)
}

// stmt is a prepared statement.
type stmt struct {
	conn   *conn
	h      api.SQLHSTMT
	inputs int
	pinned runtime.Pinner // values that the driver reads when it executes
}

var (
	_ driver.StmtExecContext  = (*stmt)(nil)
	_ driver.StmtQueryContext = (*stmt)(nil)
)

func (s *stmt) failure(call string) error {
	return s.conn.failure(call, api.SQL_HANDLE_STMT, api.SQLHANDLE(s.h))
}

func (s *stmt) NumInput() int { return s.inputs }

func (s *stmt) Close() error {
	api.SQLFreeHandle(api.SQL_HANDLE_STMT, api.SQLHANDLE(s.h))
	s.pinned.Unpin()
	return nil
}

// Exec and Query without a context are asked for by driver.Stmt, and by nobody.
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), named(args))
}

// Query is as Exec.
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), named(args))
}

func named(args []driver.Value) []driver.NamedValue {
	out := make([]driver.NamedValue, len(args))
	for i, a := range args {
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return out
}

// execute runs the statement. When ctx ends first the driver is asked to cancel it.
func (s *stmt) execute(ctx context.Context, args []driver.NamedValue) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.pinned.Unpin()
	for i, a := range args {
		if err := s.bind(i, a.Value); err != nil {
			return err
		}
	}
	cancelled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		api.SQLCancel(s.h)
		close(cancelled)
	})
	ret := api.SQLExecute(s.h)
	if !stop() {
		<-cancelled
	}
	if failed(ret) && ret != api.SQL_NO_DATA {
		err := s.failure("SQLExecute")
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		return err
	}
	return nil
}

// ExecContext adds the counts of all results up.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.execute(ctx, args); err != nil {
		return nil, err
	}
	total := int64(0)
	for {
		var n api.SQLLEN
		if ret := api.SQLRowCount(s.h, &n); !failed(ret) && n > 0 {
			total += int64(n)
		}
		ret := api.SQLMoreResults(s.h)
		if ret == api.SQL_NO_DATA {
			return &result{s.conn, total}, nil
		}
		if failed(ret) {
			return nil, s.failure("SQLMoreResults")
		}
	}
}

// QueryContext returns the first result that has columns.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.execute(ctx, args); err != nil {
		return nil, err
	}
	for {
		var n api.SQLSMALLINT
		if ret := api.SQLNumResultCols(s.h, &n); failed(ret) {
			return nil, s.failure("SQLNumResultCols")
		}
		if n > 0 {
			return s.rows(int(n))
		}
		ret := api.SQLMoreResults(s.h)
		if ret == api.SQL_NO_DATA {
			return &rows{stmt: s, ended: true}, nil
		}
		if failed(ret) {
			return nil, s.failure("SQLMoreResults")
		}
	}
}

// Limits of the short forms of types; what is longer goes as a long one.
const (
	shortText  = 4000
	shortBytes = 8000
)

// bind gives the driver one value. It stays where it is until the next execution.
func (s *stmt) bind(i int, v driver.Value) error {
	p := parameter{length: new(api.SQLLEN)}
	switch v := v.(type) {
	case nil:
		p.form, p.kind, p.size = api.SQL_C_WCHAR, api.SQL_WVARCHAR, 1
		*p.length = api.SQL_NULL_DATA
	case int64:
		p.form, p.kind, p.size, p.at = api.SQL_C_SBIGINT, api.SQL_BIGINT, 19, unsafe.Pointer(&v)
		*p.length = 8
		s.pinned.Pin(&v)
	case float64:
		p.form, p.kind, p.size, p.at = api.SQL_C_DOUBLE, api.SQL_DOUBLE, 15, unsafe.Pointer(&v)
		*p.length = 8
		s.pinned.Pin(&v)
	case bool:
		b := byte(0)
		if v {
			b = 1
		}
		p.form, p.kind, p.size, p.at = api.SQL_C_BIT, api.SQL_BIT, 1, unsafe.Pointer(&b)
		*p.length = 1
		s.pinned.Pin(&b)
	case []byte:
		s.bytes(&p, v)
	case string:
		s.text(&p, v)
	case time.Time:
		s.text(&p, v.UTC().Format("2006-01-02 15:04:05.999999"))
	default:
		return fmt.Errorf("a value of type %T cannot be sent", v)
	}
	s.pinned.Pin(p.length)
	ret := api.SQLBindParameter(s.h, api.SQLUSMALLINT(i+1), api.SQL_PARAM_INPUT, p.form, p.kind, p.size, 0, api.SQLPOINTER(p.at), max(*p.length, 0), p.length)
	if failed(ret) {
		return s.failure("SQLBindParameter")
	}
	return nil
}

// parameter is how a value is handed over.
type parameter struct {
	form, kind api.SQLSMALLINT
	size       api.SQLULEN
	at         unsafe.Pointer
	length     *api.SQLLEN
}

func (s *stmt) bytes(p *parameter, v []byte) {
	held := append(make([]byte, 0, len(v)+1), v...)[:len(v)+1] // never without an address
	p.form, p.kind, p.size, p.at = api.SQL_C_BINARY, api.SQL_VARBINARY, api.SQLULEN(max(len(v), 1)), unsafe.Pointer(&held[0])
	if len(v) > shortBytes {
		p.kind = api.SQL_LONGVARBINARY
	}
	*p.length = api.SQLLEN(len(v))
	s.pinned.Pin(&held[0])
}

func (s *stmt) text(p *parameter, v string) {
	if s.conn.options.UTF8 {
		s.bytes(p, []byte(v))
		p.form, p.kind = api.SQL_C_CHAR, api.SQL_VARCHAR
		if len(v) > shortBytes {
			p.kind = api.SQL_LONGVARCHAR
		}
		return
	}
	wide := wideOf(v)
	n := len(wide) - 1
	p.form, p.kind, p.size, p.at = api.SQL_C_WCHAR, api.SQL_WVARCHAR, api.SQLULEN(max(n, 1)), unsafe.Pointer(&wide[0])
	if n > shortText {
		p.kind = api.SQL_WLONGVARCHAR
	}
	*p.length = api.SQLLEN(2 * n)
	s.pinned.Pin(&wide[0])
}

// result is what an Exec did.
type result struct {
	conn  *conn
	count int64
}

func (r *result) RowsAffected() (int64, error) { return r.count, nil }

// LastInsertId asks the database.
func (r *result) LastInsertId() (int64, error) {
	if r.conn.options.LastID == "" {
		return 0, fmt.Errorf("this database does not tell the number it made")
	}
	s, err := r.conn.PrepareContext(context.Background(), r.conn.options.LastID)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	found, err := s.(*stmt).QueryContext(context.Background(), nil)
	if err != nil {
		return 0, err
	}
	defer found.Close()
	row := make([]driver.Value, len(found.Columns()))
	if err := found.Next(row); err != nil {
		return 0, err
	}
	switch n := row[0].(type) {
	case int64:
		return n, nil
	case string:
		var id int64
		_, err := fmt.Sscan(n, &id)
		return id, err
	}
	return 0, io.ErrUnexpectedEOF
}
