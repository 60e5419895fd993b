package docsgen

import (
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/host/connector"
)

// Connectors renders the page of all connectors and a page for each, by file name.
func Connectors(drivers map[string]connector.Driver) map[string]string {
	w := page("Connectors",
		"A connector is chosen with `kind` in [the host's configuration](../configuration-host.md); `sallyport connector describe KIND` shows the same as its page here. "+
			"What one can do may depend on its settings.")
	pages, names := map[string]string{}, slices.Sorted(maps.Keys(drivers))
	head, columns := []string{"can"}, []connector.Capabilities{}
	for _, name := range names {
		pages["connector-"+name+".md"] = one(name, drivers[name])
		head = append(head, "["+name+"](connector-"+name+".md)")
		columns = append(columns, connector.CapabilitiesOf(drivers[name]))
	}
	var rows [][]string
	for i, a := range (connector.Capabilities{}).Abilities() {
		row := []string{a.For}
		for _, c := range columns {
			row = append(row, word(c.Abilities()[i].Has))
		}
		rows = append(rows, row)
	}
	w.table(head, rows)
	pages["connectors.md"] = w.String()
	return pages
}

func word(has bool) string {
	if has {
		return "yes"
	}
	return ""
}

// one renders the page of one connector: settings, what it can do, samples with their least privileges.
func one(name string, d connector.Driver) string {
	w := page("The connector "+name, "See [all connectors](connectors.md) and [the host's configuration](../configuration-host.md).")
	w.line("\n## Settings")
	var rows [][]string
	for _, s := range d.Settings() {
		rows = append(rows, setting(s))
	}
	w.table([]string{"setting", "type", "default", "meaning"}, rows)
	w.line("\n## What it can do")
	can := connector.CapabilitiesOf(d)
	rows = nil
	for _, a := range can.Abilities() {
		rows = append(rows, []string{a.For, word(a.Has), can.Excuses[a.Name]})
	}
	w.table([]string{"ability", "", "why not"}, rows)
	s, ok := d.(connector.Sampler)
	if !ok {
		return w.String()
	}
	for _, sample := range s.Samples() {
		w.sample(sample)
	}
	return w.String()
}

func (w *writer) sample(s connector.Sample) {
	w.line("\n## Sample: %s\n\n%s", s.Name, s.For)
	for _, part := range []struct{ title, form, text string }{
		{"The host's configuration:", "yaml", s.Config}, {"What it is written for:", "", s.Setup}, {"The least privileges it needs:", "", s.Privileges},
	} {
		if part.text != "" {
			w.line("\n%s\n\n```%s\n%s\n```", part.title, part.form, strings.TrimSpace(part.text))
		}
	}
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
