package gsql

import (
	"context"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

const (
	liteRelation = `SELECT name FROM sqlite_schema WHERE type IN ('table','view') AND name = $1 COLLATE NOCASE`
	// liteColumns: name, declared type, NOT NULL, has a default, place in the primary key, hidden (2 and 3 are generated).
	liteColumns     = `SELECT name, type, "notnull", dflt_value IS NOT NULL, pk, hidden FROM pragma_table_xinfo($1) WHERE hidden <> 1 ORDER BY cid`
	liteIndexes     = `SELECT l.name, i.name FROM pragma_index_list($1) l JOIN pragma_index_xinfo(l.name) i WHERE l."unique" AND NOT l.partial AND i.key ORDER BY l.seq, i.seqno`
	liteForeignKeys = `SELECT f."from", f."table", coalesce(f."to", (SELECT name FROM pragma_table_info(f."table") WHERE pk = 1)) FROM pragma_foreign_key_list($1) f
WHERE (SELECT count(*) FROM pragma_foreign_key_list($2) g WHERE g.id = f.id) = 1`
)

var asNumber = column{name: "number", kind: connector.Integer, dbType: "integer"}

func (d sqlite) table(ctx context.Context, c conn, path []string) (table, error) {
	var t table
	name := path[len(path)-1]
	if len(path) > 2 || len(path) == 2 && path[0] != "main" {
		return t, noTable(path).WithHint("SQLite has no schemas: write the table's name alone")
	}
	found, err := all(ctx, c, query{text: liteRelation, args: []any{name}, out: []column{asText}})
	if err != nil {
		return t, err
	}
	if len(found) == 0 {
		return t, noTable(path).WithHint("check the spelling and the file")
	}
	name = text(found[0][0])
	t.quoted = d.quote(name)
	found, err = all(ctx, c, query{text: liteColumns, args: []any{name}, out: []column{asText, asText, asNumber, asNumber, asNumber, asNumber}})
	if err != nil {
		return t, err
	}
	t.describe(found)
	if err := d.indexes(ctx, c, name, &t); err != nil {
		return t, err
	}
	if err := d.foreign(ctx, c, name, &t); err != nil {
		return t, err
	}
	return t, d.collations(ctx, c, &t)
}

func noTable(path []string) *fault.Error {
	name := strings.Join(path, ".")
	return fault.New(fault.Invalid, "read the database's schema", "there is no table or view %s", name).About(name)
}

// describe makes columns of the rows of liteColumns.
func (t *table) describe(found [][]entry.Value) {
	keys := map[int64]string{}
	for _, row := range found {
		declared := text(row[1])
		c := column{name: text(row[0]), quoted: sqlite{}.quote(text(row[0])), dbType: baseType(declared), dbFull: declared, caseExact: true}
		c.kind = liteKind(c.dbType)
		if c.kind == connector.DateTime {
			c.reads = "+%s" // hides the declared type from the client library, which acts on it
		}
		notNull, filled, pk, computed := row[2] != int64(0), row[3] != int64(0), row[4].(int64), row[5] != int64(0)
		c.readOnly = computed
		c.filled = filled || computed
		c.nullable = !notNull
		c.required = notNull && !filled && !computed
		if pk > 0 {
			keys[pk] = c.name
		}
		t.columns = append(t.columns, c)
	}
	for i := range int64(len(keys)) {
		t.primary = append(t.primary, keys[i+1])
	}
	if len(t.primary) == 0 {
		return
	}
	t.unique = append(t.unique, t.primary)
	if c := t.pointer(t.primary[0]); len(t.primary) == 1 && c.dbType == "integer" {
		c.required, c.nullable, c.filled = false, false, true // another name for the row's number, made by SQLite
	}
}

func (t *table) pointer(name string) *column {
	for i := range t.columns {
		if t.columns[i].name == name {
			return &t.columns[i]
		}
	}
	return &column{}
}

// baseType is the declared type in lower case, without its length.
func baseType(declared string) string {
	base, _, _ := strings.Cut(declared, "(")
	return strings.ToLower(strings.TrimSpace(base))
}

// liteKind goes by the words that SQLite's own affinity rules and common usage know.
func liteKind(t string) connector.DataType {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(t, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("char", "text", "clob", "json", "uuid", "guid", "unique"):
		return connector.String
	case has("bool") || t == "bit":
		return connector.Boolean
	case has("date", "timestamp"):
		return connector.DateTime
	case has("int"):
		return connector.Integer
	case has("blob", "binary"):
		return connector.Binary
	case has("real", "floa", "doub", "dec", "numeric"):
		return connector.Decimal
	}
	return connector.String
}

func (sqlite) indexes(ctx context.Context, c conn, name string, t *table) error {
	found, err := all(ctx, c, query{text: liteIndexes, args: []any{name}, out: []column{asText, asText}})
	if err != nil {
		return err
	}
	last := ""
	for _, row := range found {
		if index := text(row[0]); index != last {
			t.unique = append(t.unique, nil)
			last = index
		}
		n := len(t.unique) - 1
		if row[1] == nil {
			t.unique[n] = append(t.unique[n], "\x00expression") // no column has this name
			continue
		}
		t.unique[n] = append(t.unique[n], text(row[1]))
	}
	t.markUnique()
	return nil
}

func (d sqlite) foreign(ctx context.Context, c conn, name string, t *table) error {
	found, err := all(ctx, c, query{text: liteForeignKeys, args: []any{name, name}, out: []column{asText, asText, asText}})
	t.foreign = map[string]foreignKey{}
	for _, row := range found {
		if row[2] != nil {
			t.foreign[text(row[0])] = foreignKey{table: d.quote(text(row[1])), column: text(row[2])}
		}
	}
	return err
}

// collations asks how each text column compares: the compound's first part lends its collation to the comparison.
func (sqlite) collations(ctx context.Context, c conn, t *table) error {
	for i := range t.columns {
		col := &t.columns[i]
		if col.kind != connector.String {
			continue
		}
		q := query{text: "SELECT c = 'a' FROM (SELECT " + col.quoted + " AS c FROM " + t.quoted + " WHERE 0 UNION ALL SELECT 'A') LIMIT 1", out: []column{asNumber}}
		found, err := all(ctx, c, q)
		if err != nil {
			return err
		}
		col.caseExact = len(found) != 1 || found[0][0] != int64(1)
	}
	return nil
}
