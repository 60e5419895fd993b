package plugin

import (
	"context"
	"errors"
	"io"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
	"github.com/sallyport-id/sallyport/host/connector/plugin/wire"
)

func (s *session) Create(ctx context.Context, e entry.Entry) (entry.Entry, error) {
	const op = "create"
	c, err := s.ready(ctx)
	if err != nil {
		return entry.Entry{}, err
	}
	m, err := c.Create(ctx, &pb.CreateRequest{Session: s.number, Entry: wire.FromEntry(e)})
	if err != nil {
		return entry.Entry{}, s.failed(ctx, op, err, true)
	}
	made, err := wire.ToEntry(m)
	if err != nil {
		return entry.Entry{}, fault.New(fault.Timeout, op, "the plugin's answer cannot be read: %w", err).WithHint("look the object up before repeating")
	}
	return made, nil
}

func (s *session) Update(ctx context.Context, t entry.Type, a connector.Anchor, edits []entry.Edit) (connector.Anchor, error) {
	c, err := s.ready(ctx)
	if err != nil {
		return "", err
	}
	m, err := c.Update(ctx, &pb.UpdateRequest{Session: s.number, Type: []byte(t), Anchor: []byte(a), Edits: wire.FromEdits(edits)})
	if err != nil {
		return "", s.failed(ctx, "update", err, true)
	}
	return connector.Anchor(m.GetAnchor()), nil
}

func (s *session) Delete(ctx context.Context, t entry.Type, a connector.Anchor) error {
	c, err := s.ready(ctx)
	if err != nil {
		return err
	}
	if _, err := c.Delete(ctx, &pb.ObjectRequest{Session: s.number, Type: []byte(t), Anchor: []byte(a)}); err != nil {
		return s.failed(ctx, "delete", err, true)
	}
	return nil
}

// Export keeps the outcomes that arrived; those that the plugin took with it are fault.Timeout, and are settled by reading back.
func (s *session) Export(ctx context.Context, xs []connector.Export) []connector.Result {
	rs := make([]connector.Result, 0, len(xs))
	c, err := s.ready(ctx)
	if err != nil {
		return fill(rs, len(xs), err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.Export(ctx, &pb.ExportRequest{Session: s.number, Writes: wire.FromWrites(xs)})
	for err == nil {
		var m *pb.Results
		if m, err = stream.Recv(); err == nil {
			rs = s.take(rs, m)
		}
	}
	switch {
	case len(rs) >= len(xs):
		return rs[:len(xs)]
	case errors.Is(err, io.EOF):
		err = fault.New(fault.Timeout, "write a batch", "the plugin answered %d of %d writes", len(rs), len(xs)).WithHint("look the objects up before repeating")
	default:
		err = s.failed(ctx, "write a batch", err, true)
	}
	return fill(rs, len(xs), err)
}

// take reads the outcomes of a message.
func (s *session) take(rs []connector.Result, m *pb.Results) []connector.Result {
	for _, x := range m.GetResults() {
		s.driver.masks.hideIn(x.GetFailure())
		r, err := wire.ToResult(x)
		if err != nil {
			r.Err = fault.New(fault.Timeout, "write", "the plugin's answer cannot be read: %w", err).WithHint("look the object up before repeating")
		}
		rs = append(rs, r)
	}
	return rs
}

func fill(rs []connector.Result, n int, err error) []connector.Result {
	for len(rs) < n {
		rs = append(rs, connector.Result{Err: err})
	}
	return rs
}

func (s *session) SetPassword(ctx context.Context, t entry.Type, a connector.Anchor, password connector.Secret) error {
	c, err := s.ready(ctx)
	if err != nil {
		return err
	}
	m := &pb.PasswordRequest{Session: s.number, Type: []byte(t), Anchor: []byte(a), Want: []byte(password.Reveal())}
	if _, err := c.SetPassword(ctx, m); err != nil {
		return s.passwordFailed(ctx, "set the password", err, password)
	}
	return nil
}

func (s *session) ChangePassword(ctx context.Context, t entry.Type, a connector.Anchor, was, want connector.Secret) error {
	c, err := s.ready(ctx)
	if err != nil {
		return err
	}
	m := &pb.PasswordRequest{Session: s.number, Type: []byte(t), Anchor: []byte(a), Was: []byte(was.Reveal()), Want: []byte(want.Reveal())}
	if _, err := c.ChangePassword(ctx, m); err != nil {
		return s.passwordFailed(ctx, "change the password", err, was, want)
	}
	return nil
}

// passwordFailed hides the passwords of this one call; those of people are not kept for later.
func (s *session) passwordFailed(ctx context.Context, op string, err error, passwords ...connector.Secret) error {
	m := newMasks()
	for _, p := range passwords {
		m.learn(p)
	}
	if f := wire.FailureOf(err); f != nil {
		return wire.ToError(s.driver.masks.hideIn(m.hideIn(f)))
	}
	return s.failed(ctx, op, err, true)
}
