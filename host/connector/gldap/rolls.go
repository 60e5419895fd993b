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

// compares reports whether changes are found by timestamps.
func (s *session) compares() bool {
	_, is := s.delta().(stamps)
	return is
}

// learned notes an object that the host is told of.
func (s *session) learned(anchor string) {
	if s.layout.timestampDeletes && s.compares() {
		s.driver.rolls.note(s.rollName(), anchor)
	}
}

// present lists the anchors of all objects.
func (d stamps) present(ctx context.Context) (map[string]struct{}, error) {
	out := map[string]struct{}{}
	for _, o := range d.s.objects {
		for _, base := range d.s.layout.bases {
			x := &scan{session: d.s, link: &d.s.main, base: base, filter: o.filter, attrs: o.anchorAttrs(""), sort: o.sortKey()}
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
