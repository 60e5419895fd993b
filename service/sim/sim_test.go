package sim_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sallyport-id/sallyport/service/sim"
)

// memory returns a folder that is in memory where the machine has such a thing: a commit need not survive the machine here.
func memory(t *testing.T) string {
	t.Helper()
	for _, root := range []string{"/dev/shm", ""} {
		if dir, err := os.MkdirTemp(root, "sim-*"); err == nil {
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			return dir
		}
	}
	return t.TempDir()
}

func play(t *testing.T, seed uint64, dir string) sim.Report {
	t.Helper()
	var r sim.Report
	synctest.Test(t, func(t *testing.T) {
		var err error
		if r, err = sim.Play(t.Context(), seed, dir); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestSeeds(t *testing.T) {
	dir := memory(t)
	first, n := number(t, "SALLYPORT_SIM_SEED", 0), number(t, "SALLYPORT_SIM_SEEDS", 500)
	reached := map[string]int{}
	for seed := first; seed < first+n; seed++ {
		r := play(t, seed, dir)
		for what, times := range r.Reached {
			reached[what] += times
		}
		if len(r.Violations) > 0 {
			t.Errorf("seed %d: %s", seed, strings.Join(r.Violations, "\n"))
			if os.Getenv("SALLYPORT_SIM_TRACE") != "" {
				t.Log(strings.Join(r.History, "\n"))
			}
		}
	}
	t.Log(reached)
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSameSeedSameHistory(t *testing.T) {
	a, b := play(t, 7, memory(t)), play(t, 7, memory(t))
	if !slices.Equal(a.History, b.History) {
		for i := range min(len(a.History), len(b.History)) {
			if a.History[i] != b.History[i] {
				t.Fatalf("differs at %d:\n%s\n%s", i, a.History[i], b.History[i])
			}
		}
		t.Fatalf("%d and %d steps", len(a.History), len(b.History))
	}
}
