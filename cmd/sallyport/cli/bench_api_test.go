package cli

import (
	"encoding/json"
	"os"
	"runtime"
	"slices"
	"testing"
)

// asProgram makes this test binary behave as the program itself, so that benches can start parts of it as processes of their own.
const asProgram = "SALLYPORT_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	servePluginIfAsked()
	if os.Getenv(asProgram) == "yes" {
		os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// TestBenchOfTheAPIMeasures sees that every request of the bench did what it measures; how fast is a matter of the machine.
func TestBenchOfTheAPIMeasures(t *testing.T) {
	t.Setenv(asProgram, "yes")
	code, out, errOut := tried(t, "bench", "api", "--users", "1000", "--rounds", "1", "--span", "50ms", "--json")
	if code != ExitOK {
		t.Fatalf("%d %s", code, errOut)
	}
	var got struct {
		Users    int
		Rows     []apiRow
		Promises []promise
		RSS      int64 `json:"serviceRSSBytes"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, name := range []string{pageStart, pageMiddle, pageEnd, deltaOne, batchCreate, bulkCreate} {
		i := slices.IndexFunc(got.Rows, func(r apiRow) bool { return r.Operation == name })
		if i < 0 || got.Rows[i].PerSecond <= 0 || got.Rows[i].Ratio <= 0 {
			t.Errorf("%s: %+v", name, got.Rows)
		}
	}
	if got.Users != 1000 || len(got.Promises) != 7 || runtime.GOOS == "linux" && got.RSS == 0 {
		t.Errorf("%+v", got)
	}
}

func TestBenchOfTheAPIRefusesNothingToDo(t *testing.T) {
	for _, flag := range []string{"--users", "--rate", "--rounds"} {
		if code, _, _ := tried(t, "bench", "api", flag, "0"); code != ExitUsage {
			t.Errorf("%s: %d", flag, code)
		}
	}
}

func TestAPIPromises(t *testing.T) {
	row := func(name string, perSecond, p50, p99 float64) apiRow {
		return apiRow{Operation: name, PerSecond: perSecond, P50: p50, P99: p99}
	}
	for name, c := range map[string]struct {
		rows []apiRow
		held []bool
	}{
		"nothing that was promised": {[]apiRow{row("/users/$count", 1, 1, 1)}, nil},
		"pages":                     {[]apiRow{row(pageStart, 100, 2, 9.9), row(pageEnd, 100, 2.9, 10)}, []bool{true, false, true}},
		"deep pages are slow":       {[]apiRow{row(pageStart, 100, 2, 3), row(pageEnd, 100, 3, 4)}, []bool{true, true, false}},
		"delta":                     {[]apiRow{row(deltaOne, 1, 4.9, 7)}, []bool{true}},
		"delta is slow":             {[]apiRow{row(deltaOne, 1, 5, 7)}, []bool{false}},
		"creating":                  {[]apiRow{row(batchCreate, 2999, 0, 0), row(bulkCreate, 3000, 0, 0)}, []bool{false, true}},
	} {
		t.Run(name, func(t *testing.T) {
			var held []bool
			for _, p := range apiPromises(largeSize, c.rows) {
				held = append(held, p.Held)
			}
			if !slices.Equal(held, c.held) {
				t.Errorf("%v, want %v", held, c.held)
			}
		})
	}
}
