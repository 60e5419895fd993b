package journeys

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"

	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gsql"
	"github.com/sallyport-id/sallyport/test/targets"
)

// target is the application's database, seen from behind. Its own triggers keep a list of every row written, so that nobody has to be
// believed about what was written.
type target struct {
	t   testing.TB
	url string // as the host is configured with
	db  *sql.DB
	pg  bool
}

// newTarget makes a database with the sample tables, or those of ddl when that is not empty.
func newTarget(t testing.TB, dialect, ddl string) *target {
	t.Helper()
	g := &target{t: t, pg: dialect == gsql.PostgreSQL}
	driver, source := "pgx", ""
	if g.pg {
		g.url = targets.Postgres(t).URL("")
		source = g.url
	} else {
		driver, g.url = "sqlite", "sqlite:"+filepath.Join(t.TempDir(), "target.db")
		source = "file:" + strings.TrimPrefix(g.url, "sqlite:") + "?_pragma=busy_timeout(20000)"
	}
	var err error
	g.db, err = sql.Open(driver, source)
	must(t, err)
	t.Cleanup(func() { _ = g.db.Close() })
	if ddl == "" {
		must(t, gsql.Contoso(dialect).Create(t.Context(), g.url, connector.Secret{}))
	} else {
		if !g.pg {
			must(t, os.WriteFile(strings.TrimPrefix(g.url, "sqlite:"), nil, 0o600))
		}
		g.exec(ddl)
	}
	g.audit()
	return g
}

func (g *target) exec(statements string) {
	g.t.Helper()
	for s := range strings.SplitSeq(statements, ";\n") {
		if strings.TrimSpace(s) == "" {
			continue
		}
		_, err := g.db.ExecContext(context.Background(), s)
		must(g.t, err)
	}
}

// idColumns are the columns that identify a row of the sample tables in the list of writes; of other tables it is the first.
var idColumns = map[string]string{"Employees": "InternalGUID", "Groups": "GroupGUID", "GroupMembers": "GroupID"}

// audit gives every table triggers that write down each row inserted (I), updated (U) or deleted (D).
func (g *target) audit() {
	g.t.Helper()
	tables := g.tables()
	if g.pg {
		g.exec(`CREATE TABLE "Audit" (seq bigserial PRIMARY KEY, tbl text, op text, id text)`)
		g.exec(`CREATE FUNCTION audit_row() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE r jsonb; BEGIN` +
			` IF TG_OP = 'DELETE' THEN r := to_jsonb(OLD); ELSE r := to_jsonb(NEW); END IF;` +
			` INSERT INTO "Audit" (tbl, op, id) VALUES (TG_TABLE_NAME, left(TG_OP, 1), r ->> TG_ARGV[0]); RETURN NULL; END $$`)
	} else {
		g.exec(`CREATE TABLE "Audit" (seq INTEGER PRIMARY KEY, tbl text, op text, id text)`)
	}
	for _, table := range tables {
		id := idColumns[table]
		if id == "" {
			id = g.columns(table)[0]
		}
		if g.pg {
			g.exec(fmt.Sprintf(`CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION audit_row(%s)`, quote(table), "'"+id+"'"))
			continue
		}
		for _, op := range []string{"INSERT", "UPDATE", "DELETE"} {
			row := "NEW"
			if op == "DELETE" {
				row = "OLD"
			}
			_, err := g.db.ExecContext(context.Background(), fmt.Sprintf(`CREATE TRIGGER %s AFTER %s ON %s BEGIN INSERT INTO "Audit" (tbl, op, id) VALUES ('%s', '%s', %s.%s); END`,
				quote("audit"+op+table), op, quote(table), table, op[:1], row, quote(id)))
			must(g.t, err)
		}
	}
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (g *target) tables() []string {
	g.t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
	if g.pg {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`
	}
	return g.texts(query)
}

func (g *target) columns(table string) []string {
	g.t.Helper()
	rows, err := g.db.QueryContext(context.Background(), `SELECT * FROM `+quote(table)+` LIMIT 0`)
	must(g.t, err)
	defer rows.Close()
	names, err := rows.Columns()
	must(g.t, err)
	must(g.t, rows.Err())
	return names
}

// texts returns the first column of a query.
func (g *target) texts(query string, args ...any) []string {
	g.t.Helper()
	rows, err := g.db.QueryContext(context.Background(), query, args...)
	must(g.t, err)
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		must(g.t, rows.Scan(&s))
		all = append(all, s)
	}
	must(g.t, rows.Err())
	return all
}

func (g *target) number(query string, args ...any) (n int) {
	g.t.Helper()
	must(g.t, g.db.QueryRowContext(context.Background(), query, args...).Scan(&n))
	return n
}

// writes counts the rows written since the position, and returns the new position.
func (g *target) writes(since int) (n, now int) {
	g.t.Helper()
	must(g.t, g.db.QueryRowContext(context.Background(), `SELECT count(*), coalesce(max(seq), 0) FROM "Audit" WHERE seq > $1`, since).Scan(&n, &now))
	return n, max(now, since)
}

// written lists what was written since the position, for messages.
func (g *target) written(since int) []string {
	g.t.Helper()
	return g.texts(`SELECT tbl || ' ' || op || ' ' || coalesce(id, '') FROM "Audit" WHERE seq > $1 ORDER BY seq LIMIT 20`, since)
}

// find returns the rows of a table whose column has the value, as texts by column; NULL is "NULL".
func (g *target) find(table, column, value string) []map[string]string {
	g.t.Helper()
	rows, err := g.db.QueryContext(context.Background(), `SELECT * FROM `+quote(table)+` WHERE `+quote(column)+` = $1`, value)
	must(g.t, err)
	defer rows.Close()
	names, err := rows.Columns()
	must(g.t, err)
	var found []map[string]string
	for rows.Next() {
		cells, into := make([]any, len(names)), make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		must(g.t, rows.Scan(into...))
		row := map[string]string{}
		for i, c := range cells {
			row[names[i]] = cellText(c)
		}
		found = append(found, row)
	}
	must(g.t, rows.Err())
	return found
}

func cellText(c any) string {
	switch v := c.(type) {
	case nil:
		return "NULL"
	case []byte:
		return string(v)
	}
	return fmt.Sprint(c)
}

// members returns the logins of a group's members, sorted.
func (g *target) members(group string) []string {
	g.t.Helper()
	all := g.texts(`SELECT e."ContosoLogin" FROM "GroupMembers" m JOIN "Groups" g ON g."GroupGUID" = m."GroupID" JOIN "Employees" e ON e."InternalGUID" = m."MemberID" WHERE g."GroupName" = $1`, group)
	slices.Sort(all)
	return all
}
