package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/storage"
)

// DB is an open database. Its methods may be called from many goroutines.
type DB struct {
	path    string
	sql     *sql.DB
	lock    *os.File
	writer  *writer
	readers *readers
	hub     *hub
	done    chan struct{}
	once    sync.Once
	err     error // of Close
}

// readerCount is how many snapshots may be read at once.
const readerCount = 4

// Open opens the database file, making it (mode 0600) and its tables if need be. The folder must exist. One process at a time
// may have it open: a second Open is fault.Conflict. The context bounds the opening only.
func Open(ctx context.Context, path string) (*DB, error) {
	const op = "open database"
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, about(op, path, err)
	}
	db, err := open(ctx, path)
	if err != nil {
		return nil, errors.Join(about(op, path, err), lock.Close())
	}
	db.lock = lock
	return db, nil
}

func open(ctx context.Context, path string) (*DB, error) {
	if err := private(path); err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, translate(err)
	}
	pool.SetMaxOpenConns(readerCount + 1)
	pool.SetMaxIdleConns(readerCount + 1)
	db := &DB{path: path, sql: pool, hub: newHub(), done: make(chan struct{})}
	if err := db.start(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return db, nil
}

// dsn sets up every connection: a commit is on disk when it returns (WAL with synchronous FULL). The log is taken over into the database
// every 32 MB, so that a page that many commits change is written there once.
func dsn(path string) string {
	q := url.Values{"_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(8000)",
		"journal_size_limit(67108864)", "cache_size(-8000)", "trusted_schema(0)", "temp_store(MEMORY)",
	}}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// private makes the file for its owner alone; SQLite gives the files beside it the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fault.New(fault.Invalid, "", "%w", err).WithHint("make the folder %s and let the service write there", filepath.Dir(path))
	}
	defer f.Close()
	if err := f.Chmod(0o600); err != nil {
		return fault.New(fault.Denied, "", "%w", err).WithHint("let the service own its data folder")
	}
	return nil
}

func (db *DB) start(ctx context.Context) error {
	if err := migrate(ctx, db.sql); err != nil {
		return err
	}
	conn, err := db.sql.Conn(ctx)
	if err != nil {
		return translate(err)
	}
	if _, err := conn.ExecContext(ctx, `PRAGMA cache_size = -32000`); err != nil { // whoever writes touches every index
		return translate(err)
	}
	db.writer = newWriter(newSession(conn), db.hub)
	db.readers = newReaders(db.sql)
	return nil
}

// migrate brings the tables up to this version; a database of a newer version is refused rather than misread.
func migrate(ctx context.Context, db *sql.DB) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, storage.Migrations(), goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return fault.Wrap(fault.Internal, "read migrations", err)
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return translate(err)
	}
	if have > want {
		return fault.New(fault.Conflict, "", "the database has form %d, this program knows forms up to %d", have, want).
			WithHint("run the newer version of the program again, or restore a backup made before it ran")
	}
	if _, err := p.Up(ctx); err != nil {
		return translate(err)
	}
	return nil
}

// about names the file in a fault.
func about(op, path string, err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		c := *f
		c.Op, c.Object = op, path
		return &c
	}
	return fault.New(fault.Internal, op, "%w", err).About(path)
}

// Close ends writes that wait with fault.Unavailable, lets the one under way end, and gives the file free. It may be called twice.
func (db *DB) Close() error {
	db.once.Do(func() {
		close(db.done)
		db.writer.stop()
		db.readers.stop()
		db.err = errors.Join(translate(db.sql.Close()), db.lock.Close())
	})
	return db.err
}

// Path returns the database file.
func (db *DB) Path() string { return db.path }

// Done is closed when the database is.
func (db *DB) Done() <-chan struct{} { return db.done }

// Watch returns a channel that is closed at the next commit that touches the topic.
func (db *DB) Watch(topic string) <-chan struct{} { return db.hub.watch(topic) }

// Directory returns the store of users and groups.
func (db *DB) Directory() *storage.Directory { return storage.NewDirectory(db) }

// Apps returns the store of applications.
func (db *DB) Apps() *storage.Apps { return storage.NewApps(db) }

// Agents returns the store of agents and join tokens.
func (db *DB) Agents() *storage.Agents { return storage.NewAgents(db) }

// Tokens returns the store of the API's bearer secrets.
func (db *DB) Tokens() *storage.Tokens { return storage.NewTokens(db) }

// Grants returns who has which role.
func (db *DB) Grants() *storage.Grants { return storage.NewGrants(db) }

// Identity returns the registered clients and ended sessions.
func (db *DB) Identity() *storage.Identity { return storage.NewIdentity(db) }

// Audit returns the log of administrative acts.
func (db *DB) Audit() *storage.Audit { return storage.NewAudit(db) }

// Assignments returns the store of who is assigned to which application.
func (db *DB) Assignments() *storage.Assignments { return storage.NewAssignments(db) }

// AuditMarks returns the checkpoints of that log.
func (db *DB) AuditMarks() *storage.AuditMarks { return storage.NewAuditMarks(db) }

// Journal returns the provisioning log.
func (db *DB) Journal() *storage.Journal { return storage.NewJournal(db) }

// Ledger returns the jobs' memory.
func (db *DB) Ledger() *storage.Ledger { return storage.NewLedger(db) }

// Reviews returns the store of plans that wait for approval.
func (db *DB) Reviews() *storage.Reviews { return storage.NewReviews(db) }

// Drift returns the store of what was changed in targets by hand.
func (db *DB) Drift() *storage.Drift { return storage.NewDrift(db) }

// Messages returns the outbox of messages to people.
func (db *DB) Messages() *storage.Messages { return storage.NewMessages(db) }

// Catalog returns the store of what Graph's clients know of applications.
func (db *DB) Catalog() *storage.Catalog { return storage.NewCatalog(db) }
