package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/service/cycle"
)

func TestEffectIsShownAsAHistogram(t *testing.T) {
	var h cycle.Histogram
	for _, d := range []time.Duration{20 * time.Millisecond, 30 * time.Millisecond, 3 * time.Second, 48 * time.Hour} {
		h.Add(d)
	}
	var out bytes.Buffer
	(&env{out: &out}).sayEffect("hr", h)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2+len(cycle.EffectBounds) {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	for i, want := range map[int]string{0: "4 changes", 1: "up to 100ms           2  ####################", 5: "up to 5s              1  ##########", len(lines) - 1: "longer                1  ##########"} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %q, want %q in it", i, lines[i], want)
		}
	}
}
