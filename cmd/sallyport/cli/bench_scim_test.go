package cli

import "testing"

func TestPromises(t *testing.T) {
	row := func(users int, op string, rate, ratio float64, rss int64) scimRow {
		return scimRow{Users: users, Operation: op, PerSecond: rate, Ratio: ratio, RSS: rss}
	}
	for name, c := range map[string]struct {
		rows []scimRow
		held []bool
	}{
		"nothing of these sizes":      {[]scimRow{row(7, "GET by id", 1, 0.1, 1)}, nil},
		"share of the baseline":       {[]scimRow{row(usualSize, "GET by id", 1, 0.6, 1), row(usualSize, "filter userName eq", 1, 0.59, 1)}, []bool{true, false}},
		"rates":                       {[]scimRow{row(usualSize, "list page of 100", 1000, 0, 1), row(usualSize, "POST", 3999, 0, 1)}, []bool{true, false}},
		"flat, and memory":            {[]scimRow{row(1000, "GET by id", 1, 1, 1), row(largeSize, "GET by id", 1, 0.81, 599e6)}, []bool{true, true}},
		"not flat, and memory":        {[]scimRow{row(largeSize, "GET by id", 1, 0.79, 600e6), row(1000, "GET by id", 1, 1, 1)}, []bool{false, false}},
		"faster with more is no harm": {[]scimRow{row(1000, "GET by id", 1, 1, 1), row(2000, "GET by id", 1, 2, 1)}, []bool{true}},
	} {
		t.Run(name, func(t *testing.T) {
			got := promises(c.rows)
			if len(got) != len(c.held) {
				t.Fatalf("%+v", got)
			}
			for i, p := range got {
				if p.Held != c.held[i] {
					t.Errorf("%+v", p)
				}
			}
		})
	}
}
