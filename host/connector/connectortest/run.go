package connectortest

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// Run checks every promise as a subtest of its own, each on an empty target.
func Run(t *testing.T, h Harness) {
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) {
			if why := h.Excuses[c.Name]; why != "" {
				t.Skip("excused: " + why)
			}
			open := h.Open
			if h.New != nil {
				if !h.has(c.part) {
					t.Skip(h.lacks(c.part))
				}
				open = h.New(t)
			}
			if h.Scale == 0 && testing.Short() {
				h.Scale = defaultScale / 10
			}
			v := c.judge(t.Context(), h, open)
			for _, failure := range v.Failures {
				t.Error(failure)
			}
			if v.Outcome == Skipped {
				t.Skip(v.Detail)
			}
		})
	}
}

// Outcome is how a check ended.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // Detail says why: an excuse, or what was looked for in vain
)

// Verdict is what came of one check.
type Verdict struct {
	Tier     Tier          `json:"tier"`
	Check    string        `json:"check"`
	Outcome  Outcome       `json:"outcome"`
	Detail   string        `json:"detail,omitempty"`
	Failures []string      `json:"failures,omitempty"`
	Took     time.Duration `json:"took"`
}

// Options narrow what Judge does.
type Options struct {
	Tiers []Tier // only these; empty = all
	Write bool   // also checks that write. Objects of their own are made and deleted; others are left alone.
}

// Judge makes the checks on the target that h.Open reaches, without a test around them, and yields each verdict when it is there. It
// ends early when ctx does.
func Judge(ctx context.Context, h Harness, o Options) iter.Seq[Verdict] {
	return func(yield func(Verdict) bool) {
		outside()
		if o.Write {
			h = h.settled(ctx)
		}
		for _, c := range Checks() {
			wanted := len(o.Tiers) == 0 || slices.Contains(o.Tiers, c.Tier)
			if !wanted || !o.Write && !c.Reads {
				continue
			}
			if ctx.Err() != nil || !yield(c.judge(ctx, h, h.Open)) {
				return
			}
		}
	}
}

// outside makes rapid work where no test runs: it reads the flags of package testing, which are then at their defaults.
var outside = sync.OnceFunc(func() {
	if testing.Testing() {
		return
	}
	testing.Init()
	if !flag.Parsed() {
		_ = flag.CommandLine.Parse(nil) // of no arguments: nothing can be wrong
	}
	_ = flag.Set("rapid.nofailfile", "true") // an administrator's folder is no place for them
})

// judge makes one check.
func (c Check) judge(ctx context.Context, h Harness, open func(context.Context) (connector.Session, error)) Verdict {
	start := time.Now()
	v := Verdict{Tier: c.Tier, Check: c.Name}
	can, err := capabilities(ctx, open)
	switch {
	case err != nil:
		v.Outcome, v.Failures = Failed, []string{"open: " + said(err)}
	case h.Excuses[c.Name] != "":
		v.Outcome, v.Detail = Skipped, "excused: "+h.Excuses[c.Name]
	case c.ability != "" && !has(can, c.ability), c.Tier == Delta && !has(can, "delta"):
		v.Outcome, v.Detail = Skipped, "excused: "+can.Excuses[c.lacks(can)]
	case !h.has(c.part):
		v.Outcome, v.Detail = Skipped, h.lacks(c.part)
	default:
		t := &trial{ctx: ctx, name: c.Name, h: h, open: open, can: can}
		t.play(c.run)
		v.Failures, v.Outcome = t.failures, Passed
		if len(t.failures) > 0 {
			v.Outcome = Failed
		} else if t.skipped != "" {
			v.Outcome, v.Detail = Skipped, t.skipped
		}
	}
	v.Took = time.Since(start)
	return v
}

func (c Check) lacks(can connector.Capabilities) string {
	if c.ability == "" || has(can, c.ability) {
		return string(c.Tier)
	}
	return c.ability
}

func has(can connector.Capabilities, name string) bool {
	return slices.ContainsFunc(can.Abilities(), func(a connector.Ability) bool { return a.Name == name && a.Has })
}

func capabilities(ctx context.Context, open func(context.Context) (connector.Session, error)) (connector.Capabilities, error) {
	s, err := open(ctx)
	if err != nil {
		return connector.Capabilities{}, err
	}
	return connector.CapabilitiesOf(s), s.Close()
}

// said is an error with its hint, which Error does not always show last.
func said(err error) string {
	return fmt.Sprintf("%v [%s]", err, fault.KindOf(err))
}
