package gldap

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"sync"

	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// rolls remember which objects there were when a watermark of timestamps was given out, so that what is missing at the next one was
// deleted. They live as long as the process; after a restart a full import comes first.
type rolls struct {
	mu   sync.Mutex
	kept []*roll // oldest first
}

// roll is the anchors of one connector at one watermark.
type roll struct {
	of, epoch string
	anchors   map[string]struct{}
}

// maxRolls bounds how many are kept of one connector: each object type may be at another of the last watermarks.
const maxRolls = 16

// find returns the roll of a watermark; nil when it is not known any more.
func (r *rolls) find(of, epoch string) *roll {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.kept {
		if x.of == of && x.epoch == epoch {
			return x
		}
	}
	return nil
}

// keep stores the anchors, and returns their epoch.
func (r *rolls) keep(of string, anchors map[string]struct{}) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := &roll{of: of, epoch: rand.Text(), anchors: anchors}
	r.kept = append(r.kept, x)
	n := 0
	for _, y := range slices.Backward(r.kept) {
		if y.of == of {
			if n++; n > maxRolls {
				y.anchors = nil
			}
		}
	}
	r.kept = slices.DeleteFunc(r.kept, func(y *roll) bool { return y.anchors == nil })
	return x.epoch
}

// note adds an object that the host learns of after the watermark was given out.
func (r *rolls) note(of, anchor string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.kept {
		if x.of == of {
			x.anchors[anchor] = struct{}{}
		}
	}
}

// missing notes what was there and is not any more. It returns whether all that is there was there before.
func (r *rolls) missing(x *roll, now map[string]struct{}, found *touched) (same bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for a := range x.anchors {
		if _, ok := now[a]; !ok {
			if err := found.anchor(a); err != nil {
				return false, err
			}
		}
	}
	return len(now) == len(x.anchors) && len(found.anchors) == 0, nil
}

// rollName tells the rolls of connectors apart.
func (s *session) rollName() string {
	return strings.Join([]string{s.name, s.layout.access.servers[0].url, s.layout.bases[0].key()}, "\x00")
}

// compares reports whether deletions are found by comparing what is there with what was: timestampDeletes, where the way in which
// changes are found does not tell of them.
func (s *session) compares() bool {
	if !s.layout.timestampDeletes {
		return false
	}
	d := s.delta()
	return d != nil && !d.deletions()
}

// learned notes an object that the host is told of.
func (s *session) learned(anchor string) {
	if s.layout.timestampDeletes && s.compares() {
		s.driver.rolls.note(s.rollName(), anchor)
	}
}

// betweenRoll stands between a place in the changes and the name of a roll.
const betweenRoll = "~"

// rolled adds the name of a new roll to a watermark, where deletions are found by comparing.
func (s *session) rolled(ctx context.Context, w string) (string, error) {
	if !s.compares() {
		return w, nil
	}
	there, err := s.everyAnchor(ctx)
	if err != nil {
		return "", err
	}
	return w + betweenRoll + s.driver.rolls.keep(s.rollName(), there), nil
}

// unrolled splits a watermark into the place in the changes and the name of the roll.
func (s *session) unrolled(w string) (place, epoch string) {
	if i := strings.LastIndex(w, betweenRoll); i >= 0 && s.compares() {
		return w[:i], w[i+len(betweenRoll):]
	}
	return w, ""
}

// compare notes what was there at a watermark and is not any more, and adds the name of the next roll to the next watermark.
func (s *session) compare(ctx context.Context, epoch, next string, found *touched) (string, error) {
	was := s.driver.rolls.find(s.rollName(), epoch)
	if was == nil {
		return "", forgotten("what was there at the watermark is not known any more")
	}
	there, err := s.everyAnchor(ctx)
	if err != nil {
		return "", err
	}
	same, err := s.driver.rolls.missing(was, there, found)
	if err != nil || same {
		return next + betweenRoll + epoch, err
	}
	return next + betweenRoll + s.driver.rolls.keep(s.rollName(), there), nil
}

// everyAnchor lists the anchors of all objects.
func (s *session) everyAnchor(ctx context.Context) (map[string]struct{}, error) {
	out := map[string]struct{}{}
	for _, o := range s.objects {
		for _, base := range s.layout.bases {
			x := &scan{session: s, link: &s.main, base: base, filter: o.filter, attrs: o.anchorAttrs(""), sort: o.sortKey()}
			x.each = func(e *wire.Entry) error {
				made, err := o.convert(e)
				if err == nil && made != nil {
					out[made.ID] = struct{}{}
				}
				return err
			}
			if err := x.run(ctx); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
