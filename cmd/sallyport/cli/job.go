package cli

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/cycle"
)

func jobPath(app string) string {
	return "/v1.0/servicePrincipals/" + app + "/synchronization/jobs/" + app
}

func jobCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "job", Aliases: []string{"jobs"}, Short: "Start, pause, watch and restart an application's job"}
	c.AddCommand(
		orderCommand(e, "start", "Start the job, or let it go on where it was paused"),
		orderCommand(e, "pause", "Pause the job: what is in hand is finished, nothing is forgotten"),
		jobListCommand(e), statusCommand(e), restartCommand(e), provisionCommand(e), escrowsCommand(e), heldCommand(e), effectCommand(e), releaseHeldCommand(e),
	)
	return c
}

func orderCommand(e *env, verb, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " APP", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			if err := cl.call(cmd.Context(), "POST", jobPath(args[0])+"/"+verb, nil, nil); err != nil {
				return err
			}
			return e.print(map[string]string{"job": args[0], "order": verb}, func() {
				e.say("Job %s: %s. See 'sallyport job status %s'.", args[0], verb, args[0])
			})
		},
	}
}

func (c *client) status(ctx context.Context, app string) (cycle.State, error) {
	var st cycle.State
	err := c.call(ctx, "GET", "/sallyport/v1/apps/"+app+"/status", nil, &st)
	return st, err
}

func statusCommand(e *env) *cobra.Command {
	var wait bool
	c := &cobra.Command{
		Use: "status APP", Short: "Show what the job does and how its last cycle went", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			if wait {
				if err := e.watchInitial(cmd.Context(), cl, args[0]); err != nil {
					return err
				}
			}
			st, err := cl.status(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return e.print(st, func() { e.sayState(args[0], st) })
		},
	}
	c.Flags().BoolVar(&wait, "wait", false, "show a progress bar until the initial cycle is done")
	return c
}

