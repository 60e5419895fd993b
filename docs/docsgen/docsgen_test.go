package docsgen_test

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/docs/docsgen"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/service/app"
	"github.com/sallyport-id/sallyport/service/expr"
)

func TestUsage(t *testing.T) {
	f := expr.Signature{Name: "Mid", Params: []expr.Param{
		{Name: "source", Required: true, Type: "String"}, {Name: "length", Type: "Integer"}, {Name: "more", Type: "String", Repeats: true},
	}}
	if got, want := docsgen.Usage(f), "Mid(source, [length: Integer], [more …])"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCellsCannotBreakATable(t *testing.T) {
	got := docsgen.Operators([]app.Operator{{Name: "a|b\nc", Types: []string{"String", "Integer"}}})
	if !strings.Contains(got, "| `a\\|b c` | one or more | String, Integer |\n") {
		t.Error(got)
	}
}

type driver struct{ connector.Driver }

func (driver) Settings() []connector.Setting {
	return []connector.Setting{
		{Name: "password", Label: "Password", Help: "Of the account.", Type: connector.Password, Required: true},
		{Name: "mode", Label: "Mode", Help: "How.", Type: connector.Choice, Choices: []string{"table", "query"}, Default: "table"},
	}
}

func (driver) Capabilities() connector.Capabilities {
	return connector.Capabilities{Export: true, Excuses: map[string]string{"delta": "nobody keeps a history"}}
}

func (driver) Samples() []connector.Sample {
	return []connector.Sample{{Name: "people", For: "For people.", Config: "kind: x\n", Privileges: "GRANT SELECT"}}
}

func TestConnectorPages(t *testing.T) {
	pages := docsgen.Connectors(map[string]connector.Driver{"x": driver{}})
	for file, wants := range map[string][]string{
		"connectors.md": {"[x](connector-x.md)", "| create, update and delete objects | yes |"},
		"connector-x.md": {"| `passwordFile` |", "| required |", "| table, query | `table` | Mode. How. |", "nobody keeps a history",
			"## Sample: people\n\nFor people.", "```yaml\nkind: x\n```", "GRANT SELECT"},
	} {
		for _, want := range wants {
			if !strings.Contains(pages[file], want) {
				t.Errorf("%q is missing in %s\n%s", want, file, pages[file])
			}
		}
	}
}

func TestCommandsShowFlagsAndHideTheHidden(t *testing.T) {
	root := &cobra.Command{Use: "tool", Long: "A tool."}
	root.AddGroup(&cobra.Group{ID: "g", Title: "Run:"})
	run := func(*cobra.Command, []string) {}
	shown := &cobra.Command{Use: "go NAME", Short: "Go there", GroupID: "g", Run: run, Args: cobra.ExactArgs(1), Example: "  tool go home"}
	shown.Flags().StringP("data", "d", "/home/somebody", "the folder")
	shown.Flags().Int("n", 3, "how many")
	root.AddCommand(shown, &cobra.Command{Use: "secret", GroupID: "g", Hidden: true, Run: run})
	got := docsgen.Commands(root, map[string]string{"data": "the system's place"})
	for _, want := range []string{"### tool go\n\nGo there.", "    tool go NAME [flags]", "    tool go home", "| `-d`, `--data STRING` | the system's place | the folder |", "| `--n INT` | `3` | how many |"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "secret") || strings.Contains(got, "somebody") {
		t.Error(got)
	}
}
