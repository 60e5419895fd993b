package nearest_test

import (
	"testing"

	"github.com/sallyport-id/sallyport/internal/nearest"
)

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"mapings", "mappings", 1}, {"datadir", "dataDir", 0}, {"kitten", "sitting", 3}, {"größe", "grösse", 2}, {"名前", "名", 1},
	} {
		if got := nearest.Distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q, %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if nearest.Distance(tt.a, tt.b) != nearest.Distance(tt.b, tt.a) {
			t.Errorf("%q, %q: not the same both ways", tt.a, tt.b)
		}
	}
}
