package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/plan"
	"github.com/sallyport-id/sallyport/service/review"
)

func planCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "plan", Short: "Make a plan of what a job would do, look at it, compare it, and have exactly that carried out",
		Long: `A plan is a dry run of a whole job that is kept: one row for each object with what would be done, before and after of each
attribute, and fingerprints of what it was made from. Applying it approves it: each row is carried out only if the object is still as it was
then, in the directory and in the target; the others are reported and left alone. The approval releases the disables and deletes in the plan.`,
	}
	c.AddCommand(planCreateCommand(e), planListCommand(e), planShowCommand(e), planDiffCommand(e), planApplyCommand(e), planDiscardCommand(e))
	return c
}

// planPath is a plan's place in the API.
func planPath(id string) (string, error) {
	p, err := review.ParseID(id)
	if err != nil {
		return "", err
	}
	return "/sallyport/v1/apps/" + string(p.App) + "/plans/" + id, nil
}

func (c *client) plan(ctx context.Context, id string) (review.Summary, error) {
	var s review.Summary
	path, err := planPath(id)
	if err != nil {
		return s, err
	}
	return s, c.call(ctx, "GET", path, nil, &s)
}

func planCreateCommand(e *env) *cobra.Command {
	var life time.Duration
	c := &cobra.Command{
		Use: "create APP", Short: "Make a plan of everything the job would do now; nothing is written to the target", Args: cobra.ExactArgs(1),
		Example: "  sallyport plan create contoso\n  sallyport plan show contoso-1 --verb delete",
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var p review.Plan
			body := map[string]string{"life": life.String()}
			if err := cl.call(cmd.Context(), "POST", "/sallyport/v1/apps/"+url.PathEscape(args[0])+"/plans", body, &p); err != nil {
				return err
			}
			return e.made(cmd.Context(), cl, p.ID.String())
		},
	}
	c.Flags().DurationVar(&life, "expires", review.Lifetime, "how long the plan waits for approval")
	return c
}

// made waits until a plan is complete, showing how far it got, and says what it comes to.
func (e *env) made(ctx context.Context, cl *client, id string) error {
	bar := e.progress("plan "+id, 0, "objects")
	s, err := e.whilePlan(ctx, cl, id, func(s review.Summary) bool {
		bar.total(int64(s.Total))
		bar.set(int64(s.Looked))
		return s.Status == review.Making
	})
	bar.done()
	if err != nil {
		return err
	}
	if s.Status == review.Failed {
		return fault.New(fault.Unavailable, "make plan "+id, "%s", s.Detail)
	}
	return e.print(s, func() {
		e.sayPlan(s)
		if s.Totals.Open() > 0 {
			e.say("See it:   sallyport plan show %s\nApply it: sallyport plan apply %s", id, id)
		}
	})
}

// whilePlan asks for a plan again and again as long as goes says so.
func (e *env) whilePlan(ctx context.Context, cl *client, id string, goes func(review.Summary) bool) (review.Summary, error) {
	for {
		s, err := cl.plan(ctx, id)
		if err != nil || !goes(s) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return s, ctx.Err()
		case <-time.After(150 * time.Millisecond):
		}
	}
}

var planVerbs = []plan.Verb{plan.Create, plan.Update, plan.Disable, plan.Delete, review.Link}

func (e *env) sayPlan(s review.Summary) {
	kinds := map[review.Kind]string{review.Run: "a dry run of the job", review.Undo: "takes back " + s.Of, review.Repair: "puts drift right"}
	e.say("Plan %s (%s) is %s; %d objects were looked at, by order of %s.", s.ID, kinds[s.Kind], s.Status, s.Looked, s.MadeBy)
	var parts []string
	for _, v := range planVerbs {
		if n := s.Totals.Of(v); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing to do"}
	}
	e.say("  %s", strings.Join(parts, ", "))
	if n := s.Totals.With(review.Impossible); n > 0 {
		e.say("  %d cannot be done: sallyport plan show %s --outcome impossible", n, s.ID)
	}
	if a := s.Approval; a != nil {
		e.say("Approved by %s at %s, with %d disables and deletes: %d applied, %d refused, %d failed, %d open.", a.By, a.At.Local().Format(time.DateTime), a.Deletes,
			s.Totals.With(review.Done), s.Totals.With(review.Refused), s.Totals.With(review.Broken), s.Totals.Open())
	} else if s.Status == review.Ready {
		e.say("It waits for approval until %s.", s.Expires.Local().Format(time.DateTime))
	}
	if s.Detail != "" {
		e.say("%s", s.Detail)
	}
	for _, n := range s.Notes {
		e.say("Note: %s", n)
	}
}

func planListCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "list [APP]", Short: "List plans, the newest first", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			path := "/sallyport/v1/plans"
			if len(args) == 1 {
				path = "/sallyport/v1/apps/" + url.PathEscape(args[0]) + "/plans"
			}
			var out struct{ Value []review.Plan }
			if err := cl.call(cmd.Context(), "GET", path, nil, &out); err != nil {
				return err
			}
			return e.print(out.Value, func() {
				for _, p := range out.Value {
					e.say("%-20s %-7s %-10s %s  by %s", p.ID, p.Kind, p.Status, p.Made.Local().Format(time.DateTime), p.MadeBy)
				}
				if len(out.Value) == 0 {
					e.say("There are no plans.")
				}
			})
		},
	}
}

func planShowCommand(e *env) *cobra.Command {
	var verb, outcome, user string
	var limit int
	c := &cobra.Command{
		Use: "show PLAN", Short: "Show what a plan does to whom, with before and after", Args: cobra.ExactArgs(1),
		Example: "  sallyport plan show contoso-1 --verb delete\n  sallyport plan show contoso-1 --user ann@contoso.example\n  sallyport plan show contoso-1 --outcome refused --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("verb", verb, planVerbs); err != nil {
				return err
			}
			if err := oneOf("outcome", outcome, []review.Outcome{review.Pending, review.Begun, review.Done, review.Refused, review.Broken, review.Impossible}); err != nil {
				return err
			}
			cl, err := e.client()
			if err != nil {
				return err
			}
			s, err := cl.plan(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			rows, more, err := cl.planRows(cmd.Context(), args[0], url.Values{"verb": {verb}, "outcome": {outcome}, "user": {user}}, limit)
			if err != nil {
				return err
			}
			out := struct {
				review.Summary
				Rows []review.Row `json:"rows"`
			}{s, rows}
			return e.print(out, func() {
				e.sayPlan(s)
				for _, r := range rows {
					e.sayRow(r)
				}
				if more {
					e.say("… and more: --limit shows them")
				}
			})
		},
	}
	f := c.Flags()
	f.StringVar(&verb, "verb", "", "only create, update, disable, delete or link")
	f.StringVar(&outcome, "outcome", "", "only pending, applied, refused, failed or impossible")
	f.StringVar(&user, "user", "", "only this person: userPrincipalName or id")
	f.IntVar(&limit, "limit", 50, "how many rows at most")
	return c
}

// oneOf is a usage error when a flag is given a word it does not know.
func oneOf[T ~string](flag, given string, known []T) error {
	if given == "" || slices.Contains(known, T(given)) {
		return nil
	}
	words := make([]string, len(known))
	for i, k := range known {
		words[i] = string(k)
	}
	return usageError{fmt.Errorf("--%s %s: it is one of %s", flag, given, strings.Join(words, ", "))}
}

// planRows reads up to limit rows, page by page; more says that there are others.
func (c *client) planRows(ctx context.Context, id string, q url.Values, limit int) (rows []review.Row, more bool, err error) {
	path, err := planPath(id)
	if err != nil {
		return nil, false, err
	}
	for {
		q.Set("limit", strconv.Itoa(max(1, min(1000, limit+1-len(rows)))))
		var out struct{ Value []review.Row }
		if err := c.call(ctx, "GET", path+"/rows?"+q.Encode(), nil, &out); err != nil {
			return nil, false, err
		}
		rows = append(rows, out.Value...)
		if len(rows) > limit {
			return rows[:limit], true, nil
		}
		if len(out.Value) == 0 {
			return rows, false, nil
		}
		q.Set("after", strconv.FormatInt(rows[len(rows)-1].Seq, 10))
	}
}