// watchInitial shows the progress of the initial cycle until it is done, or cannot go on.
func (e *env) watchInitial(ctx context.Context, cl *client, app string) error {
	bar := e.progress("initial cycle", 0, "objects")
	defer bar.done()
	for {
		st, err := cl.status(ctx, app)
		if err != nil {
			return err
		}
		if p := st.Running; p != nil {
			bar.total(int64(p.Total))
			bar.set(int64(p.Done))
		}
		switch {
		case st.Initial && st.Running == nil:
			return nil
		case st.Quarantine != nil && st.Running == nil:
			return fault.New(fault.Unavailable, "initial cycle", "%s: %s", st.Quarantine.Reason, st.Quarantine.Detail).WithHint("%s", st.Quarantine.Hint)
		case st.Mode != cycle.Running:
			return fault.New(fault.Conflict, "initial cycle", "the job is not started").WithHint("sallyport job start %s", app)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (e *env) sayState(app string, st cycle.State) {
	mode := "paused"
	if st.Mode == cycle.Running {
		mode = "running"
	}
	e.say("Job %s is %s.", app, mode)
	if p := st.Running; p != nil {
		e.say("Now: %s cycle, %s, %d objects done, %d failed, since %s.", p.Kind, p.Phase, p.Done, p.Failed, p.Began.Format(time.TimeOnly))
		if p.Remaining > 0 {
			e.say("About %v are left.", p.Remaining)
		}
		if p.Waiting != "" {
			e.say("Waiting: %s", p.Waiting)
		}
	}
	if p := st.Last; p != nil {
		e.say("Last: %s cycle, %d objects in %s: %d created, %d updated, %d disabled, %d deleted, %d skipped, %d failed.",
			p.Kind, p.Done, p.Ended.Sub(p.Began).Round(time.Millisecond), p.Created, p.Updated, p.Disabled, p.Deleted, p.Skipped, p.Failed)
		if p.LastError != "" {
			e.say("Last failure: %s", p.LastError)
		}
	}
	if q := st.Quarantine; q != nil {
		e.say("Quarantine since %s: %s. %s", q.Since.Format(time.DateTime), q.Reason, q.Detail)
		if q.Hint != "" {
			e.say("Try: %s", q.Hint)
		}
	}
	if st.Disabled != "" {
		e.say("Switched off by the engine: %s", st.Disabled)
	}
	if n := st.Effect.Count; n > 0 {
		e.say("Time from a change to its effect, of %d changes: half within %v, 95 of 100 within %v.", n, st.Effect.Quantile(0.5), st.Effect.Quantile(0.95))
	}
	for i, h := range st.Held {
		if i == 20 {
			e.say("  … and %d more; 'sallyport job held %s' lists all", max(st.HeldCount, len(st.Held))-i, app)
			break
		}
		e.say("  held: %s of %s", h.Verb, cmp.Or(h.Name, string(h.Type)+" "+h.Source)) // who is gone for good has no name any more
	}
}

func restartCommand(e *env) *cobra.Command {
	var forget []string
	var allow bool
	c := &cobra.Command{
		Use:   "restart APP",
		Short: "Look at everything again, or release what is held",
		Long: `Without flags the job forgets its watermark, its failed entries and its quarantine, keeps its links, and begins an
initial cycle. --forget names the parts to forget instead: watermark, escrows, quarantine, links, everything.
--allow-deletes lets the deletions that are held be carried out, and forgets nothing.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			scope, err := resetScope(forget, allow)
			if err != nil {
				return err
			}
			cl, err := e.client()
			if err != nil {
				return err
			}
			body := map[string]any{"criteria": map[string]string{"resetScope": scope}}
			if err := cl.call(cmd.Context(), "POST", jobPath(args[0])+"/restart", body, nil); err != nil {
				return err
			}
			return e.print(map[string]string{"job": args[0], "resetScope": scope}, func() { e.say("Job %s restarted.", args[0]) })
		},
	}
	c.Flags().StringSliceVar(&forget, "forget", nil, "what to forget: watermark, escrows, quarantine, links, everything")
	c.Flags().BoolVar(&allow, "allow-deletes", false, "carry out the deletions that are held")
	return c
}

var graphScope = map[string]string{
	"watermark": "Watermark", "escrows": "Escrows", "quarantine": "QuarantineState", "links": "ConnectorDataStore", "everything": "Full",
}

func resetScope(forget []string, allow bool) (string, error) {
	var words []string
	for _, f := range forget {
		w, ok := graphScope[f]
		if !ok {
			return "", usageError{fault.New(fault.Invalid, "", "--forget %s is not known; use watermark, escrows, quarantine, links or everything", f)}
		}
		words = append(words, w)
	}
	if allow {
		words = append(words, "ForceDeletes")
	}
	return strings.Join(words, ","), nil
}

func provisionCommand(e *env) *cobra.Command {
	var group bool
	c := &cobra.Command{
		Use: "provision APP USER", Short: "Provision one person (or group) now, whatever the schedule", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			kind := "User"
			if group {
				kind = "Group"
			}
			subject := map[string]any{"objectId": args[1], "objectTypeName": kind}
			body := map[string]any{"parameters": []any{map[string]any{"subjects": []any{subject}}}}
			var pair struct{ Key, Value string }
			if err := cl.call(cmd.Context(), "POST", jobPath(args[0])+"/provisionOnDemand", body, &pair); err != nil {
				return err
			}
			return e.onDemand(args[1], pair.Key, pair.Value)
		},
	}
	c.Flags().BoolVar(&group, "group", false, "the name is a group's")
	return c
}

func escrowsCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "escrows APP", Short: "List the entries that failed, why, and when they are tried again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var out struct{ Value []cycle.Escrow }
			if err := cl.call(cmd.Context(), "GET", "/sallyport/v1/apps/"+args[0]+"/escrows", nil, &out); err != nil {
				return err
			}
			return e.print(out.Value, func() {
				for _, x := range out.Value {
					e.say("%s %s  %s, tried %d times, again at %s\n    %s", x.Type, x.Source, x.Code, x.Attempts, x.Next.Format(time.DateTime), x.Reason)
				}
				if len(out.Value) == 0 {
					e.say("No entry failed.")
				}
			})
		},
	}
}
