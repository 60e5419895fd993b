//go:build odbc

package odbc

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"
	"unsafe"

	"github.com/alexbrainman/odbc/api"
)

// Options are what differs between databases below SQL.
type Options struct {
	LastID string // query for the number that the last INSERT made; "" = there is none
	Begin  string // statement that makes a transaction one state of the data, read only; "" = none
	UTF8   bool   // texts are sent and read as their bytes, which are UTF-8: the driver's own way to wide characters loses some
}

// Open returns a handle for one data source. It connects when it is used.
func Open(source string, o Options) *sql.DB { return sql.OpenDB(&connector{source, o}) }

type connector struct {
	source  string
	options Options
}

// environment is the one handle above all connections.
var environment = sync.OnceValues(func() (api.SQLHENV, error) {
	var none, out api.SQLHANDLE
	if ret := api.SQLAllocHandle(api.SQL_HANDLE_ENV, none, &out); failed(ret) {
		return api.SQLHENV(none), errors.New("the ODBC driver manager cannot be used")
	}
	h := api.SQLHENV(out)
	if ret := api.SQLSetEnvUIntPtrAttr(h, api.SQL_ATTR_ODBC_VERSION, api.SQL_OV_ODBC3, 0); failed(ret) {
		return h, diagnose("SQLSetEnvAttr", api.SQL_HANDLE_ENV, out)
	}
	return h, nil
})

func (c *connector) Driver() driver.Driver { return nil }

