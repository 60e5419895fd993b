package cli

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport-id/sallyport/cmd/sallyport/wire"
	"github.com/sallyport-id/sallyport/docs/docsgen"
	"github.com/sallyport-id/sallyport/internal/atomicfile"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/expr"
)

var update = flag.Bool("update", false, "write docs/reference anew")

const docs = "../../../docs"

// The pages of docs/reference say what the program says. After a change:
//
//	go test ./cmd/sallyport/cli -run TestReferencePages -update
func TestReferencePages(t *testing.T) {
	t.Setenv("SALLYPORT_PROFILE", "") // it is a flag's default
	machine := map[string]string{
		"data": "for root on Linux a folder in `/var/lib/sallyport`, else one in the user's configuration folder",
	}
	pages := map[string]string{
		"commands.md":  docsgen.Commands(Root(&env{}), machine),
		"functions.md": docsgen.Functions(expr.Functions()),
		"operators.md": docsgen.Operators(app.Operators()),
	}
	maps.Copy(pages, docsgen.Connectors(wire.Drivers()))
	for name, want := range pages {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(docs, "reference", name)
			if *update {
				if err := atomicfile.Write(path, []byte(want), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			have, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(have) != want {
				t.Errorf("docs/reference/%s is stale; run: go test ./cmd/sallyport/cli -run TestReferencePages -update", name)
			}
		})
	}
}
