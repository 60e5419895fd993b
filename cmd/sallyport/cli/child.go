package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

// child is one part of Sallyport running as a process of its own, for demo and bench. It ends when its standard input is
// closed, so that it never outlives us, whatever happens to us.
type child struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	log   string
	ready ready
	ended chan struct{}
	err   error
}

// startPart starts 'sallyport ARGS' and waits for its ready line. Its log goes to a file in dir.
func startPart(ctx context.Context, dir, name string, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "find this program", err)
	}
	c := &child{name: name, log: filepath.Join(dir, name+".log"), ended: make(chan struct{})}
	logFile, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "open the log of "+name, err)
	}
	defer logFile.Close()
	c.cmd = exec.Command(self, append(args, "--json", "--exit-with-parent")...) //nolint:noctx // ended by its standard input, in order
	c.cmd.Stderr = logFile
	detach(c.cmd)
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, fault.Wrap(fault.Internal, "start "+name, err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "start "+name, err)
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fault.Wrap(fault.Internal, "start "+name, err)
	}
	lines := make(chan ready, 1)
	go c.read(out, lines)
	return c, c.await(ctx, lines)
}

// read takes the ready line, then drains the output until the process ends.
func (c *child) read(out io.Reader, lines chan<- ready) {
	r := bufio.NewReader(out)
	line, err := r.ReadBytes('\n')
	var rd ready
	if err == nil && json.Unmarshal(line, &rd) == nil {
		lines <- rd
	}
	_, _ = io.Copy(io.Discard, r)
	c.err = c.cmd.Wait()
	close(c.ended)
}

func (c *child) await(ctx context.Context, lines <-chan ready) error {
	select {
	case c.ready = <-lines:
		return nil
	case <-c.ended:
		return fault.New(fault.Unavailable, "start the "+c.name, "it ended: %s", c.lastWords())
	case <-ctx.Done():
		c.stop()
		return ctx.Err()
	case <-time.After(60 * time.Second):
		c.stop()
		return fault.New(fault.Timeout, "start the "+c.name, "it was not ready within a minute: %s", c.lastWords())
	}
}

// lastWords is the end of the process's log.
func (c *child) lastWords() string {
	text, err := os.ReadFile(c.log)
	if err != nil || len(text) == 0 {
		return fmt.Sprint(c.err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// stop ends the process: first by asking, then by force. It may be called more than once.
func (c *child) stop() {
	_ = c.stdin.Close()
	select {
	case <-c.ended:
	case <-time.After(15 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

// usage is what a process used up to now.
type usage struct {
	CPU float64 `json:"cpuSeconds"`
	RSS int64   `json:"rssBytes"` // peak
}

func (c *child) usage() usage { return usageOf(c.cmd.Process.Pid) }
