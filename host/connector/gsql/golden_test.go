package gsql

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

// goldenSession is a session without a connection on a layout that uses what a dialect may write: a generated key, a compound anchor,
// values in tables, a reference.
func goldenSession(url string) *session {
	t, err := parseTarget(connector.Config{Values: map[string]string{"url": url}})
	if err != nil {
		panic(err)
	}
	k, _ := newClock("", "Europe/Stockholm")
	g := t.grammar
	types := map[string][3]string{PostgreSQL: {"int8", "varchar", "timestamptz"}, SQLite: {"integer", "varchar", "datetime"}, MariaDB: {"bigint", "varchar", "datetime"},
		SQLServer: {"bigint", "nvarchar", "datetime2"}, Oracle: {"number", "varchar2", "timestamp"}}[g.facts().name]
	col := func(name string, kind connector.DataType, dbType string) column {
		full := dbType
		if strings.Contains(dbType, "char") {
			full += "(100)"
		}
		return column{name: name, quoted: g.quote(name), kind: kind, dbType: dbType, dbFull: full, wall: true}
	}
	id := col("id", connector.Integer, types[0])
	id.counter, id.filled = true, true
	users := &object{name: "User", table: g.quote("hr") + "." + g.quote("Users"), anchor: []column{id}, anchorUnique: true,
		columns: []column{id, col("login", connector.String, types[1]), col("odd name]\"`", connector.String, types[1]), col("changed", connector.DateTime, types[2])}}
	users.children = []child{{attr: "phones", table: g.quote("hr") + "." + g.quote("Phones"), owner: []column{col("owner", connector.Integer, types[0])}, value: []column{col("phone", connector.String, types[1])}}}
	site, badge := col("site", connector.String, types[1]), col("badge", connector.Integer, types[0])
	badges := &object{name: "Badge", table: g.quote("Badges"), anchor: []column{site, badge}, anchorUnique: true, columns: []column{site, badge, col("holder", connector.String, types[1])}}
	s := &session{name: "golden", objects: map[entry.Type]*object{"User": users, "Badge": badges}}
	s.layout = layout{target: t, clock: k, delta: deltaHistory, overlap: time.Minute, timeout: time.Minute,
		deltaColumns: map[entry.Type]map[string]string{"User": {"": "changed", "phones": "changed"}}, types: []typeLine{{name: "User"}, {name: "Badge"}}}
	return s
}

// script collects what a dialect writes.
type script struct {
	t *testing.T
	s *session
	strings.Builder
}

func (o *script) add(title string, q query, err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatalf("%s: %v", title, err)
	}
	text, args := o.s.grammar().native(q.text, append(q.args[:len(q.args):len(q.args)], "…"))
	if q.key != keyRowID && len(args) > len(q.args) {
		args = args[:len(q.args)]
	}
	fmt.Fprintf(o, "-- %s %v\n%s\n", title, args, text)
	if q.then != nil {
		text, _ := o.s.grammar().native(q.then.text, unbounded)
		fmt.Fprintf(o, "-- then %v\n%s\n", q.then.args, text)
	}
}

func (o *script) lines(title string, statements []string) {
	fmt.Fprintf(o, "-- %s\n%s;\n", title, strings.Join(statements, ";\n"))
}

// TestGoldenSQL compares what every operation sends with what was read and agreed on, for all dialects; those of SQL Server and
// Oracle are tested by nothing else, since no server of theirs is at hand.
func TestGoldenSQL(t *testing.T) {
	for dialect, url := range map[string]string{PostgreSQL: "postgres://u@h/d", SQLite: "sqlite:x.db", MariaDB: "mariadb://u@h/d", SQLServer: "sqlserver://u@h?database=d", Oracle: "oracle://u@h/s"} {
		t.Run(dialect, func(t *testing.T) {
			out := &script{t: t, s: goldenSession(url)}
			out.reads()
			out.writes()
			out.deltas()
			out.calls()
			compareGolden(t, filepath.Join("testdata", "golden", dialect+".sql"), out.String())
		})
	}
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *updateGolden {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("the SQL changed; if that was meant, run the test with -update and read the difference of %s", file)
	}
}

func (o *script) reads() {
	for _, t := range []entry.Type{"User", "Badge"} {
		sc := o.s.scanOf(o.s.objects[t])
		for i, q := range sc.queries() {
			o.add(fmt.Sprintf("import %s, result %d", t, i), q, nil)
		}
		key := []any{"k1", "k2"}[:len(sc.object.anchor)]
		for _, first := range []bool{true, false} {
			q := sc.page(1000, first)
			if !first {
				q.args = key
			}
			o.add(fmt.Sprintf("page of %s, first %v", t, first), q, nil)
			for _, c := range sc.object.children {
				q := sc.childPage(c, first)
				q.args = append([]any{"upto"}, key...)
				o.add("page of values", q, nil)
			}
		}
	}
	users, badges := o.s.objects["User"], o.s.objects["Badge"]
	for _, l := range []struct {
		object *object
		attr   string
		value  entry.Value
	}{{users, "id", int64(7)}, {users, "login", "o'neill"}, {users, "phones", "+46"}, {users, "changed", time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)}, {badges, anchorWord, string(connector.JoinAnchor("north", "7"))}} {
		q, err := o.s.lookupQuery(l.object, l.attr, l.value)
		o.add("look up by "+l.attr, q, err)
	}
	o.add("one row", query{text: o.s.grammar().first("SELECT 1", 1)}, nil)
}

