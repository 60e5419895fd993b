package wire

import (
	"context"

	"google.golang.org/grpc"

	goplugin "github.com/hashicorp/go-plugin"

	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
)

// Version is the protocol's; a plugin that speaks another is refused before anything is asked of it.
const Version = 1

// Name is what a plugin serves under.
const Name = "connector"

// MaxMessage bounds one message: a group with very many members, or a batch of large photos.
const MaxMessage = 512 << 20

// Window is how much may be under way in a stream, in bytes: enough that neither side waits for the other.
const Window = 1 << 20

// Handshake is how host and plugin know each other. The cookie is no secret: it keeps people from starting a plugin by hand.
func Handshake() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{ProtocolVersion: Version, MagicCookieKey: "SALLYPORT_CONNECTOR_PLUGIN", MagicCookieValue: "b7d0c1f2-connector-v1"}
}

// Plugin ties the service to go-plugin. Answers is set on the plugin's side only.
type Plugin struct {
	goplugin.NetRPCUnsupportedPlugin
	Answers pb.ConnectorServer
}

var _ goplugin.GRPCPlugin = Plugin{}

// GRPCServer registers the service.
func (p Plugin) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	pb.RegisterConnectorServer(s, p.Answers)
	return nil
}

// GRPCClient returns a pb.ConnectorClient.
func (p Plugin) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return pb.NewConnectorClient(c), nil
}
