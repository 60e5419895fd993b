package inbound

import (
	"context"
	"log/slog"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/scim"
	"github.com/sallyport-id/sallyport/scim/scimserver"
	"github.com/sallyport-id/sallyport/service/access"
)

// Base is where the door is, with the tenant in its last segment.
const Base = "/scim/v2/{tenant}"

// Config is what the door stands on.
type Config struct {
	Directory Directory
	Access    access.Store
	Callers   access.Authenticator // of OAuth access tokens; nil: sources' tokens alone
	Logger    *slog.Logger         // nil: silent
	URL       string               // public base URL for meta.location, with the tenant; "" takes it from each request
	Limits    scimserver.Limits
	CursorKey []byte // authenticates page cursors; services that share a database share it. Empty: a random one
}

// New makes the handler of everything below Base.
func New(c Config) *scimserver.Handler {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	types := Types()
	return scimserver.New(scimserver.Config{
		Types: types, Mode: scim.Entra, Surface: scimserver.InboundEndpoint, Base: Base, URL: c.URL,
		Authenticate: authenticate(c.Access, c.Callers), Limits: c.Limits, CursorKey: c.CursorKey,
		Docs: scimserver.Docs{AuthDescription: "The token of a source, made by 'sallyport scim source add', or an OAuth access token with Directory.ReadWrite.All."},
		Log:  func(ctx context.Context, r scimserver.RequestLog) { logRequest(ctx, c.Logger, r) },
	}, NewStore(c.Directory, types...))
}

// logRequest notes failures of ours as errors, everything else for whoever looks closely.
func logRequest(ctx context.Context, l *slog.Logger, r scimserver.RequestLog) {
	level := slog.LevelDebug
	if r.Status >= 500 && fault.Is(r.Err, fault.Internal) {
		level = slog.LevelError
	}
	l.LogAttrs(ctx, level, "scim request", slog.String("request", r.ID), slog.String("tenant", r.Tenant), slog.String("source", r.Caller),
		slog.String("method", r.Method), slog.String("path", r.Path), slog.Int("status", r.Status), slog.Duration("took", r.Duration), slog.Any("error", r.Err))
}
