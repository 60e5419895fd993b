package cli

import (
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/service/notify"
)

func notifyCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "notify", Short: "Try and list the messages that tell people of quarantine, held deletions, failures and drift"}
	c.AddCommand(notifyTestCommand(e), notifyListCommand(e))
	return c
}

func notifyTestCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "test [APP]", Short: "Send a test message now to everybody who is told, and say what came of each", Args: cobra.MaximumNArgs(1),
		Long: `Without APP the message goes to the e-mail addresses and webhooks of the service's notify/notify.yaml; with one, to those that the application's
'notify' section names as well. The command ends with 7 when one could not be reached.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			body := map[string]string{}
			if len(args) == 1 {
				body["app"] = args[0]
			}
			var out struct{ Value []notify.Trial }
			if err := cl.call(cmd.Context(), "POST", "/sallyport/v1/notify/test", body, &out); err != nil {
				return err
			}
			failed := 0
			err = e.print(out.Value, func() {
				for _, t := range out.Value {
					if t.Error == "" {
						e.say("%s: taken in %d ms", t.Channel, t.Millis)
					} else {
						e.say("%s: %s", t.Channel, t.Error)
					}
				}
			})
			for _, t := range out.Value {
				if t.Error != "" {
					failed++
				}
			}
			if err == nil && failed > 0 {
				return fault.New(fault.Partial, "send a test message", "%d of %d could not be reached", failed, len(out.Value))
			}
			return err
		},
	}
}

func notifyListCommand(e *env) *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List messages, the newest first: sent, waiting to be sent again, or given up", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var out struct{ Value []notify.Message }
			q := url.Values{"limit": {strconv.Itoa(limit)}}
			if err := cl.call(cmd.Context(), "GET", "/sallyport/v1/notify/messages?"+q.Encode(), nil, &out); err != nil {
				return err
			}
			return e.print(out.Value, func() {
				for _, m := range out.Value {
					e.say("%s  %-8s %-32s %s", m.Event.At.Local().Format(time.DateTime), m.State, m.Channel, m.Event.Title)
					if m.Error != "" {
						e.say("    after %d attempts: %s", m.Attempts, m.Error)
					}
				}
				if len(out.Value) == 0 {
					e.say("There are no messages.")
				}
			})
		},
	}
	c.Flags().IntVar(&limit, "limit", 50, "how many messages at most")
	return c
}
