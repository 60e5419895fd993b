package cli

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress is a bar on a terminal, a line every few seconds elsewhere, and nothing with --json.
type progress struct {
	bars  *mpb.Progress
	bar   *mpb.Bar
	e     *env
	name  string
	most  int64
	now   int64
	last  time.Time
	quiet bool
}

// progress begins to show the progress of some work; total 0 means not known yet.
func (e *env) progress(name string, total int64, unit string) *progress {
	p := &progress{e: e, name: name, most: total, quiet: e.json, last: time.Now()}
	f, ok := e.err.(*os.File)
	if e.json || !ok || !term.IsTerminal(int(f.Fd())) {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(e.err), mpb.WithAutoRefresh())
	count := decor.CountersNoUnit("%d / %d " + unit)
	if unit == "bytes" {
		count = decor.CountersKibiByte("% .1f / % .1f")
	}
	p.bar = p.bars.AddBar(total, mpb.PrependDecorators(decor.Name(name+" ")), mpb.AppendDecorators(count, decor.Name(" "), decor.AverageSpeed(0, "%.0f/s"), decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)))
	return p
}

func (p *progress) total(n int64) {
	if n <= 0 || n == p.most {
		return
	}
	p.most = n
	if p.bar != nil {
		p.bar.SetTotal(n, false)
	}
}

func (p *progress) set(n int64) {
	p.now = n
	switch {
	case p.bar != nil:
		p.bar.SetCurrent(n)
	case !p.quiet && time.Since(p.last) > 5*time.Second:
		p.last = time.Now()
		if p.most > 0 {
			fmt.Fprintf(p.e.err, "%s: %d of %d\n", p.name, n, p.most)
		} else {
			fmt.Fprintf(p.e.err, "%s: %d\n", p.name, n)
		}
	}
}

// done takes the bar down, leaving it full when the work reached its end.
func (p *progress) done() {
	if p.bar == nil {
		return
	}
	p.bar.SetTotal(max(p.now, 1), true)
	p.bars.Shutdown()
}

func sortedKeys[M ~map[K]V, K cmp.Ordered, V any](m M) []K { return slices.Sorted(maps.Keys(m)) }
