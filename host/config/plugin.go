package config

import (
	"fmt"
	"path/filepath"
	"regexp"

	"github.com/sallyport-id/sallyport/fault"
)

var (
	sumRule      = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
	variableRule = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// plugins reads the programs that hold further kinds of connectors. What they are is known only when they run.
func (r *reader) plugins(fs []filePlugin) []Plugin {
	var out []Plugin
	seen := map[string]bool{}
	for i, f := range fs {
		p := Plugin{Path: r.path(f.Path), SHA256: f.SHA256, Environment: map[string]string{}, index: i}
		if f.Path == "" {
			r.wrong([]any{"plugins", i}, "add path: with the plugin's program", "a plugin has no path")
		}
		if seen[p.Path] {
			r.wrong([]any{"plugins", i, "path"}, "keep only one; several connectors can be of its kind", "the plugin %s is listed twice", f.Path)
		}
		seen[p.Path] = f.Path != ""
		if !sumRule.MatchString(f.SHA256) {
			r.wrong([]any{"plugins", i, "sha256"}, "write the program's SHA-256 as 64 hexadecimal digits, in quotes; sha256sum prints it", "the plugin %s has no checksum", filepath.Base(f.Path))
		}
		r.environment(i, f, p.Environment)
		out = append(out, p)
	}
	return out
}

func (r *reader) environment(i int, f filePlugin, into map[string]string) {
	for name, v := range f.Environment {
		at := []any{"plugins", i, "environment", name}
		s, ok := text(v)
		if !ok {
			r.wrong(at, "write a text", "the variable %q is a structure", name)
		}
		if !variableRule.MatchString(name) {
			r.wrong(at, "use letters, digits and underscores", "%q is not the name of a variable", name)
		}
		into[name] = s
	}
}

// InPlugin gives an error about a plugin its place in the file, keeping kind and hint.
func (c Config) InPlugin(p Plugin, err error) error {
	f := c.src.wrong([]any{"plugins", p.index}, "%s", "")
	f.Err, f.Kind, f.RetryAfter = err, fault.KindOf(err), fault.RetryAfterOf(err)
	return f
}

// Taken is the refusal of a plugin whose kind exists already.
func (c Config) Taken(p Plugin, kind string) error {
	return c.src.wrong([]any{"plugins", p.index}, "%s", fmt.Sprintf("the plugin is a connector of the kind %q, which there is already", kind)).
		WithHint("remove the plugin, or the other one of the same kind")
}
