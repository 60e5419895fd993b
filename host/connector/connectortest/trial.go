package connectortest

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	"pgregory.net/rapid"

	"github.com/sallyport-id/sallyport/host/connector"
)

// judge is what a check reports to: a trial, or a rapid.T within a property.
type judge interface {
	Helper()
	Errorf(format string, args ...any)
	Error(args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
}

// trial is one check being made. It does for a check what testing.T does for a test, without needing a test around it.
type trial struct {
	ctx  context.Context
	name string
	h    Harness
	open func(context.Context) (connector.Session, error)
	can  connector.Capabilities

	mu       sync.Mutex
	failures []string
	skipped  string
	undo     []func()
}

// play makes the check and returns when it and its clean-up have ended.
func (t *trial) play(check func(*trial, Harness)) {
	done := make(chan struct{})
	go func() { // of its own, because Fatalf ends it
		defer close(done)
		defer t.cleanUp()
		defer t.survive()
		check(t, t.h)
	}()
	<-done
}

// survive makes a panic of a connector a failure of the check.
func (t *trial) survive() {
	if p := recover(); p != nil {
		t.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

// forAll makes a property hold for many random values; one that fails is shrunk. Where the check has failed already, more would
// tell nothing new.
func (t *trial) forAll(property func(*rapid.T)) {
	if !t.Failed() {
		rapid.Check(t, property)
	}
}

func (t *trial) cleanUp() {
	for _, f := range slices.Backward(t.undo) {
		f()
	}
}

// Context ends when the suite is cancelled.
func (t *trial) Context() context.Context { return t.ctx }

// Cleanup has f called after the check, the last one first.
func (t *trial) Cleanup(f func()) { t.undo = append(t.undo, f) }

// Helper, Name, Log and Logf are there for rapid.
func (t *trial) Helper() {}

// Name returns the check's.
func (t *trial) Name() string { return t.name }

// Logf says nothing: what matters is in the failures.
func (t *trial) Logf(string, ...any) {}

// Log says nothing.
func (t *trial) Log(...any) {}

// Errorf notes a failure; the check goes on.
func (t *trial) Errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.failures) < maxFailures {
		t.failures = append(t.failures, fmt.Sprintf(format, args...))
	}
}

// maxFailures is how many failures of one check are kept; more tell nothing new.
const maxFailures = 20

// Error is Errorf of the values.
func (t *trial) Error(args ...any) { t.Errorf("%s", fmt.Sprint(args...)) }

// Fatalf notes a failure and ends the check.
func (t *trial) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	runtime.Goexit()
}

// Fatal is Fatalf of the values.
func (t *trial) Fatal(args ...any) { t.Fatalf("%s", fmt.Sprint(args...)) }

// Fail notes a failure without words.
func (t *trial) Fail() { t.Errorf("failed") }

// FailNow ends the check as failed.
func (t *trial) FailNow() {
	if !t.Failed() {
		t.Fail()
	}
	runtime.Goexit()
}

// Failed reports whether a failure was noted.
func (t *trial) Failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.failures) > 0
}

// Skipf ends the check because it does not apply.
func (t *trial) Skipf(format string, args ...any) {
	t.mu.Lock()
	t.skipped = fmt.Sprintf(format, args...)
	t.mu.Unlock()
	runtime.Goexit()
}

// Skip is Skipf of the values.
func (t *trial) Skip(args ...any) { t.Skipf("%s", fmt.Sprint(args...)) }

// SkipNow is Skipf without words.
func (t *trial) SkipNow() { t.Skipf("does not apply") }
