package storage

import (
	"context"
	"embed"
	"errors"
	"io/fs"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/internal/tenant"
	"github.com/sallyport-id/sallyport/service/audit"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the goose migrations of every table here, oldest first by name.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return migrations // cannot happen: the folder is embedded above
	}
	return sub
}

// Query is one SQL statement. It is always a constant of this package, so that a test can read them all; $1 is the tenant.
type Query string

// Rows walks over the answer of a query; *sql.Rows is one. Whoever gets it closes it.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// Session runs statements of one transaction, one goroutine at a time. Its errors are faults; a unique key that is taken is
// fault.Exists.
type Session interface {
	// Exec runs a statement and returns how many rows it touched.
	Exec(q Query, args []any) (int64, error)
	// Rows runs a query.
	Rows(q Query, args []any) (Rows, error)
	// Touch wakes everybody who watches the topic, once the transaction is on disk.
	Touch(topic string)
}

// Engine is a database as the stores see it.
type Engine interface {
	// Write runs fn in a transaction of its own and returns after the commit is on disk. An error of fn undoes what fn did and
	// is returned as it is. fn must not call the engine again.
	Write(ctx context.Context, fn func(Session) error) error
	// Read runs fn on one snapshot. fn must not call the engine again.
	Read(ctx context.Context, fn func(Session) error) error
	// Watch returns a channel that is closed at the next commit that touches the topic.
	Watch(topic string) <-chan struct{}
	// Done is closed when the engine is.
	Done() <-chan struct{}
}

// tx is a session bound to a tenant: every statement gets it as $1.
type tx struct {
	session Session
	tenant  tenant.ID
}

func (t tx) bind(args []any) []any {
	bound := make([]any, 1, len(args)+1)
	bound[0] = string(t.tenant)
	return append(bound, args...)
}

func (t tx) exec(q Query, args ...any) (int64, error) { return t.session.Exec(q, t.bind(args)) }

// each calls row for every row of the answer; an error of row ends the walk.
func (t tx) each(q Query, args []any, row func(Rows) error) error {
	rows, err := t.session.Rows(q, t.bind(args))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one scans the first row of the answer; false when there is none.
func (t tx) one(q Query, args []any, dest ...any) (bool, error) {
	found := false
	err := t.each(q, args, func(r Rows) error {
		if found {
			return nil
		}
		found = true
		return r.Scan(dest...)
	})
	return found, err
}

// touch wakes those who wait for the tenant's news of one sort.
func (t tx) touch(sort string) { t.session.Touch(topic(t.tenant, sort)) }

func topic(id tenant.ID, sort string) string { return sort + "/" + string(id) }

// base is what all stores share.
type base struct{ engine Engine }

// tenantOf returns the tenant the context acts for; without one nothing is asked of the database.
func tenantOf(ctx context.Context, op string) (tenant.ID, error) {
	id := tenant.From(ctx)
	if id == "" {
		return "", fault.New(fault.Internal, op, "no tenant in the context").
			WithHint("this is a mistake in the program: the door that let the request in must set the tenant")
	}
	return id, nil
}

func (b base) write(ctx context.Context, op string, fn func(tx) error) error {
	id, err := tenantOf(ctx, op)
	if err != nil {
		return err
	}
	act := audit.Of(ctx)
	var seq int64
	err = b.engine.Write(ctx, func(s Session) (err error) {
		t := tx{s, id}
		if err = fn(t); err == nil {
			seq, err = t.witness(act)
		}
		return err
	})
	if err == nil && seq != 0 {
		act.Written(seq)
	}
	return name(op, err)
}

// witness writes the act that the transaction is part of, if one waits, and returns its place in the log.
func (t tx) witness(act *audit.Act) (int64, error) {
	e, waits := act.Waiting()
	if !waits {
		return 0, nil
	}
	sealed, err := t.record(e)
	return sealed.Seq, err
}

func (b base) read(ctx context.Context, op string, fn func(tx) error) error {
	id, err := tenantOf(ctx, op)
	if err != nil {
		return err
	}
	return name(op, b.engine.Read(ctx, func(s Session) error { return fn(tx{s, id}) }))
}

// wait blocks until ready says so, asking again after every commit that touches the topic.
func (b base) wait(ctx context.Context, op, sort string, ready func() (bool, error)) error {
	id, err := tenantOf(ctx, op)
	if err != nil {
		return err
	}
	for {
		news := b.engine.Watch(topic(id, sort)) // before asking, so that nothing falls in between
		if ok, err := ready(); ok || err != nil {
			return err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		case <-b.engine.Done():
			return closed(op)
		}
	}
}

func closed(op string) error {
	return fault.New(fault.Unavailable, op, "the database is closed").WithHint("the service is stopping; ask again when it is back")
}

// errMoved says that the row changed between reading it and writing it; the caller reads again.
var errMoved = errors.New("the row changed meanwhile")

// attempts is how often an update function runs before the store gives up; every lost attempt means that another writer got on.
const attempts = 1000

// retry runs try until it does not lose against another writer.
func retry[T any](ctx context.Context, op string, try func() (T, error)) (T, error) {
	for range attempts {
		v, err := try()
		if !errors.Is(err, errMoved) {
			return v, err
		}
		if ctx.Err() != nil {
			return v, ctx.Err()
		}
	}
	var zero T
	return zero, fault.New(fault.Conflict, op, "others keep changing it").WithHint("try again")
}

// name gives err the operation unless it has one already or is of the caller's own making.
func name(op string, err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Op != "" {
		return err
	}
	c := *f
	c.Op = op
	return &c
}

func absent(op, object string) error {
	return fault.New(fault.NotFound, op, "it does not exist").About(object)
}
