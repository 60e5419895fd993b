package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/service/cycle"
)

// jobRow is a job in a list: the application it is of, its one-word state, and all that is known of it.
type jobRow struct {
	App    string      `json:"app"`
	Status string      `json:"status"` // as 'app list' has it
	State  cycle.State `json:"state"`
}

func jobListCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the jobs: state, end of the last cycle, what it did", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			var apps struct {
				Value []struct{ ID, Status string }
			}
			if err := cl.call(cmd.Context(), "GET", own("apps"), nil, &apps); err != nil {
				return err
			}
			rows := make([]jobRow, len(apps.Value))
			for i, a := range apps.Value {
				st, err := cl.status(cmd.Context(), a.ID)
				if err != nil {
					return err
				}
				rows[i] = jobRow{a.ID, a.Status, st}
			}
			return e.print(rows, func() { e.sayJobs(rows) })
		},
	}
}

func (e *env) sayJobs(rows []jobRow) {
	for _, r := range rows {
		last := "no cycle yet"
		if p := r.State.Last; p != nil {
			last = p.Ended.Local().Format(time.DateTime)
			e.say("%-20s %-12s %s  %d written, %d failed", r.App, r.Status, last, p.Created+p.Updated+p.Disabled+p.Deleted, p.Failed)
			continue
		}
		e.say("%-20s %-12s %s", r.App, r.Status, last)
	}
	if len(rows) == 0 {
		e.say("There is no application. 'sallyport app apply -f FILE' makes one.")
	}
}
