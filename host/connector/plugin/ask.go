package plugin

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/sallyport-id/sallyport/entry"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
	"github.com/sallyport-id/sallyport/host/connector/plugin/wire"
)

func (s *session) Partitions(ctx context.Context) ([]connector.Partition, error) {
	c, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	m, err := c.Partitions(ctx, s.this())
	if err != nil {
		return nil, s.failed(ctx, "list the partitions", err, false)
	}
	var out []connector.Partition
	for _, p := range m.GetPartitions() {
		out = append(out, connector.Partition{ID: string(p.GetId()), Name: string(p.GetName()), Selected: p.GetSelected()})
	}
	return out, nil
}

func (s *session) Containers(ctx context.Context, parent string) ([]connector.Container, error) {
	c, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	m, err := c.Containers(ctx, &pb.ContainersRequest{Session: s.number, Parent: []byte(parent)})
	if err != nil {
		return nil, s.failed(ctx, "list the containers", err, false)
	}
	var out []connector.Container
	for _, x := range m.GetContainers() {
		out = append(out, connector.Container{DN: string(x.GetDn()), Name: string(x.GetName()), Leaf: x.GetLeaf()})
	}
	return out, nil
}

func (s *session) Count(ctx context.Context, t entry.Type) (int, error) {
	c, err := s.ready(ctx)
	if err != nil {
		return 0, err
	}
	m, err := c.Count(ctx, &pb.TypeRequest{Session: s.number, Type: []byte(t)})
	if err != nil {
		return 0, s.failed(ctx, "count", err, false)
	}
	return int(m.GetCount()), nil
}

// Test is the connector's; where it has none, that the plugin answers.
func (s *session) Test(ctx context.Context) error {
	c, err := s.ready(ctx)
	if err != nil {
		return err
	}
	if _, err := c.Test(ctx, s.this()); err != nil {
		return s.failed(ctx, "test", err, false)
	}
	return nil
}

// TestStages are the connector's; where it has none, one step that is its Test.
func (s *session) TestStages(ctx context.Context) iter.Seq[connector.Stage] {
	return func(yield func(connector.Stage) bool) {
		c, err := s.ready(ctx)
		if err != nil {
			yield(connector.Stage{Name: "Open", Err: err})
			return
		}
		if !s.staged {
			yield(connector.Stage{Name: "Test", Err: s.Test(ctx)})
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := c.TestStages(ctx, s.this())
		for err == nil {
			var m *pb.Stage
			if m, err = stream.Recv(); err != nil {
				break
			}
			s.driver.masks.hideIn(m.GetFailure())
			m.Detail = s.driver.masks.hide(m.GetDetail())
			if !yield(wire.ToStage(m)) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(connector.Stage{Name: "Test", Err: s.failed(ctx, "test", err, false)})
		}
	}
}
