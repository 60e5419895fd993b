package cli

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
)

func timed(f func() error) (float64, error) {
	began := time.Now()
	err := f()
	return time.Since(began).Seconds(), err
}

// pgBench is a schema of its own with the sample's tables.
type pgBench struct {
	bare   *pgx.Conn
	url    string // names the schema
	config connector.Config
	schema string
}

func newPGBench(ctx context.Context, target string) (*pgBench, error) {
	const op = "prepare the measurement"
	c, err := pgx.Connect(ctx, target)
	if err != nil {
		return nil, fault.WrapHint(fault.Unavailable, op, err, "check --target; a password goes into PGPASSWORD or a .pgpass file")
	}
	b := &pgBench{bare: c, schema: "sallyport_bench_" + strconv.FormatInt(time.Now().UnixNano(), 36)}
	separator := "?"
	if strings.Contains(target, "?") {
		separator = "&"
	}
	b.url = target + separator + "search_path=" + b.schema
	if _, err := c.Exec(ctx, "CREATE SCHEMA "+b.schema+"; SET search_path = "+b.schema); err != nil {
		_ = c.Close(ctx)
		return nil, fault.Wrap(fault.Denied, op, err)
	}
	layout := gsql.Contoso(gsql.PostgreSQL)
	b.config = layout.Config("bench", b.url, connector.Secret{})
	if err := layout.Create(ctx, b.url, connector.Secret{}); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *pgBench) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, _ = b.bare.Exec(ctx, "DROP SCHEMA "+b.schema+" CASCADE")
	_ = b.bare.Close(ctx)
}

const benchFill = `INSERT INTO "Employees" ("ContosoLogin", "FirstName", "LastName", "Email", "textID", "DisplayName", "JobTitle", "Department", "EmployeeNumber", "Phone")
SELECT 'login' || i, 'Given' || i, 'Family' || i, 'mail' || i || '@example.test', 't' || i, 'Given Family ' || i, 'Engineer', 'Research', 'e' || i, '+46 70 ' || i FROM generate_series(1, $1::int) AS n(i)`

func benchPostgresImport(ctx context.Context, w work) ([]figure, error) {
	b, err := newPGBench(ctx, w.target)
	if err != nil {
		return nil, err
	}
	defer b.close()
	if _, err := b.bare.Exec(ctx, benchFill, w.users); err != nil {
		return nil, err
	}
	if _, err := b.bare.Exec(ctx, `ANALYZE "Employees"`); err != nil {
		return nil, err
	}
	s, err := gsql.New().Open(ctx, b.config)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return alternate(ctx, w, 0.5, []string{"bare pgx into structs", "gsql full import"},
		func(ctx context.Context) (float64, error) { return 0, b.readBare(ctx, w.users) },
		func(ctx context.Context) (float64, error) { return readConnector(ctx, s, w.users) })
}

// benchRow is the row of the bare read.
type benchRow struct {
	Login, First, Last, Email  *string
	GUID                       string
	Azure                      *string
	TextID, Display, Job, Dept *string
	Number, Phone              *string
	Enabled                    bool
	Manager                    *string
}

// readBare reads the columns that the connector reads, in the order of the table, into structs.
func (b *pgBench) readBare(ctx context.Context, want int) error {
	rows, err := b.bare.Query(ctx, `SELECT "ContosoLogin", "FirstName", "LastName", "Email", "InternalGUID"::text, "AzureID"::text, "textID", "DisplayName", "JobTitle", "Department", "EmployeeNumber", "Phone", "Enabled", "Manager"::text FROM "Employees"`)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var e benchRow
		if err := rows.Scan(&e.Login, &e.First, &e.Last, &e.Email, &e.GUID, &e.Azure, &e.TextID, &e.Display, &e.Job, &e.Dept, &e.Number, &e.Phone, &e.Enabled, &e.Manager); err != nil {
			return err
		}
		n++
	}
	return counted("bare read", n, want, rows.Err())
}

func counted(what string, n, want int, err error) error {
	if err == nil && n != want {
		return fault.New(fault.Internal, "measure", "the %s gave %d users, want %d", what, n, want)
	}
	return err
}

