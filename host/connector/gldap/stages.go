package gldap

import (
	"context"
	"fmt"
	"iter"
	"net"
	"strings"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

var (
	_ connector.StagedTester = (*session)(nil)
	_ connector.StagedDriver = (*Driver)(nil)
)

// OpenStages tries settings, name, port, certificate, login and schema one by one, on the first server.
func (d *Driver) OpenStages(ctx context.Context, config connector.Config) iter.Seq[connector.Stage] {
	return func(yield func(connector.Stage) bool) {
		l, err := parseLayout(config)
		if !yield(connector.Stage{Name: "Read the settings", Err: err}) || err != nil {
			return
		}
		at := l.access.servers[0]
		for _, stage := range []func() connector.Stage{
			func() connector.Stage { return resolveStage(ctx, at) },
			func() connector.Stage { return connectStage(ctx, l, at) },
			func() connector.Stage { return loginStage(ctx, l, at) },
			func() connector.Stage { return d.openStage(ctx, config) },
		} {
			s := stage()
			if !yield(s) || s.Err != nil {
				return
			}
		}
	}
}

func resolveStage(ctx context.Context, at address) connector.Stage {
	s := connector.Stage{Name: "Resolve", Detail: at.target}
	if at.network == "unix" || net.ParseIP(at.host) != nil {
		return s
	}
	found, err := net.DefaultResolver.LookupHost(ctx, at.host)
	if err != nil {
		s.Err = unreachable(at, err)
		return s
	}
	s.Detail = strings.Join(found, ", ")
	return s
}

func connectStage(ctx context.Context, l *layout, at address) connector.Stage {
	s := connector.Stage{Name: "Connect and encrypt", Detail: at.url}
	ctx, cancel := context.WithTimeout(ctx, l.connectTimeout)
	defer cancel()
	c, err := l.encrypted(ctx, at)
	if err != nil {
		s.Err = err
		return s
	}
	defer c.Close()
	if !c.Secure() {
		s.Detail += ", not encrypted"
	}
	return s
}

func loginStage(ctx context.Context, l *layout, at address) connector.Stage {
	s := connector.Stage{Name: "Log in", Detail: l.access.bind + " " + l.access.user}
	c, err := l.dial(ctx, at)
	if err != nil {
		s.Err = err
		return s
	}
	c.Close()
	return s
}

func (d *Driver) openStage(ctx context.Context, config connector.Config) connector.Stage {
	s := connector.Stage{Name: "Read the schema"}
	opened, err := d.Open(ctx, config)
	if err != nil {
		s.Err = err
		return s
	}
	defer opened.Close()
	x := opened.(*session)
	s.Detail = strings.TrimSpace(string(x.server.brand) + " " + x.server.version)
	for _, o := range x.objects {
		s.Detail += fmt.Sprintf("; %s: %d attributes, anchor %s", o.name, len(o.columns), o.anchor.Name)
	}
	return s
}

// TestStages looks at every base DN, reads one object of every type, and tries the way in which changes are found.
func (s *session) TestStages(ctx context.Context) iter.Seq[connector.Stage] {
	return func(yield func(connector.Stage) bool) {
		for _, b := range s.layout.bases {
			stage := connector.Stage{Name: "Find the base DN", Detail: b.text(), Err: s.read(ctx, "find the base DN", func(ctx context.Context, c *wire.Conn) error {
				_, err := readOne(ctx, c, b.text(), "1.1")
				return err
			})}
			if !yield(stage) || stage.Err != nil {
				return
			}
		}
		for _, o := range s.objects {
			if stage := s.readStage(ctx, o); !yield(stage) || stage.Err != nil {
				return
			}
		}
		if d := s.delta(); d != nil {
			_, err := s.Mark(ctx)
			yield(connector.Stage{Name: "Find changes", Detail: d.name(), Err: fault.Wrap(fault.Unavailable, "find changes", err)})
		}
	}
}

func (s *session) readStage(ctx context.Context, o *object) connector.Stage {
	stage := connector.Stage{Name: "Read " + string(o.name), Detail: "none there yet"}
	for e, err := range s.Import(ctx, o.name) {
		if err != nil {
			stage.Err = err
			break
		}
		stage.Detail = "one is " + e.Attrs.Text(nameDN)
		break
	}
	return stage
}
