package cache

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// resident reads a line of /proc/self/status in MB; 0 where there is none.
func resident(line string) float64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), line+":"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024
		}
	}
	return 0
}

// BenchmarkMillion imports a million people into an empty cache and reports what the whole process then holds, before
// anything is given back by force, and at most.
func BenchmarkMillion(b *testing.B) {
	for b.Loop() {
		c := filled(b, userConfig, 1_000_000)
		b.ReportMetric(resident("VmRSS"), "MB-after")
		b.ReportMetric(resident("VmHWM"), "MB-peak")
		debug.FreeOSMemory()
		b.ReportMetric(resident("VmRSS"), "MB-settled")
		if c.Len() != 1_000_000 {
			b.Fatal(c.Len())
		}
	}
}
