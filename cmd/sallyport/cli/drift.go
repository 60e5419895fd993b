package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/drift"
	"github.com/sallyport-id/sallyport/service/review"
)

func driftCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "drift", Short: "See what somebody changed in a target by hand, and put it right or let it be",
		Long: `Drift is what the target holds otherwise than it was written there, though the directory asks for nothing else: changed attributes, removed
objects, and objects that no person is linked with (orphans). The setting 'drift' of an application says what happens with it once a day: report
(the default), repair or accept.`,
	}
	c.AddCommand(driftReportCommand(e), driftRepairCommand(e), driftAcceptCommand(e))
	return c
}

func driftPath(app string) string { return "/sallyport/v1/apps/" + url.PathEscape(app) + "/drift" }

func driftReportCommand(e *env) *cobra.Command {
	var check bool
	var what, state, user string
	var limit int
	c := &cobra.Command{
		Use: "report APP", Short: "Report objects changed or removed in the target by hand, and orphans", Args: cobra.ExactArgs(1),
		Example: "  sallyport drift report contoso --check\n  sallyport drift report contoso --what orphan",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("what", what, []drift.What{drift.Changed, drift.Removed, drift.Orphan}); err != nil {
				return err
			}
			if err := oneOf("state", state, []drift.State{drift.Open, drift.Accepted}); err != nil {
				return err
			}
			cl, err := e.client()
			if err != nil {
				return err
			}
			rep, err := cl.driftReport(cmd.Context(), args[0], check)
			if err != nil {
				return err
			}
			fs, more, err := cl.findings(cmd.Context(), args[0], url.Values{"what": {what}, "state": {state}, "user": {user}}, limit)
			if err != nil {
				return err
			}
			out := struct {
				drift.Report
				Findings []drift.Finding `json:"findings"`
			}{rep, fs}
			repaired, err := cl.repairedSince(cmd.Context(), rep)
			if err != nil {
				return err
			}
			return e.print(out, func() {
				e.sayDrift(rep, fs, more)
				if repaired != "" {
					e.say("Plan %s was applied since: 'sallyport drift report %s --check' looks again.", repaired, rep.App)
				}
			})
		},
	}
	f := c.Flags()
	f.BoolVar(&check, "check", false, "look at the target now, instead of showing what the last look found")
	f.StringVar(&what, "what", "", "only changed, removed or orphan")
	f.StringVar(&state, "state", "", "only open or accepted")
	f.StringVar(&user, "user", "", "only this person (userPrincipalName or id) or target object (id)")
	f.IntVar(&limit, "limit", 50, "how many findings at most")
	return c
}

// driftReport is the last report, or a new one when there is none or check asks for it.
func (c *client) driftReport(ctx context.Context, app string, check bool) (rep drift.Report, err error) {
	if !check {
		err = c.call(ctx, "GET", driftPath(app), nil, &rep)
		if !fault.Is(err, fault.NotFound) {
			return rep, err
		}
	}
	return rep, c.call(ctx, "POST", driftPath(app)+"/check", nil, &rep)
}

// repairedSince names the last plan that put drift right after a report was made; "" when there is none.
func (c *client) repairedSince(ctx context.Context, rep drift.Report) (string, error) {
	var out struct{ Value []review.Plan }
	if err := c.call(ctx, "GET", "/sallyport/v1/apps/"+url.PathEscape(string(rep.App))+"/plans", nil, &out); err != nil {
		return "", err
	}
	for _, p := range out.Value {
		if p.Kind == review.Repair && p.Status == review.Applied && p.Ended.After(rep.Ended) {
			return p.ID.String(), nil
		}
	}
	return "", nil
}

func (c *client) findings(ctx context.Context, app string, q url.Values, limit int) (fs []drift.Finding, more bool, err error) {
	for {
		q.Set("limit", strconv.Itoa(max(1, min(1000, limit+1-len(fs)))))
		var out struct{ Value []drift.Finding }
		if err := c.call(ctx, "GET", driftPath(app)+"/findings?"+q.Encode(), nil, &out); err != nil {
			return nil, false, err
		}
		fs = append(fs, out.Value...)
		if len(fs) > limit {
			return fs[:limit], true, nil
		}
		if len(out.Value) == 0 {
			return fs, false, nil
		}
		last := fs[len(fs)-1].Key()
		q.Set("afterType", last.Type)
		q.Set("afterTarget", last.Target)
		q.Set("afterAttribute", last.Attr)
	}
}

func (e *env) sayDrift(r drift.Report, fs []drift.Finding, more bool) {
	e.say("Looked at %s: %d objects in %s, %d of them linked.", r.Began.Local().Format(time.DateTime), r.Looked, r.App, r.Linked)
	e.say("  %d changed by hand, %d removed, %d orphans, %d accepted; %d wait for the next cycle, %d could not be compared.",
		r.Changed, r.Removed, r.Orphans, r.Accepted, r.Pending, r.Failed)
	for _, f := range fs {
		name := cmp.Or(f.Source.Name, f.Target.Name, f.Target.ID)
		accepted := ""
		if f.State == drift.Accepted {
			accepted = " (accepted by " + f.By + ")"
		}
		switch f.What {
		case drift.Changed:
			e.say("changed  %s %s: wanted %q, found %q%s", name, f.Attr, f.Wanted, f.Found, accepted)
		case drift.Removed:
			e.say("removed  %s: object %s is gone%s", name, f.Target.ID, accepted)
		default:
			e.say("orphan   %s %s: nobody is linked with it%s", f.Target.Type, name, accepted)
		}
	}
	if more {
		e.say("… and more: --limit shows them")
	}
	if r.Changed+r.Removed > 0 {
		e.say("Put it right:   sallyport drift repair %s\nLet it stay so: sallyport drift accept %s", r.App, r.App)
	}
}

