package cli

import (
	"cmp"
	"errors"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/service/cycle"
)

func heldCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "held APP", Short: "List the disables and deletes that wait for a release", Args: cobra.ExactArgs(1),
		Example: `  sallyport job held contoso`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			shown := 0
			for after := ""; ; {
				var out struct{ Value []cycle.HeldEntry }
				path := "/sallyport/v1/apps/" + args[0] + "/held?after=" + url.QueryEscape(after)
				if err := cl.call(cmd.Context(), "GET", path, nil, &out); err != nil {
					return err
				}
				if len(out.Value) == 0 {
					break
				}
				for _, h := range out.Value {
					after = h.Source
					if err := e.print(h, func() { e.sayHeld(h) }); err != nil {
						return err
					}
				}
				shown += len(out.Value)
			}
			if shown == 0 {
				e.say("Nothing is held.")
			}
			return nil
		},
	}
}

func (e *env) sayHeld(h cycle.HeldEntry) {
	state := "waits"
	if h.Released {
		state = "released"
	}
	e.say("%s  %-7s %-8s %s  %s", h.Since.Local().Format(time.DateTime), h.Verb, state, h.Source, cmp.Or(h.Name, string(h.Type)))
}

func releaseHeldCommand(e *env) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "release APP [ID]...", Short: "Let held disables and deletes go: those named by their ids, or all of them",
		Long: `The next cycle, which begins at once, carries out what is released. When some are named, everybody else waits for a release
of their own from then on. 'sallyport job held APP' lists the ids.`,
		Args: cobra.MinimumNArgs(1),
		Example: `  sallyport job release contoso 0d5c1f6e-7b0f-4d43-9a55-0b8b39d0a6a1
  sallyport job release contoso --all`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 1) {
				return usageError{errors.New("name the ids to release, or give --all")}
			}
			cl, err := e.client()
			if err != nil {
				return err
			}
			var out struct{ Released int }
			body := map[string]any{"sources": args[1:], "all": all}
			if err := cl.call(cmd.Context(), "POST", "/sallyport/v1/apps/"+args[0]+"/held/release", body, &out); err != nil {
				return err
			}
			return e.print(map[string]int{"released": out.Released}, func() { e.say("%d released.", out.Released) })
		},
	}
	c.Flags().BoolVar(&all, "all", false, "release everything that is held")
	return c
}
