package graphapi_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestEveryCheckHasATest holds the names of tests against the acceptance checks W01 to W44. W41 is played by hand: its client is a
// program of its own kind.
func TestEveryCheckHasATest(t *testing.T) {
	named := regexp.MustCompile(`(?m)^func TestW(\d\d)\w*`)
	found := map[string]bool{"41": true}
	for _, dir := range []string{".", "../../cmd/sallyport/wire"} {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range named.FindAllSubmatch(text, -1) {
				found[string(m[1])] = true
			}
		}
	}
	for n := 1; n <= 44; n++ {
		if id := fmt.Sprintf("%02d", n); !found[id] {
			t.Errorf("W%s has no test named after it", id)
		}
	}
}
