package gsql

import (
	"context"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// dialect is what differs between databases. It keeps nothing.
type dialect interface {
	// open connects and makes the connection ready.
	open(ctx context.Context, t target, k clock) (conn, error)
	// table reads a table's or view's description from the catalogue; fault.Invalid when there is none of that name.
	table(ctx context.Context, c conn, path []string) (table, error)
	// bind returns the value as the client library takes it for the column.
	bind(c column, k clock, v entry.Value) (any, error)
	// judge says what an error of conn or rows means.
	judge(err error) verdict
}

// counsel is what a dialect knows of rights and of parallel work; every dialect gives it.
type counsel interface {
	// writers is how many sessions may write at once with profit.
	writers() int
	// lacks returns the rights (SELECT, INSERT, UPDATE, DELETE) that the account does not hold on a table, without writing.
	lacks(ctx context.Context, c conn, table string) ([]string, error)
}

// conn is one connection, used by one goroutine at a time.
type conn interface {
	// query reads. The rows must be closed before anything else is done with the connection.
	query(ctx context.Context, q query) (rows, error)
	// exec writes, in a transaction of its own unless inside transact. With q.out the rows that were written are returned.
	exec(ctx context.Context, q query) (written, error)
	// ask runs any statement and returns the rows of its result, which may have no columns. resolve is given the columns as the
	// database describes them, and returns how they are read. The rows must be closed before anything else is done.
	ask(ctx context.Context, q query, resolve func(found []column) []column) (rows, error)
	// transact runs f inside one transaction and commits when it returns nil.
	// Inside another transact it is a savepoint: only what f did is undone.
	transact(ctx context.Context, f func() error) error
	// streams opens several result sets of one snapshot at once; end closes them all.
	streams(ctx context.Context, s scan) (open []rows, end func(), err error)
	close() error
}

// rows is a result set.
type rows interface {
	// next fills dst with the next row, nil for NULL; false at the end. Of a row that does not fit its columns, true and an error.
	next(dst []entry.Value) (bool, error)
	close() error
}

// checker is implemented by connections that may have died while nobody used them.
type checker interface {
	alive(ctx context.Context) bool
}

// query is SQL text with its bound values, and the columns of the result.
type query struct {
	text  string
	args  []any
	out   []column
	ready bool      // text has the client library's own placeholders
	then  *query    // reads what this one wrote
	key   keySource // of then
}

// written is what an exec did.
type written struct {
	count int
	rows  [][]entry.Value // one for each row, as q.out says
}

// verdict is what an error means for what comes next.
type verdict struct {
	kind  fault.Kind
	hint  string
	again bool // nothing took effect and the same may work in a moment: deadlock, serialization, busy
	lost  bool // the connection is of no use any more
	safe  bool // the request never left
	// changed: a column that the statement names is not there any more
	changed bool
	// foreign: a foreign key stood in the way
	foreign bool
}

// column is a column of a table, with how its values travel.
type column struct {
	name      string
	quoted    string
	kind      connector.DataType
	dbType    string // the database's own name of the type, lower case, without length
	dbFull    string // the type as a declaration writes it, with length
	length    int    // most characters or bytes; 0 = unknown or unlimited
	reads     string // how it is selected, with %s for the column; "" = as it is
	counter   bool   // the database numbers it
	wall      bool   // a timestamp, or a date with a time of day, without a zone
	single    bool   // a floating point number of 32 bits
	list      bool   // JSON array
	refType   entry.Type
	nullable  bool
	filled    bool // a default or the database fills it in
	required  bool // NOT NULL and nothing fills it in
	readOnly  bool // the database makes it, and refuses a value
	writeOnly bool
	caseExact bool
	unique    bool
}

// table is what the catalogue knows of a table or view.
type table struct {
	quoted  string // schema and name as SQL text
	columns []column
	primary []string   // columns of the primary key
	unique  [][]string // column lists of unique indexes, the primary key among them
	foreign map[string]foreignKey
}

// foreignKey says what a single column points to.
type foreignKey struct{ table, column string } // table is quoted as in table.quoted

// isDay reports whether the column holds calendar days. Oracle's date, which has a time of day, is a wall clock time.
func (c *column) isDay() bool { return c.dbType == "date" && !c.wall }

// isJSON reports whether the column holds JSON documents as the layout says.
func (c column) isJSON() bool { return c.kind == connector.JSON }

func (t table) column(name string) (column, bool) {
	for i := range t.columns {
		if t.columns[i].name == name {
			return t.columns[i], true
		}
	}
	return column{}, false
}

// connectTimeout bounds how long opening a connection may take.
const connectTimeout = 15 * time.Second
