package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

const house = "../../.."

// pages returns the documents people read, by path from the top of the house.
func pages(t *testing.T) map[string]string {
	t.Helper()
	paths := []string{"README.md", "CONTRIBUTING.md"}
	err := filepath.WalkDir(docs, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			rel, _ := filepath.Rel(house, path)
			paths = append(paths, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, p := range paths {
		text, err := os.ReadFile(filepath.Join(house, p))
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.ToSlash(p)] = string(text)
	}
	return all
}

var linkForm = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)

func TestDocumentsLinkToWhatIsThere(t *testing.T) {
	for page, text := range pages(t) {
		for _, m := range linkForm.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(house, filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}

// commandForm finds our commands in blocks of code: after a prompt, at the start of a line, or run from source.
var commandForm = regexp.MustCompile(`(?m)^(?:\$ )?(?:go run \./cmd/sallyport|(?:\./|bin/)?sallyport)((?: [^|>&;#\n]*)?)`)

func TestDocumentsNameCommandsAndFlagsThatExist(t *testing.T) {
	root := Root(&env{})
	root.InitDefaultHelpCmd()
	seen := 0
	for page, text := range pages(t) {
		if page == "docs/reference/commands.md" {
			continue // generated
		}
		for _, block := range codeBlocks(text) {
			for _, m := range commandForm.FindAllStringSubmatch(block, -1) {
				seen++
				if why := unknown(root, strings.Fields(m[1])); why != "" {
					t.Errorf("%s: sallyport%s: %s", page, m[1], why)
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d commands were found in the documents", seen)
	}
}

func codeBlocks(text string) []string {
	var blocks []string
	for i, part := range strings.Split(text, "```") {
		if i%2 == 1 {
			blocks = append(blocks, part)
		}
	}
	return blocks
}

// unknown says which command or flag does not exist, "" when all do.
func unknown(root *cobra.Command, args []string) string {
	c, rest, err := root.Find(args)
	if err != nil {
		return err.Error()
	}
	if len(rest) > 0 && c.HasSubCommands() && !strings.HasPrefix(rest[0], "-") {
		return "there is no command " + rest[0]
	}
	for _, a := range rest {
		name, ok := strings.CutPrefix(a, "--")
		name, _, _ = strings.Cut(name, "=")
		if !ok || name == "" || name == "help" {
			continue
		}
		if c.Flags().Lookup(name) == nil && c.InheritedFlags().Lookup(name) == nil {
			return "there is no flag --" + name
		}
	}
	return ""
}

// Every key of a configuration file stands on its page.
func TestEveryKeyIsDocumented(t *testing.T) {
	all := pages(t)
	for _, c := range []struct{ page, source, tag string }{
		{"docs/configuration-host.md", "host/config/file.go", "yaml"},
		{"docs/configuration-agent.md", "agent/config.go", "yaml"},
		{"docs/application-file.md", "service/app/app.go", "json"},
	} {
		t.Run(filepath.Base(c.page), func(t *testing.T) {
			keys := keysOf(t, filepath.Join(house, c.source), c.tag)
			for _, k := range keys {
				if !strings.Contains(all[c.page], "`"+k+"`") {
					t.Errorf("%s does not tell of the key `%s`", c.page, k)
				}
			}
			if len(keys) < 9 {
				t.Errorf("only %d keys were found in %s", len(keys), c.source)
			}
		})
	}
}

// keysOf returns the names that the tags of a file's structs give.
func keysOf(t *testing.T, path, tag string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	ast.Inspect(file, func(n ast.Node) bool {
		f, ok := n.(*ast.Field)
		if !ok || f.Tag == nil {
			return true
		}
		text, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		name := reflect.StructTag(text).Get(tag)
		if reflect.StructTag(text).Get("yaml") == "-" || name == "" || name == "-" || name == "groups" || slices.Contains(keys, name) {
			return true // groups: a filter is written as the list of its groups
		}
		keys = append(keys, name)
		return true
	})
	return keys
}