func (o *script) writes() {
	for _, e := range []entry.Entry{
		{Type: "User", Attrs: entry.Attrs{"login": {"a"}, "odd name]\"`": {"x'); DROP TABLE t; --"}, "changed": {time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)}}},
		{Type: "User"}, {Type: "Badge", Attrs: entry.Attrs{"site": {"north"}, "badge": {int64(7)}}}, {Type: "Badge", Attrs: entry.Attrs{"site": {"north"}}},
	} {
		plan, err := o.s.planCreate(o.s.objects[e.Type], e)
		o.add(fmt.Sprintf("create %s of %d attributes", e.Type, len(e.Attrs)), plan.insert, err)
	}
	replace := func(attr string, vs ...entry.Value) entry.Edit {
		return entry.Edit{Op: entry.Replace, Attr: attr, Values: vs}
	}
	for _, c := range []struct {
		t     entry.Type
		a     connector.Anchor
		edits []entry.Edit
	}{
		{"User", "7", []entry.Edit{replace("login", "b"), replace("changed")}},
		{"User", "7", []entry.Edit{{Op: entry.Remove, Attr: "login", Values: []entry.Value{"b"}}}},
		{"Badge", connector.JoinAnchor("north", "7"), []entry.Edit{replace("badge", int64(8))}},
	} {
		u, err := o.s.planUpdate(o.s.objects[c.t], c.a, c.edits)
		if err != nil {
			o.t.Fatal(err)
		}
		q, err := u.updateQuery(u.sets)
		o.add(fmt.Sprintf("update %s %v", c.t, c.edits), q, err)
	}
	users := o.s.objects["User"]
	o.add("values, three at once", query{text: insertText(users.children[0].table, append(users.children[0].owner, users.children[0].value...), min(3, o.s.grammar().facts().maxRows)),
		args: []any{"7", "1", "7", "2", "7", "3"}[:2*min(3, o.s.grammar().facts().maxRows)]}, nil)
	p, _, err := o.s.deletePiece(o.s.objects["Badge"], connector.Export{Op: entry.Remove, Anchor: connector.JoinAnchor("north", "7")})
	o.add("delete", p.query, err)
	f := o.s.grammar().facts()
	o.lines("savepoint", []string{fmt.Sprintf(f.savepoint, mark), fmt.Sprintf(f.rollbackTo, mark)})
}

func (o *script) deltas() {
	users := o.s.objects["User"]
	w, err := o.s.watermarked(users)
	if err != nil {
		o.t.Fatal(err)
	}
	o.follow("watermark", w, users, position{At: "2026-07-01 12:00:00.5"})
	name := o.s.grammar().facts().name
	if name == SQLServer {
		o.follow("change tracking", tracking{history{object: users, grammar: o.s.grammar()}}, users, position{At: "41"})
	}
	if name == Oracle {
		if _, err := o.s.installer(users, false); err == nil {
			o.t.Error("Oracle has no history, and the installer wrote one")
		}
		return
	}
	at := position{At: "41"}
	if name == MariaDB {
		at.At = "2026-07-01 12:00:00.5"
	}
	o.follow("history", history{users, o.s.grammar(), time.Minute}, users, at)
	for _, drop := range []bool{false, true} {
		for _, t := range []entry.Type{"User", "Badge"} {
			statements, err := o.s.installer(o.s.objects[t], drop)
			if err != nil {
				o.t.Fatal(err)
			}
			o.lines(fmt.Sprintf("history of %s, dropped %v", t, drop), statements)
		}
	}
}

func (o *script) follow(title string, f follower, users *object, at position) {
	o.add(title+": position", f.stand(), nil)
	where, err := f.changed(at)
	sc := scan{object: users, grammar: o.s.grammar(), where: where}
	for i, q := range sc.queries() {
		o.add(fmt.Sprintf("%s: changed, result %d", title, i), q, err)
	}
	if e, ok := f.(tracking); ok {
		q, err := e.expired(at)
		o.add(title+": given up", q, err)
	}
	if q, err := f.gone(at); q.text != "" {
		o.add(title+": gone", q, err)
	}
	if q, err := f.count(at); q.text != "" {
		o.add(title+": count", q, err)
	}
}

func (o *script) calls() {
	params := []argument{{name: "Login", in: true, source: "login"}, {name: "Made", out: true, source: "id"}, {name: "Both", in: true, out: true, source: "changed"}}
	for _, function := range []bool{false, true} {
		if function && o.s.grammar().facts().name != PostgreSQL {
			continue
		}
		for _, ps := range [][]argument{params, nil} {
			c := procedure{path: []string{"hr", "Add User"}, params: ps, function: function}.calling(o.s.grammar())
			for _, t := range append(c.before, c.call) {
				q, err := t.query(o.s.grammar(), func(name string) (any, error) { return "<" + strings.TrimPrefix(name, "\x00") + ">", nil })
				if err != nil {
					o.t.Fatal(err)
				}
				fmt.Fprintf(o, "-- call, function %v %v\n%s\n", function, q.args, q.text)
			}
			if c.collects != "" {
				fmt.Fprintf(o, "-- then\n%s\n", c.collects)
			}
		}
	}
}
