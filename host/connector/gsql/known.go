package gsql

import (
	"context"
	"crypto/rand"
	"sync"

	"github.com/sallyport-id/sallyport/entry"
)

// known remembers which anchors a connector told the host of, so that a watermark column can be complemented by a comparison: what
// is known and no longer there was deleted. It lives as long as the process; after a restart a full import comes first.
type known struct {
	object  entry.Type
	mu      sync.Mutex
	anchors map[string]struct{}
	epoch   string              // of the last watermark given out
	before  string              // of the one before, which may still be asked for
	leaving map[string]struct{} // told as deleted with the last watermark; forgotten once that comes back
}

var (
	knownMu  sync.Mutex
	allKnown = map[[3]string]*known{} // by connector, target and type
)

func (s *session) knownAnchors(t entry.Type) *known {
	knownMu.Lock()
	defer knownMu.Unlock()
	key := [3]string{s.name, s.layout.target.url, string(t)}
	if allKnown[key] == nil {
		allKnown[key] = &known{object: t, anchors: map[string]struct{}{}}
	}
	return allKnown[key]
}

// tracksAnchors reports whether deletions are found by comparison.
func (s *session) tracksAnchors() bool {
	return s.layout.delta == deltaWatermark && s.layout.deltaDeletes
}

// note adds an anchor that the host learns of now.
func (s *session) note(t entry.Type, id string) {
	if id == "" || !s.tracksAnchors() {
		return
	}
	k := s.knownAnchors(t)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.anchors[id] = struct{}{}
	delete(k.leaving, id)
}

// begin adds all anchors that are there, and returns the epoch of a new watermark.
func (k *known) begin(ctx context.Context, s *session) (string, error) {
	there, err := s.anchorsNow(ctx, k.object)
	if err != nil {
		return "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for id := range there {
		k.anchors[id] = struct{}{}
	}
	return k.turn(), nil
}

func (k *known) turn() string {
	k.before, k.epoch = k.epoch, rand.Text()
	return k.epoch
}

// resume takes note of which watermark the host kept.
func (k *known) resume(epoch string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch epoch {
	case k.epoch:
		for id := range k.leaving {
			delete(k.anchors, id)
		}
		k.leaving = nil
		return nil
	case k.before:
		return nil
	}
	return forgotten("which objects there were is not known any more")
}

// compare returns the known anchors that are not there, and the epoch of the watermark that says so.
func (k *known) compare(ctx context.Context, s *session) ([]string, string, error) {
	there, err := s.anchorsNow(ctx, k.object)
	if err != nil {
		return nil, "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var gone []string
	k.leaving = map[string]struct{}{}
	for id := range k.anchors {
		if _, ok := there[id]; !ok {
			gone = append(gone, id)
			k.leaving[id] = struct{}{}
		}
	}
	return gone, k.turn(), nil
}

// anchorsNow reads every anchor of a type.
func (s *session) anchorsNow(ctx context.Context, t entry.Type) (map[string]struct{}, error) {
	o, err := s.object(t)
	if err != nil {
		return nil, err
	}
	q := query{text: "SELECT " + selects("", o.anchor) + " FROM " + o.table + " WHERE " + notNull("", o.anchor), out: o.anchor}
	there := map[string]struct{}{}
	err = s.read(ctx, "compare the anchors", func(ctx context.Context, c conn) error {
		clear(there)
		r, err := c.query(ctx, q)
		if err != nil {
			return err
		}
		row := make([]entry.Value, len(o.anchor))
		ok, err := r.next(row)
		for ; ok && err == nil; ok, err = r.next(row) {
			there[anchorOf(row)] = struct{}{}
		}
		if closeErr := r.close(); err == nil {
			err = closeErr
		}
		return err
	})
	return there, err
}