// readConnector imports everything and keeps nothing; it returns how much the heap grew meanwhile, in MB.
func readConnector(ctx context.Context, s connector.Session, want int) (float64, error) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, most, n := m.HeapInuse, m.HeapInuse, 0
	for _, err := range s.Import(ctx, entry.User) {
		if err != nil {
			return 0, err
		}
		if n++; n%20_000 == 0 {
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		}
	}
	return float64(most-min(before, most)) / (1 << 20), counted("import", n, want, nil)
}

const benchBatch = 500

func benchPostgresExport(ctx context.Context, w work) ([]figure, error) {
	b, err := newPGBench(ctx, w.target)
	if err != nil {
		return nil, err
	}
	defer b.close()
	bare, sessions, end, err := b.writers(ctx, w.connections)
	if err != nil {
		return nil, err
	}
	defer end()
	return alternate(ctx, w, 0.6, []string{fmt.Sprintf("bare pgx batches, %d connections", len(bare)), fmt.Sprintf("gsql batch export, %d sessions", len(sessions))},
		func(ctx context.Context) (float64, error) {
			return 0, b.emptied(ctx, func() error {
				return spread(w.users, len(bare), func(worker, from, to int) error { return writeBare(ctx, bare[worker], from, to) })
			})
		},
		func(ctx context.Context) (float64, error) {
			return 0, b.emptied(ctx, func() error {
				return spread(w.users, len(sessions), func(worker, from, to int) error { return writeConnector(ctx, sessions[worker], from, to) })
			})
		})
}

// writers opens as many bare connections as sessions.
func (b *pgBench) writers(ctx context.Context, n int) (bare []*pgx.Conn, sessions []connector.Session, end func(), err error) {
	end = func() {
		for _, c := range bare {
			_ = c.Close(context.WithoutCancel(ctx))
		}
		for _, s := range sessions {
			_ = s.Close()
		}
	}
	for range max(n, 1) {
		c, err := pgx.Connect(ctx, b.url)
		if err != nil {
			end()
			return nil, nil, nil, err
		}
		bare = append(bare, c)
		s, err := gsql.New().Open(ctx, b.config)
		if err != nil {
			end()
			return nil, nil, nil, err
		}
		sessions = append(sessions, s)
	}
	return bare, sessions, end, nil
}

func (b *pgBench) emptied(ctx context.Context, f func() error) error {
	if _, err := b.bare.Exec(ctx, `TRUNCATE "Employees" CASCADE`); err != nil {
		return err
	}
	return f()
}

// spread gives batches to workers in turn.
func spread(users, workers int, f func(worker, from, to int) error) error {
	var g errgroup.Group
	for worker := range workers {
		g.Go(func() error {
			for from := worker * benchBatch; from < users; from += workers * benchBatch {
				if err := f(worker, from, min(from+benchBatch, users)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func person(n int) (login, email string) {
	return "login" + strconv.Itoa(n), "mail" + strconv.Itoa(n) + "@example.test"
}

// writeBare inserts one batch in one transaction, pipelined, as the client library's own means do it.
func writeBare(ctx context.Context, c *pgx.Conn, from, to int) error {
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		var batch pgx.Batch
		for n := from; n < to; n++ {
			login, email := person(n)
			batch.Queue(`INSERT INTO "Employees" ("ContosoLogin", "FirstName", "LastName", "Email", "DisplayName", "JobTitle", "Department") VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				login, "Given", "Family", email, "Given Family", "Engineer", "Research")
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
}

func writeConnector(ctx context.Context, s connector.Session, from, to int) error {
	xs := make([]connector.Export, 0, to-from)
	for n := from; n < to; n++ {
		login, email := person(n)
		xs = append(xs, connector.Export{Op: entry.Add, Type: entry.User, Entry: entry.Entry{Type: entry.User, Attrs: entry.Attrs{
			"ContosoLogin": {login}, "FirstName": {"Given"}, "LastName": {"Family"}, "Email": {email}, "DisplayName": {"Given Family"}, "JobTitle": {"Engineer"}, "Department": {"Research"}}}})
	}
	for _, r := range s.(connector.BatchExporter).Export(ctx, xs) {
		if r.Err != nil {
			return r.Err
		}
		if r.Anchor == "" {
			return fault.New(fault.Internal, "measure", "a create gave no anchor")
		}
	}
	return nil
}
