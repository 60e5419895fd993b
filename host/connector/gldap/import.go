package gldap

import (
	"context"
	"errors"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// batch is how many objects are read before their references are looked up and they are handed on.
const batch = 256

// errLeft ends a scan whose reader has left.
var errLeft = errors.New("the reader has left")

// Import reads all base DNs, page by page. Not more than a batch of objects is kept, besides the anchors of what references point to.
func (s *session) Import(ctx context.Context, t entry.Type) iter.Seq2[entry.Entry, error] {
	return func(yield func(entry.Entry, error) bool) {
		err := s.importAll(ctx, t, func(e entry.Entry) bool { return yield(e, nil) })
		if err != nil && !errors.Is(err, errLeft) {
			yield(entry.Entry{}, unread("import "+string(t), err))
		}
	}
}

func (s *session) importAll(ctx context.Context, t entry.Type, yield func(entry.Entry) bool) error {
	o, err := s.object(t)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.Unavailable, "import", err)
	}
	r := s.resolver(&s.side)
	var kept []*entry.Entry
	flush := func() error {
		if err := r.resolve(ctx, o, kept); err != nil {
			return err
		}
		for _, e := range kept {
			s.learned(e.ID)
			if !yield(*e) {
				return errLeft
			}
		}
		kept = kept[:0]
		return nil
	}
	for _, base := range s.layout.bases {
		x := &scan{session: s, link: &s.main, base: base, filter: o.filter, attrs: o.ask, sort: o.sortKey()}
		x.each = func(e *wire.Entry) error {
			made, err := s.take(ctx, o, e)
			if err != nil || made == nil {
				return err
			}
			if kept = append(kept, made); len(kept) < batch {
				return nil
			}
			x.timer.Stop()
			return flush()
		}
		if err := x.run(ctx); err != nil {
			return err
		}
	}
	return flush()
}

// take converts an entry, and fetches the values of long attributes that the server did not send at once.
func (s *session) take(ctx context.Context, o *object, e *wire.Entry) (*entry.Entry, error) {
	made, err := o.convert(e)
	if err != nil || made == nil {
		return made, err
	}
	return made, s.complete(ctx, o, e, made)
}

// sortKey is what lists are sorted by.
func (o *object) sortKey() string {
	if o.anchor.form == formName {
		return "cn"
	}
	return o.anchor.wire
}
