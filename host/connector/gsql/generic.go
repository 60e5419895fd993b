package gsql

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// generic writes what the SQL standard has, for databases behind ODBC that have no dialect of their own here. It reads no
// catalogue: columns are those of a query that finds nothing, and anchors must be configured.
type generic struct{}

func (generic) open(context.Context, target, clock) (conn, error) { return nil, errNoDialect }

func (generic) quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (generic) facts() facts {
	return facts{name: dialectGeneric, emptyInsert: "DEFAULT VALUES", maxRows: 1, maxArgs: 1000, timeText: "CAST(CURRENT_TIMESTAMP AS VARCHAR(40))",
		toText: "CAST(%s AS VARCHAR(40))", savepoint: "SAVEPOINT %s", rollbackTo: "ROLLBACK TO SAVEPOINT %s"}
}

func (generic) native(text string, args []any) (string, []any) { return text, args }

// giveBack reads the row again by its anchor, or by all that was written.
func (generic) giveBack(w writing) query { return readBack(w, "") }

func (generic) first(text string, n int) string {
	return fmt.Sprintf("%s FETCH FIRST %d ROWS ONLY", text, n)
}

func (generic) ofResult(*sql.ColumnType) column { return column{dbType: "varchar"} }

// bind sends text but for what has a form of its own in ODBC.
func (generic) bind(c column, k clock, v entry.Value) (any, error) {
	switch v := v.(type) {
	case []byte:
		if c.kind == connector.Binary {
			return v, nil
		}
		return string(v), nil
	case bool:
		if c.kind == connector.Boolean || c.kind == connector.Integer {
			return v, nil
		}
	case int64:
		if c.kind == connector.Integer || c.kind == connector.Decimal {
			return v, nil
		}
	case float64:
		if c.kind == connector.Decimal {
			return v, nil
		}
	case time.Time:
		return genericTime(c, k, v)
	case entry.Complex:
		return nil, fmt.Errorf("%s is not a JSON column; list it in the setting json", c.name)
	}
	s := text(v)
	if !utf8.ValidString(s) {
		return nil, errNotUTF8
	}
	switch c.kind {
	case connector.Integer:
		return toInteger(s)
	case connector.Decimal:
		return toDecimal(s)
	case connector.Boolean:
		return toBool(s)
	}
	return s, nil
}

func genericTime(c column, k clock, t time.Time) (any, error) {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return nil, fmt.Errorf("the year %d is out of range", y)
	}
	switch c.kind {
	case connector.DateTime:
		if c.isDay() {
			return k.day(t), nil
		}
		return t.In(k.zone).Format(microLayout), nil
	case connector.Integer:
		return t.Unix(), nil
	}
	return k.write(t), nil
}

func (generic) judge(error) verdict { return verdict{} }

// table describes a query that finds nothing. Nothing is known to be unique or required: the database says so when it refuses.
func (d generic) table(ctx context.Context, c conn, path []string) (t table, err error) {
	parts := make([]string, len(path))
	for i, p := range path {
		parts[i] = d.quote(p)
	}
	t.quoted, t.foreign = strings.Join(parts, "."), map[string]foreignKey{}
	seeing := &describing{conn: c}
	r, err := seeing.ask(ctx, query{text: "SELECT * FROM " + t.quoted + " WHERE 1 = 0"}, func(found []column) []column { return found })
	if err != nil {
		return t, noTable(path).WithHint("%s: check the spelling and the schema, and that the account may read it", err)
	}
	for _, x := range seeing.found {
		x.quoted, x.dbFull = d.quote(x.name), x.dbType
		t.columns = append(t.columns, x)
	}
	return t, r.close()
}

func (generic) writers() int { return 4 }

// lacks knows of no rights: what is missing shows in the first write.
func (generic) lacks(context.Context, conn, string) ([]string, error) { return nil, nil }