func (e *env) sayRow(r review.Row) {
	head := fmt.Sprintf("%-8s %-10s %s: %s", r.Verb, r.Outcome, r.Name(), r.Reason)
	if r.Outcome == review.Impossible {
		head = fmt.Sprintf("%-8s %-10s %s: %s", "-", r.Outcome, r.Name(), r.Reason)
	}
	e.say("%s", head)
	if r.Detail != "" {
		e.say("    %s", r.Detail)
	}
	if r.Hint != "" {
		e.say("    try: %s", r.Hint)
	}
	e.sayChanges(r.Changes)
}

func planDiffCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "diff PLAN PLAN", Short: "Show the objects that two plans of an application treat differently", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			path, err := planPath(args[0])
			if err != nil {
				return err
			}
			n := 0
			err = cl.stream(cmd.Context(), "GET", path+"/diff/"+url.PathEscape(args[1]), nil, func(line json.RawMessage) error {
				var d review.Difference
				if err := readLine(line, &d); err != nil {
					return err
				}
				n++
				return e.print(d, func() { e.sayDifference(d, args[0], args[1]) })
			})
			if err == nil && !e.json {
				e.say("%d objects differ.", n)
			}
			return err
		},
	}
}

// readLine reads one line of a stream; a line that tells of an error is one.
func readLine(line json.RawMessage, v any) error {
	var bad struct{ Error, Kind string }
	if json.Unmarshal(line, &bad) == nil && bad.Error != "" && bad.Kind != "" {
		return fault.New(fault.ParseKind(bad.Kind), "", "%s", bad.Error)
	}
	if err := json.Unmarshal(line, v); err != nil {
		return fault.New(fault.Internal, "read the service's answer", "%w", err)
	}
	return nil
}

func (e *env) sayDifference(d review.Difference, a, b string) {
	name := d.Source.Name
	if name == "" {
		name = d.Source.ID + d.Target.ID
	}
	e.say("%s", name)
	for _, side := range []struct {
		plan string
		*review.Side
	}{{a, d.A}, {b, d.B}} {
		if side.Side == nil {
			e.say("  %s: leaves it alone", side.plan)
			continue
		}
		e.say("  %s: %s — %s", side.plan, side.Verb, side.Reason)
		e.sayChanges(side.Changes)
	}
}

func planApplyCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "apply PLAN", Short: "Approve a plan and carry it out; what does not match any more is refused, the rest goes on", Args: cobra.ExactArgs(1),
		Long: `Approves the plan in your name, its disables and deletes included, and carries it out row by row. A plan that was interrupted, by a restart of the
service or by a target that was away, goes on where it stopped. The command ends with 7 when some rows were refused or failed.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			path, err := planPath(args[0])
			if err != nil {
				return err
			}
			if err := cl.call(cmd.Context(), "POST", path+"/apply", nil, nil); err != nil {
				return err
			}
			return e.applied(cmd.Context(), cl, args[0])
		},
	}
}

func (e *env) applied(ctx context.Context, cl *client, id string) error {
	bar := e.progress("apply "+id, 0, "objects")
	s, err := e.whilePlan(ctx, cl, id, func(s review.Summary) bool {
		done := s.Totals.With(review.Done) + s.Totals.With(review.Refused) + s.Totals.With(review.Broken)
		bar.total(int64(done + s.Totals.Open()))
		bar.set(int64(done))
		return s.Status == review.Applying && s.Working
	})
	bar.done()
	if err != nil {
		return err
	}
	if err := e.print(s, func() { e.sayPlan(s) }); err != nil {
		return err
	}
	refused, failed := s.Totals.With(review.Refused), s.Totals.With(review.Broken)
	switch {
	case s.Status == review.Applying:
		return fault.New(fault.Unavailable, "apply plan "+id, "%s", s.Detail).WithHint("'sallyport plan apply %s' goes on where it stopped", id)
	case refused+failed > 0:
		return fault.New(fault.Partial, "apply plan "+id, "%d rows were refused and %d failed", refused, failed).
			WithHint("'sallyport plan show %s --outcome refused' says why", id)
	}
	return nil
}

func planDiscardCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "discard PLAN", Short: "Throw a plan away; nothing of it can be applied any more", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			path, err := planPath(args[0])
			if err != nil {
				return err
			}
			var p review.Plan
			if err := cl.call(cmd.Context(), "POST", path+"/discard", nil, &p); err != nil {
				return err
			}
			return e.print(p, func() { e.say("Plan %s is %s.", p.ID, p.Status) })
		},
	}
}
