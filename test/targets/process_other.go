//go:build !unix

package targets

import (
	"os"
	"syscall"

	"github.com/sallyport-id/sallyport/fault"
)

var stopFast, stopNow = os.Interrupt, os.Kill

func attributes(string) (*syscall.SysProcAttr, error) {
	return nil, fault.New(fault.Unsupported, "start", "throwaway servers need a Unix system")
}

func own(string, string) error { return nil }

func pause(*os.Process, bool) error {
	return fault.New(fault.Unsupported, "pause", "throwaway servers need a Unix system")
}
