//go:build unix

package plugin

import (
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/fault"
)

func TestFrozenPluginIsEnded(t *testing.T) {
	d, _ := load(t, "farm", func(c *Config) { c.silence = 2 * time.Second })
	s := openSession(t, d, nil)
	if err := s.at.child.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	_, err := s.Count(t.Context(), "Person")
	says(t, err, fault.Unavailable, "silent for 2s and was ended")
}
