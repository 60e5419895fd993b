package serve

import (
	"log/slog"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/sallyport-id/sallyport/host/connector"
	"github.com/sallyport-id/sallyport/host/connector/plugin/wire"
)

// attendWithin is how long a plugin waits for its host before it ends: one whose host died while starting it must not stay behind.
const attendWithin = 2 * time.Minute

// Main serves a driver until the host ends or asks for the end, and returns. It is all that main does: started by hand, the program
// says that it is a plugin and ends with code 1. What slog.Default logs goes to the host's log.
func Main(d connector.Driver) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})))
	s := newServer(d)
	lonely := time.AfterFunc(attendWithin, func() { leave("no host came") })
	s.attended = func() { lonely.Stop() }
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: wire.Handshake(),
		Plugins:         goplugin.PluginSet{wire.Name: wire.Plugin{Answers: s}},
		GRPCServer:      grpcServer,
		Logger:          hclog.NewNullLogger(),
	})
	s.closeAll()
}

// grpcServer allows for the messages and the streams of imports.
func grpcServer(given []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(given, grpc.MaxRecvMsgSize(wire.MaxMessage), grpc.MaxSendMsgSize(wire.MaxMessage),
		grpc.InitialWindowSize(wire.Window), grpc.InitialConnWindowSize(wire.Window))...)
}

// leave ends the process.
func leave(why string) {
	slog.Info("the plugin ends", "why", why)
	os.Exit(0)
}
