package mem

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
)

// session implements every optional part of the contract but Hierarchy: a population is flat.
type session struct {
	store *store
	can   connector.Capabilities
}

var (
	_ connector.Exporter        = (*session)(nil)
	_ connector.BatchExporter   = (*session)(nil)
	_ connector.DeltaImporter   = (*session)(nil)
	_ connector.Watcher         = (*session)(nil)
	_ connector.Lookup          = (*session)(nil)
	_ connector.Tester          = (*session)(nil)
	_ connector.StagedTester    = (*session)(nil)
	_ connector.Counter         = (*session)(nil)
	_ connector.PasswordSetter  = (*session)(nil)
	_ connector.PasswordChanger = (*session)(nil)
	_ connector.Partitioner     = (*session)(nil)
	_ connector.Limits          = (*session)(nil)
	_ connector.Describer       = (*session)(nil)
)

// Capabilities says what every session can do. Batches bring memory nothing, so none are asked for unless the settings do.
func (s *session) Capabilities() connector.Capabilities { return s.can }

// Writers returns more than anybody needs: memory has no opinion on parallel writers.
func (s *session) Writers() int { return 1024 }

// Close leaves the population to other sessions.
func (s *session) Close() error { return nil }

// Test fails only when ctx has ended.
func (s *session) Test(ctx context.Context) error { return alive(ctx) }

func (s *session) Schema(ctx context.Context) (connector.Schema, error) {
	return s.store.schema, alive(ctx)
}

func (s *session) Count(ctx context.Context, t entry.Type) (int, error) {
	tab, err := s.store.table(t)
	if err != nil {
		return 0, err
	}
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	n := len(tab.byID)
	if t == entry.User {
		n += s.store.people - len(s.store.gone)
	}
	return n, alive(ctx)
}

// Import yields made-up people first, then what was created or changed, in that order. Each object is as it was at
// some moment of the import.
func (s *session) Import(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		tab, err := s.store.table(t)
		if err != nil {
			yield(entry.Entry{}, err)
			return
		}
		s.store.mu.RLock()
		people, order := s.store.people, tab.inOrder()
		s.store.mu.RUnlock()
		if t != entry.User {
			people = 0
		}
		id := func(i int) string {
			if i < people {
				return personID(i)
			}
			return order[i-people]
		}
		for i := range people + len(order) {
			if err := alive(ctx); err != nil {
				yield(entry.Entry{}, err)
				return
			}
			if i >= people && s.wasPerson(tab, order[i-people], people) {
				continue // yielded among the people
			}
			if e, ok := s.read(tab, id(i)); ok && !yield(e, nil) {
				return
			}
		}
	}
}

// wasPerson reports whether the changed object was yielded at its place among the made-up people already.
func (s *session) wasPerson(tab *table, id string, people int) bool {
	i := personOf(id)
	return tab.kind.Name == entry.User && i >= 0 && i < people
}

func (s *session) read(tab *table, id string) (entry.Entry, bool) {
	s.store.mu.RLock()
	e, ok := s.store.get(tab, id)
	s.store.mu.RUnlock()
	return visible(tab.kind, e), ok
}

// visible is a copy without what is never read back.
func visible(o connector.ObjectType, e entry.Entry) entry.Entry {
	e = e.Clone()
	for _, a := range o.Attributes {
		if a.WriteOnly {
			delete(e.Attrs, a.Name)
		}
	}
	return e
}

// Lookup compares as the attribute's CaseExact says; anchors and unique attributes by index, others by reading everything.
func (s *session) Lookup(ctx context.Context, t entry.Type, attr string, v entry.Value) ([]entry.Entry, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	tab, err := s.store.table(t)
	if err != nil {
		return nil, err
	}
	a, ok := tab.kind.Attribute(attr)
	if !ok || a.WriteOnly {
		return nil, fault.New(fault.Invalid, "look up", "%s has no attribute %q to look up by", t, attr)
	}
	if slices.Equal(tab.kind.Anchor, []string{attr}) {
		return s.one(tab, textOf(v), true), nil
	}
	if _, ok := tab.unique[attr]; ok {
		s.store.mu.RLock()
		id, ok := s.store.holderOf(tab, attr, v)
		s.store.mu.RUnlock()
		return s.one(tab, id, ok), nil
	}
	return s.scan(ctx, t, a, v)
}

func (s *session) one(tab *table, id string, ok bool) []entry.Entry {
	if !ok {
		return nil
	}
	e, ok := s.read(tab, id)
	if !ok {
		return nil
	}
	return []entry.Entry{e}
}

func (s *session) scan(ctx context.Context, t entry.Type, a connector.Attribute, v entry.Value) ([]entry.Entry, error) {
	var found []entry.Entry
	for e, err := range s.Import(ctx, t) {
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(e.Attrs[a.Name], func(w entry.Value) bool { return same(a, v, w) }) {
			found = append(found, e)
		}
	}
	return found, nil
}

func same(a connector.Attribute, v, w entry.Value) bool {
	x, ok := v.(string)
	y, ok2 := w.(string)
	if ok && ok2 && !a.CaseExact {
		return strings.EqualFold(x, y)
	}
	return entry.Equal(v, w)
}

func alive(ctx context.Context) error {
	return fault.Wrap(fault.Unavailable, "use the connector", ctx.Err())
}
