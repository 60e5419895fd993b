package plan

import (
	"context"

	"github.com/sallyport-id/sallyport/entry"
)

// Chooser is what a World can do besides: it keeps what it said is free for the object it was asked for.
type Chooser interface {
	// Taken reports whether an object of the target holds a value of an attribute, or another object at work was given it. When neither is
	// so, the value is kept for the object in hand until that is settled.
	Taken(ctx context.Context, t entry.Type, attr, value string) (bool, error)
}

// taken answers for SelectUniqueValue.
func (m *maker) taken(attr, v string) (bool, error) {
	if c, ok := m.world.(Chooser); ok {
		return c.Taken(m.ctx, m.o.Target, attr, v)
	}
	hits, err := m.world.Find(m.ctx, m.o.Target, attr, v)
	return len(hits) > 0, err
}
