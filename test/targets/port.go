package targets

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"time"
)

// Ports that systems do not give to outgoing connections: one of those could take a port between our look and the server's start,
// which may be seconds later.
const (
	firstPort = 10_240
	ports     = 20_000
)

// freePort finds a port of 127.0.0.1 that nobody listens on, at random, so that two who look at the same time hardly find the same.
func freePort() (port int, err error) {
	for range 100 {
		port = firstPort + rand.IntN(ports)
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, err
}

// poll calls try until it returns nil, ctx ends, or the process whose exit closes gone has ended.
func poll(ctx context.Context, gone <-chan struct{}, try func(context.Context) error) error {
	tick := time.NewTicker(15 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready in time: %w", err)
		case <-gone:
			return fmt.Errorf("ended before it was ready: %w", err)
		case <-tick.C:
		}
	}
}

// dialable tries one TCP connection to the port.
func dialable(port int) func(context.Context) error {
	return func(ctx context.Context) error {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return err
		}
		return c.Close()
	}
}
