package gsql

import (
	"context"

	"github.com/sallyport-id/sallyport/host/connector"
)

// Driver opens sessions on a database named by a URL. It keeps nothing; its zero value works.
type Driver struct{}

// New returns the driver.
func New() Driver { return Driver{} }

// Name returns "gsql".
func (Driver) Name() string { return "gsql" }

// Open checks the settings, connects, and reads the catalogue: a table or column that is not there is fault.Invalid.
func (Driver) Open(ctx context.Context, config connector.Config) (connector.Session, error) {
	l, err := parseLayout(config)
	if err != nil {
		return nil, err
	}
	return openOn(ctx, config, l)
}

// openOn opens a session on a layout.
func openOn(ctx context.Context, config connector.Config, l layout) (connector.Session, error) {
	s := &session{name: config.Name, layout: l}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	if err := s.describe(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}
