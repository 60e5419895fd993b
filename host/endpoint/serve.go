package endpoint

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// drainTime is how long running requests may take to finish when the host stops.
const drainTime = 20 * time.Second

// serve answers until ctx ends, then stops taking connections, waits for running requests and closes.
func (h *Host) serve(ctx context.Context, listener net.Listener, server *http.Server) error {
	server.ErrorLog = quiet(h.log)
	failed := make(chan error, 1)
	go func() { failed <- server.ServeTLS(listener, "", "") }()
	h.log.Info("host listens", "event", "host.listening", "address", listener.Addr().String())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := server.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		h.log.Warn("requests cut off", "event", "host.drain.late", "after", drainTime)
		err = server.Close()
	}
	<-failed // http.ErrServerClosed
	return err
}