func driftRepairCommand(e *env) *cobra.Command {
	var user string
	c := &cobra.Command{
		Use: "repair APP", Short: "Make the plan that puts drift right; it is applied like any plan", Args: cobra.ExactArgs(1),
		Long: `Makes a plan of the objects with open findings, as the mappings want them now: changed attributes get their values back, removed objects are
made anew. Orphans are left alone. Nothing is written until 'sallyport plan apply'.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var p review.Plan
			if err := cl.call(cmd.Context(), "POST", driftPath(args[0])+"/repair", map[string]string{"user": user}, &p); err != nil {
				return err
			}
			return e.made(cmd.Context(), cl, p.ID.String())
		},
	}
	c.Flags().StringVar(&user, "user", "", "only this person: userPrincipalName or id")
	return c
}

func driftAcceptCommand(e *env) *cobra.Command {
	var user string
	var all bool
	c := &cobra.Command{
		Use: "accept APP", Short: "Let what was changed by hand stay so, until the directory asks for another value", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var out struct {
				Accepted int `json:"accepted"`
			}
			if err := cl.call(cmd.Context(), "POST", driftPath(args[0])+"/accept", map[string]any{"user": user, "all": all}, &out); err != nil {
				return err
			}
			return e.print(out, func() { e.say("%d findings accepted.", out.Accepted) })
		},
	}
	c.Flags().StringVar(&user, "user", "", "only this person: userPrincipalName or id")
	c.Flags().BoolVar(&all, "all", false, "accept removed objects and orphans too")
	return c
}

func appDiscoverCommand(e *env) *cobra.Command {
	var file string
	var sorts []string
	var limit int
	c := &cobra.Command{
		Use: "discover APP", Short: "Say before switching on whom the application will match, create and leave out, and which accounts are nobody's", Args: cobra.ExactArgs(1),
		Long: `Takes everybody in the directory through scope and matching as the first cycle would, and the target's accounts the other way round: who is matched and
by which rule, who would be created, where several accounts could be meant, who is out of scope, and which accounts nobody matches. Nothing is written.`,
		Example: "  sallyport app discover contoso\n  sallyport app discover contoso --sort ambiguous,orphan --limit 500\n  sallyport app discover contoso -f contoso-new.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, s := range sorts {
				if !slices.Contains(drift.Sorts(), drift.Sort(s)) {
					return usageError{fault.New(fault.Invalid, "", "--sort %s is not known; use matched, unmatched, ambiguous, linked, outOfScope, blind, leftAlone, failed or orphan", s)}
				}
			}
			body := map[string]string{}
			if file != "" {
				_, text, err := readApp(file)
				if err != nil {
					return err
				}
				body["file"], body["name"] = text, filepath.Base(file)
			}
			cl, err := e.client()
			if err != nil {
				return err
			}
			return e.discovered(cmd.Context(), cl, args[0], body, sorts, limit)
		},
	}
	f := c.Flags()
	f.StringVarP(&file, "file", "f", "", "an application file that is not applied; the target stays the applied one's")
	f.StringSliceVar(&sorts, "sort", []string{"ambiguous", "failed", "blind", "orphan"}, "what to list: matched, unmatched, ambiguous, linked, outOfScope, blind, leftAlone, failed, orphan")
	f.IntVar(&limit, "limit", 20, "how many to list of each")
	return c
}

// discovered reads the stream, lists what was asked for as it comes, and counts the rest.
func (e *env) discovered(ctx context.Context, cl *client, app string, body any, sorts []string, limit int) error {
	count := map[drift.Sort]int{}
	rules := map[string]int{}
	bar := e.progress("discover "+app, 0, "objects")
	var kept []drift.Discovered
	n := int64(0)
	err := cl.stream(ctx, "POST", "/sallyport/v1/apps/"+url.PathEscape(app)+"/discover", body, func(line json.RawMessage) error {
		var d drift.Discovered
		if err := readLine(line, &d); err != nil {
			return err
		}
		n++
		bar.set(n)
		count[d.Sort]++
		if d.By != "" {
			rules[d.By]++
		}
		if slices.Contains(sorts, string(d.Sort)) && count[d.Sort] <= limit {
			kept = append(kept, d)
		}
		return nil
	})
	bar.done()
	if err != nil {
		return err
	}
	out := map[string]any{"counts": count, "matchedBy": rules, "listed": kept}
	return e.print(out, func() { e.sayDiscovered(app, count, rules, kept) })
}

func (e *env) sayDiscovered(app string, count map[drift.Sort]int, rules map[string]int, kept []drift.Discovered) {
	words := map[drift.Sort]string{
		drift.Matched: "matched with an account", drift.Unmatched: "have none: would be created", drift.Ambiguous: "ambiguous", drift.Linked: "linked already",
		drift.OutOfScope: "out of scope", drift.Blind: "without any matching value", drift.LeftAlone: "left alone", drift.Failed: "could not be worked out",
		drift.Nobodys: "accounts that nobody matches",
	}
	e.say("%s would meet:", app)
	for _, s := range drift.Sorts() {
		if count[s] == 0 {
			continue
		}
		by := ""
		if s == drift.Matched {
			var parts []string
			for _, r := range sortedKeys(rules) {
				parts = append(parts, strconv.Itoa(rules[r])+" by "+r)
			}
			by = " (" + strings.Join(parts, ", ") + ")"
		}
		e.say("%8d %s%s", count[s], words[s], by)
	}
	for _, d := range kept {
		name := cmp.Or(d.Source.Name, d.Source.ID, d.Target.Name, d.Target.ID)
		e.say("%-10s %s: %s", d.Sort, name, d.Detail)
	}
}
