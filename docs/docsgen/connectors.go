package docsgen

import (
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/host/connector"
)

// Connectors renders the page of every connector with its settings.
func Connectors(drivers map[string]connector.Driver) string {
	w := page("Connectors and their settings",
		"A connector is chosen with `kind` in [the host's configuration](../configuration-host.md), its settings stand under `settings`.")
	for _, name := range slices.Sorted(maps.Keys(drivers)) {
		w.line("\n## %s", name)
		var rows [][]string
		for _, s := range drivers[name].Settings() {
			rows = append(rows, setting(s))
		}
		w.table([]string{"setting", "type", "default", "meaning"}, rows)
	}
	return w.String()
}

func setting(s connector.Setting) []string {
	key, kind := s.Name, string(s.Type)
	switch s.Type {
	case connector.Password:
		key, kind = s.Name+"File", "name of a file that holds the secret alone"
	case connector.Choice:
		kind = strings.Join(s.Choices, ", ")
	case connector.Check:
		kind = "true or false"
	case connector.Lines:
		kind = "lines, or a list of texts"
	case connector.Duration:
		kind = "duration, such as 30s or 5m"
	}
	standard := ""
	if s.Default != "" {
		standard = "`" + s.Default + "`"
	}
	if s.Required {
		standard = "required"
	}
	return []string{"`" + key + "`", kind, standard, s.Label + ". " + s.Help}
}
