package wire

import (
	"context"
	"errors"
	"log/slog"

	"github.com/sallyport-id/sallyport/host/config"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin"
)

// DriversOf returns the connectors of this program and those in the plugins of a host's configuration, which it starts. end stops them;
// it is never nil. Mistakes come together, each with its place in the file. A nil log discards what plugins say.
func DriversOf(ctx context.Context, cfg config.Config, log *slog.Logger) (all map[string]connector.Driver, end func(), err error) {
	all = Drivers()
	var running []*plugin.Driver
	end = func() {
		for _, d := range running {
			_ = d.Close() // it never fails
		}
	}
	var errs []error
	for _, p := range cfg.Plugins {
		d, err := plugin.Load(ctx, plugin.Config{Path: p.Path, SHA256: p.SHA256, Environment: p.Environment, Log: log})
		if err != nil {
			errs = append(errs, cfg.InPlugin(p, err))
			continue
		}
		running = append(running, d)
		if _, taken := all[d.Name()]; taken {
			errs = append(errs, cfg.Taken(p, d.Name()))
			continue
		}
		all[d.Name()] = d
	}
	return all, end, errors.Join(errs...)
}
