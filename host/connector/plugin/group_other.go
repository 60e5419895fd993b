//go:build !unix

package plugin

import "syscall"

func ownGroup() *syscall.SysProcAttr { return nil }
