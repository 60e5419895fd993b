package docsgen

import (
	"fmt"
	"strings"
)

// writer collects the lines of a page.
type writer struct{ strings.Builder }

// page begins a page with its title and a first sentence.
func page(title, first string) *writer {
	w := &writer{}
	w.line("# %s\n\nGenerated from the program's own declarations; do not edit. %s", title, first)
	return w
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// table writes a table; cells are made safe for Markdown.
func (w *writer) table(head []string, rows [][]string) {
	w.line("")
	w.row(head)
	w.line("|%s", strings.Repeat("---|", len(head)))
	for _, r := range rows {
		w.row(r)
	}
}

var escape = strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;")

func (w *writer) row(cells []string) {
	safe := make([]string, len(cells))
	for i, c := range cells {
		safe[i] = escape.Replace(c)
	}
	w.line("| %s |", strings.Join(safe, " | "))
}