// Connect opens a connection of its own. ODBC has no way to end the attempt: when ctx ends first, it is left to itself.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	type outcome struct {
		conn *conn
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		x, err := c.connect()
		done <- outcome{x, err}
	}()
	select {
	case o := <-done:
		if o.err != nil {
			return nil, o.err
		}
		return o.conn, nil
	case <-ctx.Done():
		go func() {
			if o := <-done; o.err == nil {
				_ = o.conn.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

func (c *connector) connect() (*conn, error) {
	env, err := environment()
	if err != nil {
		return nil, err
	}
	var out api.SQLHANDLE
	if ret := api.SQLAllocHandle(api.SQL_HANDLE_DBC, api.SQLHANDLE(env), &out); failed(ret) {
		return nil, diagnose("SQLAllocHandle", api.SQL_HANDLE_ENV, api.SQLHANDLE(env))
	}
	source := api.StringToUTF16(c.source)
	ret := api.SQLDriverConnect(api.SQLHDBC(out), 0, (*api.SQLWCHAR)(unsafe.Pointer(&source[0])), api.SQL_NTS, nil, 0, nil, api.SQL_DRIVER_NOPROMPT)
	if failed(ret) {
		err := diagnose("SQLDriverConnect", api.SQL_HANDLE_DBC, out)
		api.SQLFreeHandle(api.SQL_HANDLE_DBC, out)
		return nil, err
	}
	return &conn{h: api.SQLHDBC(out), options: c.options}, nil
}

// conn is one connection.
type conn struct {
	h       api.SQLHDBC
	options Options
	dead    bool
}

var (
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.Pinger             = (*conn)(nil)
	_ driver.SessionResetter    = (*conn)(nil)
	_ driver.Validator          = (*conn)(nil)
)

// failure reads what went wrong, and notes when the connection is gone.
func (c *conn) failure(call string, kind api.SQLSMALLINT, h api.SQLHANDLE) error {
	err := diagnose(call, kind, h)
	c.dead = c.dead || err.Lost()
	return err
}

func (c *conn) IsValid() bool { return !c.dead }

// ResetSession says that a connection outlives a cancelled transaction: that was rolled back.
func (c *conn) ResetSession(context.Context) error {
	if c.dead {
		return driver.ErrBadConn
	}
	return nil
}

func (c *conn) Close() error {
	api.SQLDisconnect(c.h)
	api.SQLFreeHandle(api.SQL_HANDLE_DBC, api.SQLHANDLE(c.h))
	return nil
}

// Ping asks the server anything: one that finds a mistake in the question is there, too.
func (c *conn) Ping(ctx context.Context) error {
	_, err := c.do(ctx, "SELECT 1")
	if e, ok := errors.AsType[*Error](err); ok && !e.Lost() {
		return nil
	}
	return err
}

// do runs a statement without values.
func (c *conn) do(ctx context.Context, text string) (driver.Result, error) {
	s, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.(*stmt).ExecContext(ctx, nil)
}

func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx begins a transaction; a read-only one sees one state of the data, where the options say how.
func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if err := c.autocommit(false); err != nil {
		return nil, err
	}
	if o.ReadOnly && c.options.Begin != "" {
		if _, err := c.do(ctx, c.options.Begin); err != nil {
			return nil, errors.Join(err, (*tx)(c).Rollback())
		}
	}
	return (*tx)(c), nil
}

func (c *conn) autocommit(on bool) error {
	value := uintptr(api.SQL_AUTOCOMMIT_OFF)
	if on {
		value = api.SQL_AUTOCOMMIT_ON
	}
	if ret := api.SQLSetConnectUIntPtrAttr(c.h, api.SQL_ATTR_AUTOCOMMIT, value, api.SQL_IS_UINTEGER); failed(ret) {
		return c.failure("SQLSetConnectAttr", api.SQL_HANDLE_DBC, api.SQLHANDLE(c.h))
	}
	return nil
}

// tx is a connection within a transaction.
type tx conn

func (t *tx) Commit() error   { return t.end(api.SQL_COMMIT) }
func (t *tx) Rollback() error { return t.end(api.SQL_ROLLBACK) }

func (t *tx) end(how api.SQLSMALLINT) error {
	c := (*conn)(t)
	if ret := api.SQLEndTran(api.SQL_HANDLE_DBC, api.SQLHANDLE(c.h), how); failed(ret) {
		err := c.failure("SQLEndTran", api.SQL_HANDLE_DBC, api.SQLHANDLE(c.h))
		c.dead = true // nobody knows in which state it is
		return err
	}
	if err := c.autocommit(true); err != nil {
		c.dead = true // the transaction itself has ended as it should
	}
	return nil
}

// Error is what a driver said.
type Error struct {
	Call    string
	State   string // SQLSTATE of the first record
	Native  int    // the database's own number
	Message string // of all records
}

func (e *Error) Error() string { return e.Message }

// Lost reports whether the connection is of no use any more.
func (e *Error) Lost() bool {
	return strings.HasPrefix(e.State, "08") && e.State != "08002" || e.State == "57P01" || e.State == "57P02" || e.State == "57P03" || e.State == "HYT01"
}

func failed(ret api.SQLRETURN) bool {
	return ret != api.SQL_SUCCESS && ret != api.SQL_SUCCESS_WITH_INFO
}

// maxRecords bounds how many diagnostic records are read.
const maxRecords = 8

// diagnose reads the records of a handle.
func diagnose(call string, kind api.SQLSMALLINT, h api.SQLHANDLE) *Error {
	e := &Error{Call: call}
	var messages []string
	for i := range maxRecords {
		var native api.SQLINTEGER
		var length api.SQLSMALLINT
		state, text := make([]uint16, 6), make([]uint16, 2048)
		ret := api.SQLGetDiagRec(kind, h, api.SQLSMALLINT(i+1), (*api.SQLWCHAR)(unsafe.Pointer(&state[0])), &native,
			(*api.SQLWCHAR)(unsafe.Pointer(&text[0])), api.SQLSMALLINT(len(text)), &length)
		if failed(ret) {
			break
		}
		if record := api.UTF16ToString(state); e.State == "" || strings.HasPrefix(record, "08") {
			e.State, e.Native = record, int(native)
		}
		messages = append(messages, strings.TrimSpace(api.UTF16ToString(text)))
	}
	e.Message = strings.Join(messages, "; ")
	if e.Message == "" {
		e.Message = call + " failed without saying why"
	}
	return e
}

// Diagnosis returns the SQLSTATE and the database's own number.
func (e *Error) Diagnosis() (state string, native int) { return e.State, e.Native }
