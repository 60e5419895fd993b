package cli

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/service/journal"
)

func provenanceCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "provenance USER APP", Short: "Say where each attribute of somebody's account comes from: source values, mapping, run and time", Args: cobra.ExactArgs(2),
		Long: `Reads the provisioning log, newest first, and shows for each attribute of the account what was written there last, by which mapping, from which
values of the directory, in which cycle and when. USER is a userPrincipalName, the name of a group, or an id. What was written longer ago than the
journal is kept is not shown.`,
		Example: "  sallyport provenance ann@contoso.example contoso\n  sallyport provenance ann@contoso.example contoso --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var s journal.Story
			path := "/sallyport/v1/apps/" + url.PathEscape(args[1]) + "/provenance?" + url.Values{"user": {args[0]}}.Encode()
			if err := cl.call(cmd.Context(), "GET", path, nil, &s); err != nil {
				return err
			}
			return e.print(s, func() { e.sayStory(s) })
		},
	}
}

func (e *env) sayStory(s journal.Story) {
	e.say("%s, account %s", s.Source.Name, s.Target.ID)
	for _, w := range s.Written {
		e.say("%s = %s", w.Attribute, writtenText(w))
		if w.Mapping != "" {
			e.say("    mapping  %s", w.Mapping)
		}
		for _, name := range slices.Sorted(maps.Keys(w.Sources)) {
			e.say("    source   [%s] = %s", name, sourceText(w.Sources[name]))
		}
		if w.Default {
			e.say("    default  the source had no value")
		}
		e.say("    written  %s, cycle %s, record %s", w.At.Local().Format(time.DateTime), w.Cycle, w.Record)
	}
}

func writtenText(w journal.Written) string {
	text := fmt.Sprintf("%q", w.Value)
	switch {
	case w.Value == "" && w.Removed != "":
		return fmt.Sprintf("(taken out: %q)", w.Removed)
	case w.Removed != "":
		return text + fmt.Sprintf(" (taken out: %q)", w.Removed)
	}
	return text
}

func sourceText(values []string) string {
	if len(values) == 0 {
		return "(nothing)"
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = fmt.Sprintf("%q", v)
	}
	return strings.Join(quoted, ", ")
}
