package gsql

import (
	"context"
	"fmt"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

const (
	mysqlRelation = `SELECT table_schema, table_name FROM information_schema.tables WHERE table_name = $1 AND table_schema = CASE WHEN $2 = '' THEN DATABASE() ELSE $3 END`
	mysqlAlike    = `SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables WHERE lower(table_name) = lower($1) LIMIT 1`
	// mysqlColumns: name, type, type with length, nullable, has a default, extra words, characters, collation.
	mysqlColumns = `SELECT column_name, data_type, column_type, is_nullable, column_default IS NOT NULL AND column_default <> 'NULL', extra, character_maximum_length, collation_name
FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position`
	mysqlIndexes = `SELECT index_name, column_name, sub_part FROM information_schema.statistics
WHERE table_schema = $1 AND table_name = $2 AND non_unique = 0 ORDER BY index_name, seq_in_index`
	mysqlForeign = `SELECT k.column_name, k.referenced_table_schema, k.referenced_table_name, k.referenced_column_name FROM information_schema.key_column_usage k
WHERE k.table_schema = $1 AND k.table_name = $2 AND k.referenced_table_name IS NOT NULL AND 1 =
(SELECT count(*) FROM information_schema.key_column_usage x WHERE x.constraint_schema = k.constraint_schema AND x.table_name = k.table_name AND x.constraint_name = k.constraint_name)`
)

func (d mysql) table(ctx context.Context, c conn, path []string) (table, error) {
	var t table
	where, err := d.find(ctx, c, path)
	if err != nil {
		return t, err
	}
	t.quoted = d.quote(text(where[0])) + "." + d.quote(text(where[1]))
	found, err := all(ctx, c, query{text: mysqlColumns, args: where, out: []column{asText, asText, asText, asText, asNumber, asText, asNumber, asText}})
	if err != nil {
		return t, err
	}
	for _, row := range found {
		t.columns = append(t.columns, d.column(row))
	}
	if err := d.indexes(ctx, c, where, &t); err != nil {
		return t, err
	}
	found, err = all(ctx, c, query{text: mysqlForeign, args: where, out: []column{asText, asText, asText, asText}})
	t.foreign = map[string]foreignKey{}
	for _, row := range found {
		t.foreign[text(row[0])] = foreignKey{table: d.quote(text(row[1])) + "." + d.quote(text(row[2])), column: text(row[3])}
	}
	return t, err
}

// find returns schema and name as the catalogue spells them.
func (d mysql) find(ctx context.Context, c conn, path []string) ([]any, error) {
	name, schema := path[len(path)-1], ""
	if len(path) > 1 {
		schema = path[len(path)-2]
	}
	found, err := all(ctx, c, query{text: mysqlRelation, args: []any{name, schema, schema}, out: []column{asText, asText}})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || len(path) > 2 {
		f := noTable(path)
		if found, err := all(ctx, c, query{text: mysqlAlike, args: []any{name}, out: []column{asText}}); err == nil && len(found) == 1 {
			return nil, f.WithHint("names are used exactly as typed: did you mean %s?", text(found[0][0]))
		}
		return nil, f.WithHint("check the spelling and the database, and that the account has a right on the table")
	}
	return []any{text(found[0][0]), text(found[0][1])}, nil
}

func (d mysql) column(row []entry.Value) column {
	c := column{name: text(row[0]), quoted: d.quote(text(row[0])), dbType: strings.ToLower(text(row[1])), dbFull: text(row[2])}
	extra := strings.ToLower(text(row[5]))
	notNull, filled := text(row[3]) == "NO", row[4] != int64(0)
	if row[4] == nil {
		filled = false
	}
	c.kind = mysqlKind(c.dbType, strings.ToLower(c.dbFull))
	c.counter = strings.Contains(extra, "auto_increment")
	c.readOnly = strings.Contains(extra, "generated") && !strings.Contains(extra, "default_generated")
	c.filled = filled || c.counter || c.readOnly || strings.Contains(extra, "default_generated")
	c.nullable = !notNull
	c.required = notNull && !c.filled
	c.caseExact = row[7] == nil || !strings.HasSuffix(text(row[7]), "_ci")
	if n, ok := row[6].(int64); ok && n < 1<<30 {
		c.length = int(n)
	}
	if c.dbType == "float" { // as a text it would have six digits
		c.single, c.reads = true, "(%s + 0e0)"
	}
	if c.dbType == "bit" && c.kind == connector.Integer || c.dbType == "inet6" {
		c.dbFull = text(row[2])
	}
	return c
}

// mysqlKind maps a type. A number that neither int64 nor float64 holds exactly stays text.
func mysqlKind(name, full string) connector.DataType {
	switch name {
	case "tinyint":
		if strings.HasPrefix(full, "tinyint(1)") {
			return connector.Boolean
		}
		return connector.Integer
	case "bit":
		if full == "bit(1)" {
			return connector.Boolean
		}
		return connector.Integer
	case "bigint":
		if strings.Contains(full, "unsigned") {
			return connector.String
		}
		return connector.Integer
	case "smallint", "mediumint", "int", "year":
		return connector.Integer
	case "float", "double":
		return connector.Decimal
	case "date", "datetime", "timestamp":
		return connector.DateTime
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		return connector.Binary
	case "decimal":
		return decimalKind(full, "decimal(%d,%d)")
	}
	return connector.String
}

// decimalKind chooses by precision and scale.
func decimalKind(full, form string) connector.DataType {
	var precision, scale int
	if n, _ := fmt.Sscanf(full, form, &precision, &scale); n == 2 {
		if scale == 0 && precision <= 18 {
			return connector.Integer
		}
		if scale > 0 && precision <= 15 {
			return connector.Decimal
		}
	}
	return connector.String
}

func (mysql) indexes(ctx context.Context, c conn, where []any, t *table) error {
	found, err := all(ctx, c, query{text: mysqlIndexes, args: where, out: []column{asText, asText, asNumber}})
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
		name := "\x00expression" // no column has this name
		if row[1] != nil && row[2] == nil {
			name = text(row[1])
		}
		t.unique[n] = append(t.unique[n], name)
		if last == "PRIMARY" {
			t.primary = t.unique[n]
		}
	}
	t.markUnique()
	return nil
}
