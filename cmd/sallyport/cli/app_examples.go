package cli

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/app/graphschema"
	"github.com/sallyport-id/sallyport/service/plan"
)

// testedFile is what came of the tests of one application file.
type testedFile struct {
	File   string       `json:"file"`
	Passed int          `json:"passed"`
	Failed int          `json:"failed"`
	Tests  []plan.Trial `json:"tests"`
}

func appTestCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "test FILE...",
		Short: "Run the tests of application files, without any server",
		Long: `Runs every example under 'tests' of an application file through scope, matching and mapping as a cycle would, and
compares what would be done with what the example expects. Nothing is asked and nothing is changed anywhere. The exit
code is 1 when an example is not as expected.`,
		Example: "  sallyport app test contoso.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var all []testedFile
			failed := 0
			for _, file := range args {
				t, err := testFile(cmd, file)
				if err != nil {
					return err
				}
				failed += t.Failed
				all = append(all, t)
			}
			if err := e.print(all, func() { e.tested(all) }); err != nil {
				return err
			}
			if failed > 0 {
				return silent{fmt.Errorf("%d tests failed", failed)}
			}
			return nil
		},
	}
}

func testFile(cmd *cobra.Command, file string) (testedFile, error) {
	a, _, err := readApp(file)
	if err != nil {
		return testedFile{}, err
	}
	if len(a.Tests) == 0 {
		return testedFile{}, fault.New(fault.Invalid, "test "+file, "the file has no tests").WithHint("add some under tests:; see docs/application-file.md")
	}
	rules, err := plan.Compile(a)
	if err != nil {
		return testedFile{}, err
	}
	out := testedFile{File: file}
	for _, t := range a.Tests {
		trial := rules.Try(cmd.Context(), t, rand.Reader)
		if trial.Passed {
			out.Passed++
		} else {
			out.Failed++
		}
		out.Tests = append(out.Tests, trial)
	}
	return out, nil
}

func (e *env) tested(all []testedFile) {
	for _, f := range all {
		for _, t := range f.Tests {
			e.say("%-5s %s: %s", map[bool]string{true: "ok", false: "FAIL"}[t.Passed], f.File, t.Name)
			for _, m := range t.Misses {
				e.say("        %s\n          - %s\n          + %s", m.What, m.Want, m.Got)
			}
		}
		e.say("%d passed, %d failed", f.Passed, f.Failed)
	}
}

func appExportCommand(e *env) *cobra.Command {
	var form string
	c := &cobra.Command{
		Use:   "export APP",
		Short: "Print an application as one file: target, limits, schema, mappings, scoping, tests",
		Long: `Prints everything an application consists of but its secrets. Applied again, here or elsewhere, the file makes the same
application, and exporting that prints the same file. On a machine without the secret's file, apply it with --keep-secret.`,
		Example: "  sallyport app export contoso > contoso.yaml\n  sallyport app export contoso --format graph > schema.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := e.appFile(cmd, args[0])
			if err != nil {
				return err
			}
			switch form {
			case "yaml":
				return e.raw(file)
			case "graph":
				return e.graphSchema(file)
			}
			return usageError{errors.New("--format is yaml or graph")}
		},
	}
	c.Flags().StringVar(&form, "format", "yaml", "yaml: the application file; graph: its rules as a synchronizationSchema in JSON")
	return c
}

func (e *env) appFile(cmd *cobra.Command, id string) (string, error) {
	cl, err := e.client()
	if err != nil {
		return "", err
	}
	var out struct {
		File string `json:"file"`
	}
	err = cl.call(cmd.Context(), "GET", "/sallyport/v1/apps/"+id, nil, &out)
	return out.File, err
}

func (e *env) raw(text string) error {
	_, err := fmt.Fprint(e.out, text)
	return fault.Wrap(fault.Internal, "write", err)
}

func (e *env) graphSchema(file string) error {
	a, err := app.Parse("export", []byte(file))
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(graphschema.ToGraph(a), "", "  ")
	if err != nil {
		return fault.Wrap(fault.Internal, "write the schema", err)
	}
	return e.raw(string(text) + "\n")
}
