package gsql

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

// relation finds a table by name as typed. Parameters: name, schema or ”.
const relation = `SELECT c.oid::text, n.nspname::text, c.relname::text FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname::text = $1 AND c.relkind IN ('r','p','v','m','f')
AND CASE WHEN $2::text = '' THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname::text = $2::text END`

// alike finds a table whose name differs in case only.
const alike = `SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE lower(c.relname::text) = lower($1::text) AND c.relkind IN ('r','p','v','m','f') LIMIT 1`

// attributesOf lists columns: name, type, type with length, NOT NULL, filled in by itself, refuses a value, deterministic collation.
const attributesOf = `SELECT a.attname::text, coalesce(b.typname, t.typname)::text, pg_catalog.format_type(coalesce(b.oid, t.oid), CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END),
a.attnotnull OR t.typnotnull, a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL, a.attidentity = 'a' OR a.attgenerated <> '', coalesce(l.collisdeterministic, true)
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`

// uniqueIndexes lists unique indexes over whole columns: index, primary, column; in the order of the columns.
const uniqueIndexes = `SELECT i.indexrelid::text, i.indisprimary, a.attname::text FROM pg_catalog.pg_index i
CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, ord)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = $1::oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND k.ord <= i.indnkeyatts
ORDER BY i.indexrelid, k.ord`

// foreignKeysOf lists foreign keys of one column: column, schema, table and column pointed to.
const foreignKeysOf = `SELECT a.attname::text, n.nspname::text, c.relname::text, f.attname::text FROM pg_catalog.pg_constraint x
JOIN pg_catalog.pg_attribute a ON a.attrelid = x.conrelid AND a.attnum = x.conkey[1]
JOIN pg_catalog.pg_class c ON c.oid = x.confrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute f ON f.attrelid = x.confrelid AND f.attnum = x.confkey[1]
WHERE x.contype = 'f' AND x.conrelid = $1::oid AND array_length(x.conkey, 1) = 1`

var (
	asText = column{name: "text", kind: connector.String, dbType: "text"}
	asBool = column{name: "bool", kind: connector.Boolean, dbType: "bool"}
)

func (d postgres) table(ctx context.Context, c conn, path []string) (table, error) {
	var t table
	oid, err := d.find(ctx, c, path, &t)
	if err != nil {
		return t, err
	}
	found, err := all(ctx, c, query{text: attributesOf, args: []any{oid}, out: []column{asText, asText, asText, asBool, asBool, asBool, asBool}})
	if err != nil {
		return t, err
	}
	for _, row := range found {
		t.columns = append(t.columns, d.column(row))
	}
	if err := d.indexes(ctx, c, oid, &t); err != nil {
		return t, err
	}
	found, err = all(ctx, c, query{text: foreignKeysOf, args: []any{oid}, out: []column{asText, asText, asText, asText}})
	t.foreign = map[string]foreignKey{}
	for _, row := range found {
		t.foreign[text(row[0])] = foreignKey{table: d.quote(text(row[1])) + "." + d.quote(text(row[2])), column: text(row[3])}
	}
	return t, err
}

// find resolves the name and returns the table's object id.
func (d postgres) find(ctx context.Context, c conn, path []string, t *table) (string, error) {
	name, schema := path[len(path)-1], ""
	if len(path) > 1 {
		schema = path[len(path)-2]
	}
	found, err := all(ctx, c, query{text: relation, args: []any{name, schema}, out: []column{asText, asText, asText}})
	if err != nil {
		return "", err
	}
	if len(found) == 0 || len(path) > 3 {
		return "", d.unknown(ctx, c, path)
	}
	t.quoted = d.quote(text(found[0][1])) + "." + d.quote(text(found[0][2]))
	return text(found[0][0]), nil
}

func (postgres) unknown(ctx context.Context, c conn, path []string) error {
	f := noTable(path)
	found, err := all(ctx, c, query{text: alike, args: []any{path[len(path)-1]}, out: []column{asText}})
	if err == nil && len(found) == 1 {
		return f.WithHint("names are used exactly as typed: did you mean %s?", text(found[0][0]))
	}
	return f.WithHint("check the spelling and the schema, and that the account has USAGE on it")
}

// declaredLength reads the 5 of "character varying(5)"; 0 for what is unlimited.
func declaredLength(dbType, dbFull string) int {
	if dbType != "varchar" && dbType != "bpchar" {
		return 0
	}
	_, rest, _ := strings.Cut(dbFull, "(")
	n, _ := strconv.Atoi(strings.TrimRight(rest, ")"))
	return n
}

func (d postgres) column(row []entry.Value) column {
	c := column{name: text(row[0]), quoted: d.quote(text(row[0])), dbType: text(row[1]), dbFull: text(row[2]), caseExact: true}
	notNull, filled, computed, deterministic := row[3] == true, row[4] == true, row[5] == true, row[6] == true
	c.kind = postgresKind(c.dbType, text(row[2]))
	c.length = declaredLength(c.dbType, c.dbFull)
	c.nullable = !notNull
	c.readOnly = computed
	c.filled = filled || computed
	c.required = notNull && !filled && !computed
	c.single = c.dbType == "float4"
	c.caseExact = deterministic && c.dbType != "citext"
	return c
}

// postgresKind maps a type. A number that neither int64 nor float64 holds exactly stays text.
func postgresKind(name, full string) connector.DataType {
	switch name {
	case "int2", "int4", "int8":
		return connector.Integer
	case "float4", "float8":
		return connector.Decimal
	case "bool":
		return connector.Boolean
	case "bytea":
		return connector.Binary
	case "timestamptz", "timestamp", "date":
		return connector.DateTime
	case "numeric":
		var precision, scale int
		if n, _ := fmt.Sscanf(full, "numeric(%d,%d)", &precision, &scale); n == 2 {
			if scale == 0 && precision <= 18 {
				return connector.Integer
			}
			if scale > 0 && precision <= 15 {
				return connector.Decimal
			}
		}
	}
	return connector.String
}

func (postgres) indexes(ctx context.Context, c conn, oid string, t *table) error {
	found, err := all(ctx, c, query{text: uniqueIndexes, args: []any{oid}, out: []column{asText, asBool, asText}})
	if err != nil {
		return err
	}
	last := ""
	for _, row := range found {
		if id := text(row[0]); id != last {
			t.unique = append(t.unique, nil)
			last = id
		}
		n := len(t.unique) - 1
		t.unique[n] = append(t.unique[n], text(row[2]))
		if row[1] == true {
			t.primary = t.unique[n]
		}
	}
	t.markUnique()
	return nil
}

// markUnique notes on the columns which have a unique index of their own.
func (t *table) markUnique() {
	for _, u := range t.unique {
		for i := range t.columns {
			if len(u) == 1 && t.columns[i].name == u[0] {
				t.columns[i].unique = true
			}
		}
	}
}
