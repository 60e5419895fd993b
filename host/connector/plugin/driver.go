package plugin

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
	"github.com/sallyport-id/sallyport/host/connector/plugin/wire"
)

// Driver is the connector in a plugin. All its sessions share one process, which is started again when it has died.
type Driver struct {
	cfg   Config
	log   *slog.Logger
	masks *masks
	about *pb.DescribeReply

	mu     sync.Mutex
	now    *process // nil when there is none
	deaths int      // in a row
	wait   time.Time
	closed bool
}

var (
	_ connector.Driver       = (*Driver)(nil)
	_ connector.StagedDriver = (*Driver)(nil)
	_ connector.Sampler      = (*Driver)(nil)
	_ connector.Describer    = (*Driver)(nil)
)

// Load starts the plugin and asks what it is. Close ends it. The fault says what is wrong with the program: fault.Invalid for a path
// that leads to none, fault.Denied for a checksum that differs, fault.Unavailable for one that does not shake hands.
func Load(ctx context.Context, c Config) (*Driver, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if !filepath.IsAbs(c.Path) {
		c.Path = "." + string(filepath.Separator) + c.Path // never from PATH
	}
	d := &Driver{cfg: c, log: c.Log.With("plugin", filepath.Base(c.Path)), masks: newMasks()}
	p, err := d.live()
	if err != nil {
		return nil, err
	}
	if d.about, err = p.rpc.Describe(ctx, &pb.DescribeRequest{}); err != nil {
		err = d.failed(ctx, p, "describe the connector", err, false)
	} else if d.about.GetName() == "" {
		err = c.wrong(fault.Invalid, "it does not say what kind of connector it is")
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close ends the process. Sessions that are still open fail from then on.
func (d *Driver) Close() error {
	d.mu.Lock()
	p := d.now
	d.now, d.closed = nil, true
	d.mu.Unlock()
	if p != nil {
		p.stop()
	}
	return nil
}

// Name returns the kind of connector, as the plugin calls itself.
func (d *Driver) Name() string { return d.about.GetName() }

// Settings returns what the plugin declares.
func (d *Driver) Settings() []connector.Setting { return wire.ToSettings(d.about.GetSettings()) }

// Samples returns the plugin's.
func (d *Driver) Samples() []connector.Sample { return wire.ToSamples(d.about.GetSamples()) }

// Capabilities returns what the plugin says that all its sessions have.
func (d *Driver) Capabilities() connector.Capabilities {
	return wire.ToCapabilities(d.about.GetCapabilities())
}

// Open opens a session in the plugin. One whose process died is opened again by its next call.
func (d *Driver) Open(ctx context.Context, config connector.Config) (connector.Session, error) {
	s := &session{driver: d, config: config}
	if _, err := s.ready(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// OpenStages starts the plugin if need be, and yields the steps that it has up to an open session.
func (d *Driver) OpenStages(ctx context.Context, config connector.Config) iter.Seq[connector.Stage] {
	return func(yield func(connector.Stage) bool) {
		p, err := d.live()
		first := connector.Stage{Name: "Start the plugin", Err: err}
		if err == nil {
			first.Detail = d.cfg.Path + ", process " + p.child.ID()
		}
		if !yield(first) || err != nil || !d.about.GetStaged() {
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := p.rpc.OpenStages(ctx, d.request(config))
		for err == nil {
			var m *pb.Stage
			if m, err = stream.Recv(); err == nil {
				d.masks.hideIn(m.GetFailure())
				m.Detail = d.masks.hide(m.GetDetail())
				if !yield(wire.ToStage(m)) {
					return
				}
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(connector.Stage{Name: "Open", Err: d.failed(ctx, p, "open the connector", err, false)})
		}
	}
}

// request gives the plugin its settings, and the masks its secrets.
func (d *Driver) request(c connector.Config) *pb.OpenRequest {
	m := &pb.OpenRequest{Name: c.Name, Values: c.Values, Secrets: map[string][]byte{}}
	for name, secret := range c.Secrets {
		d.masks.learn(secret)
		m.Secrets[name] = []byte(secret.Reveal())
	}
	return m
}
