package endpoint

import (
	"context"
	"log"
	"log/slog"
	"net/http"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim/scimserver"
)

// quiet takes the server's own messages (failed handshakes) at the level where they disturb nobody.
func quiet(l *slog.Logger) *log.Logger { return slog.NewLogLogger(l.Handler(), slog.LevelDebug) }

// requests returns what is called after every request. Refusals are the client's business and logged at debug level; failures
// of ours or of the target are warnings.
func (u *unit) requests(ctx context.Context, r scimserver.RequestLog) {
	level := slog.LevelDebug
	if r.Status >= http.StatusInternalServerError && r.Status != http.StatusNotImplemented {
		level = slog.LevelWarn
	}
	if !u.log.Enabled(ctx, level) {
		return
	}
	u.log.Log(ctx, level, "request", "event", "host.request", "id", r.ID, "method", r.Method, "path", r.Path, "status", r.Status,
		"bytes", r.Bytes, "took", r.Duration, "caller", r.Caller, "error", r.Err, "hint", fault.HintOf(r.Err))
}
