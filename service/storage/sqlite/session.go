package sqlite

import (
	"context"
	"database/sql"

	"github.com/sallyport-id/sallyport/service/storage"
)

// session is one connection with the statements prepared on it. One goroutine at a time.
type session struct {
	conn    *sql.Conn
	stmts   map[storage.Query]*sql.Stmt
	touched map[string]struct{}
	before  func(storage.Query) error // set by tests: sees every statement, and may make it fail
}

// A statement that has begun runs to its end: SQLite's are short, and interrupting one costs a goroutine for each.
var untilDone = context.Background()

func newSession(conn *sql.Conn) *session {
	return &session{conn: conn, stmts: map[storage.Query]*sql.Stmt{}, touched: map[string]struct{}{}}
}

func (s *session) prepare(q storage.Query) (*sql.Stmt, error) {
	if s.before != nil {
		if err := s.before(q); err != nil {
			return nil, err
		}
	}
	st, ok := s.stmts[q]
	if ok {
		return st, nil
	}
	st, err := s.conn.PrepareContext(untilDone, string(q))
	if err != nil {
		return nil, translate(err)
	}
	s.stmts[q] = st
	return st, nil
}

// Exec runs a statement and returns how many rows it touched.
func (s *session) Exec(q storage.Query, args []any) (int64, error) {
	st, err := s.prepare(q)
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(untilDone, args...)
	if err != nil {
		return 0, translate(err)
	}
	return r.RowsAffected()
}

// Rows runs a query.
func (s *session) Rows(q storage.Query, args []any) (storage.Rows, error) {
	st, err := s.prepare(q)
	if err != nil {
		return nil, err
	}
	r, err := st.QueryContext(untilDone, args...)
	if err != nil {
		return nil, translate(err)
	}
	return rows{r}, nil
}

// rows translates the errors of *sql.Rows.
type rows struct{ *sql.Rows }

func (r rows) Err() error { return translate(r.Rows.Err()) }

// Touch remembers a topic until the commit.
func (s *session) Touch(topic string) { s.touched[topic] = struct{}{} }

// Statements of transactions; they touch no table.
const (
	begin      storage.Query = `BEGIN`
	beginWrite storage.Query = `BEGIN IMMEDIATE`
	commit     storage.Query = `COMMIT`
	rollback   storage.Query = `ROLLBACK`
	savepoint  storage.Query = `SAVEPOINT request`
	release    storage.Query = `RELEASE request`
	undo       storage.Query = `ROLLBACK TO request`
)

func (s *session) run(q storage.Query) error {
	_, err := s.Exec(q, nil)
	return err
}

func (s *session) close() error {
	for _, st := range s.stmts {
		_ = st.Close() // the connection ends with it anyway
	}
	return s.conn.Close()
}
