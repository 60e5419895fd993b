//go:build !linux

package cli

import "os/exec"

func detach(*exec.Cmd) {}

// usageOf is known on Linux only.
func usageOf(int) usage { return usage{} }
