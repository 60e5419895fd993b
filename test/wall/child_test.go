package wall

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/sallyport-id/sallyport/agent"
)

// TestMain lets the test binary be an agent of its own, so that one can be killed for real.
func TestMain(m *testing.M) {
	if dir := os.Getenv("WALL_AGENT_DIR"); dir != "" {
		log := slog.New(slog.NewTextHandler(os.Stderr, nil))
		if err := agent.Run(context.Background(), config(dir, os.Getenv("WALL_AGENT_APP")), log); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child is an agent in a process of its own.
type child struct{ cmd *exec.Cmd }

// spawn enrols and starts an agent as a process. It is killed at the end of the test.
func (s *service) spawn(group, name, app string) *child {
	s.t.Helper()
	return s.spawnIn(s.enrol(group, name, nil), app)
}

func (s *service) spawnIn(dir, app string) *child {
	s.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "WALL_AGENT_DIR="+dir, "WALL_AGENT_APP="+app)
	if os.Getenv("WALL_LOG") != "" {
		cmd.Stderr = os.Stderr
	}
	must(s.t, cmd.Start())
	c := &child{cmd}
	s.t.Cleanup(func() { c.kill() })
	return c
}

// kill ends the process as kill -9 does, once.
func (c *child) kill() {
	if c.cmd.ProcessState == nil {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	}
}

func (c *child) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	must(t, c.cmd.Process.Signal(sig))
}
