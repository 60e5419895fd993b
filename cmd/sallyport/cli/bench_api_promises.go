package cli

import (
	"fmt"
	"runtime"
)

// Operations that promises are about.
const (
	pageStart   = "page of 100 users, start"
	pageMiddle  = "page of 100 users, middle"
	pageEnd     = "page of 100 users, end"
	deltaOne    = "delta, one change"
	batchCreate = "users created a second, $batch of 20"
	bulkCreate  = "users created a second, bulkUpload of 50"
)

// What is promised of the API over a directory of 1,000,000 users.
const (
	mostPage    = 10.0 // ms, 99 of 100
	mostDelta   = 5.0  // ms, median
	leastCreate = 3000 // a second
	mostGrowth  = 1.5  // of the median time, from the start to the end
)

// apiPromises judges a table; what it says nothing about is left out.
func apiPromises(users int, rows []apiRow) []promise {
	byName := map[string]apiRow{}
	for _, r := range rows {
		byName[r.Operation] = r
	}
	var out []promise
	for _, name := range []string{pageStart, pageMiddle, pageEnd} {
		if r, ok := byName[name]; ok {
			out = append(out, promise{fmt.Sprintf("%s: p99 below %.0f ms at %.0f requests a second", name, mostPage, r.PerSecond), fmt.Sprintf("%.2f ms of %d users (bare server %.2f)", r.P99, users, r.BareP99), r.P99 < mostPage})
		}
	}
	first, last := byName[pageStart], byName[pageEnd]
	if first.P50 > 0 && last.P50 > 0 {
		grown := last.P50 / first.P50
		out = append(out, promise{"pages do not get slower with depth", fmt.Sprintf("median at the end %.2f of that at the start", grown), grown < mostGrowth})
	}
	if r, ok := byName[deltaOne]; ok {
		out = append(out, promise{fmt.Sprintf("delta with one change below %.0f ms", mostDelta), fmt.Sprintf("median %.2f ms, p99 %.2f ms of %d users", r.P50, r.P99, users), r.P50 < mostDelta})
	}
	for _, name := range []string{batchCreate, bulkCreate} {
		if r, ok := byName[name]; ok {
			out = append(out, promise{fmt.Sprintf("%s: at least %d", name, leastCreate), fmt.Sprintf("%.0f on %d processors, which the bench shares", r.PerSecond, runtime.NumCPU()), r.PerSecond >= leastCreate})
		}
	}
	return out
}
