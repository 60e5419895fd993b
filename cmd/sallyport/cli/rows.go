package cli

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
)

// rows looks into the sample target behind Sallyport's back, to see when a row has followed.
type rows struct{ db *sql.DB }

func openRows(target, file string) (*rows, error) {
	driver, source := "pgx", target
	if gsql.DialectOf(target) != gsql.PostgreSQL {
		driver, source = "sqlite", "file:"+file+"?_pragma=busy_timeout(10000)"
		if target != "" {
			source = "file:" + strings.TrimPrefix(target, "sqlite:") + "?_pragma=busy_timeout(10000)"
		}
	}
	db, err := sql.Open(driver, source)
	return &rows{db}, fault.Wrap(fault.Invalid, "open the target", err)
}

func (r *rows) close() { _ = r.db.Close() }

// drop removes the sample tables; what cannot be removed is left to whoever owns the database.
func (r *rows) drop() {
	for _, t := range []string{"GroupMembers", "Groups", "Employees"} {
		_, _ = r.db.ExecContext(context.Background(), `DROP TABLE IF EXISTS "`+t+`"`)
	}
}

// employee is the part of a row that the demo watches.
type employee struct {
	login, guid string
	enabled     bool
	manager     sql.NullString
}

// find returns the row of a login; false when there is none.
func (r *rows) find(ctx context.Context, login string) (employee, bool, error) {
	e := employee{login: login}
	err := r.db.QueryRowContext(ctx, `SELECT "InternalGUID", "Enabled", "Manager" FROM "Employees" WHERE "ContosoLogin" = $1`, login).
		Scan(&e.guid, &e.enabled, &e.manager)
	if err == sql.ErrNoRows {
		return e, false, nil
	}
	return e, err == nil, err
}

func (r *rows) count(ctx context.Context, table string) (n int, err error) {
	err = r.db.QueryRowContext(ctx, `SELECT count(*) FROM "`+table+`"`).Scan(&n)
	return n, err
}

// until looks every millisecond until the condition holds, and returns how long that took since began.
func (r *rows) until(ctx context.Context, began time.Time, holds func(context.Context) (bool, error)) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		ok, err := holds(ctx)
		if err != nil && ctx.Err() == nil {
			return 0, fault.Wrap(fault.Unavailable, "look into the target", err)
		}
		if ok {
			return time.Since(began), nil
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return 0, fault.New(fault.Timeout, "wait for the row", "it did not follow within 30 seconds")
		}
	}
}

// rawTable makes the table of the raw rate: the columns of Employees that an insert fills, with its unique login.
func (r *rows) rawTable(ctx context.Context) error {
	_, err := r.db.ExecContext(ctx, `CREATE TABLE "BenchRaw" ("Login" varchar(128) UNIQUE, "FirstName" varchar(50) NOT NULL, "LastName" varchar(50) NOT NULL,
"Email" varchar(128), "AzureID" varchar(36), "textID" varchar(128), "DisplayName" varchar(256), "JobTitle" varchar(128), "Department" varchar(128), "EmployeeNumber" varchar(64), "Phone" varchar(64))`)
	r.db.SetMaxOpenConns(rawConns)
	r.db.SetMaxIdleConns(rawConns)
	return err
}

func (r *rows) rawInsert(ctx context.Context, n int64) error {
	login := fmt.Sprintf("person.%d@contoso.example", n)
	_, err := r.db.ExecContext(ctx, `INSERT INTO "BenchRaw" VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`,
		login, "First", "Last", login, "0190f5c2-7f3e-7cc0-8000-000000000000", "person", "First Last", "Specialist", "Sales", "E100000", "+15550100")
	return err
}

func (r *rows) dropRaw() { _, _ = r.db.ExecContext(context.Background(), `DROP TABLE "BenchRaw"`) }
