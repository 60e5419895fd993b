//go:build unix

package cache

import "syscall"

// reserve returns n zero bytes outside the Go heap, so that the collector's head-room is not paid for them. Pages count
// only once touched. It falls back to the heap when the system refuses.
func reserve(n int) (b []byte, mapped bool) {
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return make([]byte, n), false
	}
	return b, true
}

// release gives mapped bytes back.
func release(b []byte) { _ = syscall.Munmap(b) } // fails only for a slice that reserve did not return
