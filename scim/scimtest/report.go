package scimtest

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Result is what one check came to.
type Result struct {
	ID      string        `json:"id"`
	Area    string        `json:"area"`
	Level   Level         `json:"level"`
	Title   string        `json:"title"`
	Source  string        `json:"source"`
	Verdict Verdict       `json:"verdict"`
	Why     []string      `json:"why,omitempty"` // what was seen instead, or why it was skipped
	Elapsed time.Duration `json:"elapsedNanoseconds"`
}

// Report is what a run came to.
type Report struct {
	BaseURL string        `json:"baseURL"`
	Started time.Time     `json:"started"`
	Elapsed time.Duration `json:"elapsedNanoseconds"`
	Fatal   string        `json:"fatal,omitempty"` // why nothing could be decided; empty when the checks ran
	Results []Result      `json:"results"`
}

// Count returns how many checks of a level came to a verdict.
func (r Report) Count(l Level, v Verdict) int {
	n := 0
	for _, res := range r.Results {
		if res.Level == l && res.Verdict == v {
			n++
		}
	}
	return n
}

// OK reports whether the run was decided and no check of the levels failed; without levels, whether none failed at all.
func (r Report) OK(levels ...Level) bool {
	if len(levels) == 0 {
		levels = []Level{Must, Should, May}
	}
	for _, l := range levels {
		if r.Count(l, Failed) > 0 {
			return false
		}
	}
	return r.Fatal == "" && len(r.Results) > 0
}

// WriteJSON writes the report as one JSON document.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteText writes the report for people: what failed and why, what was skipped, and the counts by level.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "SCIM conformance of %s\n\n", r.BaseURL)
	if r.Fatal != "" {
		fmt.Fprintf(&b, "nothing was decided: %s\n", r.Fatal)
	}
	for _, v := range []Verdict{Failed, Skipped} {
		for _, res := range r.Results {
			if res.Verdict == v {
				fmt.Fprintf(&b, "%-7s %-6s %-14s %s (%s)\n", res.Verdict, res.Level, res.ID, res.Title, res.Source)
				for _, why := range res.Why {
					fmt.Fprintf(&b, "        %s\n", why)
				}
			}
		}
	}
	for _, l := range []Level{Must, Should, May} {
		fmt.Fprintf(&b, "%-6s %d passed, %d failed, %d skipped\n", l, r.Count(l, Passed), r.Count(l, Failed), r.Count(l, Skipped))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
