package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/service/cycle"
)

// effectBucket is one line of a histogram.
type effectBucket struct {
	UpTo  string `json:"upTo"` // a duration such as 5s, "" for whatever took longer
	Count int    `json:"count"`
}

func effectCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "effect APP", Short: "Show how long changes took from the directory into the target, as a histogram", Args: cobra.ExactArgs(1),
		Long: `Counts each change of the directory that an incremental cycle wrote into the target, by the time between the two. Changes that
wait for a retry or for a release count when they are written.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := e.client()
			if err != nil {
				return err
			}
			st, err := cl.status(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			out := struct {
				Count   int            `json:"count"`
				Mean    string         `json:"mean"`
				Half    string         `json:"half"`
				Most    string         `json:"most"` // 95 of 100
				Buckets []effectBucket `json:"buckets"`
			}{st.Effect.Count, meanOf(st.Effect).String(), st.Effect.Quantile(0.5).String(), st.Effect.Quantile(0.95).String(), effectBuckets(st.Effect)}
			return e.print(out, func() { e.sayEffect(args[0], st.Effect) })
		},
	}
}

func meanOf(h cycle.Histogram) time.Duration {
	if h.Count == 0 {
		return 0
	}
	return (h.Sum / time.Duration(h.Count)).Round(time.Millisecond)
}

func effectBuckets(h cycle.Histogram) []effectBucket {
	out := make([]effectBucket, 0, len(h.Buckets))
	for i, n := range h.Buckets {
		b := effectBucket{Count: n}
		if i < len(cycle.EffectBounds) {
			b.UpTo = cycle.EffectBounds[i].String()
		}
		out = append(out, b)
	}
	return out
}

func (e *env) sayEffect(app string, h cycle.Histogram) {
	if h.Count == 0 {
		e.say("Job %s wrote no change of the directory yet.", app)
		return
	}
	e.say("%d changes: %v on average, half within %v, 95 of 100 within %v.", h.Count, meanOf(h), h.Quantile(0.5), h.Quantile(0.95))
	const width = 40
	for i, b := range effectBuckets(h) {
		label := "up to " + b.UpTo
		if i == len(cycle.EffectBounds) {
			label = "longer"
		}
		bar := strings.Repeat("#", (b.Count*width+h.Count-1)/h.Count)
		e.say("%s", strings.TrimRight(fmt.Sprintf("  %-14s %8d  %s", label, b.Count, bar), " "))
	}
}
