package docsgen

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Commands renders the page of all commands below root, each with its help and its flags. Hidden ones are left out. defaults
// replaces, by flag name, default values that differ from machine to machine.
func Commands(root *cobra.Command, defaults map[string]string) string {
	w := page("Commands", "Everything below is also shown by `"+root.Name()+" COMMAND --help`.")
	w.line("\n%s", root.Long)
	flags(w, "Flags of every command", root.PersistentFlags(), defaults)
	for _, g := range root.Groups() {
		w.line("\n## %s", strings.TrimSuffix(g.Title, ":"))
		for _, c := range root.Commands() {
			if c.GroupID == g.ID {
				command(w, c, defaults)
			}
		}
	}
	return w.String()
}

func command(w *writer, c *cobra.Command, defaults map[string]string) {
	if c.Hidden || c.Name() == "help" {
		return
	}
	w.line("\n### %s", c.CommandPath())
	w.line("\n%s.", strings.TrimSuffix(c.Short, "."))
	if c.Long != "" {
		w.line("\n%s", c.Long)
	}
	if c.Runnable() && !c.HasAvailableSubCommands() || c.Args != nil {
		w.line("\n    %s", c.UseLine())
	}
	if c.Example != "" {
		w.line("\nExamples:\n\n%s", indent(c.Example))
	}
	flags(w, "Flags", c.NonInheritedFlags(), defaults)
	for _, sub := range c.Commands() {
		command(w, sub, defaults)
	}
}

// indent makes a block of code of an example.
func indent(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		lines = append(lines, "    "+strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}

func flags(w *writer, title string, fs *pflag.FlagSet, defaults map[string]string) {
	var rows [][]string
	fs.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			rows = append(rows, []string{flagName(f), flagDefault(f, defaults), f.Usage})
		}
	})
	if len(rows) > 0 {
		w.table([]string{title, "default", "meaning"}, rows)
	}
}

func flagName(f *pflag.Flag) string {
	name := "`--" + f.Name
	if kind := f.Value.Type(); kind != "bool" {
		name += " " + strings.ToUpper(strings.TrimSuffix(kind, "Slice"))
	}
	if f.Shorthand != "" {
		name = "`-" + f.Shorthand + "`, " + name
	}
	return name + "`"
}

func flagDefault(f *pflag.Flag, defaults map[string]string) string {
	if d, ok := defaults[f.Name]; ok {
		return d
	}
	switch f.DefValue {
	case "", "[]", "false", "0", "0s":
		return ""
	}
	return fmt.Sprintf("`%s`", f.DefValue)
}
