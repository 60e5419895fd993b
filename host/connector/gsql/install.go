package gsql

import (
	"context"
	"fmt"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// DeltaScript returns the SQL that makes, or takes away, the history tables and triggers of delta: history for the configured types,
// one statement each, to be read and then run by the tables' owner. The connector's account needs SELECT on the history tables
// only. fault.Unsupported for Oracle, and for types without a table.
func DeltaScript(ctx context.Context, config connector.Config, drop bool) ([]string, error) {
	s, err := openSession(ctx, config)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var out []string
	for _, t := range s.layout.types {
		statements, err := s.installer(s.objects[t.name], drop)
		if err != nil {
			return nil, err
		}
		out = append(out, statements...)
	}
	return out, nil
}

// RunScript runs statements one after the other with the configured account. It stops at the first that fails, and names it.
func RunScript(ctx context.Context, config connector.Config, statements []string) error {
	s, err := openSession(ctx, config)
	if err != nil {
		return err
	}
	defer s.Close()
	for _, text := range statements {
		err := s.write(ctx, "run "+strings.TrimSpace(strings.SplitN(text, "\n", 2)[0]), func(ctx context.Context, c conn) error {
			_, err := c.exec(ctx, query{text: text, ready: true})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func openSession(ctx context.Context, config connector.Config) (*session, error) {
	opened, err := Driver{}.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	return opened.(*session), nil
}

func (s *session) installer(o *object, drop bool) ([]string, error) {
	if o.table == "" {
		return nil, fault.New(fault.Unsupported, "write the triggers", "%s has no table", o.name).About(string(o.name)).
			WithHint("triggers are made on tables; use the sections [%s delta] and [%s watermark] instead", o.name, o.name)
	}
	in := installer{history{object: o, grammar: s.grammar()}}
	write := map[string]func(bool) []string{PostgreSQL: in.postgres, MariaDB: in.mariadb, SQLite: in.sqlite, SQLServer: in.sqlserver}[s.grammar().facts().name]
	if write == nil {
		return nil, fault.New(fault.Unsupported, "write the triggers", "there is no history for this database").
			WithHint("use delta: watermark")
	}
	return write(drop), nil
}

// installer writes a type's history table and the triggers that fill it: pure text.
type installer struct{ history }

// watched is a table whose changes are changes of the type: its own, and those of its values.
type watched struct {
	table string
	keys  []column // the anchor, as this table has it
}

func (in installer) watched() []watched {
	out := []watched{{in.object.table, in.object.anchor}}
	for _, c := range in.object.children {
		if c.table != "" {
			out = append(out, watched{c.table, c.owner[:len(in.object.anchor)]})
		}
	}
	return out
}

// declared lists the history's columns for the anchor with their types.
func (in installer) declared() string {
	var b strings.Builder
	for _, k := range in.keys() {
		full := k.dbFull
		if full == "" {
			full = k.dbType
		}
		fmt.Fprintf(&b, ",\n\t%s %s NULL", k.quoted, full)
	}
	return b.String()
}

// values lists a row's anchor: OLD."a", OLD."b".
func values(row string, keys []column) string { return list(row+".", keys) }

// named makes the name of a trigger, beside its table.
func (in installer) named(table string, n int, suffix string) (bare, path string) {
	bare = in.quote(fmt.Sprintf("sallyport_%s_%d%s", in.object.name, n, suffix))
	return bare, table[:schemaEnd(table)] + bare
}

// postgres: the functions run with their owner's rights, so that the applications that write need none on the history.
func (in installer) postgres(drop bool) []string {
	h := in.table()
	if drop {
		var out []string
		for n, w := range in.watched() {
			trigger, path := in.named(w.table, n, "")
			out = append(out, "DROP TRIGGER IF EXISTS "+trigger+" ON "+w.table, "DROP TRIGGER IF EXISTS "+in.quote(fmt.Sprintf("sallyport_%s_%d_all", in.object.name, n))+" ON "+w.table,
				"DROP FUNCTION IF EXISTS "+path+"()")
		}
		return append(out, "DROP TABLE IF EXISTS "+h)
	}
	out := []string{
		"CREATE TABLE IF NOT EXISTS " + h + " (\n\tseq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n\ttx xid8 NOT NULL DEFAULT pg_current_xact_id(),\n\tat timestamptz NOT NULL DEFAULT now(),\n\tepoch text" +
			in.declared() + "\n)",
		"CREATE INDEX IF NOT EXISTS " + in.quote("sallyport_"+string(in.object.name)+"_tx") + " ON " + h + " (tx)",
		"INSERT INTO " + h + " (epoch) SELECT gen_random_uuid()::text WHERE NOT EXISTS (SELECT 1 FROM " + h + " WHERE epoch IS NOT NULL)",
	}
	into := "INSERT INTO " + h + " (" + list("", in.keys()) + ") VALUES "
	for n, w := range in.watched() {
		trigger, path := in.named(w.table, n, "")
		out = append(out, "CREATE OR REPLACE FUNCTION "+path+"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $sallyport$\nBEGIN\n"+
			"\tIF TG_OP = 'TRUNCATE' THEN\n\t\tUPDATE "+h+" SET epoch = gen_random_uuid()::text WHERE epoch IS NOT NULL;\n\tEND IF;\n"+
			"\tIF TG_OP IN ('UPDATE', 'DELETE') THEN\n\t\t"+into+"("+values("OLD", w.keys)+");\n\tEND IF;\n"+
			"\tIF TG_OP = 'INSERT' THEN\n\t\t"+into+"("+values("NEW", w.keys)+");\n\tEND IF;\n"+
			"\tIF TG_OP = 'UPDATE' THEN\n\t\tIF ("+values("NEW", w.keys)+") IS DISTINCT FROM ("+values("OLD", w.keys)+") THEN\n\t\t\t"+into+"("+values("NEW", w.keys)+");\n\t\tEND IF;\n\tEND IF;\n"+
			"\tPERFORM pg_notify("+literal(notifyChannel, false)+", "+literal(h, false)+");\n\tRETURN NULL;\nEND\n$sallyport$",
			"CREATE OR REPLACE TRIGGER "+trigger+" AFTER INSERT OR UPDATE OR DELETE ON "+w.table+" FOR EACH ROW EXECUTE FUNCTION "+path+"()",
			"CREATE OR REPLACE TRIGGER "+in.quote(fmt.Sprintf("sallyport_%s_%d_all", in.object.name, n))+" AFTER TRUNCATE ON "+w.table+" FOR EACH STATEMENT EXECUTE FUNCTION "+path+"()")
	}
	return out
}

var verbs = []string{"INSERT", "UPDATE", "DELETE"}

// mariadb: a foreign key that cascades fires no triggers there; the object it starts from is told.
func (in installer) mariadb(drop bool) []string {
	h := in.table()
	var out []string
	if !drop {
		out = []string{
			"CREATE TABLE IF NOT EXISTS " + h + " (\n\t`seq` bigint AUTO_INCREMENT PRIMARY KEY,\n\t`at` datetime(6) NOT NULL,\n\t`epoch` varchar(36)" + in.declared() + ",\n\tINDEX (`at`)\n)",
			"INSERT INTO " + h + " (`at`, `epoch`) SELECT '1970-01-01', uuid() FROM (SELECT 1) x WHERE NOT EXISTS (SELECT 1 FROM " + h + " y)",
		}
	}
	into := "INSERT INTO " + h + " (`at`, " + list("", in.keys()) + ") "
	for n, w := range in.watched() {
		for _, verb := range verbs {
			_, path := in.named(w.table, n, "_"+strings.ToLower(verb))
			out = append(out, "DROP TRIGGER IF EXISTS "+path)
			if drop {
				continue
			}
			row := map[string]string{"INSERT": "NEW"}[verb]
			if row == "" {
				row = "OLD"
			}
			body := "\t" + into + "VALUES (utc_timestamp(6), " + values(row, w.keys) + ");\n"
			if verb == "UPDATE" {
				body += "\tIF NOT (" + pairwise("NEW", "<=>", "OLD", w.keys) + ") THEN\n\t\t" + into + "VALUES (utc_timestamp(6), " + values("NEW", w.keys) + ");\n\tEND IF;\n"
			}
			out = append(out, "CREATE TRIGGER "+path+" AFTER "+verb+" ON "+w.table+" FOR EACH ROW\nBEGIN\n"+body+"END")
		}
	}
	if drop {
		out = append(out, "DROP TABLE IF EXISTS "+h)
	}
	return out
}

func pairwise(a, operator, b string, keys []column) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = a + "." + k.quoted + " " + operator + " " + b + "." + k.quoted
	}
	return strings.Join(parts, " AND ")
}

func (in installer) sqlite(drop bool) []string {
	h := in.table()
	var out []string
	if !drop {
		out = []string{
			"CREATE TABLE IF NOT EXISTS " + h + " (\n\tseq integer PRIMARY KEY AUTOINCREMENT,\n\tat text NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),\n\tepoch text" + in.declared() + "\n)",
			"INSERT INTO " + h + " (epoch) SELECT lower(hex(randomblob(16))) WHERE NOT EXISTS (SELECT 1 FROM " + h + ")",
		}
	}
	into := "INSERT INTO " + h + " (" + list("", in.keys()) + ") "
	for n, w := range in.watched() {
		for _, verb := range verbs {
			trigger, _ := in.named(w.table, n, "_"+strings.ToLower(verb))
			out = append(out, "DROP TRIGGER IF EXISTS "+trigger)
			if drop {
				continue
			}
			row := map[bool]string{true: "NEW", false: "OLD"}[verb == "INSERT"]
			body := "\t" + into + "VALUES (" + values(row, w.keys) + ");\n"
			if verb == "UPDATE" {
				body += "\t" + into + "SELECT " + values("NEW", w.keys) + " WHERE NOT (" + pairwise("NEW", "IS", "OLD", w.keys) + ");\n"
			}
			out = append(out, "CREATE TRIGGER "+trigger+" AFTER "+verb+" ON "+w.table+" BEGIN\n"+body+"END")
		}
	}
	if drop {
		out = append(out, "DROP TABLE IF EXISTS "+h)
	}
	return out
}

func (in installer) sqlserver(drop bool) []string {
	h := in.table()
	var out []string
	if !drop {
		out = []string{
			"IF OBJECT_ID(N" + literal(h, false) + ") IS NULL CREATE TABLE " + h + " (\n\t[seq] bigint IDENTITY PRIMARY KEY,\n\t[rv] rowversion,\n\t[at] datetime2 NOT NULL DEFAULT SYSUTCDATETIME(),\n\t[epoch] varchar(36) NULL" + in.declared() + ",\n\tINDEX [by_rv] ([rv])\n)",
			"INSERT INTO " + h + " ([epoch]) SELECT CONVERT(varchar(36), NEWID()) WHERE NOT EXISTS (SELECT 1 FROM " + h + ")",
		}
	}
	for n, w := range in.watched() {
		_, path := in.named(w.table, n, "")
		if drop {
			out = append(out, "DROP TRIGGER IF EXISTS "+path)
			continue
		}
		out = append(out, "CREATE OR ALTER TRIGGER "+path+" ON "+w.table+" AFTER INSERT, UPDATE, DELETE AS\nBEGIN\n\tSET NOCOUNT ON;\n\tINSERT INTO "+h+" ("+list("", in.keys())+")\n\tSELECT "+
			list("", w.keys)+" FROM inserted UNION SELECT "+list("", w.keys)+" FROM deleted;\nEND")
	}
	if drop {
		out = append(out, "DROP TABLE IF EXISTS "+h)
	}
	return out
}
