package cli

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/scim"
)

// promise is what we say of the endpoint's speed and memory, and whether it held in this run.
type promise struct {
	Text     string `json:"promise"`
	Measured string `json:"measured"`
	Held     bool   `json:"held"`
}

func (p promise) verdict() string {
	if p.Held {
		return "held"
	}
	return "MISSED"
}

// The sizes that promises are about.
const (
	usualSize = 100_000
	largeSize = 1_000_000
)

// promises judges a table; what it says nothing about is left out.
func promises(rows []scimRow) []promise {
	var out []promise
	for _, r := range rows {
		if r.Users == usualSize {
			out = append(out, speed(r)...)
		}
	}
	for _, op := range []string{"filter userName eq", "GET by id"} {
		out = append(out, flat(rows, op)...)
	}
	var most int64
	for _, r := range rows {
		if r.Users == largeSize {
			most = max(most, r.RSS)
		}
	}
	if most > 0 {
		out = append(out, promise{"1,000,000 users take less than 600 MB", fmt.Sprintf("%d MB at most", most/1e6), most < 600e6})
	}
	return out
}

func speed(r scimRow) []promise {
	rate := func(limit float64) []promise {
		return []promise{{fmt.Sprintf("%s: at least %.0f a second", r.Operation, limit), fmt.Sprintf("%.0f", r.PerSecond), r.PerSecond >= limit}}
	}
	switch r.Operation {
	case "filter userName eq", "GET by id":
		return []promise{{r.Operation + ": at least 60 % of the baseline", fmt.Sprintf("%.0f %%", 100*r.Ratio), r.Ratio >= 0.6}}
	case "list page of 100":
		return rate(1000)
	case "PATCH, 2 attributes", "POST":
		return rate(4000)
	}
	return nil
}

// flat compares the share of the baseline at the smallest and the largest number of users.
func flat(rows []scimRow, operation string) []promise {
	var first, last scimRow
	for _, r := range rows {
		if r.Operation != operation {
			continue
		}
		if first.Users == 0 || r.Users < first.Users {
			first = r
		}
		if r.Users > last.Users {
			last = r
		}
	}
	if first.Users == last.Users {
		return nil
	}
	loss := 1 - last.Ratio/first.Ratio
	return []promise{{
		fmt.Sprintf("%s: within 20 %% from %d to %d users", operation, first.Users, last.Users),
		fmt.Sprintf("%+.0f %% (CPU %.3f → %.3f ms)", -100*loss, first.CPU, last.CPU), loss <= 0.2,
	}}
}

// parsePromises measures how long it takes to read a filter, in this process.
func parsePromises() []promise {
	rt, err := scim.NewResourceType("User", "/Users", scim.CoreUser(), scim.EnterpriseUser())
	if err != nil {
		return nil
	}
	const times, text = 200_000, "filter parse: under 1 µs and at most 5 allocations"
	best := time.Hour
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 5 {
		began := time.Now()
		for range times {
			if _, err := rt.ParseFilter(`userName eq "ann.sample@contoso.example"`); err != nil {
				return []promise{{text, err.Error(), false}}
			}
		}
		best = min(best, time.Since(began)/times)
	}
	runtime.ReadMemStats(&after)
	allocs := float64(after.Mallocs-before.Mallocs) / (5 * times)
	return []promise{{text, fmt.Sprintf("%d ns, %.1f allocations", best.Nanoseconds(), allocs), best < time.Microsecond && allocs < 5.5}}
}

// loadAverage says how busy the machine was with everything that runs on it, "unknown" where it does not tell.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if f := strings.Fields(string(text)); err == nil && len(f) >= 3 {
		return strings.Join(f[:3], " ")
	}
	return "unknown"
}
