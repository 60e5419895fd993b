package targets

import (
	"context"
	"fmt"
	"net"
	"time"
)

// freePort asks the kernel for a port of 127.0.0.1 that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
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
