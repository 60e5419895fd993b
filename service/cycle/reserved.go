package cycle

import (
	"context"
	"sync"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/service/plan"
)

// reserved are values that objects at work chose because the target holds them nowhere. Nobody else of the job may choose them until the
// object is settled: the target cannot know of them before. All methods may be called from any goroutine.
type reserved struct {
	mu     sync.Mutex
	owners map[word]string // → source id
	words  map[string][]word
}

// word is a value of an attribute, without regard to case.
type word struct {
	t     entry.Type
	attr  string
	value string
}

// take reserves a value for a source object; false when another object has it.
func (r *reserved) take(w word, source string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if owner, taken := r.owners[w]; taken {
		return owner == source
	}
	if r.owners == nil {
		r.owners, r.words = map[word]string{}, map[string][]word{}
	}
	r.owners[w] = source
	r.words[source] = append(r.words[source], w)
	return true
}

// free gives up what is reserved for a source object.
func (r *reserved) free(source string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range r.words[source] {
		delete(r.owners, w)
	}
	delete(r.words, source)
}

var _ plan.Chooser = (*turn)(nil)

// Taken implements plan.Chooser. What was read ahead does not count: it may lack somebody.
func (t *turn) Taken(ctx context.Context, typ entry.Type, attr, value string) (bool, error) {
	if !t.names.take(word{typ, attr, fold(value)}, t.change.Entry.ID) {
		return true, nil
	}
	t.tally.requests.Add(1)
	hits, err := t.Target.Find(ctx, typ, attr, value)
	return len(hits) > 0, err
}
