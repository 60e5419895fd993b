package cli

import (
	"fmt"
	"os"

	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/plan"
)

// warnings are what an application's mappings say that is legal and perhaps not meant so; none for a file that is no good application.
func warnings(file string) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	a, err := app.Parse(file, text)
	if err != nil {
		return nil
	}
	rules, err := plan.Compile(a)
	if err != nil {
		return nil
	}
	return rules.Lint()
}

// warn prints warnings about an application beside what the command says.
func (e *env) warn(file string) {
	for _, w := range warnings(file) {
		fmt.Fprintf(e.err, "%s: warning: %s\n", file, w)
	}
}
