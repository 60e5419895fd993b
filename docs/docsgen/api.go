package docsgen

import (
	"fmt"
	"slices"
	"strings"
)

// Endpoint is one line of the API's reference.
type Endpoint struct {
	Method, Path, Summary string
	Permission            string // what a caller needs
}

// Exchange is a request that was sent, with what came back.
type Exchange struct {
	Request string // method, path and headers, a blank line and the body
	Answer  string // status, and the body in JSON when there is one
}

// Example is a few exchanges that belong together.
type Example struct {
	Title, Text string
	Exchanges   []Exchange
}

// API renders the page of the HTTP interface: the text in front, examples that were run, and every endpoint.
func API(intro string, examples []Example, endpoints []Endpoint) string {
	w := &writer{}
	w.line("# The HTTP interface")
	w.line("\n%s", strings.TrimSpace(intro))
	w.line("\n## Examples")
	w.line("\nEvery exchange below was sent to a running service by a test. Ids, times and addresses are replaced by quiet ones.")
	for _, e := range examples {
		w.line("\n### %s", e.Title)
		if e.Text != "" {
			w.line("\n%s", e.Text)
		}
		for _, x := range e.Exchanges {
			w.line("\n```http\n%s\n```", strings.TrimSpace(x.Request))
			w.line("\n```http\n%s\n```", strings.TrimSpace(x.Answer))
		}
	}
	w.line("\n## Every path")
	w.line("\nPaths that follow Microsoft Graph are the same under `/v1.0` and `/beta`. *Permission* is what a caller needs; `sallyport access roles` says who has it. An owner of an application " +
		"has those of the application's own paths.")
	groups := map[string][]Endpoint{}
	var order []string
	for _, e := range endpoints {
		g := chapter(e.Path)
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], e)
	}
	for _, g := range order {
		w.line("\n### %s", g)
		slices.SortStableFunc(groups[g], func(x, y Endpoint) int { return strings.Compare(x.Path, y.Path) })
		var rows [][]string
		for _, e := range groups[g] {
			rows = append(rows, []string{fmt.Sprintf("`%s %s`", e.Method, shortPath(e.Path)), e.Summary, "`" + e.Permission + "`"})
		}
		w.table([]string{"request", "", "permission"}, rows)
	}
	return w.String()
}

// chapter is the part of the tree a path is described under.
func chapter(path string) string {
	rest, graph := strings.CutPrefix(path, "/v1.0/")
	first, _, _ := strings.Cut(rest, "/")
	switch {
	case strings.Contains(path, "/synchronization"):
		return "Synchronization"
	case !graph:
		return "Sallyport's own: " + ownChapter(path)
	case first == "users":
		return "Users"
	case first == "groups":
		return "Groups"
	case strings.HasPrefix(first, "directory"):
		return "Directory objects"
	case first == "onPremisesPublishingProfiles":
		return "Agents and agent groups"
	case first == "auditLogs":
		return "Provisioning log"
	case first == "applications" || first == "servicePrincipals" || first == "applicationTemplates":
		return "Applications"
	}
	return "The service"
}

func ownChapter(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/sallyport/v1/"), "/")
	switch parts[0] {
	case "apps", "plans", "undo":
		return "applications, plans, drift"
	case "access", "whoami", "signout", "audit":
		return "access and audit"
	case "agents", "sources", "import", "journal", "notify":
		return "agents, sources, journal, messages"
	}
	return "description"
}

// shortPath takes the version off, which is one of two.
func shortPath(path string) string {
	if rest, ok := strings.CutPrefix(path, "/v1.0"); ok {
		return rest
	}
	return path
}
