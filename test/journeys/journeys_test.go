package journeys

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/sallyport-id/sallyport/host/connector/gsql"
)

type route struct{ name, dialect string }

// routes are the ways on which every story is played.
var routes = []route{
	{"inprocess", gsql.SQLite}, {"inprocess/postgres", gsql.PostgreSQL}, {"http", gsql.SQLite}, {"tunnel", gsql.SQLite},
}

func TestJourneys(t *testing.T) {
	names, err := filepath.Glob("*.txtar")
	must(t, err)
	if len(names) == 0 {
		t.Fatal("there are no stories")
	}
	for _, name := range names {
		story, err := txtar.ParseFile(name)
		must(t, err)
		t.Run(strings.TrimSuffix(name, ".txtar"), func(t *testing.T) {
			if len(strings.TrimSpace(string(story.Comment))) == 0 {
				t.Fatal("the story does not say what it shows")
			}
			some := routesOf(t, story)
			if len(some) < len(routes) {
				t.Parallel() // in process they mostly wait
			}
			for _, r := range some {
				t.Run(r.name, func(t *testing.T) {
					t.Parallel()
					tell(t, story, r.name, r.dialect)
				})
			}
		})
	}
}

// routesOf are the routes a story is played on: those its file "routes" names, else all. Most rules of the engine are the same on every
// route, so their stories are played in process.
func routesOf(t *testing.T, story *txtar.Archive) (some []route) {
	t.Helper()
	for _, f := range story.Files {
		if f.Name != "routes" {
			continue
		}
		for name := range strings.FieldsSeq(string(f.Data)) {
			i := slices.IndexFunc(routes, func(r route) bool { return r.name == name })
			if i < 0 {
				t.Fatalf("there is no route %s", name)
			}
			some = append(some, routes[i])
		}
		return some
	}
	return routes
}

// tell plays a story on a route.
func tell(t *testing.T, story *txtar.Archive, route, dialect string) {
	p := &player{t: t, files: map[string]string{}, known: map[string]string{}}
	for _, f := range story.Files {
		p.files[f.Name] = string(f.Data)
	}
	steps, err := parse(p.files["steps"])
	must(t, err)
	if len(steps) == 0 {
		t.Fatal("the story has no steps")
	}
	p.target = newTarget(t, dialect, p.files["tables.sql"])
	f := files{hostYAML: p.files["host.yaml"]}
	switch {
	case strings.HasPrefix(route, "inprocess"):
		p.site = newInside(t, p.target, f)
	default:
		p.site = newProcesses(t, p.target, f, route == "tunnel")
	}
	for _, s := range steps {
		if err := p.play(s); err != nil {
			t.Fatalf("steps:%d: %s\n%v", s.line, s.text, err)
		}
	}
}
