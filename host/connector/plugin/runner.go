package plugin

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"

	"github.com/hashicorp/go-plugin/runner"
)

// child runs the program for go-plugin: with nothing on its standard input, in a process group of its own, so that a terminal's
// interrupt reaches only us.
type child struct {
	cmd            *exec.Cmd
	stdout, stderr io.ReadCloser
	once           sync.Once
	ended          chan struct{} // closed when the process has ended; then state and err are set
	err            error
}

var _ runner.Runner = (*child)(nil)

func newChild(c Config, given []string) (*child, error) {
	cmd := exec.Command(c.Path) //nolint:noctx,gosec // the administrator's program, which lives as long as the driver
	cmd.Env = append(c.environment(), given...)
	cmd.SysProcAttr = ownGroup()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	return &child{cmd: cmd, stdout: stdout, stderr: stderr, ended: make(chan struct{})}, nil
}

func (c *child) Start(context.Context) error { return c.cmd.Start() }

// Wait is called once, by go-plugin, when output has ended.
func (c *child) Wait(context.Context) error {
	c.once.Do(func() {
		c.err = c.cmd.Wait()
		close(c.ended)
	})
	<-c.ended
	return c.err
}

// Kill ends the process by force; one that has ended already is no error.
func (c *child) Kill(context.Context) error {
	if c.cmd.Process == nil {
		return nil
	}
	if err := c.cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

func (c *child) Stdout() io.ReadCloser { return c.stdout }
func (c *child) Stderr() io.ReadCloser { return c.stderr }
func (c *child) Name() string          { return c.cmd.Path }

func (c *child) ID() string {
	if c.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(c.cmd.Process.Pid)
}

// Diagnose says nothing: what the program wrote is in the log.
func (c *child) Diagnose(context.Context) string { return "" }

func (c *child) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (c *child) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// how says how the process ended; call it after ended is closed.
func (c *child) how() string {
	if c.cmd.ProcessState == nil {
		return "it never ran"
	}
	return c.cmd.ProcessState.String()
}
