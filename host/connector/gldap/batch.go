package gldap

import (
	"context"
	"errors"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

var _ connector.BatchExporter = (*session)(nil)

// Export carries the writes out in order. Creates that follow each other are sent without waiting for each answer.
func (s *session) Export(ctx context.Context, xs []connector.Export) []connector.Result {
	out := make([]connector.Result, len(xs))
	for i := 0; i < len(xs); {
		j := i
		for j < len(xs) && xs[j].Op == entry.Add {
			j++
		}
		if j > i {
			s.createMany(ctx, xs[i:j], out[i:j])
			i = j
			continue
		}
		x := xs[i]
		if x.Op == entry.Remove {
			out[i].Err = s.Delete(ctx, x.Type, x.Anchor)
		} else {
			out[i].Anchor, out[i].Err = s.Update(ctx, x.Type, x.Anchor, x.Edits)
		}
		i++
	}
	return out
}

// createMany sends creates one after the other and collects their answers. What the server refuses for a missing container, or because
// of something that only a step of its own settles, is done again singly: a refusal had no effect.
func (s *session) createMany(ctx context.Context, xs []connector.Export, out []connector.Result) {
	drafts := make([]draft, len(xs))
	var requests []wire.Message
	var index []int
	single := map[int]bool{}
	for i, x := range xs {
		d, err := s.draftOne(ctx, x)
		if err != nil {
			out[i].Err = err
			continue
		}
		if drafts[i] = d; !d.password.IsZero() {
			single[i] = true
			continue
		}
		requests, index = append(requests, s.addition(d)), append(index, i)
	}
	results := make([]wire.Result, len(xs))
	err := s.write(ctx, "create", func(ctx context.Context, c *wire.Conn) error {
		c.Pipeline(ctx, requests, window, nil, func(n int, r wire.Result, err error) {
			i := index[n]
			results[i] = r
			refused, ok := errors.AsType[*wire.Refused](err)
			if single[i] = ok && refused.Code == wire.NoSuchObject; !single[i] && err != nil {
				out[i].Err = about(failure("create", err), drafts[i].name.text())
			}
		})
		return nil
	})
	for _, i := range index {
		if err != nil && out[i].Err == nil {
			out[i].Err = err
		} else if out[i].Err == nil && !single[i] {
			s.collect(ctx, drafts[i], results[i], &out[i])
		}
	}
	for i := range single {
		if single[i] {
			out[i].Entry, out[i].Err = s.Create(ctx, xs[i].Entry)
			out[i].Anchor = connector.Anchor(out[i].Entry.ID)
		}
	}
}

func (s *session) draftOne(ctx context.Context, x connector.Export) (d draft, err error) {
	e := x.Entry
	if e.Type == "" {
		e.Type = x.Type
	}
	o, err := s.object(e.Type)
	if err != nil {
		return d, fault.Wrap(fault.Invalid, "create", err)
	}
	err = s.read(ctx, "create", func(ctx context.Context, c *wire.Conn) error {
		d, err = s.draft(ctx, c, o, e.Attrs)
		return err
	})
	return d, err
}

// collect reads what came of a create that succeeded.
func (s *session) collect(ctx context.Context, d draft, r wire.Result, out *connector.Result) {
	if e, ok := s.postRead(ctx, d.object, r); ok {
		s.learned(e.ID)
		out.Entry, out.Anchor = *e, connector.Anchor(e.ID)
		return
	}
	err := s.read(ctx, "read the new object", func(ctx context.Context, c *wire.Conn) error {
		e, err := s.made(ctx, c, d, r)
		if err == nil {
			out.Entry, out.Anchor = *e, connector.Anchor(e.ID)
		}
		return err
	})
	if err != nil && fault.KindOf(err) != fault.Conflict {
		err = &fault.Error{Op: "read the new object", Kind: fault.Timeout, Err: err, Hint: "it was created; look it up"}
	}
	out.Err = err
}
