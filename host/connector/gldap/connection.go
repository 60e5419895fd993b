package gldap

import (
	"context"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/gldap/wire"
)

// Connect opens a bare connection to the first server of a configuration, encrypted and logged in as it says. The caller closes it.
func Connect(ctx context.Context, config connector.Config) (*wire.Conn, error) {
	l, err := parseLayout(config)
	if err != nil {
		return nil, err
	}
	c, err := l.dial(ctx, l.access.servers[0])
	return c, fault.Wrap(fault.Unavailable, "connect", err)
}
