package plugin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/sallyport-id/sallyport/fault"
	"github.com/sallyport-id/sallyport/host/connector/plugin/pb"
	"github.com/sallyport-id/sallyport/host/connector/plugin/wire"
)

// process is one run of the program.
type process struct {
	client *goplugin.Client
	rpc    pb.ConnectorClient
	child  *child
	masks  *masks
	log    *slog.Logger
	begun  time.Time
	gone   chan struct{} // closed when it answers no more
	leave  context.CancelFunc
	once   sync.Once
	why    string // of its going, set before gone is closed; "" for its own end
}

// start runs the program and shakes hands with it.
func start(c Config, log *slog.Logger, m *masks) (*process, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p := &process{masks: m, log: log, begun: time.Now(), gone: make(chan struct{})}
	lines := &lines{log: log, masks: m}
	p.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  wire.Handshake(),
		Plugins:          goplugin.PluginSet{wire.Name: wire.Plugin{}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			var err error
			p.child, err = newChild(c, cmd.Env)
			return p.child, err
		},
		SkipHostEnv: true, AutoMTLS: true, StartTimeout: startTimeout,
		Logger: hclog.NewNullLogger(), Stderr: lines, SyncStdout: lines.other(), SyncStderr: lines.other(),
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithInitialWindowSize(wire.Window), grpc.WithInitialConnWindowSize(wire.Window),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.MaxMessage), grpc.MaxCallSendMsgSize(wire.MaxMessage)),
		},
	})
	if err := p.greet(c); err != nil {
		p.client.Kill()
		return nil, c.wrong(fault.Unavailable, p.masks.hide(err.Error())).
			WithHint("start the program by hand: it should say that it is a plugin. What it wrote is in the host's log; host and plugin must be of versions that fit")
	}
	return p, nil
}

// greet connects, and attends the plugin for as long as it lives.
func (p *process) greet(c Config) error {
	connection, err := p.client.Client()
	if err != nil {
		return err
	}
	raw, err := connection.Dispense(wire.Name)
	if err != nil {
		return err
	}
	rpc, ok := raw.(pb.ConnectorClient)
	if !ok {
		return errors.New("it serves no connector")
	}
	p.rpc = rpc
	silence := c.silence
	if silence == 0 {
		silence = longSilence
	}
	ctx, leave := context.WithCancel(context.Background())
	stream, err := rpc.Attend(ctx, &pb.AttendRequest{BeatMillis: uint32(silence.Milliseconds() / beats)}) //nolint:gosec // a short time
	if err == nil {
		_, err = stream.Recv() // the first beat: it is there, and knows that we are
	}
	if err != nil {
		leave()
		return err
	}
	p.leave = leave
	go p.attend(stream, silence)
	return nil
}

// attend waits for the plugin's end, and ends one that is silent.
func (p *process) attend(stream grpc.ServerStreamingClient[pb.Beat], silence time.Duration) {
	frozen := time.AfterFunc(silence, func() {
		p.end(fmt.Sprintf("it was silent for %s and was ended", silence))
		_ = p.child.Kill(context.Background())
	})
	defer frozen.Stop()
	for {
		if _, err := stream.Recv(); err != nil {
			p.end("")
			return
		}
		frozen.Reset(silence)
	}
}

func (p *process) end(why string) {
	p.once.Do(func() {
		p.why = why
		close(p.gone)
		p.leave()
		if why != stopped {
			go func() {
				p.log.Warn("plugin ended", "event", "plugin.ended", "pid", p.child.ID(), "how", p.how())
				p.client.Kill() // what is left of it: pipes, the socket's folder, a process that closed its door only
			}()
		}
	})
}

// stopped is the reason of an end that we asked for.
const stopped = "it was stopped"

// stop ends the plugin in order, by force if it does not go within seconds.
func (p *process) stop() {
	p.end(stopped)
	p.client.Kill()
}

func (p *process) alive() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}

// shortly is how long the end of a process may take after the end of its connection.
const shortly = 3 * time.Second

// how says how the process ended, waiting a little if only its connection has.
func (p *process) how() string {
	if p.why != "" {
		return p.why
	}
	select {
	case <-p.child.ended:
		return p.child.how()
	case <-time.After(shortly):
		return "it closed the connection"
	}
}
