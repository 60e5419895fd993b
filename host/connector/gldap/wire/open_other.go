//go:build !unix

package wire

import "net"

// open cannot look without waiting here; the next request finds out.
func open(net.Conn) bool { return true }
