package cli

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/graphapi"
	"github.com/sallyport-id/sallyport/service/journal"
)

// statuses are what --status may ask for.
var statuses = []string{"success", "failure", "skipped", "warning"}

func journalCommand(e *env) *cobra.Command {
	var user, job, status string
	var since time.Duration
	var follow, steps bool
	var limit int
	c := &cobra.Command{
		Use: "journal", Short: "Read the provisioning log", Args: cobra.NoArgs,
		Example: `  sallyport journal --user ann@contoso.example --steps
  sallyport journal --job contoso --status failure --since 1h
  sallyport journal --follow`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if status != "" && !slices.Contains(statuses, status) {
				return usageError{fmt.Errorf("--status %s is not known; use one of: %s", status, strings.Join(statuses, ", "))}
			}
			cl, err := e.client()
			if err != nil {
				return err
			}
			q := url.Values{"user": {user}, "job": {job}, "status": {status}, "limit": {strconv.Itoa(limit)}}
			if since > 0 {
				q.Set("since", time.Now().Add(-since).UTC().Format(time.RFC3339))
			}
			if follow {
				q.Set("follow", "true")
			} else {
				q.Set("newest", "true")
			}
			var rs []journal.Record
			err = cl.stream(cmd.Context(), "GET", "/sallyport/v1/journal?"+q.Encode(), nil, func(line json.RawMessage) error {
				var r journal.Record
				if err := json.Unmarshal(line, &r); err != nil {
					return fault.New(fault.Internal, "read the journal", "%w", err)
				}
				if follow {
					return e.sayRecord(r, steps)
				}
				rs = append(rs, r)
				return nil
			})
			if err != nil {
				return err
			}
			if len(rs) == 0 && !follow {
				fmt.Fprintln(e.err, "No record of that kind.")
			}
			for i := len(rs) - 1; i >= 0; i-- { // the newest were asked for, and are shown last
				if err := e.sayRecord(rs[i], steps); err != nil {
					return err
				}
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&user, "user", "", "only this person: userPrincipalName or id")
	f.StringVar(&job, "job", "", "only this application's job")
	f.StringVar(&status, "status", "", "only "+strings.Join(statuses, ", "))
	f.DurationVar(&since, "since", 0, "only the last 90s, 15m, 24h")
	f.IntVar(&limit, "limit", 100, "how many records at most, the newest")
	f.BoolVar(&follow, "follow", false, "go on with records as they are written")
	f.BoolVar(&steps, "steps", false, "show every step and every changed value")
	c.AddCommand(journalExportCommand(e))
	return c
}

func (e *env) sayRecord(r journal.Record, steps bool) error {
	return e.print(r, func() {
		name := r.Source.Name
		if name == "" {
			name = r.Source.ID
		}
		e.say("%s  %-8s %-7s %s: %s", r.At.Local().Format("2006-01-02 15:04:05.000"), r.Action, r.Status, name, r.Reason)
		if r.Hint != "" {
			e.say("    try: %s", r.Hint)
		}
		if !steps {
			return
		}
		for _, s := range r.Steps {
			e.sayStep(s.Type, s.Status, s.Detail, s.Facts)
		}
		e.sayChanges(r.Changes)
	})
}

func (e *env) sayStep(kind, status, detail string, facts map[string]string) {
	e.say("    %-19s %-7s %s", kind, status, detail)
	for _, k := range sortedKeys(facts) {
		e.say("        %s = %s", k, facts[k])
	}
}

func (e *env) sayChanges(cs []journal.Change) {
	for _, c := range cs {
		if c.Old == "" {
			e.say("    %s: %q", c.Name, c.New)
		} else {
			e.say("    %s: %q → %q", c.Name, c.Old, c.New)
		}
	}
}

func explainCommand(e *env) *cobra.Command {
	var group bool
	c := &cobra.Command{
		Use:   "explain USER APP",
		Short: "Say what would be done for a person in an application, and why, without doing it",
		Long: `Evaluates scope, match and mapping for one person as a cycle would, asks the target what it holds, and shows the edits that
would be made. Nothing is written anywhere.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			path := "/sallyport/v1/apps/" + args[1] + "/explain/" + url.PathEscape(args[0])
			if group {
				path += "?type=Group"
			}
			var x graphapi.Explanation
			if err := cl.call(cmd.Context(), "GET", path, nil, &x); err != nil {
				return err
			}
			return e.print(x, func() { e.sayExplanation(args[1], x) })
		},
	}
	c.Flags().BoolVar(&group, "group", false, "the name is a group's")
	return c
}

func (e *env) sayExplanation(app string, x graphapi.Explanation) {
	if x.Failed {
		e.say("%s could not be provisioned into %s: %s", x.Source.Name, app, x.Reason)
		if x.Hint != "" {
			e.say("Try: %s", x.Hint)
		}
	} else {
		e.say("%s in %s: %s — %s", x.Source.Name, app, x.Verb, x.Reason)
	}
	if x.Target.ID != "" {
		e.say("Linked with %s", x.Target.ID)
	}
	for _, s := range x.Steps {
		e.sayStep(string(s.Type), string(s.Status), s.Detail, s.Facts)
	}
	e.sayChanges(x.Changes)
	if x.Escrow != nil {
		e.say("It failed %d times, first at %s, and is tried again at %s.", x.Escrow.Attempts, x.Escrow.First.Local().Format(time.DateTime), x.Escrow.Next.Local().Format(time.DateTime))
	}
}

// demandedStep is a step as provision on demand spells it: type, not provisioningStepType, and in PascalCase.
type demandedStep struct {
	Type        string            `json:"type"`
	Status      string            `json:"status"`
	Description string            `json:"description"`
	Details     map[string]string `json:"details"`
}

// lowerFirst spells a word of provision on demand as the journal does.
func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// onDemand prints the answer of provision on demand: two JSON texts.
func (e *env) onDemand(name, key, value string) error {
	var k struct {
		Result  string
		Details map[string]string
	}
	var v struct {
		Action             string
		StatusInfo         struct{ Reason, RecommendedAction string }
		ModifiedProperties []journal.Change
		ProvisioningSteps  []demandedStep
	}
	for text, into := range map[string]any{key: &k, value: &v} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return fault.New(fault.Internal, "read the service's answer", "%w", err)
		}
	}
	err := e.print(map[string]json.RawMessage{"key": json.RawMessage(key), "value": json.RawMessage(value)}, func() {
		done := strings.ToLower(k.Result)
		if action := strings.ToLower(v.Action); action != "other" {
			done = action + ", " + done
		}
		e.say("%s: %s — %s", name, done, v.StatusInfo.Reason)
		for _, s := range v.ProvisioningSteps {
			e.sayStep(lowerFirst(s.Type), lowerFirst(s.Status), s.Description, s.Details)
		}
		e.sayChanges(v.ModifiedProperties)
	})
	if err == nil && k.Result == "Failure" {
		return silent{fault.New(fault.Invalid, "provision", "%s", fmt.Sprint(v.StatusInfo.Reason))}
	}
	return err
}
