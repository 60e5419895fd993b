package storage

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// statements reads every constant of type Query out of the package's source. It fails when a Query is made in any other way,
// or handed to the database as anything but the name of a constant.
func statements(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	files := sources(t)
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "Query" {
				return true
			}
			lit, ok := spec.Values[0].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s is not a plain text", spec.Names[0].Name)
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			found[spec.Names[0].Name] = strings.Join(strings.Fields(text), " ")
			return true
		})
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool { checkUse(t, found, n); return true })
	}
	return found
}

func sources(t *testing.T) (files []*ast.File) {
	t.Helper()
	pkgs, err := parser.ParseDir( //nolint:staticcheck // no build tags here
		token.NewFileSet(), ".", func(i fs.FileInfo) bool { return !strings.HasSuffix(i.Name(), "_test.go") }, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pkgs {
		for _, f := range p.Files {
			files = append(files, f)
		}
	}
	return files
}

// checkUse looks at calls and conversions: texts must not become queries on the way.
func checkUse(t *testing.T, known map[string]string, n ast.Node) {
	t.Helper()
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return
	}
	if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "Query" {
		t.Error("a Query is made by conversion; make it a constant")
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 {
		return
	}
	switch sel.Sel.Name {
	case "exec", "each", "one", "page", "rows", "Exec", "Rows":
		switch arg := call.Args[0].(type) {
		case *ast.Ident: // a constant, or a variable of type Query that holds one
		default:
			t.Errorf("%s is called with %T instead of a constant", sel.Sel.Name, arg)
		}
	}
}

var (
	tableName = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|INTO|UPDATE) ([a-z_]+)`)
	bound     = regexp.MustCompile(`\btenant = \$1\b`)
	inserted  = regexp.MustCompile(`^INSERT INTO [a-z_]+ \(tenant, [^)]*\) (?:VALUES \(\$1[,)]|SELECT tenant, )`) // what is selected is bound by its own condition
)

// TestEveryStatementBindsTheTenant counts the tables a statement touches and the conditions that bind the tenant to $1.
func TestEveryStatementBindsTheTenant(t *testing.T) {
	found := statements(t)
	if len(found) < 50 {
		t.Fatalf("found %d statements only; does the test still read the source?", len(found))
	}
	for name, q := range found {
		if why := unbound(q); why != "" {
			t.Errorf("%s %s:\n%s", name, why, q)
		}
	}
}

// unbound says why a statement could touch another tenant's rows, "" when it cannot.
func unbound(q string) string {
	if strings.Contains(q, "--") || strings.Contains(q, ";") {
		return "is more than one statement"
	}
	if m := regexp.MustCompile(`\$1\b`).FindAllString(q, -1); len(m) == 0 {
		return "does not use $1"
	}
	insert := inserted.MatchString(q)
	tables := 0
	for _, m := range tableName.FindAllStringSubmatch(q, -1) {
		if m[1] != "SET" { // ON CONFLICT … DO UPDATE SET
			tables++
		}
	}
	binds := len(bound.FindAllString(q, -1))
	if insert {
		binds++
		if strings.Contains(q, "ON CONFLICT") && !strings.Contains(q, "ON CONFLICT (tenant") {
			return "resolves a conflict by a key without the tenant"
		}
	}
	switch {
	case tables == 0:
		return "touches no table"
	case binds < tables:
		return "binds the tenant for fewer tables than it touches"
	case strings.Contains(q, " tenant <>") || strings.Contains(q, "SET tenant"):
		return "plays with the tenant"
	}
	return ""
}

func TestUnboundSeesThrough(t *testing.T) {
	for q, ok := range map[string]bool{
		`SELECT a FROM t WHERE tenant = $1 AND b = $2`:                                                true,
		`SELECT a FROM t WHERE b = $1`:                                                                false,
		`SELECT a FROM t WHERE tenant = $2 AND b = $1`:                                                false,
		`DELETE FROM t WHERE tenant = $1 AND id IN (SELECT id FROM t WHERE at < $2)`:                  false,
		`INSERT INTO t (tenant, a) VALUES ($1, $2)`:                                                   true,
		`INSERT INTO t (a, tenant) VALUES ($1, $2)`:                                                   false,
		`INSERT INTO t (tenant, a) VALUES ($2, $1)`:                                                   false,
		`INSERT INTO t (tenant, a) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET a = excluded.a`:      false,
		`INSERT INTO t (tenant, a) VALUES ($1, $2) ON CONFLICT (tenant) DO UPDATE SET a = excluded.a`: true,
		`UPDATE t SET a = $2 WHERE tenant = $1`:                                                       true,
		`UPDATE t SET a = $1`:                                                                         false,
		`SELECT a FROM t JOIN u ON t.id = u.id WHERE t.tenant = $1`:                                   false,
		`SELECT a FROM t JOIN u ON t.id = u.id WHERE t.tenant = $1 AND u.tenant = $1`:                 true,
		`SELECT a FROM t WHERE tenant = $1; DELETE FROM t`:                                            false,
		`UPDATE t SET tenant = $2 WHERE tenant = $1`:                                                  false,
		`SELECT a FROM t WHERE tenant = $10`:                                                          false,
	} {
		if got := unbound(q) == ""; got != ok {
			t.Errorf("%s: got %v (%s)", q, got, unbound(q))
		}
	}
}

// TestEveryTableHasTheTenantFirst reads the migrations.
func TestEveryTableHasTheTenantFirst(t *testing.T) {
	create := regexp.MustCompile(`(?s)CREATE TABLE ([a-z_]+) \((.*?)\n\);`)
	index := regexp.MustCompile(`CREATE (?:UNIQUE )?INDEX [a-z_]+ ON [a-z_]+ \(([a-z_]+)`)
	key := regexp.MustCompile(`PRIMARY KEY \(([a-z_]+)`)
	tables := 0
	err := fs.WalkDir(Migrations(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(Migrations(), path)
		if err != nil {
			return err
		}
		for _, m := range create.FindAllStringSubmatch(string(text), -1) {
			tables++
			if first := strings.Fields(m[2]); first[0] != "tenant" {
				t.Errorf("table %s begins with %s", m[1], first[0])
			}
			if k := key.FindStringSubmatch(m[2]); k != nil && k[1] != "tenant" {
				t.Errorf("the key of table %s begins with %s", m[1], k[1])
			}
		}
		for _, m := range index.FindAllStringSubmatch(string(text), -1) {
			if m[1] != "tenant" {
				t.Errorf("an index begins with %s: %s", m[1], m[0])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if tables < 10 {
		t.Fatalf("found %d tables only", tables)
	}
}
