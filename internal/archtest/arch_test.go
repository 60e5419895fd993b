package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// source is one file that is not a test.
type source struct {
	room, file string
	imports    []string
	doc        bool
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "testdata" || nestedModule(path)) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		s, err := parse(path)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func nestedModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func parse(path string) (source, error) {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	room, err := filepath.Rel(root, filepath.Dir(path))
	s := source{room: filepath.ToSlash(room), file: path, doc: f.Doc != nil}
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return s, err
		}
		if in, ok := strings.CutPrefix(p, Module); ok {
			s.imports = append(s.imports, in)
		}
	}
	return s, err
}

func TestImports(t *testing.T) {
	for _, s := range sources(t) {
		if _, ok := rooms[s.room]; !ok {
			t.Errorf("%s: the room %q is not in the table", s.file, s.room)
			continue
		}
		for _, in := range s.imports {
			if !allowed(s.room, in) {
				t.Errorf("%s: %s must not import %s", s.file, s.room, in)
			}
		}
	}
}

func TestEveryRoomHasACard(t *testing.T) {
	carded := map[string]bool{}
	all := map[string]bool{}
	for _, s := range sources(t) {
		all[s.room] = true
		carded[s.room] = carded[s.room] || s.doc
	}
	for room := range all {
		if !carded[room] {
			t.Errorf("%s has no package comment that says what it owns", room)
		}
	}
	for room := range rooms {
		if !all[room] {
			t.Errorf("the table names %q, which does not exist", room)
		}
	}
}

// TestPartsMeetOnlyInWords is law 1: service, agent and host never import each other.
func TestPartsMeetOnlyInWords(t *testing.T) {
	parts := []string{"service", "agent", "host"}
	for _, s := range sources(t) {
		own, _, _ := strings.Cut(s.room, "/")
		if !slices.Contains(parts, own) {
			continue
		}
		for _, in := range s.imports {
			other, _, _ := strings.Cut(in, "/")
			if other != own && slices.Contains(parts, other) {
				t.Errorf("%s imports %s", s.file, in)
			}
		}
	}
}

// pure rooms decide; they open no file and no socket, read no clock and write no log (law 2).
var pure = []string{"entry", "fault", "scim", "service/expr", "service/scope", "service/match", "service/mapping", "service/plan", "host/binding"}

func TestDecidersArePure(t *testing.T) {
	banned := []string{"os", "net", "net/http", "log", "log/slog", "database/sql"}
	for _, s := range sources(t) {
		if !slices.Contains(pure, s.room) {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), s.file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if p, _ := strconv.Unquote(i.Path.Value); slices.Contains(banned, p) {
				t.Errorf("%s imports %s, but %s is pure", s.file, p, s.room)
			}
		}
		text, err := os.ReadFile(s.file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "time.Now(") {
			t.Errorf("%s reads the clock, but %s is pure", s.file, s.room)
		}
	}
}

func TestForbiddenImportIsFound(t *testing.T) {
	if allowed("entry", "fault") || allowed("service/plan", "service/cycle") || allowed("scim", "host") {
		t.Error("the table allows what the plan forbids")
	}
	if !allowed("service/plan", "service/scope") || !allowed("cmd/sallyport/wire", "host/cache") {
		t.Error("the table forbids what the plan allows")
	}
}
