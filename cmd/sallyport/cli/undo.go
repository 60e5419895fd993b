package cli

import (
	"encoding/json"
	"errors"
	"net/url"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/service/review"
)

func undoCommand(e *env) *cobra.Command {
	var created, app string
	var force bool
	c := &cobra.Command{
		Use: "undo RUN", Short: "Make the plan that takes a run back; it is applied like any plan", Args: cobra.ExactArgs(1),
		Long: `RUN is the id of a cycle, of one record of the journal ('sallyport journal --json' shows both), or of a plan that was applied.
The plan gives exactly the attributes that were written their old values, switches off (or deletes, or keeps) what was created, and makes anew
what was deleted. It says of everything that cannot be taken back why; what somebody changed since is left alone unless --force is given.
Nothing is written until the plan is applied.`,
		Example: "  sallyport undo 4f0c0ffee0ddba11 --created delete\n  sallyport undo contoso-17",
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			path := "/sallyport/v1/undo"
			if app != "" {
				path = "/sallyport/v1/apps/" + url.PathEscape(app) + "/undo"
			}
			var p review.Plan
			body := map[string]any{"run": args[0], "created": created, "force": force}
			if err := cl.call(cmd.Context(), "POST", path, body, &p); err != nil {
				return err
			}
			return e.made(cmd.Context(), cl, p.ID.String())
		},
	}
	f := c.Flags()
	f.StringVar(&created, "created", string(review.DisableCreated), "what becomes of objects the run created: disable, delete or keep")
	f.BoolVar(&force, "force", false, "take back what somebody changed since, too")
	f.StringVar(&app, "app", "", "the application of the run, for those who may work on that one alone")
	return c
}

func replayCommand(e *env) *cobra.Command {
	var file, since, until string
	var all bool
	c := &cobra.Command{
		Use: "replay APP -f FILE --since SPAN", Short: "Take past changes through another application file and show what would have been written otherwise", Args: cobra.ExactArgs(1),
		Long: `Looks at everybody whom the job looked at in the span, and works out what the rules of the file would have written, starting from what the
target held before. People are taken as the directory has them now. Nothing is written anywhere.`,
		Example: "  sallyport replay contoso -f contoso-new.yaml --since 24h",
		RunE: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return usageError{errors.New("-f FILE is missing: the application file with the other rules")}
			}
			body, err := replayBody(file, since, until)
			if err != nil {
				return err
			}
			cl, err := e.client()
			if err != nil {
				return err
			}
			looked, differ := 0, 0
			err = cl.stream(cmd.Context(), "POST", "/sallyport/v1/apps/"+url.PathEscape(args[0])+"/replay", body, func(line json.RawMessage) error {
				var r review.Replayed
				if err := readLine(line, &r); err != nil {
					return err
				}
				looked++
				if r.Differs() {
					differ++
				} else if !all {
					return nil
				}
				return e.print(r, func() { e.sayReplayed(r) })
			})
			if err == nil && !e.json {
				e.say("%d of %d objects would have been treated differently.", differ, looked)
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVarP(&file, "file", "f", "", "the application file with the other rules")
	f.StringVar(&since, "since", "24h", "how far back, as a span such as 90m or 24h, or a time such as 2026-01-31T08:00:00Z")
	f.StringVar(&until, "until", "", "up to when, as in --since; default now")
	f.BoolVar(&all, "all", false, "show the objects, too, for which nothing would differ")
	return c
}

func replayBody(file, since, until string) (map[string]any, error) {
	_, text, err := readApp(file)
	if err != nil {
		return nil, err
	}
	body := map[string]any{"file": text, "name": filepath.Base(file)}
	for name, word := range map[string]string{"since": since, "until": until} {
		if word == "" {
			continue
		}
		at, err := moment(word)
		if err != nil {
			return nil, usageError{err}
		}
		body[name] = at
	}
	return body, nil
}

// moment reads a time, or a span that lies before now.
func moment(word string) (time.Time, error) {
	if d, err := time.ParseDuration(word); err == nil {
		return time.Now().Add(-d).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339, word)
	if err != nil {
		return at, errors.New(word + " is neither a span such as 24h nor a time such as 2026-01-31T08:00:00Z")
	}
	return at, nil
}

func (e *env) sayReplayed(r review.Replayed) {
	name := r.Source.Name
	if name == "" {
		name = r.Source.ID
	}
	switch {
	case r.Failed:
		e.say("%s: wrote %s; the other rules fail: %s", name, r.Wrote, r.Reason)
	case r.Wrote != r.Would:
		e.say("%s: wrote %s; would %s — %s", name, r.Wrote, r.Would, r.Reason)
	default:
		e.say("%s: %s", name, r.Wrote)
	}
	for _, v := range r.Attrs {
		e.say("    %s: wrote %q, would write %q", v.Name, v.Wrote, v.Would)
	}
}
